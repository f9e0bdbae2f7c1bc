//! Comparisons between two sides, with steps that are lost, changed, repeated and crossed.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::AgreementKey;
use crate::protocol::{Bytes32, Reason, Step, StepKind};

fn side(user: &str, key: u8) -> Side {
    Side { user: user.parse().unwrap(), key: IdentityKey::from_bytes([key; 32]) }
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// Alice began, Bob answered, and both see emoji. With all steps so far.
fn shared() -> (Comparison, Comparison, Vec<Step>) {
    let (alice, bob) = (side("alice", 1), side("bob", 2));
    let (mut a, start) = Comparison::start(alice.clone(), bob.clone(), id(1));
    let (mut b, key) = Comparison::answer(bob, alice, &start).unwrap();
    let reveal = a.receive(&key).unwrap();
    assert_eq!(b.receive(&reveal), None);
    (a, b, vec![start, key, reveal])
}

fn emoji(comparison: &Comparison) -> [Emoji; 7] {
    match comparison.progress() {
        Progress::Compare(emoji) | Progress::Confirmed(emoji) => emoji,
        other => panic!("no emoji: {other:?}"),
    }
}

const FORGED: Progress = Progress::Failed(Reason::Forged);

#[test]
fn two_who_see_the_same_verify_each_other() {
    let (mut a, mut b, _) = shared();
    assert_eq!(emoji(&a), emoji(&b));
    let from_a = a.confirm(true).unwrap();
    assert!(matches!(a.progress(), Progress::Confirmed(_)));
    assert_eq!(b.receive(&from_a), None);
    assert!(matches!(b.progress(), Progress::Compare(_)), "their word does not stand for ours");
    let from_b = b.confirm(true).unwrap();
    assert_eq!(b.progress(), Progress::Verified);
    assert_eq!(a.receive(&from_b), None);
    assert_eq!(a.progress(), Progress::Verified);
    assert_eq!(a.confirm(true), None);
    assert_eq!(a.cancel(Reason::Timeout), None, "what is verified stays so");
}

#[test]
fn a_mismatch_and_a_cancellation_end_both_sides() {
    for why in [Reason::Mismatch, Reason::Cancelled, Reason::Timeout] {
        let (mut a, mut b, _) = shared();
        let over = if why == Reason::Mismatch { a.confirm(false) } else { a.cancel(why) };
        assert_eq!(b.receive(&over.unwrap()), None);
        assert_eq!((a.progress(), b.progress()), (Progress::Failed(why), Progress::Failed(why)));
        assert_eq!((a.confirm(true), b.confirm(true)), (None, None));
    }
}

#[test]
fn both_may_begin_at_once() {
    let (alice, bob) = (side("alice", 1), side("bob", 2));
    let (mut a, start_a) = Comparison::start(alice.clone(), bob.clone(), id(1));
    let (mut b, start_b) = Comparison::start(bob, alice, id(2));
    assert_eq!(a.receive(&start_b), None, "hers stands");
    let key = b.receive(&start_a).unwrap();
    assert_eq!(b.id(), id(1));
    let reveal = a.receive(&key).unwrap();
    assert_eq!(a.receive(&start_b), None, "late");
    assert_eq!(b.receive(&reveal), None);
    assert_eq!(emoji(&a), emoji(&b));
}

#[test]
fn somebody_in_between_changes_the_emoji() {
    let (alice, bob) = (side("alice", 1), side("bob", 2));
    // Each takes Mallory's key for the other's; she speaks with both.
    let (false_alice, false_bob) = (side("alice", 9), side("bob", 9));
    let (mut a, start) = Comparison::start(alice.clone(), false_bob.clone(), id(1));
    let (mut to_a, key) = Comparison::answer(false_bob, alice, &start).unwrap();
    to_a.receive(&a.receive(&key).unwrap());
    let (mut to_b, start) = Comparison::start(false_alice.clone(), bob.clone(), id(1));
    let (mut b, key) = Comparison::answer(bob, false_alice, &start).unwrap();
    b.receive(&to_b.receive(&key).unwrap());
    assert_ne!(emoji(&a), emoji(&b));
    // Without meddling with the comparison, the keys that they know are told apart.
    let (mut a, start) = Comparison::start(side("alice", 1), side("bob", 9), id(1));
    let (mut b, key) = Comparison::answer(side("bob", 2), side("alice", 9), &start).unwrap();
    let reveal = a.receive(&key).unwrap();
    assert!(b.receive(&reveal).is_some());
    assert_eq!(b.progress(), FORGED);
}

#[test]
fn a_key_that_is_not_the_promised_one_is_refused() {
    let (alice, bob) = (side("alice", 1), side("bob", 2));
    let (_, start) = Comparison::start(alice.clone(), bob.clone(), id(1));
    let (mut b, _) = Comparison::answer(bob, alice, &start).unwrap();
    let k = AgreementKey::from_bytes([9; 32]);
    let over = b.receive(&Step { id: id(1), kind: StepKind::Reveal { k } }).unwrap();
    assert_eq!(over.kind, StepKind::Cancel { why: Reason::Forged });
    assert_eq!(b.progress(), FORGED);
}

#[test]
fn worthless_keys_are_refused() {
    let mut one = [0; 32];
    one[0] = 1;
    // The prime, which stands for zero; and a point of order eight.
    let mut prime = [0xff; 32];
    (prime[0], prime[31]) = (0xed, 0x7f);
    let eight = [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
        0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ];
    for bytes in [[0; 32], one, prime, eight] {
        let (mut a, _) = Comparison::start(side("alice", 1), side("bob", 2), id(1));
        let k = AgreementKey::from_bytes(bytes);
        let over = a.receive(&Step { id: id(1), kind: StepKind::Key { k } });
        assert!(matches!(over.unwrap().kind, StepKind::Cancel { why: Reason::Forged }), "{bytes:?}");
        assert_eq!(a.progress(), FORGED);
    }
}

#[test]
fn our_own_steps_sent_back_verify_nobody() {
    let (mut a, _, steps) = shared();
    let mac = a.confirm(true).unwrap();
    a.receive(&mac);
    assert_eq!(a.progress(), FORGED, "a check value speaks for its sender alone");
    let (mut a, _, _) = shared();
    a.receive(&Step { id: id(1), kind: steps[2].kind.clone() });
    assert_eq!(a.progress(), FORGED);
    let (mut a, start) = Comparison::start(side("alice", 1), side("bob", 2), id(1));
    assert!(a.receive(&start).is_some());
    assert_eq!(a.progress(), FORGED);
}

#[test]
fn a_check_value_may_come_before_the_key() {
    let (alice, bob) = (side("alice", 1), side("bob", 2));
    let (mut a, start) = Comparison::start(alice.clone(), bob.clone(), id(1));
    let (mut b, key) = Comparison::answer(bob, alice, &start).unwrap();
    let reveal = a.receive(&key).unwrap();
    let mac = a.confirm(true).unwrap();
    for step in [&mac, &mac, &reveal, &reveal, &mac] {
        assert_eq!(b.receive(step), None);
    }
    let mac = b.confirm(true).unwrap();
    assert_eq!(b.progress(), Progress::Verified);
    a.receive(&mac);
    assert_eq!(a.progress(), Progress::Verified);
}

#[test]
fn a_foreign_comparison_is_none_of_ours() {
    let (mut a, _, _) = shared();
    let (_, start) = Comparison::start(side("bob", 2), side("alice", 1), id(9));
    let foreign = Step { id: id(9), kind: StepKind::Cancel { why: Reason::Cancelled } };
    assert_eq!((a.receive(&start), a.receive(&foreign)), (None, None));
    assert!(matches!(a.progress(), Progress::Compare(_)));
    assert!(Comparison::answer(side("alice", 1), side("bob", 2), &foreign).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// What the other really sent may come again at any time; then they still verify each other, and never
    /// before both persons said so.
    #[test]
    fn repetition_makes_no_difference(picks in prop::collection::vec((any::<bool>(), 0_usize..8), 0..40)) {
        let (mut a, mut b, steps) = shared();
        let (mut to_a, mut to_b) = (vec![steps[1].clone()], vec![steps[0].clone(), steps[2].clone()]);
        for (turn, (at_a, pick)) in picks.into_iter().enumerate() {
            if turn == 10 {
                to_b.extend(a.confirm(true));
            }
            if turn == 20 {
                to_a.extend(b.confirm(true));
            }
            let (comparison, from) = if at_a { (&mut a, &to_a) } else { (&mut b, &to_b) };
            let answer = comparison.receive(&from[pick % from.len()]);
            prop_assert_eq!(answer, None);
            if turn < 20 {
                prop_assert!(a.progress() != Progress::Verified && b.progress() != Progress::Verified);
            }
        }
        to_b.extend(a.confirm(true));
        to_a.extend(b.confirm(true));
        b.receive(to_b.last().unwrap());
        a.receive(to_a.last().unwrap());
        prop_assert_eq!((a.progress(), b.progress()), (Progress::Verified, Progress::Verified));
    }

    /// Whatever is sent, nobody is verified who has not the secret.
    #[test]
    fn nonsense_verifies_nobody(kinds in prop::collection::vec((0_u8..5, any::<[u8; 32]>()), 0..20)) {
        let (mut a, mut b, _) = shared();
        a.confirm(true);
        b.confirm(true);
        for (kind, bytes) in kinds {
            let (k, c) = (AgreementKey::from_bytes(bytes), Bytes32(bytes));
            let kind = match kind {
                0 => StepKind::Start { c },
                1 => StepKind::Key { k },
                2 => StepKind::Reveal { k },
                3 => StepKind::Mac { m: c },
                _ => StepKind::Cancel { why: Reason::Other },
            };
            let step = Step { id: id(1), kind };
            a.receive(&step);
            b.receive(&step);
        }
        prop_assert!(a.progress() != Progress::Verified && b.progress() != Progress::Verified);
    }
}
