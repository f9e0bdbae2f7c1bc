//! What is said in a group: who can read it, from when, and what the broker can make of it.

use std::collections::BTreeSet;

use cooee::crypto::{Inbound, Outbound, Unopened, tag};
use cooee::domain::DeviceId;
use vodozemac::megolm::MegolmMessage;

use super::support::{at, user};

/// A session and somebody who has its key.
fn hearing() -> (Outbound, Inbound) {
    let mut outbound = Outbound::generate(at(5));
    let mut inbound = Inbound::default();
    assert_eq!(inbound.accept(&outbound.share([].into()), at(6)), Some(true));
    (outbound, inbound)
}

#[test]
fn who_comes_later_cannot_read_what_was_said_before() {
    let (mut outbound, _) = hearing();
    let (session, before) = outbound.seal(b"before");
    let mut late = Inbound::default();
    late.accept(&outbound.share([].into()), at(6)).unwrap();
    let (_, after) = outbound.seal(b"after");
    assert_eq!(late.open(&session, &before, at(7)).unwrap_err(), Unopened::Before);
    assert_eq!(late.open(&session, &after, at(7)).unwrap().plaintext, b"after");
}

#[test]
fn whoever_leaves_ends_the_session() {
    let (bob, carol) = ((user("bob"), DeviceId::from_bits(1)), (user("carol"), DeviceId::from_bits(2)));
    let both: BTreeSet<_> = [bob.clone(), carol.clone()].into();
    let mut outbound = Outbound::generate(at(5));
    outbound.share(both.clone());
    assert!(!outbound.is_over(&both, at(6)));
    assert!(outbound.is_over(&[bob.clone()].into(), at(6)), "carol left");
    let other = (user("carol"), DeviceId::from_bits(3));
    assert!(outbound.is_over(&[bob.clone(), other.clone()].into(), at(6)), "a device of hers went");
    let more: BTreeSet<_> = [bob, carol, other.clone()].into();
    assert!(!outbound.is_over(&more, at(6)));
    assert_eq!(outbound.lacking(&more), [other].into());
}

#[test]
fn a_session_ends_after_200_messages_or_a_week() {
    let (mut outbound, mut inbound) = hearing();
    let week = 7 * 24 * 60 * 60 * 1_000;
    assert!(!outbound.is_over(&BTreeSet::new(), at(week + 4)));
    assert!(outbound.is_over(&BTreeSet::new(), at(week + 5)));
    for n in 0..200u8 {
        assert!(!outbound.is_over(&BTreeSet::new(), at(6)));
        let (session, bytes) = outbound.seal(&[n]);
        assert_eq!(inbound.open(&session, &bytes, at(7)).unwrap().index, u32::from(n));
    }
    assert!(outbound.is_over(&BTreeSet::new(), at(6)));
}

/// Keys of messages go a day after they were used, so a device that is taken tells less.
#[test]
fn what_is_a_day_old_cannot_be_opened_any_more() {
    let day = 24 * 60 * 60 * 1_000;
    let (mut outbound, mut inbound) = hearing();
    let sealed: Vec<(String, Vec<u8>)> = (0..4u8).map(|n| outbound.seal(&[n])).collect();
    let mut open = |n: usize, when: i64| inbound.open(&sealed[n].0, &sealed[n].1, at(when));
    assert!(open(0, 7).is_ok() && open(1, 7).is_ok());
    assert!(open(2, day + 7).unwrap().changed, "the mark moves");
    assert!(open(0, day + 8).is_ok(), "what came within the last day is still open");
    assert!(open(3, 2 * day + 8).unwrap().changed);
    assert_eq!(open(0, 2 * day + 9).unwrap_err(), Unopened::Before);
    assert_eq!(open(1, 2 * day + 9).unwrap_err(), Unopened::Before);
}

#[test]
fn a_key_that_opens_more_counts_and_one_that_opens_less_changes_nothing() {
    let mut outbound = Outbound::generate(at(5));
    let early = outbound.share([].into());
    let (session, first) = outbound.seal(b"first");
    let late = outbound.share([].into());
    let mut inbound = Inbound::default();
    assert_eq!(inbound.accept(&late, at(6)), Some(true));
    assert_eq!(inbound.open(&session, &first, at(7)).unwrap_err(), Unopened::Before);
    assert_eq!(inbound.accept(&early, at(6)), Some(true));
    assert_eq!(inbound.accept(&late, at(6)), Some(false));
    assert_eq!(inbound.open(&session, &first, at(7)).unwrap().plaintext, b"first");
}

#[test]
fn five_sessions_of_a_device_are_kept() {
    let (_, mut inbound) = hearing();
    let mut sessions: Vec<Outbound> = (0..6).map(|_| Outbound::generate(at(5))).collect();
    for session in &mut sessions {
        inbound.accept(&session.share([].into()), at(6)).unwrap();
    }
    let mut inbound = Inbound::read(&inbound.write()).unwrap();
    for (n, session) in sessions.iter_mut().enumerate() {
        let (name, bytes) = session.seal(b"x");
        assert_eq!(inbound.open(&name, &bytes, at(7)).is_ok(), n > 0, "session {n}");
    }
}

#[test]
fn no_changed_bit_of_what_is_said_opens_as_something_else() {
    let (mut outbound, mut inbound) = hearing();
    let (session, bytes) = outbound.seal(b"hello");
    for at_byte in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at_byte] ^= 1 << bit;
            // The number of the first message is 0, which is also what is read where none is given.
            if let Ok(said) = inbound.open(&session, &changed, at(7)) {
                let (text, index) = (said.plaintext.as_slice(), said.index);
                assert_eq!((text, index), (&b"hello"[..], 0), "byte {at_byte}, bit {bit}");
            }
        }
    }
    assert_eq!(inbound.open(&session, &bytes, at(7)).unwrap().plaintext, b"hello");
}

/// The signature covers what is read, not how it is spelled: the broker can write a field twice. So what tells
/// a repetition from a clone is a print of what was opened, never of the bytes that came.
#[test]
fn another_spelling_of_the_same_ciphertext_is_no_clone() {
    let (mut outbound, mut inbound) = hearing();
    let (session, bytes) = outbound.seal(b"hello");
    // Version, then the number of the message in two bytes; the number again is allowed.
    assert_eq!(bytes[..3], [3, 8, 0]);
    let mut spelled = vec![3, 8, 0];
    spelled.extend(&bytes[1..]);
    assert_ne!(spelled, bytes);
    assert!(MegolmMessage::from_bytes(&spelled).is_ok());
    let plain = inbound.open(&session, &bytes, at(7)).unwrap();
    let again = inbound.open(&session, &spelled, at(7)).unwrap();
    assert_eq!((plain.index, &plain.plaintext), (again.index, &again.plaintext));
    assert_eq!(plain.print(), again.print());
    assert_ne!(plain.print(), tag(&[&bytes]));
}
