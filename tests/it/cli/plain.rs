//! The line mode in a pipe: each line is a message or a command.

use super::{Done, cooee, feed, ok, pipe, refused, world_of};
use std::path::Path;

/// Nobody asks for the line mode: standard output is no terminal.
fn talk(here: &Path, user: &str, lines: &str) -> Done {
    let done = feed(here, &["-u", user], lines);
    assert!(!done.out.contains(|c: char| c.is_control() && c != '\n'), "{done:?}");
    done
}

#[test]
fn each_line_of_a_pipe_is_a_message_to_the_open_chat() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let done = talk(here, "alice", "/chat bob\none\n\n//two\n/chat alice\n/history\n");
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains("called alice"), "{done:?}");
    let history = ok(here, &["-u", "bob", "listen", "--count", "2", "--timeout", "30"]);
    let said: Vec<&str> = history.lines().map(|line| &line[21..]).collect();
    assert_eq!(said, ["alice: one", "alice: /two"]);

    let done =
        talk(here, "bob", "/chat alice\n/history 2\n/react 👍 one\nthanks\n/contacts\n/quit\nnever\n");
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{done:?}");
    for words in ["chat with alice: ", " alice: one\n", " bob to alice: thanks\n", "\nalice: "] {
        assert!(done.out.contains(words), "{words}: {done:?}");
    }
    let history = ok(here, &["-u", "bob", "history", "alice"]);
    assert!(history.contains("thanks") && !history.contains("never"), "{history}");
}

#[test]
fn a_pipe_ends_at_the_first_line_that_cannot_be_done() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let done = talk(here, "alice", "/chat bob\nfirst\n/dance\nsecond\n");
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains("/dance is no command here"), "{done:?}");
    let history = ok(here, &["-u", "alice", "history", "bob"]);
    assert!(history.contains("first") && !history.contains("second"), "{history}");
    let done = talk(here, "alice", "to nobody\n");
    assert!(done.code == Some(1) && done.err.contains("no chat is open"), "{done:?}");
}

#[test]
fn a_day_is_gone_to() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let done = talk(here, "alice", "/chat bob\none\n");
    assert_eq!(done.code, Some(0), "{done:?}");
    let done = talk(here, "alice", "/chat bob\n/date 2020-01-02\n/date today\n");
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.out.contains("nothing was said here on 2020-01-02\n"), "{done:?}");
    // Once as the chat was opened, and by each of the two days.
    assert_eq!(done.out.matches(" alice to bob").count(), 3, "{done:?}");
    let done = talk(here, "bob", "/chat alice\n/date 2999-01-01\n");
    assert!(done.code == Some(1) && done.err.contains("2999-01-01 is still to come"), "{done:?}");
}

#[test]
fn it_ends_as_the_commands_do() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    assert!(refused(2, here, &["--plain"]).contains("several accounts: alice, bob"));
    assert!(refused(2, here, &["--plain", "who"]).contains("commands print plain lines anyway"));
    assert!(refused(3, here, &["-u", "carol", "--plain"]).contains("carol"));
    let mut nowhere = super::cooee(here, &["-u", "alice", "-b", "mqtt://127.0.0.1:1"]);
    nowhere.arg("--plain");
    let done = pipe(nowhere, "/chat bob\nhello\n");
    assert_eq!(done.code, Some(5), "{done:?}");
    assert!(done.out.contains("no connection, trying again: "), "{done:?}");
    assert!(done.err.contains("1 message not confirmed in time"), "{done:?}");
}

#[test]
fn a_pipe_waits_for_the_file_that_it_saves() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    std::fs::write(here.join("plan.txt"), "the plan").unwrap();
    let offered = here.join("plan.txt").display().to_string();
    let to_bob =
        ["-u", "alice", "send", "bob", "--file", &offered, "--wait", "fetched", "--timeout", "60s"];
    let sending = cooee(here, &to_bob).spawn().unwrap();
    ok(here, &["-u", "bob", "listen", "--count", "1", "--timeout", "60"]);
    let saved = here.join("saved.txt");
    let lines = format!("/chat alice\n/save {}\n", saved.display());
    let done = talk(here, "bob", &lines);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{done:?}");
    assert!(done.out.contains(&format!("plan.txt is saved as {}", saved.display())), "{done:?}");
    assert_eq!(std::fs::read_to_string(&saved).unwrap(), "the plan");
    assert_eq!(Done::of(sending.wait_with_output().unwrap()).code, Some(0));
    // Whoever has it is not there: that is not waited for without end.
    let sent = talk(here, "alice", &format!("/chat bob\n/send {offered}\n"));
    assert!(sent.code == Some(0) && sent.err.contains("they can fetch it while Cooee runs"), "{sent:?}");
    ok(here, &["-u", "bob", "listen", "--count", "1", "--timeout", "60"]);
    let done = talk(here, "bob", &format!("/chat alice\n/save {}.2\nnever\n", saved.display()));
    assert_eq!(done.code, Some(5), "{done:?}");
    assert!(done.out.contains("fetching plan.txt") && !done.out.contains("never"), "{done:?}");
    // Nothing is written over, and what follows is not read.
    let done = talk(here, "bob", &format!("{lines}never\n"));
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains("is there already") && !done.out.contains("never"), "{done:?}");
}
