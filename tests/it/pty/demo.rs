//! The demo: what a newcomer sees of it, and that nothing of it is left.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::process::{Pid, test_kill_process};

use super::*;
use crate::support::PATIENCE;
use crate::support::terminal::{ALT_A, CTRL_Q};

/// A terminal with the demo in it, and where its temporary directory is.
fn demo(temporary: &Path) -> Terminal {
    let temp = temporary.to_str().unwrap();
    Launch::new(temporary).env("TMPDIR", temp).arguments(&["demo"]).start()
}

/// The directories of demos.
fn places(temporary: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(temporary).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("cooee-demo-"))
        .collect()
}

/// The process of the broker in a directory.
fn broker_of(place: &Path) -> Pid {
    let running = cooee::broker::status(place).unwrap().expect("a broker runs there");
    Pid::from_raw(running.pid.cast_signed()).unwrap()
}

fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::park_timeout(std::time::Duration::from_millis(10));
    }
}

#[test]
fn a_newcomer_sees_companions_at_work_and_leaves_without_a_trace() {
    let temporary = tempfile::tempdir().unwrap();
    let mut person = demo(temporary.path());
    // What to do first is said first.
    person.until_says(&["A demo: Alt+A opens", "you ●", "connected", "#crew", "● Maya"]);
    person.until("something is unread", |screen| counts_unread(screen, "● Maya", 1));
    let place = places(temporary.path()).pop().expect("it has a place");
    let broker = broker_of(&place);
    person.press(ALT_A);
    person.until_says(&["Maya ● online", "Welcome! You have not read this yet"]);
    person.until_says(&["● Nora"]);
    // The companions write, and answer.
    person.until_says(&["Maya is typing…"]);
    person.until_says(&["only follow a script"]);
    person.press(&format!("hello Maya{ENTER}"));
    person.until_says(&["Hello! Good to have you here.", "👋", "read"]);
    // Two talk in a group, one of them answers, gives a sign, changes a word.
    person.press("\x1b1");
    person.until_says(&["Morning all, the pump is back.", "@you owe", "😄"]);
    person.until_says(&["again, that was me.", "edited"]);
    person.until_says(&["○ Tom"]);
    person.until_says(&["invited"]);
    person.until_says(&["● Tom"]);

    // What is read again is that of the screen alone: nobody is called, and nothing else is otherwise.
    person.press(&format!("/reload{ENTER}"));
    person.until_says(&["were read again"]);
    assert!(!person.contents().contains("from the next start on"), "{}", person.contents());
    person.press(&format!("/tour{ENTER}"));
    person.until_says(&["Tour 1/6"]);
    let mode = fs::metadata(&place).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "nobody else looks into it");

    person.press(CTRL_Q);
    assert!(person.until_ended().success());
    person.check_restored();
    assert!(person.contents().contains("nothing of it is left"), "{}", person.contents());
    assert_eq!(places(temporary.path()), Vec::<PathBuf>::new());
    assert!(test_kill_process(broker).is_err(), "the broker is gone");
    // Nothing of the person's own was made.
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn the_demo_ends_cleanly_whatever_ends_it() {
    let temporary = tempfile::tempdir().unwrap();
    let mut person = demo(temporary.path());
    // While it is being made, or as soon as its screen is there.
    person.until_says(&["begin in a temporary directory"]);
    person.signal(rustix::process::Signal::TERM);
    person.until_ended();
    assert_eq!(places(temporary.path()), Vec::<PathBuf>::new());

    let mut person = demo(temporary.path());
    person.until_says(&["A demo: Alt+A opens", "connected"]);
    let broker = broker_of(&places(temporary.path())[0]);
    person.signal(rustix::process::Signal::TERM);
    person.until_ended();
    person.check_restored();
    assert_eq!(places(temporary.path()), Vec::<PathBuf>::new());
    assert!(test_kill_process(broker).is_err(), "the broker is gone");

    // After kill -9 nobody is there to remove the directory; but the broker ends.
    let mut person = demo(temporary.path());
    person.until_says(&["A demo: Alt+A opens", "connected"]);
    let broker = broker_of(&places(temporary.path())[0]);
    person.kill();
    until("the broker is gone", || test_kill_process(broker).is_err());
    assert_eq!(places(temporary.path()).len(), 1);
}
