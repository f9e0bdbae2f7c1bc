//! The real program in a real pseudo-terminal, and somebody who types there and looks at the screen.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::PATIENCE;
use super::world::program;

pub const ENTER: &str = "\r";
pub const LEFT: &str = "\x1b[D";
pub const RIGHT: &str = "\x1b[C";
pub const F1: &str = "\x1bOP";
pub const F2: &str = "\x1bOQ";
pub const F4: &str = "\x1bOS";
pub const ALT_A: &str = "\x1ba";
pub const ALT_S: &str = "\x1bs";
pub const CTRL_C: &str = "\x03";
pub const CTRL_G: &str = "\x07";
pub const CTRL_L: &str = "\x0c";
pub const CTRL_Q: &str = "\x11";
pub const CTRL_U: &str = "\x15";
pub const CTRL_Z: &str = "\x1a";

/// The beginning of a frame: synchronised output is held back.
const FRAME_BEGIN: &[u8] = b"\x1b[?2026h";
/// The end of a frame: synchronised output is shown.
const FRAME_END: &[u8] = b"\x1b[?2026l";

/// What the terminal got.
struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
    /// The first rows of all frames, each as often as it came anew.
    headers: Vec<String>,
    /// Nobody can write to the terminal any more.
    ended: bool,
}

impl Seen {
    /// Takes in bytes up to the end of each frame, and looks at the frame.
    fn take(&mut self, bytes: &[u8]) {
        let mut from = self.raw.len();
        let begun = from.saturating_sub(FRAME_END.len() - 1);
        self.raw.extend_from_slice(bytes);
        let found: Vec<usize> =
            memory_find(&self.raw[begun..], FRAME_END).map(|at| begun + at + FRAME_END.len()).collect();
        for end in found.into_iter().chain([self.raw.len()]) {
            self.parser.process(&self.raw[from..end]);
            from = end;
            let header = self.parser.screen().rows(0, u16::MAX).next().unwrap_or_default();
            if self.headers.last() != Some(&header) {
                self.headers.push(header);
            }
        }
    }
}

impl Seen {
    /// Whether a frame has begun and not ended: a large one comes in several pieces.
    fn is_amid_frame(&self) -> bool {
        let end = self.raw.windows(FRAME_END.len()).rposition(|window| window == FRAME_END);
        self.raw[end.unwrap_or(0)..].windows(FRAME_BEGIN.len()).any(|window| window == FRAME_BEGIN)
    }
}

/// Where a mark stands in bytes.
fn memory_find<'a>(bytes: &'a [u8], mark: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    bytes.windows(mark.len()).enumerate().filter(move |(_, window)| *window == mark).map(|(at, _)| at)
}

/// What a program starts with.
pub struct Launch {
    command: CommandBuilder,
    size: (u16, u16),
}

impl Launch {
    /// `cooee` with this data directory, 80x24, and nothing of our own environment.
    pub fn new(data_dir: &Path) -> Self {
        Self::through(&[], data_dir)
    }

    /// The same by way of another program, with these first arguments.
    pub fn through(other: &[String], data_dir: &Path) -> Self {
        let argv = other.iter().map(Into::into).chain([program().into_os_string()]);
        let mut command = CommandBuilder::from_argv(argv.collect());
        command.env_clear();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let home = data_dir.as_os_str();
        for (name, value) in [
            ("PATH", path.as_os_str()),
            ("HOME", home),
            ("COOEE_DATA_DIR", home),
            ("TERM", "xterm-256color".as_ref()),
            ("LANG", "C.UTF-8".as_ref()),
            ("TZ", "UTC".as_ref()),
        ] {
            command.env(name, value);
        }
        command.cwd(data_dir);
        Self { command, size: (80, 24) }
    }

    pub fn user(mut self, user: &str) -> Self {
        self.command.args(["--user", user]);
        self
    }

    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Columns and rows.
    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        self.size = (columns, rows);
        self
    }

    /// Closes the terminal, as who closes its window does, once the program has written these words; says how it ended.
    pub fn closed_after(self, words: &'static str) -> ExitStatus {
        let (columns, rows) = self.size;
        let pair = native_pty_system().openpty(pty_size(columns, rows)).unwrap();
        let mut child = pair.slave.spawn_command(self.command).expect("cooee starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let (mut seen, mut chunk) = (Vec::new(), [0; 1024]);
            while memory_find(&seen, words.as_bytes()).next().is_none() {
                match reader.read(&mut chunk) {
                    Ok(count) if count > 0 => seen.extend_from_slice(&chunk[..count]),
                    _ => return,
                }
            }
            drop(reader);
            tell.send(()).unwrap();
        });
        told.recv_timeout(PATIENCE).expect(words);
        // Nobody holds this side any more.
        drop(pair.master);
        let deadline = Instant::now() + PATIENCE;
        loop {
            match child.try_wait().unwrap() {
                Some(status) => return status,
                None if Instant::now() < deadline => {
                    std::thread::park_timeout(Duration::from_millis(10))
                }
                None => {
                    child.kill().unwrap();
                    panic!("it goes on without a terminal");
                }
            }
        }
    }

    pub fn start(self) -> Terminal {
        let (columns, rows) = self.size;
        let pair = native_pty_system().openpty(pty_size(columns, rows)).unwrap();
        let before = local_modes(pair.master.as_ref());
        let child = pair.slave.spawn_command(self.command).expect("cooee starts");
        // Once the program has ended nobody holds the other side, and reading ends.
        drop(pair.slave);
        let reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let shared = Arc::new((
            Mutex::new(Seen {
                parser: vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0),
                raw: Vec::new(),
                headers: Vec::new(),
                ended: false,
            }),
            Condvar::new(),
        ));
        std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || read_all(reader, &shared)
        });
        Terminal { child, master: pair.master, writer, shared, before }
    }
}

fn pty_size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn read_all(mut reader: Box<dyn Read + Send>, (seen, changed): &(Mutex<Seen>, Condvar)) {
    let mut chunk = [0; 16 * 1024];
    loop {
        let read = reader.read(&mut chunk);
        let mut seen = seen.lock().unwrap();
        match read {
            Ok(count) if count > 0 => seen.take(&chunk[..count]),
            // Linux says EIO when the last of the programs has gone.
            _ => seen.ended = true,
        }
        changed.notify_all();
        if seen.ended {
            return;
        }
    }
}

/// Echo, line editing and signals: what raw mode turns off.
fn local_modes(master: &dyn MasterPty) -> u64 {
    let modes = master.get_termios().expect("the terminal has modes");
    modes.local_flags.bits().into()
}

/// A terminal with the program in it; killed when dropped.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    shared: Arc<(Mutex<Seen>, Condvar)>,
    /// The modes of the terminal before the program began.
    before: u64,
}

impl Terminal {
    /// Types, in one go: what a program reads at once is what a fast hand or a paste would give.
    pub fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Waits until the screen shows what is awaited, at the end of a frame.
    pub fn until(&self, what: &str, shown: impl Fn(&vt100::Screen) -> bool) {
        self.wait(what, |seen| !seen.is_amid_frame() && shown(seen.parser.screen()));
    }

    /// Waits until all of these words stand somewhere on the screen, each in one row.
    pub fn until_says(&self, words: &[&str]) {
        self.until(&format!("the screen says {words:?}"), |screen| {
            let contents = screen.contents();
            words.iter().all(|word| contents.contains(word))
        });
    }

    /// Waits until the bytes from this place on are as awaited.
    pub fn until_raw(&self, what: &str, from: usize, shown: impl Fn(&[u8]) -> bool) {
        self.wait(what, |seen| shown(&seen.raw[from..]));
    }

    fn wait(&self, what: &str, done: impl Fn(&Seen) -> bool) {
        if let Err(why) = self.wait_for(|seen| done(seen) || seen.ended) {
            panic!("{why}: {what}\n{}", self.contents());
        }
        assert!(done(&self.seen()), "the program ended before: {what}\n{}", self.contents());
    }

    fn wait_for(&self, done: impl Fn(&Seen) -> bool) -> Result<(), &'static str> {
        let waiting = self.shared.1.wait_timeout_while(self.seen(), PATIENCE, |seen| !done(seen));
        if waiting.unwrap().1.timed_out() { Err("not in time") } else { Ok(()) }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.0.lock().unwrap()
    }

    /// What the screen says now.
    pub fn contents(&self) -> String {
        self.seen().parser.screen().contents()
    }

    /// Looks at the screen as it is now.
    pub fn look<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.seen().parser.screen())
    }

    /// The row of the screen, from 0, in which these words stand now.
    pub fn row_of(&self, words: &str) -> Option<usize> {
        self.look(|screen| screen.rows(0, u16::MAX).position(|row| row.contains(words)))
    }

    /// Every byte that the terminal got.
    pub fn raw(&self) -> Vec<u8> {
        self.seen().raw.clone()
    }

    /// The first rows of the frames so far.
    pub fn headers(&self) -> Vec<String> {
        self.seen().headers.clone()
    }

    /// Makes the window another size, columns and rows, as a person does who pulls its corner.
    pub fn resize(&self, columns: u16, rows: u16) {
        let mut seen = self.seen();
        seen.parser.set_size(rows.try_into().unwrap(), columns.try_into().unwrap());
        self.master.resize(pty_size(columns, rows)).unwrap();
    }

    pub fn pid(&self) -> Pid {
        let pid = self.child.process_id().expect("it has not been waited for");
        Pid::from_raw(pid.cast_signed()).unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits until the program is stopped, as by Ctrl+Z.
    pub fn until_stopped(&self) {
        let deadline = Instant::now() + PATIENCE;
        let look = WaitOptions::UNTRACED | WaitOptions::NOHANG;
        while !waitpid(Some(self.pid()), look).unwrap().is_some_and(|(_, status)| status.stopped()) {
            assert!(Instant::now() < deadline, "it is not stopped:\n{}", self.contents());
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }

    /// Waits until the program has ended and the terminal has all that it wrote.
    pub fn until_ended(&mut self) -> ExitStatus {
        if let Err(why) = self.wait_for(|seen| seen.ended) {
            panic!("{why}: the program ends\n{}", self.contents());
        }
        self.child.wait().unwrap()
    }

    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.until_ended();
    }

    /// Quits as a person does, and waits until that is done.
    pub fn quit(mut self) {
        self.press(CTRL_Q);
        assert!(self.until_ended().success());
    }

    /// Waits until the modes of the terminal, beside those before the program began, are as awaited.
    pub fn until_modes(&self, what: &str, shown: impl Fn(u64, u64) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !shown(self.before, local_modes(self.master.as_ref())) {
            assert!(Instant::now() < deadline, "not in time: {what}\n{}", self.contents());
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Whether the terminal has the modes that it had before the program began: echo, line editing,
    /// signals by keys.
    pub fn is_cooked(&self) -> bool {
        local_modes(self.master.as_ref()) == self.before
    }

    /// Whether the terminal is as it was before the program began.
    pub fn check_restored(&self) {
        let seen = self.seen();
        let screen = seen.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "pastes come without brackets");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert_eq!(screen.mouse_protocol_encoding(), vt100::MouseProtocolEncoding::Default);
        // The focus, the key protocol and frames are modes that the screen does not keep.
        let last = |mark: &[u8]| memory_find(&seen.raw, mark).last();
        let off = |set: &[u8], unset: &[u8]| last(set).is_some() && last(unset) > last(set);
        assert!(off(b"\x1b[?1004h", b"\x1b[?1004l"), "the focus is told to nobody");
        assert!(off(b"\x1b[>1u", b"\x1b[<1u"), "keys come as they did");
        assert!(off(b"\x1b[?2026h", FRAME_END), "no frame is left open");
        assert!(self.is_cooked(), "echo, line editing and signals are on again");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A program that was waited for has no process id any more.
        if let Ok(None) = self.child.try_wait() {
            let _ = kill_process(self.pid(), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}
