//! A data directory of its own, with the built-in broker in it.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The program under test, as `cargo bench` built it.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_cooee");

/// A data directory that nobody used before. Its broker is stopped and it is removed when dropped.
pub struct Home {
    dir: TempDir,
}

impl Home {
    /// An empty one.
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("there is a place for temporary files") }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Runs a command of the program to its end, and says whether it was successful.
    pub fn run(&self, arguments: &[&str]) -> bool {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).env_clear().envs(self.environment()).stdout(Stdio::null());
        command.status().expect("the program starts").success()
    }

    /// What the program needs to know, so that nothing of the person who runs this is used or shown.
    pub fn environment(&self) -> [(&'static str, String); 6] {
        let dir = self.path().display().to_string();
        [
            ("HOME", dir.clone()),
            ("XDG_CONFIG_HOME", dir.clone()),
            ("COOEE_DATA_DIR", dir),
            ("TERM", "xterm-256color".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("TZ", "UTC".to_owned()),
        ]
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.run(&["broker", "stop"]);
    }
}
