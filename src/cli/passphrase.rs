//! Passphrases at the terminal: asked for without echo, on the terminal itself, so that standard input and
//! output stay free for what they are used for.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::Error;
use super::attached::Signals;
use super::output::note;
use crate::config::Config;
use crate::domain::{Passphrase, UserName};
use crate::engine::{Protection, Setup, Unlock};

/// What is to protect an account, where that is said on the command line.
#[derive(clap::Args)]
pub struct Means {
    /// Let the keyring of this desktop hold the key: no passphrase is asked for, now or later, and whoever has the
    /// files alone cannot read them. Without the keyring nobody can
    #[arg(long, conflicts_with = "no_passphrase")]
    keyring: bool,
    /// Protect it by nothing: whoever can read the files can read everything in them
    #[arg(long)]
    no_passphrase: bool,
}

impl Means {
    /// What was said; `None` asks for a passphrase.
    pub fn chosen(&self) -> Option<Protection> {
        match self {
            Self { keyring: true, .. } => Some(Protection::Keyring),
            Self { no_passphrase: true, .. } => Some(Protection::None),
            _ => None,
        }
    }
}

/// How often somebody may try.
pub(super) const TRIES: u32 = 3;

/// Said before anybody chooses a passphrase.
const WARNING: &str = "\
A passphrase protects what Cooee keeps on this machine: whoever gets at the files cannot read them without it.
Nobody can recover a forgotten passphrase, and without it everything in the account is lost.
";

/// Said before anybody chooses the passphrase of an export.
const EXPORT_WARNING: &str = "\
Whoever has the export and its passphrase can be you. Nobody can recover the passphrase.
";

const EXPORT_PROMPT: &str = "Passphrase of the export: ";

/// The terminal of a command, if there is one. When this is dropped its modes are as they were, whatever came in
/// between: a prompt may be left in the middle.
pub(super) struct Terminal(Arc<State>);

struct State {
    /// The modes before the prompt that is open.
    before: Mutex<Option<Termios>>,
    interrupted: AtomicBool,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let before = self.0.before.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(before), Ok(terminal)) = (before, File::open("/dev/tty")) {
            let _ = tcsetattr(terminal, OptionalActions::Now, &before);
            let _ = writeln!(io::stderr());
        }
    }
}

impl Terminal {
    pub fn new() -> Self {
        Self(Arc::new(State { before: Mutex::new(None), interrupted: AtomicBool::new(false) }))
    }

    /// The setup, which asks at the terminal for what the configuration does not say.
    pub fn asking(&self, setup: Setup) -> Setup {
        if !matches!(setup.unlock, Unlock::Nothing) || !has_person() {
            return setup;
        }
        let state = Arc::clone(&self.0);
        let ask = move |user: &UserName, wrong: u32| {
            if wrong == TRIES {
                return Ok(None);
            }
            let again = if wrong > 0 { "Wrong passphrase. " } else { "" };
            let typed =
                state.ask(&format!("{again}Passphrase of {user}: ")).map_err(|e| e.to_string())?;
            Passphrase::new(typed).map(Some).map_err(|e| e.to_string())
        };
        Setup { unlock: Unlock::Ask(Arc::new(ask)), ..setup }
    }

    /// A passphrase for an account that has none yet, or another one: `chosen` by the environment, else what the
    /// `command` prints, else typed twice.
    ///
    /// # Errors
    /// [`Error::NoPassphrase`] where there is nobody to ask, and [`Error::Unchosen`] where nothing came of it.
    pub async fn choose(
        &self,
        user: &UserName,
        chosen: Option<&Passphrase>,
        command: &Unlock,
    ) -> Result<Protection, Error> {
        let known = match chosen {
            Some(passphrase) => Some(passphrase.clone()),
            None => command.passphrase(user, 0).await?,
        };
        let passphrase = match known {
            Some(passphrase) => passphrase,
            None if !has_person() => return Err(Error::NoPassphrase(user.clone())),
            None => {
                let prompt = format!("New passphrase of {user}: ");
                let none = "; --no-passphrase leaves the account unprotected, --keyring has the keyring protect it.";
                self.typed(move |state| state.choose(WARNING, &prompt, none)).await?
            }
        };
        tell_short(&passphrase, "the files");
        Ok(Protection::Passphrase(passphrase))
    }

    /// A passphrase for an export: `chosen` by the environment, else typed twice.
    ///
    /// # Errors
    /// [`Error::NoExportPassphrase`] where there is nobody to ask, and [`Error::Unchosen`] where nothing came of
    /// it.
    pub async fn choose_for_export(&self, chosen: Option<&Passphrase>) -> Result<Passphrase, Error> {
        let passphrase = match chosen {
            Some(passphrase) => passphrase.clone(),
            None if !has_person() => return Err(Error::NoExportPassphrase),
            None => self.typed(|state| state.choose(EXPORT_WARNING, EXPORT_PROMPT, ".")).await?,
        };
        tell_short(&passphrase, "the export");
        Ok(passphrase)
    }

    /// The passphrase of an export that is there: the one that is `known` by the environment, else it is typed.
    ///
    /// # Errors
    /// As [`Terminal::choose_for_export`].
    pub async fn of_export(&self, known: Option<&Passphrase>, wrong: u32) -> Result<Passphrase, Error> {
        if let Some(passphrase) = known {
            return Ok(passphrase.clone());
        }
        if !has_person() {
            return Err(Error::NoExportPassphrase);
        }
        let again = if wrong > 0 { "Wrong passphrase. " } else { "" };
        let prompt = format!("{again}{EXPORT_PROMPT}");
        let ask = move |state: &State| {
            let typed = state.ask(&prompt).map_err(Error::Unchosen)?;
            Passphrase::new(typed).map_err(|e| Error::Unchosen(io::Error::other(e)))
        };
        self.typed(ask).await
    }

    /// Asks on a thread that may wait.
    async fn typed(
        &self,
        ask: impl FnOnce(&State) -> Result<Passphrase, Error> + Send + 'static,
    ) -> Result<Passphrase, Error> {
        let state = Arc::clone(&self.0);
        match tokio::task::spawn_blocking(move || ask(&state)).await {
            Ok(typed) => typed,
            Err(e) => std::panic::resume_unwind(e.into_panic()),
        }
    }

    /// Does what may ask at the terminal. SIGINT, SIGTERM and the end of the terminal end it, and the terminal is as it was.
    pub async fn guard<T>(self, work: impl AsyncFnOnce(&Self) -> Result<T, Error>) -> Result<T, Error> {
        let mut signals = Signals::catch().map_err(Error::Signals)?;
        let done = tokio::select! {
            done = work(&self) => done,
            () = signals.next() => return Err(Error::Interrupted),
        };
        done.map_err(|error| self.sort(error))
    }

    /// What an error is in truth: somebody who interrupts a prompt has not failed to know a passphrase.
    pub fn sort(&self, error: Error) -> Error {
        if self.0.interrupted.load(Ordering::Relaxed) { Error::Interrupted } else { error }
    }
}

impl State {
    fn ask(&self, prompt: &str) -> io::Result<Zeroizing<String>> {
        *self.lock() = Some(tcgetattr(File::open("/dev/tty")?)?);
        let typed = rpassword::prompt_password(prompt).map(Zeroizing::new);
        *self.lock() = None;
        match typed {
            Err(e) if e.kind() == ErrorKind::Interrupted => {
                self.interrupted.store(true, Ordering::Relaxed);
                Err(e)
            }
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => Err(io::Error::other("none was typed")),
            typed => typed,
        }
    }

    fn choose(&self, warning: &str, prompt: &str, none: &str) -> Result<Passphrase, Error> {
        let mut before = warning.to_owned();
        for _ in 0..TRIES {
            let typed = self.ask(&format!("{before}{prompt}")).map_err(Error::Unchosen)?;
            let passphrase = match Passphrase::new(typed) {
                Ok(passphrase) => passphrase,
                Err(why) => {
                    before = format!("{why}{none}\n");
                    continue;
                }
            };
            let again = self.ask("The same again: ").map_err(Error::Unchosen)?;
            if again.as_bytes() == passphrase.as_bytes() {
                return Ok(passphrase);
            }
            before = "They differ. ".to_owned();
        }
        Err(Error::Unchosen(io::Error::other(format!("that was tried {TRIES} times"))))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Termios>> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// It is theirs to decide, but not without a word. `what` is what it protects.
fn tell_short(passphrase: &Passphrase, what: &str) {
    if passphrase.is_short() {
        note(&format!(
            "that passphrase is short: whoever gets {what} can guess it. A few random words are better"
        ));
    }
}

/// Whether somebody sits there. Not whether there is a terminal: that of a script which runs unattended may
/// still be open.
fn has_person() -> bool {
    io::stdin().is_terminal() || io::stderr().is_terminal()
}

/// A program that prints the passphrase, where the configuration names one.
pub(super) fn command_of(config: &Config) -> Unlock {
    match &config.passphrase_command {
        Some(command) => Unlock::Command(command.clone().into()),
        None => Unlock::Nothing,
    }
}
