//! `room`, and open rooms for the other commands.

use super::{Listener, address, each, feed, json, ok, refused, world_of};

#[test]
fn a_room_is_joined_spoken_in_read_and_left() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let joined = ok(here, &["-u", "alice", "room", "join", "lobby"]);
    assert_eq!(joined, "Joined +lobby. Nothing there is encrypted, and no name is verified.\n");
    ok(here, &["-u", "alice", "room", "join", "+lobby"]);
    let line = ok(here, &["-u", "alice", "room", "join", "den", "--json"]);
    assert_eq!(line, "{\"type\":\"room\",\"name\":\"den\",\"conversation\":\"+den\",\"joined\":true}\n");
    assert_eq!(ok(here, &["-u", "alice", "room", "list"]), "+den\n+lobby\n");
    assert_eq!(ok(here, &["-u", "bob", "room", "list", "--json"]), "");

    let sent = json(&ok(here, &["-u", "bob", "send", "+lobby", "--json", "hello"])).remove(0);
    assert_eq!((&sent["conversation"], &sent["delivery"]), (&"+lobby".into(), &"sent".into()));
    let lines = feed(here, &["-u", "bob", "send", "+lobby", "-", "--lines"], "one\ntwo\n");
    assert_eq!(lines.code, Some(0), "{lines:?}");
    let said = refused(2, here, &["-u", "bob", "send", "+lobby", "--wait", "read", "x"]);
    assert!(said.contains("nobody confirms"), "{said}");
    assert!(refused(2, here, &["-u", "bob", "send", "+Lobby", "x"]).contains("name of a room"));
    let long = feed(here, &["-u", "bob", "send", "+lobby", "-"], &"x".repeat(5_000));
    assert!(long.code == Some(1) && long.err.contains("at most 4096 bytes"), "{long:?}");

    // It was kept while alice was away.
    let heard = json(&ok(here, &["-u", "alice", "listen", "--json", "--count", "3", "--timeout", "30"]));
    assert_eq!(each(&heard, "text"), ["hello", "one", "two"]);
    assert_eq!(
        (each(&heard, "conversation"), each(&heard, "from")),
        (vec!["+lobby"; 3], vec!["bob"; 3])
    );
    let history = ok(here, &["-u", "alice", "history", "+lobby"]);
    let lines: Vec<&str> = history.lines().map(|line| &line[21..]).collect();
    assert_eq!(lines, ["+lobby ~bob: hello", "+lobby ~bob: one", "+lobby ~bob: two"]);
    let found = ok(here, &["-u", "alice", "history", "+lobby", "--search", "TWO"]);
    assert_eq!(found.lines().count(), 1);
    assert_eq!(ok(here, &["-u", "bob", "history", "+lobby"]).lines().count(), 3, "what he said himself");
    assert!(refused(1, here, &["-u", "bob", "history", "+attic"]).contains("cooee room join attic"));

    assert_eq!(ok(here, &["-u", "alice", "room", "leave", "lobby"]), "Left +lobby.\n");
    assert!(
        refused(1, here, &["-u", "alice", "room", "leave", "lobby"]).contains("you are not in +lobby")
    );
    assert_eq!(ok(here, &["-u", "alice", "room", "list"]), "+den\n");
    assert_eq!(ok(here, &["-u", "alice", "history", "+lobby"]).lines().count(), 3, "it stays");
}

/// The built-in broker wants 32 characters at least.
const SECRET: &str = "a secret of the sensor that nobody guesses";

/// A client that is none of ours, where it is installed; `COOEE_TEST_BROKERS=1` makes its absence a failure.
#[test]
fn mosquitto_pub_is_a_client() {
    let world = world_of(&["alice"]);
    let here = world.data_dir();
    let version = std::process::Command::new("mosquitto_pub").arg("--version").output();
    if let Err(error) = version {
        let is_wanted = std::env::var_os("COOEE_TEST_BROKERS").is_some_and(|value| value == "1");
        assert!(!is_wanted, "COOEE_TEST_BROKERS=1, and mosquitto_pub is not installed: {error}");
        eprintln!("not tested: mosquitto_pub is not installed");
        return;
    }
    ok(here, &["-u", "alice", "room", "join", "lobby"]);
    let alice = Listener::start(here, "alice", &["--json"]);
    let address = address(&world);
    let (host, port) = address.trim_start_matches("mqtt://").rsplit_once(':').unwrap();
    let say = |more: &[&str]| {
        let mut command = std::process::Command::new("mosquitto_pub");
        command.args(["-V", "5", "-h", host, "-p", port, "-u", "sensor", "-P", SECRET]);
        let done = command.args(["-t", "cooee/1/open/lobby/sensor"]).args(more).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    // At QoS 0 nothing waits for somebody who is only just coming.
    say(&["-q", "1", "-m", "21.5"]);
    let first = alice.line();
    say(&["-m", "21.5"]);
    say(&["-q", "1", "-r", "-m", r#"{"v":1,"t":"plain","text":"from a script"}"#]);
    let heard: Vec<String> = [first, alice.line(), alice.line()].into();
    let heard = json(&heard.join("\n"));
    assert_eq!(each(&heard, "text"), ["21.5", "21.5", "from a script"]);
    assert_eq!(
        (each(&heard, "from"), each(&heard, "conversation")),
        (vec!["sensor"; 3], vec!["+lobby"; 3])
    );
    assert!(heard.iter().all(|message| message["own"] == false));
}
