//! `send` and `history`.

use std::process::Stdio;
use std::thread;

use super::{Done, address, cooee, each, feed, json, ok, refused, run, until, world_of};

fn numbered(n: usize) -> Vec<String> {
    (1..=n).map(|n| format!("line {n}")).collect()
}

#[test]
fn a_pipeline_sends_and_listens_across_two_directories() {
    let world = world_of(&["alice"]);
    let (here, broker) = (world.data_dir(), address(&world));
    let there = tempfile::tempdir().unwrap();
    let there = there.path();
    ok(there, &["-b", &broker, "sign-up", "bob"]);
    let sent = feed(here, &["send", "bob", "-", "--lines", "--json"], "one\n\n  two \u{1b}[31m\n");
    assert_eq!((sent.code, sent.err.as_str()), (Some(0), ""), "{sent:?}");
    let sent = json(&sent.out);
    assert_eq!(each(&sent, "delivery"), ["sent", "sent"]);
    let heard =
        json(&ok(there, &["-b", &broker, "listen", "--json", "--count", "2", "--timeout", "30"]));
    assert_eq!(each(&heard, "text"), ["one", "  two [31m"]);
    assert_eq!(each(&heard, "id"), each(&sent, "id"));
    assert_eq!((each(&heard, "type"), each(&heard, "from")), (vec!["message"; 2], vec!["alice"; 2]));
    assert_eq!(
        (each(&heard, "conversation"), each(&sent, "conversation")),
        (vec!["@alice"; 2], vec!["@bob"; 2])
    );
    assert_eq!(heard[0]["own"], false);

    // One message of several lines, and back.
    let done = feed(there, &["-b", &broker, "send", "@alice", "-"], "first\nsecond\n");
    assert_eq!((done.code, done.out.as_str()), (Some(0), ""), "{done:?}");
    let line = ok(here, &["listen", "--count", "1", "--timeout", "30"]);
    let (time, text) = line.split_once(' ').unwrap();
    assert!(time.len() == 20 && time.ends_with('Z'), "{line}");
    assert_eq!(text, "bob: first\n    second\n");
}

#[test]
fn who_comes_to_another_broker_without_naming_it_is_told_once() {
    let world = world_of(&["alice"]);
    let (here, broker) = (world.data_dir(), address(&world));
    ok(here, &["-b", &broker, "who"]);
    let done = run(here, &["who"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let told = format!("this is built-in broker, and alice was last on {broker}");
    assert!(done.err.contains(&told), "{done:?}");
    ok(here, &["who"]);
    // Whoever names it knows.
    ok(here, &["-b", &broker, "who"]);
    // Where somebody signed up they were last.
    ok(here, &["-b", &broker, "sign-up", "bob"]);
    let done = run(here, &["-u", "bob", "who"]);
    assert!(done.err.contains(&format!("and bob was last on {broker}")), "{done:?}");
}

#[test]
fn a_broker_that_is_named_beside_a_running_session_is_not_passed_over_in_silence() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let _listens = super::Listener::start(here, "alice", &[]);
    until("her session runs", || ok(here, &["-u", "bob", "who"]).contains("alice  online"));
    let done = run(here, &["-b", "mqtt://127.0.0.1:1", "-u", "alice", "who"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let told = "alice is signed in on built-in broker already, and not on mqtt://127.0.0.1:1";
    assert!(done.err.contains(told), "{done:?}");
    assert_eq!(run(here, &["-u", "alice", "who"]).err, "", "who names none means that one");
}

#[test]
fn who_is_away_gets_every_line_in_order() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let lines = numbered(50);
    let done = feed(here, &["-u", "alice", "send", "bob", "-", "--lines"], &lines.join("\n"));
    assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (Some(0), "", ""));
    let heard = json(&ok(here, &["-u", "bob", "listen", "--json", "--count", "50", "--timeout", "30"]));
    assert_eq!(each(&heard, "text"), lines);
    let more = ok(here, &["-u", "bob", "listen", "--timeout", "300ms"]);
    assert_eq!(more, "", "each came once");
}

#[test]
fn many_processes_of_one_account_send_at_once() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let senders: Vec<_> = numbered(20)
        .into_iter()
        .map(|text| cooee(here, &["-u", "alice", "send", "bob", &text]).spawn().unwrap())
        .collect();
    for sender in senders {
        let done = Done::of(sender.wait_with_output().unwrap());
        assert_eq!(done.code, Some(0), "{done:?}");
    }
    let heard = json(&ok(here, &["-u", "bob", "listen", "--json", "--count", "20", "--timeout", "30"]));
    let (mut heard, mut sent) = (each(&heard, "text"), numbered(20));
    heard.sort_unstable();
    sent.sort_unstable();
    assert_eq!(heard, sent);
    assert_eq!(ok(here, &["-u", "bob", "listen", "--timeout", "300ms"]), "", "each came once");
}

#[test]
fn what_cannot_be_sent_is_named() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let alice = |more: &[&'static str]| [&["-u", "alice", "send"], more].concat();
    let too_long = format!("fine\n{}\nnever\n", "x".repeat(20_000));
    let done = feed(here, &alice(&["bob", "-", "--lines"]), &too_long);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.err.contains("line 2 of standard input: it is too long: at most 16384 bytes"),
        "{done:?}"
    );
    assert!(
        ok(here, &["-u", "bob", "listen", "--count", "1", "--timeout", "30"]).ends_with("alice: fine\n")
    );
    let said = refused(1, here, &alice(&["nobody", "hi"]));
    assert!(
        said.contains("nobody here is called `nobody`") && said.contains("cooee contacts"),
        "{said}"
    );
    let said = refused(1, here, &alice(&["alice", "hi"]));
    assert!(said.contains("that is you"), "{said}");
    let said = refused(1, here, &alice(&["#team", "hi"]));
    assert!(said.contains("there is no group `team`"), "{said}");
    assert!(refused(2, here, &alice(&["Bob", "hi"])).contains("`B` cannot stand"));
    assert!(refused(1, here, &alice(&["bob", " "])).contains("it is empty"));
    assert!(refused(2, here, &alice(&["bob", "hi", "--lines"])).contains("write `-`"));
    refused(2, here, &alice(&["bob"]));
}

#[test]
fn what_is_not_delivered_in_time_waits_in_the_outbox() {
    let world = world_of(&["alice"]);
    let here = world.data_dir();
    std::fs::write(here.join("Registration.csv"), "Name,Mobile_no\nbob,123\n").unwrap();
    let late = |more: &[&str]| {
        let said =
            refused(5, here, &[&["-u", "alice", "send", "bob", "--timeout", "200ms"], more].concat());
        assert!(said.contains("1 message not confirmed in time: "), "{said}");
        assert!(said.contains("do not send it again: it stays in the outbox"), "{said}");
        said
    };
    assert!(late(&["one"]).contains("bob has not signed up on this broker"));
    assert!(late(&["two", "-b", "mqtt://127.0.0.1:1"]).contains("no connection to the broker"));
    let history = ok(here, &["history", "bob"]);
    assert_eq!(history.matches("alice to bob (in the outbox): ").count(), 2, "{history}");
    ok(here, &["sign-up", "bob"]);
    // Any command of hers takes along what waits.
    until("the outbox is empty", || {
        ok(here, &["-u", "alice", "who"]);
        !ok(here, &["-u", "alice", "history", "bob"]).contains("outbox")
    });
    let heard = json(&ok(here, &["-u", "bob", "listen", "--json", "--count", "2", "--timeout", "30"]));
    assert_eq!(each(&heard, "text"), ["one", "two"]);
}

#[test]
fn whoever_waits_for_a_delivery_is_told_of_it() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let alice = |more: &[&'static str]| [&["-u", "alice"], more].concat();
    let said =
        refused(5, here, &alice(&["send", "bob", "one", "--wait", "delivered", "--timeout", "1s"]));
    assert!(
        said.contains("1 message not confirmed in time: it is not confirmed by everybody"),
        "{said}"
    );
    let outbox = json(&ok(here, &alice(&["outbox", "list", "--json"])));
    assert_eq!((each(&outbox, "text"), each(&outbox, "waits_for")), (vec!["one"], vec!["away"]));
    assert!(ok(here, &alice(&["outbox", "list"])).contains("waits for bob to come online"));

    let bob = super::Listener::start(here, "bob", &[]);
    assert!(bob.line().ends_with("alice: one"));
    ok(here, &alice(&["send", "bob", "two", "--wait", "delivered", "--timeout", "30s"]));
    assert!(bob.line().ends_with("alice: two"));
    let sent = json(&ok(here, &alice(&["history", "bob", "--json"])));
    assert_eq!(each(&sent, "delivery"), ["delivered", "delivered"]);
    assert_eq!(ok(here, &alice(&["outbox", "list"])), "");

    // Nobody else is there.
    ok(here, &alice(&["group", "create", "mine"]));
    ok(here, &alice(&["send", "#mine", "note to myself", "--wait", "read", "--timeout", "30s"]));
    assert!(refused(1, here, &alice(&["outbox", "drop", "0123"])).contains("no letter in the outbox"));
    refused(2, here, &alice(&["outbox", "drop"]));
    assert_eq!(ok(here, &alice(&["outbox", "retry"])), "0 letters to be sent again\n");
    assert_eq!(ok(here, &alice(&["outbox", "drop", "--all"])), "0 letters given up\n");
}

#[test]
fn history_is_there_after_a_restart_and_without_a_broker() {
    let mut world = world_of(&["alice", "bob"]);
    let lines = numbered(30);
    let done =
        feed(world.data_dir(), &["-u", "alice", "send", "bob", "-", "--lines"], &lines.join("\n"));
    assert_eq!(done.code, Some(0), "{done:?}");
    ok(world.data_dir(), &["-u", "bob", "listen", "--count", "30", "--timeout", "30"]);
    world.kill_broker();
    let here = world.data_dir();
    let history = |more: &[&str]| {
        let command = ["-b", "mqtt://127.0.0.1:1", "-u", "bob", "history", "alice", "--json"];
        json(&ok(here, &[&command, more].concat()))
    };
    assert_eq!(each(&history(&[]), "text"), lines);
    assert_eq!(each(&history(&["--limit", "3"]), "text"), lines[27..]);
    assert_eq!(each(&history(&["--limit", "1000"]), "text"), lines);
    assert_eq!(each(&history(&["--search", "LINE 3"]), "text"), ["line 3", "line 30"]);
    assert!(history(&["--search", "nothing like it"]).is_empty());
    assert!(refused(1, here, &["-u", "bob", "history", "carol"]).contains("called `carol`"));
    assert!(refused(1, here, &["-u", "bob", "history", "#team"]).contains("no group `team`"));
}

#[test]
fn a_pipe_sends_each_line_as_it_comes() {
    use std::io::Write;

    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let bob = super::Listener::start(here, "bob", &[]);
    let sender = ["-u", "alice", "send", "bob", "-", "--lines"];
    let mut sender = cooee(here, &sender).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = sender.stdin.take().unwrap();
    for text in ["one", "two"] {
        writeln!(pipe, "{text}").unwrap();
        // It comes while the pipe stays open.
        assert!(bob.line().ends_with(&format!("alice: {text}")));
    }
    drop(pipe);
    assert!(sender.wait().unwrap().success());
}

#[test]
fn a_reader_that_has_had_enough_is_no_failure() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    ok(here, &["-u", "alice", "send", "bob", "hi"]);
    for command in
        [&["-u", "alice", "history", "bob"][..], &["-u", "alice", "who"], &["completions", "bash"]]
    {
        let mut child = cooee(here, command).spawn().unwrap();
        drop(child.stdout.take());
        let done = Done::of(child.wait_with_output().unwrap());
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{command:?}");
    }
    let mut listener = cooee(here, &["-u", "bob", "listen"]).spawn().unwrap();
    drop(listener.stdout.take());
    let ended = thread::spawn(move || Done::of(listener.wait_with_output().unwrap()));
    let done = ended.join().unwrap();
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "what waited for bob was its first line");
    assert_eq!(run(here, &["-u", "bob", "history", "alice"]).out.lines().count(), 1);
}

#[test]
fn several_get_it_each_alone() {
    let world = world_of(&["alice", "bob", "carol", "dave"]);
    let here = world.data_dir();
    let send =
        ["-u", "alice", "send", "bob", "--also", "carol,dave", "--also", "bob", "--json", "the gate"];
    let sent = json(&ok(here, &send));
    let mut to = each(&sent, "conversation");
    to.sort_unstable();
    assert_eq!((to, each(&sent, "text")), (vec!["@bob", "@carol", "@dave"], vec!["the gate"; 3]));
    let lines = ["-u", "alice", "send", "bob", "-", "--lines", "--also", "carol"];
    assert_eq!(feed(here, &lines, "one\ntwo\n").code, Some(0));
    for (user, texts) in [("bob", vec!["the gate", "one", "two"]), ("dave", vec!["the gate"])] {
        let count = texts.len().to_string();
        let heard =
            json(&ok(here, &["-u", user, "listen", "--json", "--count", &count, "--timeout", "30"]));
        assert_eq!(each(&heard, "text"), texts);
        assert_eq!(each(&heard, "conversation"), vec!["@alice"; texts.len()]);
    }
    ok(here, &["-u", "alice", "contacts", "block", "carol"]);
    let said = refused(1, here, &["-u", "alice", "send", "bob", "--also", "carol", "after that"]);
    assert!(said.contains("to carol: you have blocked `carol`"), "{said}");
    let said = refused(
        1,
        here,
        &["-u", "alice", "send", "bob", "--also", "nobody", "after that", "--timeout", "3s"],
    );
    assert!(said.contains("nobody"), "{said}");
    for wrong in [
        &["send", "#team", "--also", "bob", "x"][..],
        &["send", "bob", "--also", "#team", "x"],
        &["send", "bob", "--also", "carol", "--poll", "?", "a", "b"],
    ] {
        refused(2, here, &[&["-u", "alice"], wrong].concat());
    }
}
