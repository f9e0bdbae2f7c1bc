//! What a person is told when something fails: what failed, on which object, and what to do about it.
//!
//! This layer owns the words on standard error and, in one place, the exit codes. Front ends give every
//! failure to [`report`]; nothing else in Cooee ends the process.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::domain::{GroupId, GroupName, UserName, clean_block};
use crate::{broker, config, demo, engine, logging, registry, tui};

/// How a process of ours ends. The numbers are documented and stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It was done.
    Done = 0,
    /// It failed for a reason that has no number of its own.
    Failed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// Sign-up or sign-in was refused.
    SignInRefused = 3,
    /// No connection to the broker.
    Unreachable = 4,
    /// What was to be delivered, or was waited for, did not come in time.
    NotInTime = 5,
    /// SIGINT or SIGTERM ended it, in good order.
    Interrupted = 130,
}

/// What went wrong, as it is told to a person.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// A `cooee broker` command.
    #[error(transparent)]
    Broker(#[from] broker::Error),
    /// Signing up or in.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The CSV files.
    #[error(transparent)]
    Registry(#[from] registry::Error),
    /// The log.
    #[error(transparent)]
    Log(#[from] logging::Error),
    /// The broker cannot leave the terminal.
    #[error("cannot leave the terminal: {0}")]
    Detach(io::Error),
    /// The path of this program is unknown.
    #[error("cannot tell which program this is: {0}")]
    Program(io::Error),
    /// The full-screen messenger.
    #[error(transparent)]
    Screen(#[from] tui::TuiError),
    /// The demo.
    #[error(transparent)]
    Demo(#[from] demo::Error),
    /// No threads.
    #[error("cannot start threads: {0}")]
    Threads(io::Error),
    /// Signals cannot be caught.
    #[error("cannot catch signals: {0}")]
    Signals(io::Error),
    /// Standard output takes nothing.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    /// A file takes nothing.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What standard input holds cannot be sent.
    #[error("{place}: {why}")]
    Input {
        /// Standard input, or a line of it.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// The arguments do not go together.
    #[error("{0}")]
    Usage(&'static str),
    /// Nobody said who to be, and it cannot be guessed.
    #[error("who are you? {}", whose(known))]
    WhichAccount {
        /// The accounts of this data directory.
        known: Vec<UserName>,
    },
    /// There is nobody to choose a passphrase for this account.
    #[error("`{0}` needs a passphrase, and there is nobody to ask for one")]
    NoPassphrase(UserName),
    /// There is nobody to ask for the passphrase of an export.
    #[error("an export needs a passphrase of its own, and there is nobody to ask for it")]
    NoExportPassphrase,
    /// Nobody chose a passphrase.
    #[error("no passphrase was chosen: {0}")]
    Unchosen(io::Error),
    /// No such person.
    #[error("nobody here is called `{0}`")]
    Nobody(UserName),
    /// No such group, or none with which that can be done.
    #[error("{0}")]
    NoGroup(String),
    /// Several groups have that name.
    #[error("several groups are called `{name}`")]
    Ambiguous {
        /// The name.
        name: String,
        /// Which.
        groups: Vec<(GroupName, GroupId)>,
    },
    /// A group of that name exists.
    #[error("there is a group `{name}` already, made by {owner}")]
    GroupExists {
        /// The name.
        name: GroupName,
        /// Who made it.
        owner: UserName,
        /// Whether we are in it.
        member: bool,
    },
    /// No such letter in the outbox.
    #[error("no letter in the outbox has an id that begins with `{0}`")]
    NotWaiting(String),
    /// The engine said no.
    #[error("{0}")]
    Refused(String),
    /// Somebody was asked to let us into a group, and has not yet.
    #[error("asked, and not let in yet: you come in when {0} is here, and Cooee runs on both sides")]
    NotLetIn(UserName),
    /// No connection to the broker.
    #[error("no connection to the broker: {0}")]
    Unreachable(String),
    /// A file did not come in time.
    #[error("the file did not come in time")]
    NotFetched,
    /// Messages were not confirmed in time.
    #[error("{} not confirmed in time: {why}", messages(*count))]
    NotConfirmed {
        /// How many.
        count: usize,
        /// Why.
        why: String,
    },
    /// The session was lost with messages on their way to it.
    #[error("the session was lost with {} on the way to it", messages(*.0))]
    Unsure(usize),
    /// Fewer messages came than were waited for.
    #[error("{} of {wanted} came in time", messages(*came))]
    TooFew {
        /// How many came.
        came: usize,
        /// How many were waited for.
        wanted: usize,
    },
    /// The session cannot go on.
    #[error("the session ended: {0}")]
    Ended(String),
    /// The session is gone without a word.
    #[error(
        "the process whose session this one had joined died, or did not wait for it: messages may be \
         missing here"
    )]
    Lost,
    /// A signal.
    #[error("interrupted")]
    Interrupted,
}

fn messages(count: usize) -> String {
    match count {
        1 => "1 message".to_owned(),
        n => format!("{n} messages"),
    }
}

fn whose(known: &[UserName]) -> String {
    match known {
        [] => "nobody has signed up in this data directory".to_owned(),
        known => format!("this data directory has several accounts: {}", listed(known)),
    }
}

fn listed(users: &[UserName]) -> String {
    users.iter().map(UserName::as_str).collect::<Vec<_>>().join(", ")
}

impl Error {
    /// What the process ends with.
    pub fn exit(&self) -> Exit {
        match self {
            // Whoever read our output has had enough.
            Self::Output(e) if e.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Config(_) | Self::Usage(_) | Self::WhichAccount { .. } => Exit::Usage,
            Self::Engine(error) => match error {
                engine::Error::AccountExists { .. }
                | engine::Error::NoAccount { .. }
                | engine::Error::InUse { .. }
                | engine::Error::NameTaken { .. }
                | engine::Error::PassphraseNeeded { .. }
                | engine::Error::WrongPassphrase { .. }
                | engine::Error::Passphrase { .. }
                | engine::Error::NoKey { .. }
                | engine::Error::Unkept { .. }
                | engine::Error::Refused { .. }
                | engine::Error::Uninvited { .. } => Exit::SignInRefused,
                engine::Error::Moving { source, .. } if source.is_wrong_passphrase() => {
                    Exit::SignInRefused
                }
                engine::Error::Unreachable { .. } | engine::Error::Broker(_) => Exit::Unreachable,
                _ => Exit::Failed,
            },
            Self::NoPassphrase(_) | Self::NoExportPassphrase | Self::Unchosen(_) => Exit::SignInRefused,
            Self::Unreachable(_) => Exit::Unreachable,
            Self::NotConfirmed { .. } | Self::TooFew { .. } | Self::NotLetIn(_) | Self::NotFetched => {
                Exit::NotInTime
            }
            Self::Interrupted => Exit::Interrupted,
            _ => Exit::Failed,
        }
    }

    /// What to do about it, where there is something that the message does not say.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Screen(tui::TuiError::NoTerminal(_)) => {
                "`cooee --help` tells what can be done without one".to_owned()
            }
            Self::Engine(engine::Error::AccountExists { user }) => {
                format!("sign in with `cooee -u {user}`")
            }
            Self::Engine(engine::Error::NoAccount { user, known }) if known.is_empty() => {
                format!("sign up first: `cooee sign-up {user}`")
            }
            Self::Engine(engine::Error::NoAccount { user, known }) => format!(
                "sign up with `cooee sign-up {user}`, or be one of those who did: {}",
                listed(known)
            ),
            Self::Engine(engine::Error::InUse { .. }) => {
                "end that process, or wait until it has ended".to_owned()
            }
            Self::Engine(engine::Error::PassphraseNeeded { .. }) => {
                "run it at a terminal, or say the passphrase in COOEE_PASSPHRASE or by `passphrase_command` in \
                 the configuration file"
                    .to_owned()
            }
            Self::Engine(engine::Error::NoKey { source, .. }) => source.hint(true).to_owned(),
            Self::Engine(engine::Error::Unkept { source, .. }) => source.hint(false).to_owned(),
            Self::Engine(engine::Error::StillInKeyring { .. }) => {
                "delete it there with the program that shows the keyring: it stands under `cooee`".to_owned()
            }
            Self::NoPassphrase(_) => {
                "run it at a terminal, or say one in COOEE_PASSPHRASE (a new one for an account that exists: \
                 COOEE_NEW_PASSPHRASE); --keyring has the keyring protect the account, --no-passphrase nothing"
                    .to_owned()
            }
            Self::NoExportPassphrase => {
                "run it at a terminal, or say it in COOEE_EXPORT_PASSPHRASE".to_owned()
            }
            Self::Engine(engine::Error::NameTaken { .. }) => "choose another name".to_owned(),
            Self::Engine(engine::Error::Unreachable { .. }) | Self::Unreachable(_) => {
                "see --broker and `cooee broker status`".to_owned()
            }
            Self::WhichAccount { known } if known.is_empty() => {
                "sign up with `cooee sign-up NAME`, or choose another data directory with --data-dir"
                    .to_owned()
            }
            Self::WhichAccount { .. } => "choose one with --user or COOEE_USER".to_owned(),
            Self::Nobody(_) => "`cooee contacts` lists everybody".to_owned(),
            Self::NoGroup(_) => "`cooee group list` lists the groups".to_owned(),
            Self::Ambiguous { groups, .. } => {
                let exact: Vec<String> =
                    groups.iter().map(|(name, id)| format!("'#{name}~{}'", short(*id))).collect();
                format!("say which: {}", exact.join(" or "))
            }
            Self::GroupExists { name, member: true, .. } => {
                format!("you are in it: `cooee send '#{name}' …`; --anyway makes another")
            }
            Self::GroupExists { name, .. } => {
                format!("`cooee group join '{name}'` goes into it; --anyway makes another")
            }
            Self::NotConfirmed { .. } => {
                "do not send it again: it stays in the outbox and goes out when this account is signed in \
                 and the recipient can be reached; `cooee outbox list` shows it"
                    .to_owned()
            }
            Self::NotWaiting(_) => "`cooee outbox list` shows the ids".to_owned(),
            Self::Unsure(_) => "see `cooee history` before you send them again".to_owned(),
            Self::Lost => "run it again; `cooee history` has everything".to_owned(),
            _ => return None,
        };
        Some(hint)
    }
}

/// The beginning of a group's id, enough to tell it from others of its name.
pub fn short(id: GroupId) -> String {
    let mut digits = id.to_string();
    digits.truncate(8);
    digits
}

/// Tells a person on standard error what went wrong, and gives what the process ends with.
pub fn report(done: Result<ExitCode, Error>) -> ExitCode {
    let error = match done {
        Ok(code) => return code,
        Err(error) => error,
    };
    let exit = error.exit();
    if exit != Exit::Done && exit != Exit::Interrupted {
        // Paths and what a broker says may hold anything; and if nobody can read it, so be it.
        let mut out = io::stderr().lock();
        let _ = writeln!(out, "cooee: {}", clean_block(&error.to_string()));
        if let Some(hint) = error.hint() {
            let _ = writeln!(out, "hint: {}", clean_block(&hint));
        }
    }
    ExitCode::from(exit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserName {
        name.parse().unwrap()
    }

    #[test]
    fn every_kind_of_failure_has_its_number() {
        let refused = engine::Error::NoAccount { user: user("al"), known: Vec::new() };
        let unreachable = engine::Error::Unreachable { reason: "no route".into() };
        let cases = [
            (Error::Output(io::ErrorKind::BrokenPipe.into()), 0),
            (Error::Output(io::ErrorKind::StorageFull.into()), 1),
            (Error::Nobody(user("al")), 1),
            (Error::WhichAccount { known: Vec::new() }, 2),
            (Error::Usage("no"), 2),
            (refused.into(), 3),
            (unreachable.into(), 4),
            (engine::Error::Broker(broker::Error::Stopped).into(), 4),
            (broker::Error::Stopped.into(), 1),
            (engine::Error::PassphraseNeeded { user: user("al") }.into(), 3),
            (engine::Error::WrongPassphrase { user: user("al") }.into(), 3),
            (Error::NoPassphrase(user("al")), 3),
            (Error::Unreachable("no route".into()), 4),
            (Error::NotConfirmed { count: 1, why: String::new() }, 5),
            (Error::TooFew { came: 0, wanted: 1 }, 5),
            (Error::NotLetIn(user("al")), 5),
            (Error::Interrupted, 130),
        ];
        for (error, code) in cases {
            assert_eq!(error.exit() as u8, code, "{error:?}");
        }
    }

    #[test]
    fn hints_name_what_can_be_done() {
        let hint = |error: Error| error.hint().unwrap_or_default();
        let known = vec![user("ann"), user("bob")];
        let no_account = engine::Error::NoAccount { user: user("al"), known: known.clone() };
        assert_eq!(
            hint(no_account.into()),
            "sign up with `cooee sign-up al`, or be one of those who did: ann, bob"
        );
        let error = Error::WhichAccount { known };
        assert!(error.to_string().ends_with("several accounts: ann, bob"), "{error}");
        assert!(hint(error).contains("--user"));
        let team = GroupName::new("team").unwrap();
        let groups = [1, 2].map(|n: u128| (team.clone(), GroupId::from_bits(n << 120))).to_vec();
        assert_eq!(
            hint(Error::Ambiguous { name: "team".into(), groups }),
            "say which: '#team~01000000' or '#team~02000000'"
        );
    }
}
