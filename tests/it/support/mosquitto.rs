//! A real mosquitto, where one is installed.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::PATIENCE;

/// A running mosquitto; killed when dropped.
pub struct Mosquitto {
    process: Child,
    pub port: u16,
    config: std::path::PathBuf,
}

/// Whether mosquitto is to be tested on: where it is installed. `COOEE_TEST_MOSQUITTO=1` makes its
/// absence a failure, so that a run that should have used it cannot pass without.
pub fn is_installed() -> bool {
    let found = program().is_some();
    let wanted = std::env::var_os("COOEE_TEST_MOSQUITTO").is_some_and(|value| value == "1");
    assert!(found || !wanted, "COOEE_TEST_MOSQUITTO=1, and mosquitto is not installed");
    found
}

fn program() -> Option<&'static Path> {
    const PLACES: [&str; 3] = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/sbin/mosquitto"];
    PLACES.iter().map(Path::new).find(|path| path.is_file())
}

impl Mosquitto {
    /// Starts one that keeps its state in `dir`, with the settings that Cooee recommends.
    pub fn start(dir: &Path) -> Self {
        Self::start_with(dir, include_str!("../../../assets/brokers/mosquitto.conf"))
    }

    /// Starts one with these settings, and its defaults for everything else.
    pub fn start_with(dir: &Path, settings: &str) -> Self {
        // Freed before mosquitto takes it; nobody else is given it so soon.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = dir.join("mosquitto.conf");
        let settings = format!(
            "{settings}\nlistener {port} 127.0.0.1\nallow_anonymous true\nuser root\n\
             persistence_location {}/\n",
            dir.display()
        );
        fs::write(&config, settings).unwrap();
        let mut mosquitto = Self { process: launch(&config), port, config };
        mosquitto.wait_until_up();
        mosquitto
    }

    /// kill -9, and a new start with the state that is on disk.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.process = launch(&self.config);
        self.wait_until_up();
    }

    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn wait_until_up(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < deadline, "mosquitto does not listen");
            assert!(self.process.try_wait().unwrap().is_none(), "mosquitto ended");
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn launch(config: &Path) -> Child {
    Command::new(program().expect("checked before"))
        .arg("-c")
        .arg(config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("mosquitto starts")
}
