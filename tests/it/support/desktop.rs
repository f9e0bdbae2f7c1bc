//! A desktop with a keyring, as far as programs see it: a session bus and a real Secret Service on it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::PATIENCE;

/// The bus. It starts nothing by itself, so that there is a keyring only where a test has started one.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=BUS</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"#;

const NEEDED: [&str; 3] = ["dbus-daemon", "dbus-send", "gnome-keyring-daemon"];

/// A session of a desktop. All of it is killed when it is dropped, or when the tests are killed.
pub struct Desktop {
    keyring: Option<Child>,
    bus: Child,
    dir: TempDir,
}

impl Desktop {
    /// One without a keyring, where the programs for it are installed. `COOEE_TEST_KEYRING=1` makes their absence
    /// a failure, so that a run that should have used them cannot pass without.
    pub fn start() -> Option<Self> {
        let is_there = |name: &&str| {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path).any(|directory| directory.join(name).is_file())
        };
        let found = NEEDED.iter().all(is_there);
        let wanted = std::env::var_os("COOEE_TEST_KEYRING").is_some_and(|value| value == "1");
        assert!(found || !wanted, "COOEE_TEST_KEYRING=1, and one of {NEEDED:?} is not installed");
        found.then(Self::new)
    }

    /// One with a keyring that is unlocked.
    pub fn with_keyring() -> Option<Self> {
        let mut desktop = Self::start()?;
        desktop.unlock();
        Some(desktop)
    }

    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("bus");
        let config = dir.path().join("bus.conf");
        std::fs::write(&config, BUS.replace("BUS", socket.to_str().unwrap())).unwrap();
        let bus = tied(
            Command::new("sh")
                .args(["-c", r#"dbus-daemon --nofork --config-file="$0" & it=$!; cat; kill $it"#])
                .arg(config),
        );
        let desktop = Self { keyring: None, bus, dir };
        desktop.until("the bus listens", || socket.exists());
        desktop
    }

    /// What a program of this session has in its environment.
    pub fn environment(&self) -> [(&'static str, OsString); 3] {
        let address = format!("unix:path={}", self.dir.path().join("bus").display());
        let place: PathBuf = self.dir.path().to_owned();
        [
            ("DBUS_SESSION_BUS_ADDRESS", address.into()),
            ("XDG_RUNTIME_DIR", place.clone().into()),
            ("XDG_DATA_HOME", place.join("data").into()),
        ]
    }

    /// A keyring runs from now on, and is unlocked.
    pub fn unlock(&mut self) {
        self.run("printf hush | gnome-keyring-daemon --foreground --components=secrets --unlock");
    }

    /// A keyring runs from now on, and is locked. Nobody can be asked to unlock it.
    pub fn lock(&mut self) {
        self.run("gnome-keyring-daemon --foreground --components=secrets </dev/null");
    }

    /// No keyring runs any more. What it held stays with it.
    pub fn stop_keyring(&mut self) {
        end(self.keyring.take());
        self.until("the keyring is gone", || !self.has_keyring());
    }

    fn run(&mut self, daemon: &str) {
        self.stop_keyring();
        let script = format!("{daemon} >/dev/null & it=$!; cat; kill $it; wait $it");
        self.keyring = Some(tied(Command::new("sh").args(["-c", &script]).envs(self.environment())));
        self.until("the keyring answers", || self.has_keyring());
    }

    fn has_keyring(&self) -> bool {
        let asked = self.call(
            "org.freedesktop.DBus",
            "/",
            "org.freedesktop.DBus.NameHasOwner",
            &["string:org.freedesktop.secrets"],
        );
        asked.contains("boolean true")
    }

    /// The items of Cooee in the keyring, by their paths.
    pub fn items(&self) -> Vec<String> {
        let place = "/org/freedesktop/secrets";
        let method = "org.freedesktop.Secret.Service.SearchItems";
        let found =
            self.call("org.freedesktop.secrets", place, method, &["dict:string:string:service,cooee"]);
        let paths = found.lines().filter_map(|line| line.trim().strip_prefix("object path \""));
        paths.map(|path| path.trim_end_matches('"').to_owned()).collect()
    }

    /// Somebody deletes all that Cooee keeps in the keyring.
    pub fn delete_items(&self) {
        for item in self.items() {
            self.call("org.freedesktop.secrets", &item, "org.freedesktop.Secret.Item.Delete", &[]);
        }
        assert_eq!(self.items(), [""; 0]);
    }

    fn call(&self, to: &str, object: &str, method: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("dbus-send");
        command.envs(self.environment()).args(["--session", "--print-reply", &format!("--dest={to}")]);
        let Output { status, stdout, stderr } =
            command.args([object, method]).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "{method} {arguments:?}: {said}");
        String::from_utf8(stdout).unwrap()
    }

    fn until(&self, what: &str, done: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done() {
            assert!(Instant::now() < deadline, "waited too long until {what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        end(self.keyring.take());
        drop(self.bus.stdin.take());
        let _ = self.bus.wait();
    }
}

/// Starts a shell that ends what it runs when its standard input ends.
fn tied(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("a shell starts")
}

fn end(child: Option<Child>) {
    if let Some(mut child) = child {
        drop(child.stdin.take());
        let _ = child.wait();
    }
}
