//! Processes of ours that die, each at a point and a time that the test chooses, and those that cannot
//! write. What they had stored is neither lost nor doubled.
//!
//! A process is killed by itself (`abort`, which nothing in it can catch), at the points that
//! `failpoints::kill_point` names in the sources. Each test says of each death that it was one, and there.

mod broker_forgets;
mod chatlog;
mod groups;
mod no_room;
mod receiver;
mod rooms;
mod sealing;
mod seen;
mod sender;
mod voting;

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::*;

/// Where a process dies, and the how manieth time that it comes there.
#[derive(Clone, Copy)]
struct Death(&'static str, usize);

impl Death {
    /// What the process has to find in its environment.
    fn failpoints(self) -> String {
        let Self(point, nth) = self;
        match nth - 1 {
            0 => format!("{point}=return"),
            spared => format!("{point}={spared}*off->return"),
        }
    }

    fn of(self, mut command: Command) -> Command {
        command.env("FAILPOINTS", self.failpoints());
        command
    }

    /// Whether it died, here and of nothing else.
    fn check(self, status: ExitStatus, said: &str) {
        let Self(point, nth) = self;
        assert_eq!(status.signal(), Some(Signal::ABORT.as_raw()), "{point} {nth}: {status}: {said}");
        assert_eq!(said, format!("killed at: {point}\n"), "{nth}");
    }

    /// `count` texts that tell which death they belong to.
    fn lines(self, count: usize) -> Vec<String> {
        let Self(point, nth) = self;
        (1..=count).map(|n| format!("{point} {nth}, line {n}")).collect()
    }
}

/// The history of one with another.
fn history(data_dir: &Path, of: &str, with: &str) -> Vec<Value> {
    json(&ok(data_dir, &["-u", of, "history", with, "--json"]))
}

/// What alice told bob, once it is known to be confirmed: it is the same with both, each text once and in
/// order, ticked, and nothing waits in an outbox.
fn told(data_dir: &Path, alice: &str, bob: &str) -> Vec<String> {
    let (ours, theirs) = (history(data_dir, alice, bob), history(data_dir, bob, alice));
    assert_eq!(each(&ours, "id"), each(&theirs, "id"));
    assert_eq!(each(&ours, "text"), each(&theirs, "text"));
    let undelivered = ours.iter().filter(|m| m["delivery"] != "delivered" && m["delivery"] != "read");
    assert_eq!(undelivered.collect::<Vec<_>>(), Vec::<&Value>::new());
    for user in [alice, bob] {
        until("the outbox is empty", || ok(data_dir, &["-u", user, "outbox", "list"]).is_empty());
    }
    each(&theirs, "text").into_iter().map(str::to_owned).collect()
}
