//! What people do with a group.

use std::collections::BTreeSet;

use super::*;
use crate::domain::{Role, limits};

#[test]
fn who_is_invited_is_in_and_accepts_or_declines() {
    let mut g = ledger(JoinPolicy::Invite);
    assert_eq!(g.state(&member(1), true, NOW), Err(Refused::NotInvited));
    g.act(0, Change::Admit(member(1)));
    g.act(0, Change::Admit(member(2)));
    assert_eq!(g.view().unwrap().members[&member(1)], Standing { count: 1, came: None });
    g.say(1, true);
    assert_eq!(g.view().unwrap().members[&member(1)], Standing { count: 1, came: Some(NOW) });
    assert_eq!(g.state(&member(1), true, NOW), Err(Refused::Already));
    g.say(2, false);
    assert!(!g.has(2));
    assert_eq!(g.state(&member(2), true, NOW), Err(Refused::NotInvited));
    g.act(0, Change::Admit(member(2)));
    assert!(g.has(2));
    g.say(2, true);
    assert_eq!(g.view().unwrap().members[&member(2)].count, 3);
}

#[test]
fn an_open_group_needs_nobody_to_come_in() {
    let mut g = ledger(JoinPolicy::Open);
    g.say(1, true);
    assert!(g.has(1));
    g.act(0, Change::Remove(member(1)));
    assert!(!g.has(1));
    g.say(1, true);
    assert!(g.has(1), "whoever must stay out needs a group by invitation");
    g.say(1, false);
    assert_eq!(g.state(&member(1), false, NOW), Err(Refused::NotIn(member(1))));
}

#[test]
fn who_is_in_when_a_group_is_closed_stays() {
    let mut g = ledger(JoinPolicy::Open);
    g.say(1, true);
    g.act(0, Change::Admit(member(2)));
    for enter in [true, false, true] {
        g.say(2, enter);
    }
    g.say(3, true);
    g.say(3, false);
    g.act(0, Change::Policy(JoinPolicy::Invite));
    assert!(g.has(1) && g.has(2) && !g.has(3));
    assert!(g.view().unwrap().members.values().all(|standing| standing.came.is_some()));
    assert_eq!(g.state(&member(3), true, NOW), Err(Refused::NotInvited));
    g.say(2, false);
    assert!(!g.has(2));
}

#[test]
fn a_statement_waits_for_the_document_that_makes_it_count() {
    let mut g = ledger(JoinPolicy::Invite);
    let mut late = g.clone();
    let grant = g.act(0, Change::Admit(member(1)));
    let came = g.say(1, true);
    late.insert(came).unwrap();
    assert!(!late.has(1));
    late.insert(grant).unwrap();
    assert_eq!(late.view(), g.view());
}

#[test]
fn admins_decide_about_members_and_the_owner_about_admins() {
    let mut g = ledger(JoinPolicy::Invite);
    for n in [1, 2, 3] {
        g.act(0, Change::Admit(member(n)));
    }
    assert_eq!(g.propose(&member(1), &[Change::Admit(member(4))]), Err(Refused::NotAdmin));
    g.act(0, Change::Appoint(member(1)));
    g.act(0, Change::Appoint(member(2)));
    g.act(1, Change::Admit(member(4)));
    g.act(1, Change::Remove(member(3)));
    g.act(1, Change::Rename(name("crew")));
    let view = g.view().unwrap();
    assert!(view.has(&member(4)) && !view.has(&member(3)));
    assert_eq!(view.name, name("crew"));
    let roles = [0, 1, 4, 3].map(|n| view.role(&member(n)));
    assert_eq!(roles, [Some(Role::Owner), Some(Role::Admin), Some(Role::Member), None]);
    for (change, why) in [
        (Change::Remove(member(0)), Refused::Protected(member(0))),
        (Change::Remove(member(2)), Refused::Protected(member(2))),
        (Change::Admit(member(2)), Refused::Protected(member(2))),
        (Change::Appoint(member(4)), Refused::NotOwner),
        (Change::Policy(JoinPolicy::Open), Refused::NotOwner),
        (Change::Dismiss { admin: member(2), keep: BTreeSet::new() }, Refused::NotOwner),
        (Change::Admit(member(4)), Refused::Already),
        (Change::Rename(name("crew")), Refused::Already),
        (Change::Remove(member(9)), Refused::NotIn(member(9))),
    ] {
        assert_eq!(g.propose(&member(1), &[change]), Err(why));
    }
    g.act(0, Change::Remove(member(2)));
    let view = g.view().unwrap();
    assert!(!view.has(&member(2)) && !view.admins.contains(&member(2)));
    assert_eq!(g.propose(&member(2), &[Change::Rename(name("x"))]), Err(Refused::NotAdmin));
    assert!(view.flags.is_empty());
}

#[test]
fn what_a_dismissed_admin_did_goes_but_for_what_is_kept() {
    let mut g = ledger(JoinPolicy::Invite);
    g.act(0, Change::Admit(member(1)));
    g.act(0, Change::Admit(member(5)));
    g.act(0, Change::Appoint(member(1)));
    for n in [2, 3] {
        g.act(1, Change::Admit(member(n)));
    }
    g.act(1, Change::Remove(member(5)));
    g.act(1, Change::Rename(name("crew")));
    assert_eq!(g.decided_by(&member(1)), BTreeSet::from([member(2), member(3), member(5)]));
    let keep = BTreeSet::from([member(2)]);
    g.act(0, Change::Dismiss { admin: member(1), keep });
    assert_eq!([1, 2, 3, 5].map(|n| g.has(n)), [true, true, false, true]);
    assert_eq!(g.view().unwrap().name, name("crew"), "a name stays until another is given");
    // Appointed again, they begin anew.
    g.act(0, Change::Appoint(member(1)));
    assert_eq!([2, 3, 5].map(|n| g.has(n)), [true, false, true]);
    g.act(1, Change::Admit(member(4)));
    assert_eq!([3, 4, 5].map(|n| g.has(n)), [false, true, true]);
}

#[test]
fn changes_are_made_in_turn() {
    let mut g = ledger(JoinPolicy::Invite);
    let many: Vec<Change> = (1..=40).map(|n| Change::Admit(member(n))).collect();
    g.insert(document(g.propose(&member(0), &many).unwrap())).unwrap();
    let chiefs: Vec<Change> = (1..=33).map(|n| Change::Appoint(member(n))).collect();
    assert_eq!(g.propose(&member(0), &chiefs), Err(Refused::TooManyAdmins));
    let turn = [
        Change::Appoint(member(1)),
        Change::Dismiss { admin: member(1), keep: BTreeSet::new() },
        Change::Remove(member(1)),
        Change::Admit(member(1)),
    ];
    g.insert(document(g.propose(&member(0), &turn).unwrap())).unwrap();
    assert_eq!(g.view().unwrap().members[&member(1)].count, 3);
}

#[test]
fn concurrent_names_are_chosen_by_clock_and_key() {
    let mut g = ledger(JoinPolicy::Invite);
    for n in [1, 2] {
        g.act(0, Change::Admit(member(n)));
        g.act(0, Change::Appoint(member(n)));
    }
    let (mut one, mut two) = (g.clone(), g.clone());
    let first = one.act(1, Change::Rename(name("one")));
    let second = two.act(2, Change::Rename(name("two")));
    one.insert(second).unwrap();
    two.insert(first).unwrap();
    assert_eq!(one.view(), two.view());
    assert_eq!(one.view().unwrap().name, name("two"), "the greater key");
    one.act(1, Change::Rename(name("three")));
    assert_eq!(one.view().unwrap().name, name("three"), "the greater clock");
}

#[test]
fn a_group_that_is_full_takes_nobody_and_forgets_who_left() {
    let user = |n: usize| Member {
        user: format!("m{n}").parse().unwrap(),
        key: IdentityKey::from_bytes([u8::try_from(n % 251).unwrap(); 32]),
    };
    let mut g = ledger(JoinPolicy::Open);
    let everybody: Vec<Change> = (1..limits::GROUP_MEMBERS).map(|n| Change::Admit(user(n))).collect();
    g.insert(document(g.propose(&member(0), &everybody).unwrap())).unwrap();
    assert_eq!(g.view().unwrap().members.len(), limits::GROUP_MEMBERS);
    assert_eq!(g.propose(&member(0), &[Change::Admit(user(300))]), Err(Refused::Full));
    assert_eq!(g.state(&user(300), true, NOW), Err(Refused::Full));
    // Somebody who did not know comes all the same: who was let in stays, and it is flagged.
    let member = user(300);
    g.insert(statement(Statement { group: ID, member: member.clone(), count: 1, at: NOW })).unwrap();
    assert_eq!(g.flags(), [Flag::Full(1)]);
    assert!(!g.view().unwrap().has(&member));
    let swaps: Vec<Change> = (1..=20).map(|n| Change::Remove(user(n))).collect();
    g.insert(document(g.propose(&super::member(0), &swaps).unwrap())).unwrap();
    assert!(g.view().unwrap().has(&member));
    let more: Vec<Change> = (301..320).map(|n| Change::Admit(user(n))).collect();
    let next = g.propose(&super::member(0), &more).unwrap();
    assert!(next.members.len() <= limits::GROUP_MEMBERS);
    g.insert(document(next)).unwrap();
    assert_eq!(g.view().unwrap().members.len(), limits::GROUP_MEMBERS);
    assert!(g.flags().is_empty());
}
