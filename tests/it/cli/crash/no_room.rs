//! The disk is full, or may not be written to. A process that cannot store says so and ends; nothing is lost
//! by that, and all goes on when there is room.
//!
//! The disk is a real one: a small file system in memory, mounted where this process alone can reach it. Where
//! that is not allowed, as in some containers, there is nothing to test on.

use std::path::PathBuf;
use std::process::{ChildStdin, ChildStdout};

use tempfile::TempDir;

use super::*;
use crate::support::terminal::{ENTER, Launch, Terminal};
use crate::support::world::kill_built_in;

/// A file system of its own, held by a shell that sees it mounted. Others get there through that shell.
struct Disk {
    holder: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    mounted: TempDir,
    /// Which broker those on this disk use; the built-in one is on it too.
    broker: Option<String>,
}

impl Disk {
    /// `None` where we may not mount anything.
    fn new(size: &str) -> Option<Self> {
        let mut shell = Command::new("unshare");
        shell.args(["--map-root-user", "--mount", "sh"]);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut holder = shell.spawn().ok()?;
        let commands = holder.stdin.take().unwrap();
        let answers = BufReader::new(holder.stdout.take().unwrap());
        let mut disk =
            Self { holder, commands, answers, mounted: tempfile::tempdir().unwrap(), broker: None };
        let mounted = disk.mount(&format!("-t tmpfs -o size={size},mode=700 cooee-test"));
        if !mounted {
            eprintln!("not tested: mounting a file system is not allowed here");
        }
        mounted.then_some(disk)
    }

    /// Mounts, or mounts anew; says whether that was done.
    fn mount(&mut self, how: &str) -> bool {
        let at = self.mounted.path().display();
        let asked = writeln!(self.commands, "mount {how} {at} 2>/dev/null && echo done || echo failed");
        let mut answer = String::new();
        asked.and_then(|()| self.answers.read_line(&mut answer)).is_ok() && answer == "done\n"
    }

    fn remount(&mut self, option: &str) {
        assert!(self.mount(&format!("-o remount,{option}")), "{option}");
    }

    /// Where it is for those who are in the shell's place.
    fn path(&self) -> &Path {
        self.mounted.path()
    }

    /// Where it is for us.
    fn outer_path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}", self.holder.id(), self.path().display()))
    }

    /// What to begin a command with, so that it runs there.
    fn there(&self) -> Vec<String> {
        let holder = self.holder.id().to_string();
        let enter =
            ["nsenter", "--user", "--preserve-credentials", "--mount", "--target", &holder, "--"];
        enter.map(str::to_owned).to_vec()
    }

    /// `cooee` with its data directory on this disk.
    fn cooee(&self, arguments: &[&str]) -> Command {
        let broker = self.broker.iter().flat_map(|broker| ["-b", broker]).collect::<Vec<_>>();
        let plain = cooee(self.path(), &[&broker[..], arguments].concat());
        let there = self.there();
        let mut command = Command::new(&there[0]);
        command.args(&there[1..]).arg(plain.get_program()).args(plain.get_args());
        command.env_clear().env("HOME", self.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Done {
        Done::of(self.cooee(arguments).output().unwrap())
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments);
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{arguments:?}: {done:?}");
        done.out
    }

    /// The full-screen messenger of alice.
    fn launch(&self) -> Terminal {
        let launch = Launch::through(&self.there(), self.path());
        launch.user("alice").env("COOEE_BROKER", self.broker.as_ref().unwrap()).start()
    }

    /// Takes all the room that is left.
    fn fill(&self) -> PathBuf {
        let path = self.outer_path().join("filler");
        let mut filler = std::fs::File::create(&path).unwrap();
        let full = std::io::copy(&mut std::io::repeat(0), &mut filler).unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        kill_built_in(&self.outer_path());
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// Texts that fill a disk.
fn long_lines(count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("line {n} {}", "x".repeat(8_000))).collect()
}

/// Whether an error says what there is no room for, and what to do.
fn check_says_full(said: &str, disk: &Disk) {
    let file = disk.path().join("accounts");
    assert!(said.contains("no room left for") && said.contains(file.to_str().unwrap()), "{said}");
    assert!(said.contains("make room on that disk"), "{said}");
}

#[test]
fn a_sender_without_room_says_from_which_line_on_nothing_was_sent() {
    let Some(mut disk) = Disk::new("2m") else { return };
    let world = world_of(&["bob"]);
    disk.broker = Some(address(&world));
    disk.ok(&["sign-up", "alice"]);
    let bob = Listener::start(world.data_dir(), "bob", &["--json"]);
    until("bob is online", || has_row(world.data_dir(), "Online.csv", "bob"));
    let send = ["send", "bob", "-", "--lines", "--wait", "delivered", "--timeout", "30"];
    let lines = long_lines(200);
    let done = pipe(disk.cooee(&send), &lines.join("\n"));
    assert_eq!(done.code, Some(1), "{done:?}");
    check_says_full(&done.err, &disk);
    let line = done.err.strip_prefix("cooee: from line ").and_then(|rest| rest.split(' ').next());
    let line: usize = line.and_then(|line| line.parse().ok()).unwrap_or_else(|| panic!("{done:?}"));

    disk.remount("size=64m");
    let done = pipe(disk.cooee(&send), &lines[line - 1..].join("\n"));
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "there is room again");
    let heard: Vec<String> = lines.iter().map(|_| bob.line()).collect();
    assert_eq!(each(&json(&heard.join("\n")), "text"), lines, "each once and in order");
    let theirs = json(&disk.ok(&["history", "bob", "--json"]));
    assert_eq!(each(&theirs, "text"), lines);
}

#[test]
fn a_receiver_without_room_acknowledges_nothing_that_it_did_not_store() {
    let Some(mut disk) = Disk::new("2m") else { return };
    let world = world_of(&["alice"]);
    disk.broker = Some(address(&world));
    disk.ok(&["sign-up", "bob"]);
    let lines = long_lines(200);
    let done = feed(world.data_dir(), &["send", "bob", "-", "--lines"], &lines.join("\n"));
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));

    let listen = ["listen", "--json", "--count", "200", "--timeout", "30"];
    let full = disk.run(&listen);
    assert_eq!(full.code, Some(1), "{full:?}");
    check_says_full(&full.err, &disk);
    let first = json(&full.out);
    assert!(first.len() < lines.len());

    // Alice is away: what comes now is what the broker kept.
    disk.remount("size=64m");
    let left = (lines.len() - first.len()).to_string();
    let rest = ["listen", "--json", "--count", &left, "--timeout", "30"];
    let rest = json(&disk.ok(&rest));
    assert_eq!([each(&first, "text"), each(&rest, "text")].concat(), lines);
    let stored = json(&disk.ok(&["history", "alice", "--json"]));
    assert_eq!(each(&stored, "text"), lines);
    // What came before he knew of her is confirmed when it comes again: both have to be there.
    let _bob = Listener::spawn(&mut disk.cooee(&["listen"]));
    let _alice = Listener::start(world.data_dir(), "alice", &[]);
    until("all is delivered", || {
        let ours = history(world.data_dir(), "alice", "bob");
        each(&ours, "delivery").iter().all(|delivery| *delivery == "delivered")
    });
}

#[test]
fn a_disk_that_is_full_for_all_and_the_broker_costs_nobody_a_message() {
    let Some(mut disk) = Disk::new("2m") else { return };
    for user in ["alice", "bob"] {
        disk.ok(&["sign-up", user]);
    }
    let bob = Listener::spawn(&mut disk.cooee(&["-u", "bob", "listen"]));
    let send = ["-u", "alice", "send", "bob", "-", "--lines", "--wait", "delivered"];
    let done = pipe(disk.cooee(&send), &long_lines(200).join("\n"));
    assert_eq!(done.code, Some(1), "{done:?}");
    check_says_full(&done.err, &disk);
    // Who did not find out by himself is told to go.
    bob.signal(Signal::TERM);
    bob.status();

    disk.remount("size=64m");
    let _listening =
        ["alice", "bob"].map(|user| Listener::spawn(&mut disk.cooee(&["-u", user, "listen"])));
    let history = |of, with| json(&disk.ok(&["-u", of, "history", with, "--json"]));
    until("all that was stored is delivered", || {
        each(&history("alice", "bob"), "delivery").iter().all(|delivery| *delivery == "delivered")
    });
    let (ours, theirs) = (history("alice", "bob"), history("bob", "alice"));
    assert!(!ours.is_empty());
    assert_eq!(each(&ours, "text"), long_lines(200)[..ours.len()]);
    assert_eq!(each(&ours, "id"), each(&theirs, "id"));
}

#[test]
fn who_types_on_a_full_disk_is_told_why_and_loses_no_word() {
    let Some(mut disk) = Disk::new("2m") else { return };
    let world = world_of(&["bob"]);
    disk.broker = Some(address(&world));
    disk.ok(&["sign-up", "alice"]);
    let bob = Listener::start(world.data_dir(), "bob", &["--json"]);
    let mut alice = disk.launch();
    alice.until_says(&["alice ●", "connected", "● bob"]);
    alice.press(&format!("/msg bob{ENTER}"));
    alice.until_says(&["bob ● online"]);
    let filler = disk.fill();
    // A terminal that marks pastes: several lines at once are typed.
    alice.press("\x1b[200~\x1b[201~");
    alice.press(&format!("one{ENTER}two{ENTER}thr"));
    alice.until("she is told why", |screen| {
        says(screen, &["no room left for", "make room on that disk"])
    });
    std::fs::remove_file(filler).unwrap();
    alice.press(ENTER);
    alice.until_says(&["alice ●", "connected", "● bob"]);
    alice.press(&format!("/msg bob{ENTER}"));
    alice.until_says(&["one", "two", "thr"]);
    alice.press(&format!("ee{ENTER}"));
    assert_eq!(json(&bob.line())[0]["text"], "one\ntwo\nthree");
    alice.quit();
}

/// Whether the screen says this, however its lines are broken.
fn says(screen: &vt100::Screen, words: &[&str]) -> bool {
    let contents = screen.contents();
    let contents = contents.split_whitespace().collect::<Vec<_>>().join(" ");
    words.iter().all(|words| contents.contains(words))
}

#[test]
fn a_data_directory_that_cannot_be_written_to_is_named() {
    let Some(mut disk) = Disk::new("2m") else { return };
    let world = world_of(&["bob"]);
    disk.broker = Some(address(&world));
    disk.ok(&["sign-up", "alice"]);
    disk.remount("ro");
    for command in [&["send", "bob", "hi"][..], &["listen"], &["history", "bob"], &["sign-up", "carol"]]
    {
        let done = disk.run(command);
        assert_eq!(done.code, Some(1), "{command:?}: {done:?}");
        let said = done.err;
        assert!(said.contains(disk.path().to_str().unwrap()), "{said}");
        assert!(said.contains("Read-only file system"), "{said}");
    }
    let mut alice = disk.launch();
    alice.until("she is told why", |screen| says(screen, &["Read-only file system", "▸ alice"]));
    disk.remount("rw");
    alice.press(ENTER);
    alice.until_says(&["alice ●", "connected"]);
    alice.quit();
}
