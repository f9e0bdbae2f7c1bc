//! `message`, `send --reply` and `listen --changes`.

use super::{Listener, has_row, json, ok, refused, until, world_of};

#[test]
fn what_is_done_with_a_message_reaches_the_others() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let bob = Listener::start(here, "bob", &["--json", "--changes"]);
    until("bob is online", || has_row(here, "Online.csv", "bob"));
    let sent = json(&ok(here, &["-u", "alice", "send", "bob", "teh pump", "--json"])).remove(0);
    let id = sent["id"].as_str().unwrap();
    assert_eq!(json(&bob.line())[0]["text"], "teh pump");

    let now = json(&ok(here, &["-u", "alice", "message", "edit", id, "the", "pump", "--json"]));
    assert_eq!((&now[0]["text"], &now[0]["edited"]), (&"the pump".into(), &true.into()));
    let told = json(&bob.line()).remove(0);
    assert_eq!(
        (&told["id"], &told["text"], &told["changed"]),
        (&id.into(), &"the pump".into(), &true.into())
    );

    // In the session that listens.
    ok(here, &["-u", "bob", "message", "react", id, "👍"]);
    assert_eq!(json(&bob.line())[0]["reactions"]["bob"], "👍");
    ok(here, &["-u", "bob", "message", "react", id, "--undo"]);
    assert_eq!(json(&bob.line())[0].get("reactions"), None);
    ok(here, &["-u", "alice", "message", "pin", id]);
    assert_eq!(json(&bob.line())[0]["pinned"], true);
    ok(here, &["-u", "alice", "send", "bob", "--reply", id, "it is back"]);
    let reply = json(&bob.line()).remove(0);
    assert_eq!((&reply["reply_to"], reply.get("changed")), (&id.into(), None));

    ok(here, &["-u", "alice", "message", "delete", id]);
    let told = json(&bob.line()).remove(0);
    assert_eq!((&told["type"], &told["changed"]), (&"deleted".into(), &true.into()));
}

#[test]
fn what_cannot_be_done_is_said() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    ok(here, &["-u", "alice", "send", "bob", "mine"]);
    let theirs = json(&ok(here, &["-u", "bob", "listen", "--json", "--count", "1"])).remove(0);
    let id = theirs["id"].as_str().unwrap();
    let said = refused(1, here, &["-u", "bob", "message", "delete", id]);
    assert!(said.contains("only who wrote a message may"), "{said}");
    // What the broker does not have is not done.
    let own = json(&ok(here, &["-u", "bob", "send", "alice", "ours", "--json"])).remove(0);
    let own = own["id"].as_str().unwrap();
    let away =
        ["-u", "bob", "-b", "mqtt://127.0.0.1:1", "message", "react", own, "👍", "--timeout", "300ms"];
    let said = refused(5, here, &away);
    assert!(said.contains("not confirmed in time"), "{said}");
    let nowhere = "0193523c-1a00-7000-8000-000000000001";
    let said = refused(1, here, &["-u", "bob", "message", "pin", nowhere]);
    assert!(said.contains("not here any more"), "{said}");
    for wrong in [
        &["message", "react", id, "ok"][..],
        &["message", "react", id],
        &["message", "react", id, "👍", "--undo"],
        &["message", "edit", id],
        &["message", "pin", "12"],
    ] {
        refused(2, here, &[&["-u", "bob"], wrong].concat());
    }
    let said = refused(1, here, &["-u", "alice", "send", "bob", "--reply", nowhere, "to what?"]);
    assert!(said.contains("not in this conversation"), "{said}");
}

#[test]
fn scripts_ask_vote_and_close() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let bob = Listener::start(here, "bob", &["--json", "--changes"]);
    until("bob is online", || has_row(here, "Online.csv", "bob"));
    let ask =
        ["-u", "alice", "send", "bob", "--poll", "Lunch?", "--many", "Pizza pie", "Soup", "--json"];
    let sent = json(&ok(here, &ask)).remove(0);
    let id = sent["id"].as_str().unwrap();
    let told = json(&bob.line()).remove(0);
    assert_eq!(told["text"], "Lunch?\n1. Pizza pie\n2. Soup");
    let poll = |closed: bool, votes: serde_json::Value| {
        serde_json::json!({
            "question": "Lunch?", "answers": ["Pizza pie", "Soup"], "many": true, "closed": closed, "votes": votes,
        })
    };
    assert_eq!(told["poll"], poll(false, serde_json::json!({})));
    ok(here, &["-u", "alice", "message", "vote", id, "1", "2"]);
    assert_eq!(json(&bob.line())[0]["poll"], poll(false, serde_json::json!({"alice": [1, 2]})));
    // In the session that listens.
    ok(here, &["-u", "bob", "message", "vote", id, "2"]);
    assert_eq!(json(&bob.line())[0]["poll"]["votes"]["bob"], serde_json::json!([2]));
    ok(here, &["-u", "alice", "message", "vote", id, "--undo"]);
    assert_eq!(json(&bob.line())[0]["poll"], poll(false, serde_json::json!({"bob": [2]})));
    let said = refused(1, here, &["-u", "bob", "message", "close", id]);
    assert!(said.contains("only who asked"), "{said}");
    ok(here, &["-u", "alice", "message", "close", id]);
    assert_eq!(json(&bob.line())[0]["poll"], poll(true, serde_json::json!({"bob": [2]})));
    let said = refused(1, here, &["-u", "bob", "message", "vote", id, "1"]);
    assert!(said.contains("that poll is closed"), "{said}");
    let told = ok(here, &["-u", "alice", "history", "bob"]);
    assert!(told.contains("alice to bob: [poll, several answers] Lunch?\n    1. Pizza pie"), "{told}");

    let said = refused(1, here, &["-u", "bob", "message", "vote", id, "13"]);
    assert!(said.contains("numbered from 1 to 12"), "{said}");
    let said = refused(1, here, &["-u", "alice", "send", "bob", "--poll", "Lunch?", "Pizza"]);
    assert!(said.contains("a poll has 2 to 12 answers, and this one 1"), "{said}");
    let said = refused(1, here, &["-u", "alice", "send", "+lobby", "--poll", "Lunch?", "a", "b"]);
    assert!(said.contains("no polls"), "{said}");
    for wrong in [
        &["message", "vote", id][..],
        &["message", "vote", id, "1", "--undo"],
        &["message", "vote", id, "x"],
        &["send", "bob", "--many", "a"],
        &["send", "bob", "--poll", "Lunch?"],
        &["send", "bob", "--poll", "Lunch?", "a", "b", "--file", "x"],
    ] {
        refused(2, here, &[&["-u", "bob"], wrong].concat());
    }
}
