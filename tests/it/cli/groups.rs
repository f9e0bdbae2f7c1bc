//! `group`.

use super::{Listener, each, has_row, json, ok, refused, run, world_of};

#[test]
fn a_group_is_made_found_joined_and_left() {
    let world = world_of(&["alice", "bob"]);
    let here = world.data_dir();
    let made = json(&ok(here, &["-u", "alice", "group", "create", "#Team 7", "--json"])).remove(0);
    assert_eq!((&made["name"], &made["standing"]), (&"Team 7".into(), &"member".into()));
    let id = made["id"].as_str().unwrap();

    let listed = json(&ok(here, &["-u", "bob", "group", "list", "--json"]));
    assert_eq!((each(&listed, "id"), each(&listed, "standing")), (vec![id], vec!["listed"]));
    let members = json(&ok(here, &["-u", "bob", "group", "members", "team 7", "--json"]));
    assert_eq!((each(&members, "user"), each(&members, "role")), (vec!["alice"], vec!["owner"]));
    let said = refused(1, here, &["-u", "bob", "group", "create", "TEAM 7"]);
    assert!(said.contains("there is a group `Team 7` already, made by alice"), "{said}");
    assert!(said.contains("cooee group join 'Team 7'"), "{said}");
    assert!(refused(1, here, &["-u", "bob", "send", "#team 7", "hi"]).contains("you are not in"));

    assert_eq!(ok(here, &["-u", "bob", "group", "join", "#Team 7"]), "Joined #Team 7.\n");
    assert!(refused(1, here, &["-u", "bob", "group", "join", "Team 7"]).contains("already"));
    ok(here, &["-u", "bob", "send", "#team 7", "hello"]);
    let line = ok(here, &["-u", "bob", "group", "list"]);
    assert_eq!(line, format!("#Team 7  member  open  2 members  {}\n", &id[..8]));
    assert_eq!(ok(here, &["-u", "bob", "group", "leave", "team 7"]), "Left #Team 7.\n");
    assert!(refused(1, here, &["-u", "bob", "group", "leave", "team 7"]).contains("you are not in"));

    let heard = json(&ok(here, &["-u", "alice", "listen", "--json", "--count", "3", "--timeout", "30"]));
    assert_eq!(each(&heard, "type"), ["joined", "message", "left"]);
    assert_eq!((each(&heard, "conversation"), each(&heard, "group")), (vec!["#Team 7"; 3], vec![id; 3]));
    let history = ok(here, &["-u", "alice", "history", "#Team 7"]);
    let lines: Vec<&str> = history.lines().map(|line| &line[21..]).collect();
    assert_eq!(
        lines,
        ["-- alice made #Team 7", "-- bob joined #Team 7", "#Team 7 bob: hello", "-- bob left #Team 7"]
    );
    assert!(has_row(here, "Group_Team 7.csv", "alice") && !has_row(here, "Group_Team 7.csv", "bob"));
}

#[test]
fn a_group_by_invitation_is_for_the_invited() {
    let world = world_of(&["alice", "bob", "carol"]);
    let here = world.data_dir();
    ok(here, &["-u", "alice", "group", "create", "club", "--invite-only"]);
    assert_eq!(ok(here, &["-u", "bob", "group", "list"]), "");
    assert!(refused(1, here, &["-u", "alice", "group", "invite", "club", "dave"]).contains("`dave`"));
    let said = ok(here, &["-u", "alice", "group", "invite", "club", "bob"]);
    assert_eq!(said, "Invited bob to #club.\n");
    let listed = json(&ok(here, &["-u", "bob", "group", "list", "--json"]));
    assert_eq!(
        (each(&listed, "standing"), each(&listed, "invited_by")),
        (vec!["invited"], vec!["alice"])
    );
    ok(here, &["-u", "bob", "group", "join", "club"]);
    let said = refused(1, here, &["-u", "bob", "group", "invite", "#club", "carol"]);
    assert!(said.contains("only the owner and the admins"), "{said}");
    ok(here, &["-u", "alice", "group", "invite", "#club", "carol"]);
    let members = json(&ok(here, &["-u", "alice", "group", "members", "club", "--json"]));
    assert_eq!(each(&members, "role"), ["owner", "member", "invited"]);
    assert_eq!(ok(here, &["-u", "carol", "group", "leave", "club"]), "Left #club.\n");
    assert_eq!(ok(here, &["-u", "carol", "group", "list"]), "", "declined and forgotten");
    let members = json(&ok(here, &["-u", "alice", "group", "members", "club", "--json"]));
    assert_eq!(each(&members, "user"), ["alice", "bob"]);
}

#[test]
fn the_owner_makes_admins_and_they_put_people_out() {
    let world = world_of(&["alice", "bob", "carol"]);
    let here = world.data_dir();
    let group = |user: &str, does: &[&str]| ok(here, &[&["-u", user, "group"], does].concat());
    group("alice", &["create", "club", "--invite-only"]);
    for user in ["bob", "carol"] {
        group("alice", &["invite", "club", user]);
        group(user, &["join", "club"]);
    }
    let said = refused(1, here, &["-u", "bob", "group", "remove", "club", "carol"]);
    assert!(said.contains("only the owner and the admins"), "{said}");
    assert!(
        refused(1, here, &["-u", "bob", "group", "promote", "club", "bob"]).contains("only the owner")
    );
    assert_eq!(group("alice", &["promote", "club", "bob"]), "bob is an admin of #club now.\n");
    let rows = group("carol", &["members", "club"]);
    let roles: Vec<_> = rows.lines().filter_map(|row| row.split_whitespace().nth(1)).collect();
    assert_eq!(roles, ["owner", "admin", "member"]);
    assert_eq!(group("bob", &["rename", "club", "#crew"]), "#club is called #crew now.\n");
    assert_eq!(group("bob", &["remove", "crew", "carol"]), "carol is not in #crew any more.\n");
    let said = refused(1, here, &["-u", "carol", "send", "#club", "hi"]);
    assert!(said.contains("you are not in"), "{said}");
    let said = ok(here, &["-u", "carol", "history", "#crew"]);
    assert!(said.ends_with("-- bob removed carol from #crew\n"), "{said}");
    assert_eq!(group("alice", &["demote", "crew", "bob"]), "bob is no admin of #crew any more.\n");
    assert!(
        refused(1, here, &["-u", "alice", "group", "demote", "crew", "bob"]).contains("not an admin")
    );
    assert_eq!(group("alice", &["open", "crew"]), "Anybody may join #crew now.\n");
    let listed = json(&group("carol", &["list", "--json"]));
    assert_eq!((each(&listed, "policy"), each(&listed, "standing")), (vec!["open"], vec!["left"]));
    group("carol", &["join", "crew"]);
    assert_eq!(group("alice", &["close", "crew"]), "#crew is by invitation now.\n");
    let history = json(&ok(here, &["-u", "alice", "history", "#crew", "--json"]));
    assert_eq!(
        each(&history, "type")[5..],
        ["promoted", "renamed", "removed", "demoted", "policy", "joined", "policy"]
    );
    assert!(has_row(here, "Group_crew.csv", "carol") && !here.join("Group_club.csv").exists());
}

#[test]
fn two_groups_of_one_name_are_told_apart_by_their_id() {
    let world = world_of(&["alice"]);
    let here = world.data_dir();
    let make = |more: &[&str]| {
        let made = json(&ok(here, &[&["group", "create", "team", "--json"], more].concat())).remove(0);
        made["id"].as_str().unwrap().to_owned()
    };
    let one = make(&[]);
    let other = make(&["--anyway"]);
    assert!(refused(1, here, &["group", "create", "team"]).contains("you are in it"));
    let said = refused(1, here, &["send", "#team", "hi"]);
    for id in [&one, &other] {
        assert!(said.contains(&format!("'#team~{}'", &id[..8])), "{said}");
    }
    let exact = format!("#team~{}", &other[..8]);
    ok(here, &["send", &exact, "hi"]);
    let history = json(&ok(here, &["history", &exact, "--json"]));
    assert_eq!(
        (each(&history, "type"), each(&history, "group")),
        (vec!["created", "message"], vec![&*other; 2])
    );
}

#[test]
fn a_link_lets_people_in_while_whoever_made_it_is_there() {
    let world = world_of(&["alice", "bob", "carol"]);
    let here = world.data_dir();
    ok(here, &["-u", "alice", "group", "create", "club", "--invite-only"]);
    let made = run(here, &["-u", "alice", "group", "link", "club", "--uses", "3", "--for", "12h"]);
    assert!(made.code == Some(0) && made.err.contains("lets 3 into #club until"), "{made:?}");
    let link = made.out.trim();
    assert!(link.starts_with("cooee:join/alice/"), "{link}");
    let asked = run(here, &["-u", "bob", "group", "join", link, "--timeout", "5"]);
    assert!(asked.code == Some(5) && asked.out.is_empty(), "nobody is there to let him in: {asked:?}");
    assert!(asked.err.contains("you come in when alice is here"), "{asked:?}");
    let alice = Listener::start(here, "alice", &["--json"]);
    // He asked; and whoever comes now is let in at once.
    while !alice.line().contains("\"user\":\"bob\"") {}
    assert_eq!(ok(here, &["-u", "carol", "group", "join", link, "--timeout", "60"]), "Joined #club.\n");
    // The question of before lets him in as soon as he looks.
    ok(here, &["-u", "bob", "listen", "--count", "1", "--timeout", "60"]);
    assert!(ok(here, &["-u", "bob", "group", "list"]).contains("#club"));
    let said = ok(here, &["-u", "alice", "group", "link", "club", "--revoke"]);
    assert_eq!(said, "The link into #club lets nobody in any more.\n");
    let said = refused(1, here, &["-u", "carol", "group", "link", "club"]);
    assert!(said.contains("only the owner and the admins"), "{said}");
    let said = refused(2, here, &["-u", "carol", "group", "join", "cooee:join/alice/AAAA"]);
    assert!(said.contains("no link into a group"), "{said}");
    let said = refused(2, here, &["-u", "alice", "group", "link", "club", "--for", "soon"]);
    assert!(said.contains("write hours or days"), "{said}");
}
