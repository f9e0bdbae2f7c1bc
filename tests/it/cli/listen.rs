//! `listen`, and commands that join the session of a running process.

use rustix::process::Signal;

use super::{Listener, each, has_row, json, ok, refused, until, world_of};

#[test]
fn a_command_joins_the_session_that_runs() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let alice = Listener::start(here, "alice", &["--json"]);
    until("alice is online", || has_row(here, "Online.csv", "alice"));
    ok(here, &["-u", "alice", "send", "bob", "from beside"]);
    let own = json(&alice.line()).remove(0);
    assert_eq!((&own["text"], &own["own"]), (&"from beside".into(), &true.into()));
    assert!(has_row(here, "Online.csv", "alice"), "her session goes on");
    let here_now = json(&ok(here, &["-u", "bob", "who", "--json"]));
    assert_eq!(each(&here_now, "user"), ["alice", "bob"]);
    let history = json(&ok(here, &["-u", "alice", "history", "bob", "--json"]));
    assert_eq!(each(&history, "text"), ["from beside"]);
    ok(here, &["-u", "bob", "send", "alice", "back"]);
    assert_eq!(json(&alice.line())[0]["text"], "back");
}

#[test]
fn a_signal_ends_it_in_good_order() {
    let world = world_of(&["alice"]);
    let here = world.data_dir();
    for signal in [Signal::INT, Signal::TERM] {
        let alice = Listener::start(here, "alice", &[]);
        until("alice is online", || has_row(here, "Online.csv", "alice"));
        alice.signal(signal);
        assert_eq!(alice.end(), (Some(130), String::new()));
        assert!(!has_row(here, "Online.csv", "alice"), "she said goodbye");
    }
}

#[test]
fn who_had_joined_a_session_that_ends_goes_on_in_its_own() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let first = Listener::start(here, "alice", &[]);
    until("alice is online", || has_row(here, "Online.csv", "alice"));
    let second = Listener::start(here, "alice", &[]);
    ok(here, &["-u", "bob", "send", "alice", "one"]);
    assert!(first.line().ends_with("bob: one"));
    assert!(second.line().ends_with("bob: one"));
    first.signal(Signal::TERM);
    assert_eq!(first.end().0, Some(130));
    ok(here, &["-u", "bob", "send", "alice", "two"]);
    assert!(second.line().ends_with("bob: two"));
    until("alice is online again", || has_row(here, "Online.csv", "alice"));
}

#[test]
fn who_had_joined_a_process_that_is_killed_says_so() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let first = Listener::start(here, "alice", &[]);
    until("alice is online", || has_row(here, "Online.csv", "alice"));
    let second = Listener::start(here, "alice", &[]);
    ok(here, &["-u", "bob", "send", "alice", "one"]);
    assert!(second.line().ends_with("bob: one"));
    first.signal(Signal::KILL);
    let (code, said) = second.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("died") && said.contains("cooee history"), "{said}");
}

#[test]
fn a_count_and_a_time_end_it() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    assert_eq!(ok(here, &["-u", "bob", "listen", "--timeout", "300ms"]), "");
    let said = refused(5, here, &["-u", "bob", "listen", "--timeout", "300ms", "--count", "1"]);
    assert!(said.contains("0 messages of 1 came in time"), "{said}");
    ok(here, &["-u", "alice", "send", "bob", "one two"]);
    assert!(
        ok(here, &["-u", "bob", "listen", "--count", "1", "--timeout", "30"])
            .ends_with(" alice: one two\n")
    );
    refused(2, here, &["-u", "bob", "listen", "--count", "0"]);
    refused(2, here, &["-u", "bob", "listen", "--timeout", "soon"]);
}
