//! Open rooms, where nobody confirms anything: what the broker took is neither lost nor doubled by a process that
//! dies.

use super::*;
use crate::support::vandal::Vandal;

fn texts(data_dir: &Path, of: &str) -> Vec<String> {
    let said = json(&ok(data_dir, &["-u", of, "history", "+lobby", "--json"]));
    each(&said, "text").into_iter().map(str::to_owned).collect()
}

#[test]
fn what_a_sensor_said_is_heard_once_wherever_the_listener_is_killed() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    ok(here, &["-u", "alice", "room", "join", "lobby"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut sent = Vec::new();
    for death in [
        Death("receive: before it is stored", 1),
        Death("receive: stored", 1),
        Death("receive: told to acknowledge", 1),
        Death("receive: acknowledged", 1),
    ] {
        // Text as it is, which has no id to know it by.
        let lines = death.lines(3);
        runtime.block_on(async {
            let mut sensor = Vandal::on(&world).await;
            for line in &lines {
                sensor.publish("cooee/1/open/lobby/sensor", line.as_bytes(), false).await;
            }
        });
        sent.extend(lines);
        let named = format!("{}, by bob", death.0);
        ok(here, &["-u", "bob", "send", "+lobby", &named]);
        sent.push(named);
        let listen = &mut death.of(cooee(here, &["-u", "alice", "listen"]));
        let (status, said) = Listener::spawn(listen).status();
        death.check(status, &said);
        let _alice = Listener::start(here, "alice", &[]);
        until("all came", || texts(here, "alice").len() >= sent.len());
        // What is doubled would be here by now: the broker tells in order.
        ok(here, &["-u", "bob", "send", "+lobby", "over"]);
        sent.push("over".to_owned());
        until("it came", || texts(here, "alice").last().is_some_and(|last| last == "over"));
        assert_eq!(texts(here, "alice"), sent, "{}", death.0);
    }
}

#[test]
fn what_we_say_is_heard_once_wherever_we_are_killed() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    ok(here, &["-u", "bob", "room", "join", "lobby"]);
    let _bob = Listener::start(here, "bob", &[]);
    let mut sent = Vec::new();
    for death in [
        Death("send: stored", 1),
        Death("send: handed over", 1),
        // Presence is published first.
        Death("send: published", 3),
        Death("send: taken by the broker", 1),
        Death("send: noted as taken", 1),
    ] {
        let line = format!("{} {}", death.0, death.1);
        let send = &mut death.of(cooee(here, &["-u", "alice", "send", "+lobby", &line]));
        let (status, said) = Listener::spawn(send).status();
        death.check(status, &said);
        sent.push(line);
        // Whoever signs in next sends what is left.
        let over = format!("over {}", sent.len());
        ok(here, &["-u", "alice", "send", "+lobby", &over]);
        sent.push(over);
        until("it came", || texts(here, "bob").last() == sent.last());
        assert_eq!(texts(here, "bob"), sent, "{}", death.0);
        assert_eq!(ok(here, &["-u", "alice", "outbox", "list"]), "");
    }
    let ours = json(&ok(here, &["-u", "alice", "history", "+lobby", "--json"]));
    assert!(ours.iter().all(|message| message["delivery"] == "sent"), "{ours:?}");
    assert_eq!(texts(here, "alice"), sent);
}
