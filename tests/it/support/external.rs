//! A broker that is not ours, as `tests/brokers/run` installs and starts it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::PATIENCE;

#[derive(Clone, Copy, Debug)]
pub enum Make {
    Mosquitto,
    HiveMq,
    /// Three rmqttd that act as one.
    Cluster,
}

impl Make {
    /// As the script calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Mosquitto => "mosquitto",
            Self::HiveMq => "hivemq",
            Self::Cluster => "cluster",
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

/// A running broker, or a node of one; killed when dropped, or when the tests are killed.
pub struct External {
    make: Make,
    /// What else the script is told to start it: a directory first.
    what: Vec<OsString>,
    /// Other settings than those that Cooee recommends.
    settings: Option<PathBuf>,
    process: Child,
    pub port: u16,
}

impl External {
    /// Starts one that keeps its state in `dir`, with the settings that Cooee recommends.
    pub fn start(make: Make, dir: &Path) -> Self {
        Self::start_on(make, dir, None)
    }

    /// The same with other settings.
    pub fn start_with(make: Make, dir: &Path, settings: &str) -> Self {
        let file = dir.join("settings");
        fs::write(&file, settings).unwrap();
        Self::start_on(make, dir, Some(file))
    }

    fn start_on(make: Make, dir: &Path, settings: Option<PathBuf>) -> Self {
        let port = free_port();
        let what = vec![dir.join(make.name()).into(), port.to_string().into()];
        let process = launch(make, &what, settings.as_deref());
        let mut broker = Self { make, what, settings, process, port };
        broker.wait_until_up();
        broker
    }

    /// Starts what the script takes with these arguments, and does not wait for it.
    pub fn launch(make: Make, what: Vec<OsString>, port: u16) -> Self {
        Self { process: launch(make, &what, None), make, what, settings: None, port }
    }

    /// As the script calls it.
    pub fn name(&self) -> &'static str {
        self.make.name()
    }

    /// A new start with the state that is on disk.
    pub fn restart(&mut self) {
        self.kill();
        self.process = launch(self.make, &self.what, self.settings.as_deref());
        self.wait_until_up();
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// What it said last; the nodes of a cluster say it into one file.
    fn last_words(&self) -> String {
        let log = fs::read_to_string(log(&self.what)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(10).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// One that was killed loses all that it kept.
    pub fn wipe(&self) {
        fs::remove_dir_all(&self.what[0]).expect("it kept something");
    }

    /// Waits until it listens.
    pub fn wait_until_up(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < deadline, "{:?} {:?} does not listen", self.make, self.what);
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none(), "{:?} {:?} ended:\n{}", self.make, self.what, self.last_words());
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

fn launch(make: Make, what: &[OsString], settings: Option<&Path>) -> Child {
    let log = log(what);
    fs::create_dir_all(log.parent().unwrap()).unwrap();
    let log = File::options().create(true).append(true).open(log).unwrap();
    let mut command = script();
    if let Some(file) = settings {
        command.env("BROKER_SETTINGS", file);
    }
    command.args(["start", "--tied", make.name()]).args(what);
    command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
    command.spawn().expect("the script starts")
}

fn log(what: &[OsString]) -> PathBuf {
    Path::new(&what[0]).join("log")
}

/// A port that nobody listens on. Not from where the system takes those that nobody chose: a JVM needs a
/// second to take its own, and until then some other test might be given it.
pub fn free_port() -> u16 {
    loop {
        let port = fastrand::u16(12_000..27_000);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
