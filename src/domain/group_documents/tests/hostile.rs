//! What the hostile try. The signatures are in order: see `crypto::groups` for those that are not.

use std::collections::BTreeSet;

use super::*;
use crate::domain::group_documents::ledger::{WAITING_DOCUMENTS, WAITING_STATEMENTS};

/// Members 1 and 2 are admins, 3 is a member.
fn with_admins() -> Ledger {
    let mut g = ledger(JoinPolicy::Invite);
    for n in [1, 2, 3] {
        g.act(0, Change::Admit(member(n)));
    }
    g.act(0, Change::Appoint(member(1)));
    g.act(0, Change::Appoint(member(2)));
    g
}

/// A document of admin 1 with this counter of member 3.
fn poisoned(g: &Ledger, count: u32) -> Item {
    let mut poison = g.propose(&member(1), &[Change::Rename(name("x"))]).unwrap();
    poison.naming = None;
    poison.members.insert(member(3), count);
    document(poison)
}

#[test]
fn a_counter_at_the_maximum_does_nothing_and_is_seen() {
    let mut g = with_admins();
    let poison = poisoned(&g, u32::MAX);
    g.insert(poison).unwrap();
    assert_eq!(g.view().unwrap().members[&member(3)].count, 1);
    assert_eq!(g.flags(), [Flag::TooFar(member(1))]);
    g.act(2, Change::Remove(member(3)));
    assert!(!g.has(3), "the other admin still decides");
    g.act(0, Change::Dismiss { admin: member(1), keep: BTreeSet::from([member(3)]) });
    assert!(!g.has(3) && g.flags().is_empty());
    g.act(0, Change::Admit(member(3)));
    assert_eq!(g.view().unwrap().members[&member(3)].count, 3, "the poison went with the admin");
}

#[test]
fn nobody_can_keep_the_last_word_by_going_as_far_as_possible() {
    let mut g = with_admins();
    for _ in 0..20 {
        let reached = g.counting().unwrap().count(&member(3)).reached;
        let top = reached + REACH - u32::from(!is_in(reached + REACH));
        let poison = poisoned(&g, top);
        g.insert(poison).unwrap();
        // The poison that the other admin's word rested on may be gone with that document.
        if g.flags().contains(&Flag::TooFar(member(2))) {
            g.insert(document(g.propose(&member(2), &[]).unwrap())).unwrap();
        }
        if g.has(3) {
            g.act(2, Change::Remove(member(3)));
        }
        assert!(!g.has(3));
        assert!(!g.flags().contains(&Flag::TooFar(member(2))));
    }
    g.act(0, Change::Admit(member(3)));
    g.act(0, Change::Dismiss { admin: member(1), keep: BTreeSet::new() });
    assert!(g.has(3), "what the owner signed needs no support");
    g.act(2, Change::Remove(member(3)));
    assert!(!g.has(3) && g.flags().is_empty());
}

#[test]
fn what_waits_beyond_reach_does_not_undo_a_decision() {
    let mut g = with_admins();
    for (version, author) in [(50, 1), (50, 2)] {
        let count = if author == 1 { 1 + REACH + 2 } else { 3 + 2 * REACH };
        let base = g.propose(&member(author), &[]).unwrap();
        let members = [(member(3), count)].into();
        g.insert(document(Document { version, members, ..base })).unwrap();
    }
    assert_eq!(g.view().unwrap().members[&member(3)].count, 1);
    g.act(0, Change::Remove(member(3)));
    assert!(!g.has(3), "the owner goes beyond what comes within reach");
}

#[test]
fn what_rested_on_poison_is_decided_anew() {
    let mut g = with_admins();
    let poison = poisoned(&g, REACH - 1);
    g.insert(poison).unwrap();
    let poison = poisoned(&g, REACH + 1);
    g.insert(poison).unwrap();
    g.act(2, Change::Remove(member(3)));
    g.act(0, Change::Dismiss { admin: member(1), keep: BTreeSet::new() });
    assert!(g.has(3), "it cannot be reached any more");
    assert_eq!(g.flags(), [Flag::TooFar(member(2))]);
    g.act(2, Change::Rename(name("y")));
    assert!(!g.has(3), "the next document says it again");
    assert!(g.flags().is_empty());
}

#[test]
fn a_document_of_no_admin_counts_for_nothing() {
    let mut g = with_admins();
    let before = g.view();
    let mut forged = Document { author: member(3), version: u64::MAX, charter: None, ..g.last(0) };
    forged.members.insert(member(4), 1);
    forged.naming = Some(Naming { clock: 9, name: name("mine") });
    assert!(g.insert(document(forged.clone())).unwrap(), "it waits");
    assert_eq!(g.view(), before);
    // Their key with an admin's name is not that admin.
    let twin = Member { user: member(1).user, key: member(3).key };
    g.insert(document(Document { author: twin, ..forged })).unwrap();
    assert_eq!(g.view(), before);
    // Whoever used up the versions cannot be appointed.
    let refused = g.propose(&member(0), &[Change::Appoint(member(3))]);
    assert_eq!(refused, Err(Refused::UsedUp(member(3))));
}

#[test]
fn an_old_admin_does_not_come_back_with_what_they_signed_before() {
    let mut g = with_admins();
    let poison = poisoned(&g, 2);
    g.insert(poison.clone()).unwrap();
    g.act(0, Change::Dismiss { admin: member(1), keep: BTreeSet::new() });
    assert!(g.has(3));
    g.act(0, Change::Appoint(member(1)));
    assert!(g.has(3));
    assert!(!g.insert(poison).unwrap());
    g.act(1, Change::Rename(name("back")));
    assert!(g.has(3));
}

#[test]
fn admins_touch_neither_the_owner_nor_each_other() {
    let mut g = with_admins();
    let mut coup = g.propose(&member(1), &[Change::Rename(name("x"))]).unwrap();
    coup.members.extend([(member(0), 2), (member(2), 2), (member(1), 9)]);
    g.insert(document(coup)).unwrap();
    assert!(g.has(0) && g.has(2));
    assert_eq!(g.view().unwrap().members[&member(1)].count, 1);
}

#[test]
fn a_member_raises_nobody_elses_counter() {
    let mut g = with_admins();
    g.insert(statement(Statement { group: ID, member: member(4), count: 1, at: NOW })).unwrap();
    assert!(!g.has(4), "nobody let them in");
    g.insert(statement(Statement { group: ID, member: member(3), count: u32::MAX, at: NOW })).unwrap();
    assert_eq!(g.view().unwrap().members[&member(3)].count, 1);
    g.act(0, Change::Remove(member(3)));
    assert!(!g.has(3), "what they claim for themselves opens nothing");
}

#[test]
fn an_open_group_bounds_what_members_claim() {
    let mut g = ledger(JoinPolicy::Open);
    g.insert(statement(Statement { group: ID, member: member(3), count: u32::MAX, at: NOW })).unwrap();
    assert!(!g.has(3));
    g.act(0, Change::Admit(member(3)));
    g.act(0, Change::Remove(member(3)));
    assert!(!g.has(3));
}

#[test]
fn contradictions_are_chosen_alike_and_shown() {
    let base = with_admins();
    let to = |name_: &str| document(base.propose(&member(1), &[Change::Rename(name(name_))]).unwrap());
    let items = [to("a"), to("b"), to("c")];
    let mut views = BTreeSet::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut g = base.clone();
        for n in order {
            g.insert(items[n].clone()).unwrap();
        }
        let kept = g.counted().len();
        assert_eq!(kept, 3, "both halves are passed on");
        views.insert(g.view().map(|view| (view.name, view.flags)).unwrap());
    }
    let flags = BTreeSet::from([Flag::Contradiction(member(1))]);
    assert_eq!(views, BTreeSet::from([(name("c"), flags)]));
}

#[test]
fn a_clock_at_the_maximum_names_nothing() {
    let mut g = with_admins();
    let mut poison = g.propose(&member(1), &[Change::Rename(name("x"))]).unwrap();
    poison.naming = Some(Naming { clock: u64::MAX, name: name("forever") });
    g.insert(document(poison)).unwrap();
    assert_eq!(g.view().unwrap().name, name("team"));
    assert_eq!(g.flags(), [Flag::TooFar(member(1))]);
    g.act(2, Change::Rename(name("crew")));
    assert_eq!(g.view().unwrap().name, name("crew"));
}

#[test]
fn the_owner_cannot_be_replaced() {
    let mut g = with_admins();
    let before = g.view();
    // A charter with another key would need a second key that makes the same id; then the smaller counts.
    let other = found(ID, 2, member(9), name("mine"), JoinPolicy::Open, NOW);
    assert!(!g.insert(document(other)).unwrap());
    assert_eq!(g.view(), before);
    let mut elsewhere = found(ID, 1, member(0), name("x"), JoinPolicy::Open, NOW);
    elsewhere.group = GroupId::from_bits(8);
    assert!(g.insert(document(elsewhere)).is_err(), "a document of another group");
    // The owner's own key without a charter is nobody.
    g.insert(document(Document { charter: None, version: 99, ..g.last(0) })).unwrap();
    assert_eq!(g.view(), before);
}

#[test]
fn namesakes_are_shown() {
    let mut g = with_admins();
    let twin = Member { user: member(3).user, key: IdentityKey::from_bytes([99; 32]) };
    g.act(0, Change::Admit(twin.clone()));
    assert_eq!(g.flags(), [Flag::Namesakes(twin.user.clone())]);
    assert_eq!(g.view().unwrap().named(&twin.user).count(), 2);
}

#[test]
fn strangers_fill_no_memory_and_push_nobody_out() {
    let stranger = |n: u32| {
        let mut key = [0; 32];
        key[28..].copy_from_slice(&n.to_be_bytes());
        Member { user: "a".parse().unwrap(), key: IdentityKey::from_bytes(key) }
    };
    let mut g = with_admins();
    g.say(3, true);
    let before = (g.view(), g.items().count());
    for n in 0..2_000 {
        let count = 1 + n % 2;
        g.insert(statement(Statement { group: ID, member: stranger(n), count, at: NOW })).unwrap();
        if n < 200 {
            let author = stranger(n);
            g.insert(document(Document { author, charter: None, ..g.last(0) })).unwrap();
        }
    }
    // A member's document waits in spite of them, for the day they are appointed.
    g.insert(document(Document { author: member(3), charter: None, ..g.last(0) })).unwrap();
    assert!(g.document(&member(3)).is_some());
    assert_eq!(g.view(), before.0);
    assert!(g.items().count() <= before.1 + WAITING_DOCUMENTS + WAITING_STATEMENTS);
}

#[test]
fn the_largest_ledger_is_worked_out_in_bounded_time() {
    let crowd = |admin: u8, n: u8| Member {
        user: format!("c{admin}-{n}").parse().unwrap(),
        key: IdentityKey::from_bytes([n; 32]),
    };
    let mut g = ledger(JoinPolicy::Invite);
    let mut all: Vec<Change> = (1..=32).map(|n| Change::Admit(member(n))).collect();
    all.extend((1..=32).map(|n| Change::Appoint(member(n))));
    g.insert(document(g.propose(&member(0), &all).unwrap())).unwrap();
    for admin in 1..=32 {
        let last = g.propose(&member(admin), &[]).unwrap();
        let members = (0..=255).map(|n| (crowd(admin, n), 1)).collect();
        g.insert(document(Document { members, ..last })).unwrap();
    }
    let view = g.view().unwrap();
    assert_eq!(view.members.len(), 256);
    assert!((0..=32).all(|n| view.has(&member(n))), "who decides stays");
    assert_eq!(g.flags().last(), Some(&Flag::Full(32 * 256 + 33 - 256)));
}
