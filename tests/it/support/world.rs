//! A data directory with a broker, and everything in it cleared away at the end.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cooee::broker::{self, Revive};
use cooee::config::{BrokerAccess, BrokerChoice};
use cooee::crypto::vault::KeyFile;
use cooee::domain::DataKey;
use cooee::engine::{self, Clock, Setup, Unlock};
use cooee::protocol::Root;
use tempfile::TempDir;

use super::PATIENCE;
use super::external::{External, Make};

/// Which broker a world has.
pub enum Broker {
    BuiltIn,
    External(External),
}

/// A data directory with a broker.
pub struct World {
    // Dropped first: a broker that still runs would write into the directory as it is cleared away.
    pub broker: Broker,
    pub dir: TempDir,
}

pub fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_cooee"))
}

impl World {
    pub fn built_in() -> Self {
        Self { broker: Broker::BuiltIn, dir: tempfile::tempdir().unwrap() }
    }

    /// With a broker that is not ours, where it is installed.
    pub fn on(make: Make) -> Option<Self> {
        make.is_installed().then(|| {
            let dir = tempfile::tempdir().unwrap();
            Self { broker: Broker::External(External::start(make, dir.path())), dir }
        })
    }

    pub fn data_dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn setup(&self) -> Setup {
        let broker = match &self.broker {
            Broker::BuiltIn => BrokerChoice::BuiltIn,
            Broker::External(external) => url(external.port),
        };
        Setup {
            data_dir: self.data_dir().to_owned(),
            broker,
            access: BrokerAccess::default(),
            root: Root::default(),
            private_groups: true,
            typing: true,
            read_receipts: true,
            files: engine::FileRules {
                max_send: 10_000_000,
                max_receive: 10_000_000,
                auto_fetch: 0,
                keep: 50_000_000,
                downloads: self.data_dir().join("downloads"),
            },
            chat_log: None,
            online_lasts: engine::ONLINE_LASTS,
            program: program(),
            clock: Clock::system(),
            unlock: Unlock::Nothing,
        }
    }

    /// The same world reached through another port, that of a proxy.
    pub fn setup_through(&self, port: u16) -> Setup {
        Setup { broker: url(port), ..self.setup() }
    }

    /// The port of the broker, which is started if need be.
    pub async fn port(&self) -> u16 {
        match &self.broker {
            Broker::External(external) => external.port,
            Broker::BuiltIn => {
                let program = program();
                let running = broker::ensure_running(self.data_dir(), &program, Revive::Always).await;
                running.expect("the broker runs").port()
            }
        }
    }

    /// kill -9. The built-in broker is started again by whoever notices, any other by us.
    pub fn kill_broker(&mut self) {
        match &mut self.broker {
            Broker::External(external) => external.kill(),
            Broker::BuiltIn => kill_built_in(self.dir.path()),
        }
    }

    /// A broker that was killed loses all that it kept: sessions, queues, retained records.
    pub async fn wipe_broker(&mut self) {
        let data_dir = self.dir.path();
        match &self.broker {
            // It was waited for.
            Broker::External(external) => external.wipe(),
            Broker::BuiltIn => {
                let deadline = Instant::now() + PATIENCE;
                while !matches!(broker::status(data_dir), Ok(None)) {
                    assert!(Instant::now() < deadline, "the broker does not die");
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                fs::remove_dir_all(data_dir.join("broker/state")).expect("it kept something");
            }
        }
    }

    /// Starts again what nobody else starts.
    pub fn revive_broker(&mut self) {
        if let Broker::External(external) = &mut self.broker {
            external.restart();
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Broker::BuiltIn = self.broker {
            kill_built_in(self.dir.path());
        }
    }
}

fn url(port: u16) -> BrokerChoice {
    BrokerChoice::Url(format!("mqtt://127.0.0.1:{port}").parse().unwrap())
}

/// The key of an account that has no passphrase.
pub fn data_key(data_dir: &Path, user: &str) -> DataKey {
    let file = data_dir.join("accounts").join(user).join("key.json");
    let file = KeyFile::read(&fs::read(file).unwrap(), &user.parse().unwrap()).unwrap();
    file.open(None).unwrap()
}

/// kill -9 to the built-in broker of a data directory, if one runs.
pub fn kill_built_in(data_dir: &Path) {
    if let Ok(Some(running)) = broker::status(data_dir) {
        let pid = rustix::process::Pid::from_raw(running.pid.cast_signed()).unwrap();
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}
