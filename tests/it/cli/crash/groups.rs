//! Somebody makes a group or comes into one, and dies as that is stored and told.

use super::*;

/// Where they die, and whether it is stored then.
const DEATHS: &[(Death, bool)] = &[
    (Death("send: before it is stored", 1), false),
    (Death("send: stored", 1), true),
    (Death("send: handed over", 1), true),
    (Death("send: taken by the broker", 1), true),
];

/// The group of this name, if somebody sees it.
fn listed(data_dir: &Path, user: &str, name: &str) -> Option<Value> {
    let all = json(&ok(data_dir, &["-u", user, "group", "list", "--json"]));
    all.into_iter().find(|group| group["name"] == name)
}

#[test]
fn a_group_that_is_stored_is_known_to_all_wherever_its_members_are_killed() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    for (at, (death, is_stored)) in DEATHS.iter().enumerate() {
        let name = format!("team{at}");
        let group = format!("#{name}");
        let done = death.of(cooee(here, &["-u", "alice", "group", "create", &name])).output().unwrap();
        death.check(done.status, str::from_utf8(&done.stderr).unwrap());
        let alice = Listener::start(here, "alice", &[]);
        assert_eq!(listed(here, "alice", &name).is_some(), *is_stored, "{}", death.0);
        if !is_stored {
            ok(here, &["-u", "alice", "group", "create", &name]);
        }
        until("bob sees it", || listed(here, "bob", &name).is_some());

        let done = death.of(cooee(here, &["-u", "bob", "group", "join", &name])).output().unwrap();
        death.check(done.status, str::from_utf8(&done.stderr).unwrap());
        let bob = Listener::start(here, "bob", &["--json"]);
        let is_in = listed(here, "bob", &name).unwrap()["standing"] == "member";
        assert_eq!(is_in, *is_stored, "{}", death.0);
        if !is_stored {
            ok(here, &["-u", "bob", "group", "join", &name]);
            assert_eq!(json(&bob.line())[0]["type"], "joined");
        }
        // Alice is to know that bob is in, or there is nobody who would confirm it.
        until("both are in", || {
            let members = json(&ok(here, &["-u", "alice", "group", "members", &name, "--json"]));
            each(&members, "user") == ["alice", "bob"]
        });
        let say = ["-u", "alice", "send", &group, "hello", "--wait", "delivered", "--timeout", "30"];
        ok(here, &say);
        assert_eq!(json(&bob.line())[0]["text"], "hello");
        drop((alice, bob));
        let types = |user| {
            let all = json(&ok(here, &["-u", user, "history", &group, "--json"]));
            each(&all, "type").into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(types("alice"), ["created", "joined", "message"], "{}", death.0);
        assert_eq!(types("bob"), ["joined", "message"], "{}", death.0);
    }
}
