//! The front end on the real engine.

use std::path::PathBuf;

use super::app::{AccountSummary, AlertSetup, FieldName, Keymap, Looks, SignError, SignUpForm};
use super::backend::{Backend, Connected};
use super::clipboard::Clipboard;
use super::{Options, Place, Reload, Themes, TuiError, environment, keymap_file, run};
use crate::config::{self, AlertConfig, Config, DesktopAlerts, Flags};
use crate::domain::{DisplayName, Passphrase, UserName};
use crate::engine::{self, Error, Protection, Session, Setup, Unlock};

/// Opens the messenger on this terminal, and returns when the person has left. `program` is the `cooee`
/// binary, `flags` what the configuration is read again under. Signs in at once where it says who to be.
///
/// # Errors
/// When there is no terminal, or it fails.
pub fn open(config: &Config, flags: &Flags, program: PathBuf) -> Result<(), TuiError> {
    let runtime = engine::runtime().map_err(TuiError::Threads)?;
    let outcome = runtime.block_on(show(config, flags, program, None, Place::default()));
    // A thread may sit in a read of the terminal for ever.
    runtime.shutdown_background();
    engine::finish();
    outcome
}

/// The same on a runtime that there is, with something to be told first: in `greeting`, `{quit}` stands for the key that
/// quits; `place` is what is made of a configuration that is read again. It is to be polled by `Runtime::block_on`, as [`run()`] is.
///
/// # Errors
/// When there is no terminal, or it fails.
pub async fn show(
    config: &Config,
    flags: &Flags,
    program: PathBuf,
    greeting: Option<String>,
    place: Place,
) -> Result<(), TuiError> {
    let setup = Setup::new(config, program.clone());
    let (flags, place) = (flags.clone(), place);
    let messenger = Messenger { setup, program, flags: flags.clone(), place: place.clone() };
    let (keymap, mut warnings) =
        keymap_file::load(config.keymap_file.as_deref()).map_err(TuiError::Keymap)?;
    let themes = themes(config);
    let looks = themes.find(&config.theme).unwrap_or_else(|problems| {
        warnings.extend(problems);
        Looks::default()
    });
    let clipboard = Clipboard::new(config.clipboard_command.clone());
    let options = Options {
        keymap,
        warnings,
        greeting,
        bus: on_bus(&config.alerts),
        mouse: config.mouse,
        setup: environment::setup(
            alert_setup(config.alerts),
            looks,
            clipboard.program(),
            config.pictures,
            config.thumbnails,
        ),
        reload: Reload { flags, config: config.clone(), themes, place },
        editor: environment::editor(),
        opener: environment::opener(config.link_command.clone()),
        clipboard,
        sign_in: config.user.clone(),
    };
    run(messenger, options).await
}

/// All that is wrong with the keys and the theme, by file and line.
pub fn problems(config: &Config) -> Vec<String> {
    let (_, mut problems) = keymap_file::load(config.keymap_file.as_deref())
        .unwrap_or_else(|problem| (Keymap::default(), vec![problem.to_string()]));
    problems.extend(themes(config).find(&config.theme).err().into_iter().flatten());
    problems
}

fn themes(config: &Config) -> Themes {
    Themes {
        directory: config.themes_dir.clone(),
        depth: environment::depth(),
        shade: environment::shade(),
    }
}

/// How to call for somebody, as the configuration has it.
pub(super) fn alert_setup(config: AlertConfig) -> AlertSetup {
    let AlertConfig { desktop, bell, content, title, quiet } = config;
    AlertSetup { desktop: desktop != DesktopAlerts::Off, bell, content, title, quiet }
}

/// Whether what the desktop is to show goes there over D-Bus.
pub(super) fn on_bus(config: &AlertConfig) -> bool {
    config.desktop == DesktopAlerts::Bus
}

/// Signs people up and in with the engine.
struct Messenger {
    setup: Setup,
    program: PathBuf,
    flags: Flags,
    place: Place,
}

impl Backend for Messenger {
    fn accounts(&self) -> Vec<AccountSummary> {
        let summary = |user: UserName| AccountSummary { display_name: DisplayName::from(&user), user };
        engine::accounts(&self.setup.data_dir).into_iter().map(summary).collect()
    }

    fn data_dir(&self) -> PathBuf {
        self.setup.data_dir.clone()
    }

    fn of_profile(&self, name: &str) -> Result<(Self, Option<UserName>), Vec<String>> {
        // What was said of who and where, and the secrets beside it, was said of the first account.
        let flags = Flags {
            profile: Some(name.to_owned()),
            config: self.flags.config.clone(),
            reads_again: true,
            ..Flags::default()
        };
        let env = |name: &str| std::env::var_os(name).filter(|_| !name.starts_with("COOEE_"));
        let config = config::resolve(&flags, env).map_err(|error| vec![error.to_string()])?;
        let config = self.place.of(config);
        let (setup, program) = (Setup::new(&config, self.program.clone()), self.program.clone());
        Ok((Self { setup, program, flags, place: self.place.clone() }, config.user))
    }

    fn broker(&self) -> String {
        self.setup.broker_label()
    }

    fn asks_invite(&self) -> bool {
        self.setup.sends_invite()
    }

    fn private_dir(&self, user: &UserName) -> PathBuf {
        // In memory where there is such a place: a draft is not to reach the disk in the clear.
        environment::runtime_dir().unwrap_or_else(|| engine::account_dir(&self.setup.data_dir, user))
    }

    async fn sign_up(&self, form: SignUpForm) -> Result<Connected, SignError> {
        let SignUpForm { user, display_name, mobile, invite, protection } = form;
        let passphrase = match &protection {
            Protection::Passphrase(passphrase) => Some(passphrase.clone()),
            Protection::Keyring | Protection::None => None,
        };
        let form = engine::SignUp { user: user.clone(), display_name, mobile, protection };
        let mut setup = self.setup.clone();
        setup.access.invite = invite.or(setup.access.invite);
        engine::sign_up(&setup, form).await.map_err(|error| match error {
            Error::Uninvited { .. } => uninvited(setup.access.invite.is_some()),
            error => told(&error),
        })?;
        // With the invite: the first sign-in may have to register the name.
        start(setup, user, passphrase).await
    }

    async fn sign_in(
        &self,
        user: UserName,
        passphrase: Option<Passphrase>,
    ) -> Result<Connected, SignError> {
        start(self.setup.clone(), user, passphrase).await
    }
}

async fn start(
    mut setup: Setup,
    user: UserName,
    passphrase: Option<Passphrase>,
) -> Result<Connected, SignError> {
    if let Some(passphrase) = passphrase {
        setup.unlock = Unlock::With(passphrase);
    }
    let session = Session::start(&setup, &user).await.map_err(|error| told(&error))?;
    Ok(Connected { commands: session.commands, updates: session.updates })
}

/// A broker registers nobody without an invite: with one it is not good, without one it is missing.
fn uninvited(has_one: bool) -> SignError {
    let (what, hint) = match has_one {
        true => (
            "the broker does not take the invite: it is used up or over, or is from elsewhere",
            "Ask whoever runs the broker for another one.",
        ),
        false => (
            "the broker registers nobody without an invite",
            "Ask whoever runs it for the line that `cooee broker invite` prints, and paste it here; if it is another \
             kind of broker, it wants a user name and a password in its address.",
        ),
    };
    SignError { field: Some(FieldName::Invite), what: what.to_owned(), hint: hint.to_owned() }
}

fn told(error: &Error) -> SignError {
    if let Error::PassphraseNeeded { .. } = error {
        // Nothing is wrong yet: it is asked for.
        let field = Some(FieldName::Passphrase);
        return SignError { field, what: String::new(), hint: String::new() };
    }
    let (field, hint) = match error {
        Error::WrongPassphrase { .. } | Error::Passphrase { .. } => (Some(FieldName::Passphrase), ""),
        Error::Unkept { source, .. } => (Some(FieldName::Protection), source.hint(false)),
        Error::NoKey { source, .. } => (None, source.hint(true)),
        Error::NameTaken { .. } => (Some(FieldName::User), "Choose another one."),
        Error::AccountExists { .. } => {
            (Some(FieldName::User), "Sign in instead, or choose another name.")
        }
        Error::NoAccount { .. } => (None, "Sign up first."),
        Error::InUse { .. } => (None, "Close it there, or join it in lines, with `cooee --plain`."),
        Error::Refused { .. } => {
            (None, "A user name and a password are given in the address of the broker.")
        }
        Error::Unreachable { .. } => (None, "Check the address given with --broker, and try again."),
        _ => (None, ""),
    };
    SignError { field, what: error.to_string(), hint: sentence(hint) }
}

/// Those of the command line begin small.
fn sentence(hint: &str) -> String {
    let mut letters = hint.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if hint.is_empty() || hint.ends_with('.') { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}
