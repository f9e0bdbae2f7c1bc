//! `key`: what scripts and people see of keys.

use crate::support::vandal::lose_name;

use super::{address, feed, json, ok, refused, world_of};

#[test]
fn two_compare_their_keys_and_take_it_back() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let own = json(&ok(here, &["-u", "bob", "key", "show", "--json"]));
    assert_eq!(
        (&own[0]["type"], &own[0]["own"], &own[0]["trust"]),
        (&"key".into(), &true.into(), &().into())
    );
    let seen = json(&ok(here, &["-u", "alice", "key", "show", "bob", "--json"]));
    assert_eq!(seen[0]["fingerprint"], own[0]["ours"]);
    assert_eq!(seen[0]["trust"], "not_verified");
    let back = json(&ok(here, &["-u", "bob", "key", "show", "alice", "--json"]));
    let number = back[0]["safety_number"].as_str().unwrap();
    assert_eq!(seen[0]["safety_number"], number);

    let plain = ok(here, &["-u", "alice", "key", "show", "bob", "--qr"]);
    for words in ["bob: not verified", number[..23].trim(), "▀", seen[0]["code"].as_str().unwrap()] {
        assert!(plain.contains(words), "{words}: {plain}");
    }

    let wrong = "1".repeat(60);
    let why = refused(1, here, &["-u", "alice", "key", "verify", "bob", "--yes", &wrong]);
    assert!(why.contains("this is not the number of bob"), "{why}");
    let why = refused(2, here, &["-u", "alice", "key", "verify", "bob"]);
    assert!(why.contains("--yes NUMBER"), "{why}");
    let done = feed(here, &["-u", "alice", "key", "verify", "bob"], "yes\n");
    assert_eq!(done.code, Some(2), "a pipe is nobody who compared: {done:?}");
    let said = ok(here, &["-u", "alice", "key", "verify", "bob", "--yes", &number.replace(' ', "")]);
    assert_eq!(said, "bob: verified.\n");
    let seen = json(&ok(here, &["-u", "alice", "contacts", "bob", "--json"]));
    assert_eq!(seen[0]["trust"], "verified");
    let undone = json(&ok(here, &["-u", "alice", "key", "verify", "bob", "--undo", "--json"]));
    assert_eq!(undone[0]["trust"], "not_verified");

    assert!(
        refused(1, here, &["-u", "alice", "key", "show", "zoe"]).contains("nobody here is called `zoe`")
    );
    assert!(refused(1, here, &["-u", "alice", "key", "show", "alice"]).contains("that is you"));
    let why = refused(1, here, &["-u", "alice", "key", "accept", "bob", "--yes"]);
    assert!(why.contains("has not changed"), "{why}");
}

#[test]
fn a_key_that_changed_is_shown_and_accepted() {
    let world = world_of(&["alice", "bob"]);
    let number = json(&ok(world.data_dir(), &["-u", "alice", "key", "show", "bob", "--json"]))[0]
        ["safety_number"]
        .clone();
    // The broker loses his name.
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        lose_name(&world, "bob").await;
    });
    let here = world.data_dir();
    let broker = address(&world);
    let there = tempfile::tempdir().unwrap();
    ok(there.path(), &["-b", &broker, "sign-up", "bob"]);
    let plain = ok(here, &["-u", "alice", "key", "show", "bob"]);
    for words in ["bob: KEY CHANGED", "new ", "before ", "pretends to be", "cooee key accept bob"] {
        assert!(plain.contains(words), "{words}: {plain}");
    }
    let why = refused(1, here, &["-u", "alice", "key", "verify", "bob", "--yes", "1"]);
    assert!(why.contains("comes first"), "{why}");
    assert!(refused(2, here, &["-u", "alice", "key", "accept", "bob"]).contains("--yes"));
    ok(here, &["-u", "alice", "key", "accept", "bob", "--yes"]);
    let seen = json(&ok(here, &["-u", "alice", "key", "show", "bob", "--json"]));
    assert_eq!((&seen[0]["trust"], &seen[0]["claimed"]), (&"not_verified".into(), &().into()));
    assert_ne!(seen[0]["safety_number"], number);
}
