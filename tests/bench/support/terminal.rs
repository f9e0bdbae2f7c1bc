//! The program in a pseudo-terminal: keys go in, and a screen comes out.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Screen;

use super::home::{Home, PROGRAM};

/// How long anything may take before we give up.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the program has written so far.
struct Written {
    parser: vt100::Parser,
    bytes: u64,
    /// When the last of it was read.
    at: Instant,
    ended: bool,
}

/// The program in a terminal of its own. It is hung up when dropped.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    written: Arc<(Mutex<Written>, Condvar)>,
    /// The terminal goes when this goes.
    master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Starts the program at this data directory on a terminal of `cols` x `rows` cells.
    pub fn start(home: &Home, size: (u16, u16), arguments: &[&str]) -> Self {
        Self::start_with(home, size, arguments, &[])
    }

    /// The same with these variables besides in its environment.
    pub fn start_with(
        home: &Home,
        (cols, rows): (u16, u16),
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("there are pseudo-terminals");
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(arguments);
        command.env_clear();
        for (name, value) in home.environment() {
            command.env(name, value);
        }
        for (name, value) in variables {
            command.env(name, value);
        }
        let mut output = pair.master.try_clone_reader().expect("it can be read");
        let keys = pair.master.take_writer().expect("it can be written");
        let [high, wide] = [rows, cols].map(|n| NonZeroU16::new(n).expect("a screen has cells"));
        let parser = vt100::Parser::new(high, wide, 0);
        let written = Written { parser, bytes: 0, at: Instant::now(), ended: false };
        let written = Arc::new((Mutex::new(written), Condvar::new()));
        let shared = Arc::clone(&written);
        std::thread::spawn(move || {
            let mut chunk = [0; 65_536];
            loop {
                // A pseudo-terminal whose program has ended reads as an error.
                let count = output.read(&mut chunk).unwrap_or(0);
                let at = Instant::now();
                let mut written = shared.0.lock().unwrap();
                written.parser.process(&chunk[..count]);
                written.bytes += count as u64;
                written.at = at;
                written.ended = count == 0;
                shared.1.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        let child = pair.slave.spawn_command(command).expect("the program starts");
        Self { child, keys, written, master: pair.master }
    }

    /// Types these bytes as a terminal sends them.
    pub fn keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the program reads its keys");
    }

    /// Makes it so many columns and rows.
    pub fn resize(&self, (cols, rows): (u16, u16)) {
        let [high, wide] = [rows, cols].map(|n| NonZeroU16::new(n).expect("a screen has cells"));
        self.written.0.lock().unwrap().parser.screen_mut().set_size(high, wide);
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).expect("there is a terminal");
    }

    /// Waits until the screen shows what is awaited. When that came, and how many bytes had come by then;
    /// `None` if it did not come in time, or the program ended.
    pub fn wait(
        &self,
        patience: Duration,
        mut shown: impl FnMut(&Screen) -> bool,
    ) -> Option<(Instant, u64)> {
        let deadline = Instant::now() + patience;
        let (written, changed) = &*self.written;
        let mut written = written.lock().unwrap();
        while !shown(written.parser.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            if written.ended || left.is_zero() {
                return None;
            }
            written = changed.wait_timeout(written, left).unwrap().0;
        }
        Some((written.at, written.bytes))
    }

    /// The same with all patience; gives up for good if it does not come.
    pub fn until(&self, what: &str, shown: impl FnMut(&Screen) -> bool) -> (Instant, u64) {
        self.wait(PATIENCE, shown).unwrap_or_else(|| {
            panic!("not seen by process {}: {what}\n{}", self.pid(), self.contents());
        })
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("it was started")
    }

    /// All that is on the screen.
    fn contents(&self) -> String {
        self.written.0.lock().unwrap().parser.screen().contents()
    }

    /// Waits until this text is on the screen.
    pub fn shows(&self, text: &str) -> (Instant, u64) {
        self.until(text, |screen| screen.contents().contains(text))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Gone already where the program ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
