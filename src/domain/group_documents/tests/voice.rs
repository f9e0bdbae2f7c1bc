//! Who has a say, and who had one when they said it.

use super::*;

fn says(g: &mut Ledger, who: u8, count: u32) {
    let said = Statement { group: ID, member: member(who), count, at: NOW };
    g.insert(statement(said)).unwrap();
}

#[test]
fn who_left_had_their_say_and_who_was_put_out_has_none() {
    let mut g = ledger(JoinPolicy::Invite);
    for who in [1, 2] {
        g.act(0, Change::Admit(member(who)));
        g.say(who, true);
    }
    assert_eq!(g.voice(&member(1), 1), Voice::Member);
    assert_eq!(g.voice(&member(1), 3), Voice::Unknown, "they may have been let in again");
    assert_eq!(g.voice(&member(1), 2), Voice::None, "nobody speaks who is out");
    g.say(1, false);
    assert_eq!(g.voice(&member(1), 1), Voice::Member, "it may come late");
    assert_eq!(g.voice(&member(1), 3), Voice::Unknown);
    g.act(0, Change::Remove(member(1)));
    assert_eq!(g.voice(&member(1), 1), Voice::None, "and whoever leaves can be silenced");
    assert_eq!(g.propose(&member(0), &[Change::Remove(member(1))]), Err(Refused::NotIn(member(1))));

    g.act(0, Change::Remove(member(2)));
    for count in [2, 4, u32::MAX - 1] {
        says(&mut g, 2, count);
        assert_eq!(g.voice(&member(2), 1), Voice::None, "by saying that they left");
    }
}

#[test]
fn a_stranger_gets_no_say_by_leaving() {
    let mut closed = ledger(JoinPolicy::Invite);
    says(&mut closed, 9, 2);
    assert_eq!(closed.voice(&member(9), 1), Voice::None);
    let mut open = ledger(JoinPolicy::Open);
    says(&mut open, 9, 2);
    assert_eq!(open.voice(&member(9), 1), Voice::Member, "they could have come in");
    open.act(0, Change::Remove(member(9)));
    assert_eq!(open.voice(&member(9), 1), Voice::None);
    says(&mut open, 9, 3);
    assert_eq!(open.voice(&member(9), 3), Voice::Member, "they can come again");
}

#[test]
fn with_an_admin_who_is_put_out_nothing_goes_that_they_decided() {
    let mut g = ledger(JoinPolicy::Invite);
    for who in [1, 2] {
        g.act(0, Change::Admit(member(who)));
        g.say(who, true);
    }
    g.act(0, Change::Appoint(member(1)));
    g.act(1, Change::Remove(member(2)));
    g.act(1, Change::Admit(member(3)));
    g.act(0, Change::Remove(member(1)));
    assert!(!g.has(1) && !g.has(2) && g.has(3));
}

#[test]
fn the_owner_comes_back_without_being_asked() {
    let mut g = ledger(JoinPolicy::Invite);
    g.say(0, false);
    assert!(!g.has(0));
    g.say(0, true);
    assert!(g.has(0));
    assert_eq!(g.state(&member(1), true, NOW), Err(Refused::NotInvited));
}

#[test]
fn what_two_devices_of_one_admin_decided_at_once_is_mended() {
    let mut g = ledger(JoinPolicy::Invite);
    g.act(0, Change::Admit(member(1)));
    assert_eq!(g.mend(&member(0)), None);
    let one = g.propose(&member(0), &[Change::Admit(member(2))]).unwrap();
    let changes = [Change::Appoint(member(1)), Change::Rename(name("crew"))];
    let other = g.propose(&member(0), &changes).unwrap();
    let mut reversed = g.clone();
    for item in [one.clone(), other.clone()] {
        g.insert(document(item)).unwrap();
    }
    for item in [other, one] {
        reversed.insert(document(item)).unwrap();
    }
    let mended = g.mend(&member(0)).unwrap();
    assert_eq!(reversed.mend(&member(0)), Some(mended.clone()), "whichever device does it");
    g.insert(document(mended)).unwrap();
    let view = g.view().unwrap();
    assert!(view.has(&member(2)) && view.admins.contains(&member(1)) && view.name == name("crew"));
    assert_eq!((view.flags.len(), g.mend(&member(0))), (0, None));
}
