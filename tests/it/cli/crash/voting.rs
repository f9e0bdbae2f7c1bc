//! Whoever votes dies before that is stored, or after.

use super::*;

#[test]
fn a_vote_that_was_stored_arrives_and_no_other_does() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let ask = ["-u", "bob", "send", "alice", "--poll", "Lunch?", "Pizza", "Soup", "Nothing", "--json"];
    let poll = json(&ok(here, &ask)).remove(0)["id"].as_str().unwrap().to_owned();
    until("it is there", || {
        ok(here, &["-u", "alice", "listen", "--timeout", "1s"]);
        !history(here, "alice", "bob").is_empty()
    });
    let votes = |of: &str, with: &str| history(here, of, with)[0]["poll"]["votes"].clone();
    let none = serde_json::json!({});
    for (point, number, counts) in [
        ("alter: before it is stored", "1", &none),
        ("alter: stored", "2", &serde_json::json!({"alice": [2]})),
        ("alter: before it is stored", "3", &serde_json::json!({"alice": [2]})),
        ("alter: stored", "1", &serde_json::json!({"alice": [1]})),
    ] {
        let death = Death(point, 1);
        let vote = ["-u", "alice", "message", "vote", &poll, number];
        let done = death.of(cooee(here, &vote)).output().unwrap();
        death.check(done.status, str::from_utf8(&done.stderr).unwrap());
        assert_eq!(&votes("alice", "bob"), counts, "{point}");
        // What is in the outbox goes out with what comes next, and before it.
        let bob = Listener::start(here, "bob", &["--json"]);
        ok(here, &["-u", "alice", "send", "bob", "after that", "--wait", "delivered"]);
        while !bob.line().contains("after that") {}
        bob.signal(Signal::TERM);
        bob.end();
        until("bob knows", || &votes("bob", "alice") == counts);
    }
    until("the outbox is empty", || ok(here, &["-u", "alice", "outbox", "list"]).is_empty());
}
