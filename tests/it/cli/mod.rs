//! The scriptable commands, as real processes on the built-in broker.

mod account;
mod altering;
mod at_rest;
mod config;
mod crash;
mod doctor;
mod files;
mod finding;
mod groups;
mod keyring;
mod keys;
mod listen;
mod moving;
mod plain;
mod rooms;
mod talk;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use cooee::broker;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::PATIENCE;
use crate::support::world::{World, program};

/// `cooee` in this data directory, with nothing of ours around it.
fn cooee(data_dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.env_clear().env("HOME", data_dir).arg("-d").arg(data_dir).args(arguments);
    // Who signs up here has no passphrase, unless a test is about one: it would be asked for at each command.
    if arguments.contains(&"sign-up") {
        command.arg("--no-passphrase");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// How a process ended, and what it said.
#[derive(Debug)]
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Done {
    fn of(output: std::process::Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("it writes UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// Runs it to its end.
fn run(data_dir: &Path, arguments: &[&str]) -> Done {
    Done::of(cooee(data_dir, arguments).output().unwrap())
}

/// Runs it to its end with this on its standard input.
fn feed(data_dir: &Path, arguments: &[&str], input: &str) -> Done {
    pipe(cooee(data_dir, arguments), input)
}

/// Runs this to its end with that on its standard input.
fn pipe(mut command: Command, input: &str) -> Done {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // It may end before it has read everything.
    let feeding = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let done = Done::of(child.wait_with_output().unwrap());
    feeding.join().unwrap();
    done
}

/// Runs what must succeed and be quiet about it; returns what it printed.
fn ok(data_dir: &Path, arguments: &[&str]) -> String {
    let done = run(data_dir, arguments);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{arguments:?}: {done:?}");
    done.out
}

/// Runs what must fail with this code; returns what it said.
fn refused(code: i32, data_dir: &Path, arguments: &[&str]) -> String {
    let done = run(data_dir, arguments);
    assert_eq!(done.code, Some(code), "{arguments:?}: {done:?}");
    assert!(done.err.starts_with("cooee: ") || done.err.starts_with("error: "), "{done:?}");
    done.err
}

/// The lines of JSON.
fn json(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line is an object")).collect()
}

/// One field of each.
fn each<'a>(records: &'a [Value], field: &str) -> Vec<&'a str> {
    records.iter().map(|record| record[field].as_str().unwrap_or("")).collect()
}

/// A process that goes on. It is killed when it is dropped.
struct Listener {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Listener {
    /// Starts `listen` as `user`.
    fn start(data_dir: &Path, user: &str, more: &[&str]) -> Self {
        Self::spawn(cooee(data_dir, &["-u", user, "listen"]).args(more))
    }

    /// Starts this.
    fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// The next line that it prints.
    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("it prints a line")
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it has ended.
    fn end(self) -> (Option<i32>, String) {
        let (status, err) = self.status();
        (status.code(), err)
    }

    /// Waits until it has ended, in whatever way.
    fn status(mut self) -> (ExitStatus, String) {
        let mut ended = None;
        until("it has ended", || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        let mut err = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        std::io::Read::read_to_string(&mut stderr, &mut err).unwrap();
        (ended.unwrap(), err)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for a condition.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "waited too long until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a line of this file begins with this cell.
fn has_row(data_dir: &Path, file: &str, name: &str) -> bool {
    let text = std::fs::read_to_string(data_dir.join(file)).unwrap_or_default();
    text.lines().any(|line| line.split(',').next() == Some(name))
}

/// A world in which these people have signed up.
fn world_of(users: &[&str]) -> World {
    let world = World::built_in();
    for user in users {
        ok(world.data_dir(), &["sign-up", user]);
    }
    world
}

/// The address of its broker, for another data directory.
fn address(world: &World) -> String {
    let running = broker::status(world.data_dir()).unwrap().expect("the broker runs");
    format!("mqtt://{}", running.address)
}
