//! The disk is full, or may not be written to. A process that cannot store says so and ends; nothing is lost
//! by that, and all goes on when there is room.
//!
//! The disk is a real one: a small file system in memory, mounted where this process alone can reach it. Where
//! that is not allowed, as in some containers, there is nothing to test on.

use std::path::PathBuf;
use std::process::{ChildStdin, ChildStdout};

use tempfile::TempDir;

use super::*;
use crate::support::terminal::{CTRL_Q, ENTER, Launch};

/// A file system of its own, held by a shell that sees it mounted. Others get there through that shell.
struct Disk {
    holder: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    mounted: TempDir,
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
        let mut disk = Self { holder, commands, answers, mounted: tempfile::tempdir().unwrap() };
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

    fn path(&self) -> PathBuf {
        let mounted = self.mounted.path().display();
        PathBuf::from(format!("/proc/{}/root{mounted}", self.holder.id()))
    }

    /// Takes all the room that is left.
    fn fill(&self) -> PathBuf {
        let path = self.path().join("filler");
        let mut filler = std::fs::File::create(&path).unwrap();
        let full = std::io::copy(&mut std::io::repeat(0), &mut filler).unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
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
    let (broker, there) = (address(&world), disk.path());
    ok(&there, &["-b", &broker, "sign-up", "alice"]);
    let bob = Listener::start(world.data_dir(), "bob", &["--json"]);
    until("bob is online", || has_row(world.data_dir(), "Online.csv", "bob"));
    let send =
        ["-b", &broker, "send", "bob", "-", "--lines", "--wait", "delivered", "--timeout", "30"];
    let lines = long_lines(200);
    let done = feed(&there, &send, &lines.join("\n"));
    assert_eq!(done.code, Some(1), "{done:?}");
    check_says_full(&done.err, &disk);
    let line = done.err.strip_prefix("cooee: line ").and_then(|rest| rest.split(':').next());
    let line: usize = line.and_then(|line| line.parse().ok()).unwrap_or_else(|| panic!("{done:?}"));

    disk.remount("size=64m");
    let done = feed(&there, &send, &lines[line - 1..].join("\n"));
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "there is room again");
    let heard: Vec<String> = lines.iter().map(|_| bob.line()).collect();
    assert_eq!(each(&json(&heard.join("\n")), "text"), lines, "each once and in order");
    let theirs = json(&ok(&there, &["-b", &broker, "history", "bob", "--json"]));
    assert_eq!(each(&theirs, "text"), lines);
}

#[test]
fn a_receiver_without_room_acknowledges_nothing_that_it_did_not_store() {
    let Some(mut disk) = Disk::new("2m") else { return };
    let world = world_of(&["alice"]);
    let (broker, there) = (address(&world), disk.path());
    ok(&there, &["-b", &broker, "sign-up", "bob"]);
    let lines = long_lines(200);
    let done = feed(world.data_dir(), &["send", "bob", "-", "--lines"], &lines.join("\n"));
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));

    let listen = ["-b", &broker, "listen", "--json", "--count", "200", "--timeout", "30"];
    let full = run(&there, &listen);
    assert_eq!(full.code, Some(1), "{full:?}");
    check_says_full(&full.err, &disk);
    let first = json(&full.out);
    assert!(first.len() < lines.len());

    // Alice is away: what comes now is what the broker kept.
    disk.remount("size=64m");
    let left = (lines.len() - first.len()).to_string();
    let rest = ["-b", &broker, "listen", "--json", "--count", &left, "--timeout", "30"];
    let rest = json(&ok(&there, &rest));
    assert_eq!([each(&first, "text"), each(&rest, "text")].concat(), lines);
    let history = json(&ok(&there, &["-b", &broker, "history", "alice", "--json"]));
    assert_eq!(each(&history, "text"), lines);
    until("alice knows", || {
        ok(world.data_dir(), &["who"]);
        let ours = json(&ok(world.data_dir(), &["history", "bob", "--json"]));
        each(&ours, "delivery").iter().all(|delivery| *delivery == "delivered")
    });
}

#[test]
fn who_types_on_a_full_disk_is_told_why_and_loses_no_word() {
    let Some(disk) = Disk::new("2m") else { return };
    let world = world_of(&["bob"]);
    let (broker, there) = (address(&world), disk.path());
    ok(&there, &["-b", &broker, "sign-up", "alice"]);
    let bob = Listener::start(world.data_dir(), "bob", &["--json"]);
    let mut alice = Launch::new(&there).user("alice").env("COOEE_BROKER", &broker).start();
    alice.until_says(&["alice ●", "connected", "● bob"]);
    alice.press(&format!("/msg bob{ENTER}"));
    alice.until_says(&["bob ● online"]);
    let filler = disk.fill();
    // What was written before goes into room that is there already; in the end there is none.
    let mut written = Vec::new();
    until("the session ends", || {
        let text = format!("words {}", written.len());
        alice.press(&format!("{text}{}{ENTER}", "y".repeat(2_000)));
        written.push(text);
        alice.until("it is stored, or the session ended", |screen| {
            let contents = screen.contents();
            contents.contains("make room") || !contents.contains("sending")
        });
        alice.contents().contains("make room")
    });
    alice.until_says(&["no room left", "▸ alice"]);
    std::fs::remove_file(filler).unwrap();
    alice.press(ENTER);
    alice.until_says(&["alice ●", "connected", "● bob"]);
    alice.press(&format!("/msg bob{ENTER}"));
    alice.press(ENTER);
    for text in &written {
        let said = json(&bob.line());
        assert!(said[0]["text"].as_str().unwrap().starts_with(text), "{text}: {said:?}");
    }
    alice.press(CTRL_Q);
    assert!(alice.until_ended().success());
}

#[test]
fn a_data_directory_that_cannot_be_written_to_is_named() {
    let Some(mut disk) = Disk::new("2m") else { return };
    let world = world_of(&["bob"]);
    let (broker, there) = (address(&world), disk.path());
    ok(&there, &["-b", &broker, "sign-up", "alice"]);
    disk.remount("ro");
    for command in [&["send", "bob", "hi"][..], &["listen"], &["history", "bob"], &["sign-up", "carol"]] {
        let said = refused(1, &there, &[&["-b", &broker], command].concat());
        assert!(said.contains(there.to_str().unwrap()), "{said}");
        assert!(said.contains("Read-only file system"), "{said}");
    }
    let mut alice = Launch::new(&there).user("alice").env("COOEE_BROKER", &broker).start();
    alice.until_says(&["Read-only file system", "▸ alice"]);
    disk.remount("rw");
    alice.press(ENTER);
    alice.until_says(&["alice ●", "connected"]);
    alice.quit();
}
