//! Somebody makes a group or comes into one, and dies as that is stored and told.

use super::*;

/// Where they die, and whether it is stored then.
const DEATHS: &[(Death, bool)] = &[
    (Death("send: before it is stored", 1), false),
    (Death("send: stored", 1), true),
    (Death("send: handed over", 1), true),
    (Death("send: taken by the broker", 1), true),
];

#[test]
fn a_group_that_is_stored_is_known_to_all_wherever_its_members_are_killed() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    for (at, (death, is_stored)) in DEATHS.iter().enumerate() {
        let name = format!("team{at}");
        let group = format!("#{name}");
        let done = death.of(cooee(here, &["-u", "alice", "group", "create", &name])).output().unwrap();
        death.check(done.status, str::from_utf8(&done.stderr).unwrap());
        let listed = json(&ok(here, &["-u", "alice", "group", "list", "--json"]));
        assert_eq!(each(&listed, "name").contains(&name.as_str()), *is_stored, "{}", death.0);
        if !is_stored {
            ok(here, &["-u", "alice", "group", "create", &name]);
        }

        let done = death.of(cooee(here, &["-u", "bob", "group", "join", &name])).output().unwrap();
        death.check(done.status, str::from_utf8(&done.stderr).unwrap());
        let listed = json(&ok(here, &["-u", "bob", "group", "list", "--json"]));
        let stands = listed.iter().find(|listed| listed["name"] == name.as_str()).unwrap();
        assert_eq!(stands["standing"] == "member", *is_stored, "{}", death.0);
        if !is_stored {
            ok(here, &["-u", "bob", "group", "join", &name]);
        }

        let bob = Listener::start(here, "bob", &["--json"]);
        // Alice is to know that bob is in, or there is nobody who would confirm it.
        until("both are in", || {
            let members = json(&ok(here, &["-u", "alice", "group", "members", &name, "--json"]));
            each(&members, "user") == ["alice", "bob"]
        });
        let say = ["-u", "alice", "send", &group, "hello", "--wait", "delivered", "--timeout", "30"];
        ok(here, &say);
        assert_eq!(json(&bob.line())[0]["text"], "hello");
        drop(bob);
        let types = |user| {
            let all = json(&ok(here, &["-u", user, "history", &group, "--json"]));
            each(&all, "type").into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(types("alice"), ["created", "joined", "message"], "{}", death.0);
        assert_eq!(types("bob"), ["joined", "message"], "{}", death.0);
    }
}
