//! A broker that is not ours, as `tests/brokers/run` installs and starts it.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use super::PATIENCE;

#[derive(Clone, Copy, Debug)]
pub enum Make {
    Mosquitto,
    HiveMq,
}

impl Make {
    /// As the script calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Mosquitto => "mosquitto",
            Self::HiveMq => "hivemq",
        }
    }

    /// Whether it is to be tested on: where it is installed. `COOEE_TEST_BROKERS=1` makes its absence a
    /// failure, so that a run that should have used it cannot pass without.
    pub fn is_installed(self) -> bool {
        let found = script().arg("have").arg(self.name()).status().expect("the script runs").success();
        let wanted = std::env::var_os("COOEE_TEST_BROKERS").is_some_and(|value| value == "1");
        assert!(found || !wanted, "COOEE_TEST_BROKERS=1, and {self:?} is not installed");
        found
    }
}

fn script() -> Command {
    Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/brokers/run"))
}

/// A running broker; killed when dropped, or when the tests are killed.
pub struct External {
    make: Make,
    dir: PathBuf,
    settings: Option<PathBuf>,
    process: Child,
    pub port: u16,
}

impl External {
    /// Starts one that keeps its state in `dir`, with the settings that Cooee recommends.
    pub fn start(make: Make, dir: &Path) -> Self {
        Self::launch(make, dir, None)
    }

    /// The same with other settings.
    pub fn start_with(make: Make, dir: &Path, settings: &str) -> Self {
        let file = dir.join("settings");
        fs::write(&file, settings).unwrap();
        Self::launch(make, dir, Some(file))
    }

    fn launch(make: Make, dir: &Path, settings: Option<PathBuf>) -> Self {
        let (dir, port) = (dir.join(make.name()), free_port());
        let process = launch(make, &dir, port, settings.as_deref());
        let mut broker = Self { make, dir, settings, process, port };
        broker.wait_until_up();
        broker
    }

    /// As the script calls it.
    pub fn name(&self) -> &'static str {
        self.make.name()
    }

    /// A new start with the state that is on disk.
    pub fn restart(&mut self) {
        self.kill();
        self.process = launch(self.make, &self.dir, self.port, self.settings.as_deref());
        self.wait_until_up();
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// One that was killed loses all that it kept.
    pub fn wipe(&self) {
        fs::remove_dir_all(&self.dir).expect("it kept something");
    }

    fn wait_until_up(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < deadline, "{:?} does not listen", self.make);
            assert!(self.process.try_wait().unwrap().is_none(), "{:?} ended", self.make);
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}

impl Drop for External {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn launch(make: Make, dir: &Path, port: u16, settings: Option<&Path>) -> Child {
    let mut command = script();
    if let Some(file) = settings {
        command.env("BROKER_SETTINGS", file);
    }
    command
        .args(["start", "--tied", make.name()])
        .arg(dir)
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the script starts")
}

/// A port that nobody listens on. Not from where the system takes those that nobody chose: a JVM needs a
/// second to take its own, and until then some other test might be given it.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let offset = std::process::id() * 100 + u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 12_000 + u16::try_from(offset % 20_000).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
