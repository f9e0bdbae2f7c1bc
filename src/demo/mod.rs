//! `cooee demo`: the messenger with companions who do what a script says, in a place of its own that is gone at the end.
//!
//! Whatever is seen there is real: a built-in broker, accounts with keys, sessions of the engine. Only what the
//! companions do is written down, in `assets/demo.toml` (`script`). Each `companion` is a client of its own in this
//! process. This layer owns the temporary directory and what runs in it, and ends both however the person leaves; it
//! touches nothing of theirs. After `kill -9` the broker ends by itself, and the directory stays.

mod companion;
mod script;

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

use crate::broker::{self, Tied};
use crate::config::{AlertConfig, BrokerAccess, BrokerChoice, Config, DesktopAlerts, FileConfig, Flags};
use crate::domain::UserName;
use crate::engine::{self, Protection, Setup, SignUp};
use crate::protocol::Root;
use crate::tui;
use companion::{Companion, Cue};
use script::{Role, Script, Step};

/// How long the companions may take to sign out, and the directory to be removed.
const FAREWELL: Duration = Duration::from_secs(3);

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The script is wrong.
    #[error("the script of the demo: {0}")]
    Script(String),
    /// There is no place for it.
    #[error("cannot make a temporary directory for the demo: {0}")]
    Place(#[source] io::Error),
    /// Something of it stays.
    #[error("cannot remove {path}, which held the demo: {source}", path = path.display())]
    Left {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No threads.
    #[error("cannot start threads: {0}")]
    Threads(#[source] io::Error),
    /// Signals cannot be caught.
    #[error("cannot catch signals: {0}")]
    Signals(#[source] io::Error),
    /// The broker does not start.
    #[error(transparent)]
    Broker(#[from] broker::Error),
    /// Somebody cannot sign up.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The screen.
    #[error(transparent)]
    Screen(#[from] tui::TuiError),
    /// A signal came before the screen was open.
    #[error("interrupted")]
    Interrupted,
}

/// Shows the demo on this terminal, and returns when the person has left and nothing of it is left. `program` is the
/// `cooee` binary. Of the configuration counts what is about the screen.
///
/// # Errors
/// When there is no terminal, or the broker, the accounts or the directory cannot be made.
pub fn open(config: &Config, flags: &Flags, program: PathBuf) -> Result<(), Error> {
    let script = Script::built_in().map_err(Error::Script)?;
    engine::prepare();
    let runtime = engine::runtime().map_err(Error::Threads)?;
    // Before there is anything that could be left behind.
    let signals = runtime.block_on(async { Signals::catch() }).map_err(Error::Signals)?;
    let private = Permissions::from_mode(0o700);
    let dir = tempfile::Builder::new()
        .prefix("cooee-demo-")
        .permissions(private)
        .tempdir()
        .map_err(Error::Place)?;
    say(
        "Cooee's demo: a broker and three companions begin in a temporary directory, which is removed at the end.",
    );
    let shown = runtime.block_on(show((config, flags), &script, dir.path(), program, signals));
    // A thread may sit in a read of the terminal for ever.
    runtime.shutdown_background();
    engine::finish();
    remove(dir)?;
    if shown.is_ok() {
        say("The demo has ended, and nothing of it is left. `cooee` begins for real.");
    }
    shown
}

/// Tells a person who may not be there to read it.
fn say(words: &str) {
    let _ = writeln!(io::stdout(), "{words}");
}

/// The broker first, and last.
async fn show(
    (config, flags): (&Config, &Flags),
    script: &Script,
    data_dir: &Path,
    program: PathBuf,
    mut signals: Signals,
) -> Result<(), Error> {
    let broker = Tied::start(data_dir, &program).await?;
    let place = Place::of(script, data_dir, &broker);
    let config = place.put(config.clone());
    let setup = Setup::new(&config, program.clone());
    let begun = tokio::select! {
        biased;
        () = signals.next() => Err(Error::Interrupted),
        begun = Cast::begin(&setup, script) => begun,
    };
    let shown = match begun {
        Ok(cast) => {
            let scene = cast.play_on(script.scene.clone());
            let greeting = Some(script.greeting.clone());
            let place = tui::Place::new(move |config| place.put(config));
            let shown = tui::show(&config, flags, program, greeting, place).await;
            scene.abort();
            cast.end().await;
            shown.map_err(Error::from)
        }
        Err(error) => Err(error),
    };
    broker.end().await;
    shown
}

/// Where the demo plays.
#[derive(Clone)]
struct Place {
    data_dir: PathBuf,
    you: UserName,
    broker: BrokerChoice,
}

impl Place {
    fn of(script: &Script, data_dir: &Path, broker: &Tied) -> Self {
        let url = format!("mqtt://{}", broker.address()).parse();
        let broker = url.map_or(BrokerChoice::BuiltIn, BrokerChoice::Url);
        Self { data_dir: data_dir.to_owned(), you: script.you.user.clone(), broker }
    }

    /// The configuration of the person in the demo: theirs as far as it is about the screen.
    fn put(&self, config: Config) -> Config {
        Config {
            data_dir: self.data_dir.clone(),
            user: Some(self.you.clone()),
            broker: self.broker.clone(),
            access: BrokerAccess::default(),
            topic_root: Root::default(),
            typing: true,
            read_receipts: true,
            files: FileConfig { downloads: self.data_dir.join("downloads"), ..config.files },
            // Nobody has to be called to a play.
            alerts: AlertConfig { desktop: DesktopAlerts::Off, bell: false, ..config.alerts },
            passphrase: None,
            passphrase_command: None,
            chat_log: None,
            ..config
        }
    }
}

/// Everybody in the demo, each a task of their own.
struct Cast {
    cues: BTreeMap<UserName, mpsc::Sender<Cue>>,
    tasks: JoinSet<()>,
}

impl Cast {
    /// Signs everybody up, and plays what comes before the screen opens.
    async fn begin(setup: &Setup, script: &Script) -> Result<Self, Error> {
        let everybody = || script.companions.iter().chain([&script.you]);
        futures::future::try_join_all(everybody().map(|role| sign_up(setup, role))).await?;
        let mut cast = Self { cues: BTreeMap::new(), tasks: JoinSet::new() };
        for role in everybody() {
            let is_companion = role.user != script.you.user;
            let others = script.companions.iter().map(|other| other.user.clone());
            let others = others.filter(|other| *other != role.user).collect();
            let answers_to = is_companion.then(|| script.you.user.clone());
            let companion = Companion::new(setup.clone(), role.clone(), answers_to, others);
            let (cue, cues) = mpsc::channel(1);
            cast.cues.insert(role.user.clone(), cue);
            cast.tasks.spawn(companion.play(cues));
        }
        play(&cast.cues, script.prelude.clone(), false).await;
        Ok(cast)
    }

    /// Plays these steps, beside whatever else goes on.
    fn play_on(&self, steps: Vec<Step>) -> JoinHandle<()> {
        let cues = self.cues.clone();
        tokio::spawn(async move { play(&cues, steps, true).await })
    }

    /// Has everybody sign out, and waits until they have.
    async fn end(self) {
        let Self { cues, mut tasks } = self;
        drop(cues);
        let gone = async { while tasks.join_next().await.is_some() {} };
        let _ = timeout(FAREWELL, gone).await;
    }
}

async fn sign_up(setup: &Setup, role: &Role) -> Result<(), engine::Error> {
    let Role { user, name, mobile, .. } = role.clone();
    let protection = Protection::None;
    engine::sign_up(setup, SignUp { user, display_name: name, mobile, protection }).await
}

async fn play(cues: &BTreeMap<UserName, mpsc::Sender<Cue>>, steps: Vec<Step>, calm: bool) {
    for step in steps {
        sleep(step.after()).await;
        let (done, finished) = oneshot::channel();
        let Some(cue) = cues.get(&step.who) else { continue };
        if cue.send(Cue { deed: step.does, calm, done }).await.is_ok() {
            // It is dropped when it is done.
            let _ = finished.await;
        }
    }
}

/// What ends the demo before the screen is open. After that it is for the screen; here they are caught to the end, so
/// that nothing is left behind.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    quit: Signal,
}

impl Signals {
    fn catch() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
            _ = self.quit.recv() => {}
        }
    }
}

/// Removes the directory. A thread that was just told to end may still write into it.
fn remove(dir: TempDir) -> Result<(), Error> {
    let path = dir.keep();
    let deadline = Instant::now() + FAREWELL;
    loop {
        match std::fs::remove_dir_all(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                if Instant::now() >= deadline {
                    return Err(Error::Left { path, source });
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            _ => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_demo_is_the_persons_own_but_the_screen() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config.toml");
        std::fs::write(&path, "theme = \"dark\"\n[files]\ndownloads = \"/home/me/Downloads\"\n")
            .unwrap();
        let flags = Flags { config: Some(path), ..Flags::default() };
        let config = crate::config::resolve(&flags, |_| None).unwrap();
        let data_dir = home.path().join("demo");
        let you = Script::built_in().unwrap().you.user;
        let place = Place { data_dir: data_dir.clone(), you, broker: BrokerChoice::BuiltIn };
        let put = place.put(config);
        assert!(put.data_dir == data_dir && put.files.downloads.starts_with(&data_dir));
        assert!(put.alerts.desktop == DesktopAlerts::Off && !put.alerts.bell);
        assert_eq!(put.theme, "dark");
    }
}
