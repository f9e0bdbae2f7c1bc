//! What is lost or late: how much a session skips, and how it is mended when that was too little.

use cooee::crypto::{Closed, Peer, tag};
use cooee::protocol::Ciphertext;
use cooee::store::{Incoming, Opened};

use super::storage::Storage;
use super::support::{Party, acquainted, id, pair, user};

/// So many messages of Alice's, numbered.
fn run(alice: &mut Party, count: u32) -> Vec<Ciphertext> {
    (0..count).map(|n| alice.seal(&n.to_be_bytes())).collect()
}

/// How many of these open, the last one first and then the others in their order.
fn opened_when_the_last_overtakes(count: u32) -> usize {
    let (mut alice, mut bob) = acquainted();
    let keys = alice.device.keys();
    let sealed = run(&mut alice, count);
    let last = sealed.last().unwrap();
    assert_eq!(bob.read(&keys, last), (count - 1).to_be_bytes());
    let others = &sealed[..sealed.len() - 1];
    1 + others
        .iter()
        .enumerate()
        .filter(|(n, sealed)| match bob.open(&keys, sealed) {
            Ok((text, _)) => {
                assert_eq!(text, u32::try_from(*n).unwrap().to_be_bytes());
                true
            }
            Err(why) => {
                assert_eq!(why, Closed::Used);
                false
            }
        })
        .count()
}

#[test]
fn a_gap_of_40_loses_nothing_and_one_of_41_the_oldest() {
    assert_eq!(opened_when_the_last_overtakes(41), 41, "40 are skipped");
    assert_eq!(opened_when_the_last_overtakes(42), 41, "41 are skipped");
}

/// SECRECY section 2, trap 5.
#[test]
fn of_59_in_reverse_order_19_are_lost_and_told() {
    let (mut alice, mut bob) = acquainted();
    let keys = alice.device.keys();
    let sealed = run(&mut alice, 59);
    let lost = sealed.iter().rev().filter(|sealed| bob.open(&keys, sealed).is_err()).count();
    assert_eq!(lost, 18, "the first to come, and the 40 before it");
}

#[test]
fn a_gap_of_2000_opens_and_one_of_2001_is_told_and_mended() {
    let (mut alice, mut bob) = acquainted();
    let keys = alice.device.keys();
    let sealed = run(&mut alice, 2_002);
    assert_eq!(bob.open(&keys, &sealed[2_001]), Err(Closed::Used));
    assert_eq!(bob.read(&keys, &sealed[2_000]), 2_000u32.to_be_bytes(), "2,000 are skipped");
    // From there the one that was too far away is near.
    assert_eq!(bob.read(&keys, &sealed[2_001]), 2_001u32.to_be_bytes());
}

#[test]
fn a_first_message_that_comes_after_2001_lost_ones_is_told_and_mended() {
    let (mut alice, mut bob) = pair();
    alice.begin(&bob);
    let sealed = run(&mut alice, 2_002);
    let keys = alice.device.keys();
    assert_eq!(bob.open(&keys, &sealed[2_001]), Err(Closed::NoSession));
    assert!(!bob.peer.is_ready(), "it left no session");
    mends(&mut alice, &mut bob);
    assert_eq!(bob.open(&keys, &sealed[2_000]).unwrap().0, 2_000u32.to_be_bytes());
}

/// Nothing in a session comes so far, because nobody goes on sealing without an answer.
#[test]
fn a_session_without_an_answer_is_given_up_long_before_2000() {
    let (mut alice, mut bob) = acquainted();
    run(&mut alice, 499);
    assert!(alice.peer.is_ready());
    run(&mut alice, 1);
    assert!(!alice.peer.is_ready());
    mends(&mut alice, &mut bob);
    assert!(alice.peer.is_ready());
}

/// Six turns of the ratchet late: the chain is gone.
#[test]
fn what_comes_six_turns_late_is_told_and_mended() {
    let (mut alice, mut bob) = acquainted();
    let (alices, bobs) = (alice.device.keys(), bob.device.keys());
    let late = alice.seal(b"late");
    for turn in 0..6u8 {
        let there = alice.seal(&[turn]);
        assert_eq!(bob.read(&alices, &there), [turn]);
        let back = bob.seal(&[turn]);
        assert_eq!(alice.read(&bobs, &back), [turn]);
    }
    assert_eq!(bob.open(&alices, &late), Err(Closed::Used));
    mends(&mut alice, &mut bob);
}

/// What Bob cannot open and never did is lost by what the store says; what he opened before came again.
#[test]
fn what_cannot_be_opened_is_told_apart_from_what_came_again() {
    let (mut alice, mut bob) = acquainted();
    let keys = alice.device.keys();
    let sealed = run(&mut alice, 42);
    let storage = Storage::new();
    let known = |sealed: &Ciphertext| tag(&[&[sealed.kind], &sealed.bytes]);
    let sender = user("alice");
    bob.read(&keys, &sealed[41]);
    let opened = Opened {
        tag: known(&sealed[41]),
        print: None,
        sender: sender.clone(),
        letter: id(41),
        awaited: true,
    };
    storage.receive(vec![Incoming::Opened(opened)]);
    let device = keys.id;
    let used = |sealed: &Ciphertext| {
        vec![Incoming::Used { tag: known(sealed), sender: sender.clone(), device }]
    };
    assert_eq!(bob.open(&keys, &sealed[41]), Err(Closed::Used));
    let again = storage.receive(used(&sealed[41]));
    assert_eq!((again.again, again.lost), (vec![(sender.clone(), id(41))], vec![]));
    assert_eq!(bob.open(&keys, &sealed[0]), Err(Closed::Used));
    let lost = storage.receive(used(&sealed[0]));
    assert_eq!((lost.again, lost.lost), (vec![], vec![(sender.clone(), device)]));
}

/// Recovery: Bob, who cannot open what came, begins a new session and says so in it; what Alice seals anew
/// then goes through it.
pub fn mends(alice: &mut Party, bob: &mut Party) {
    bob.begin(alice);
    let (alices, bobs) = (alice.device.keys(), bob.device.keys());
    let unreadable = bob.seal(b"unreadable");
    assert_eq!(unreadable.kind, 0);
    assert_eq!(alice.read(&bobs, &unreadable), b"unreadable");
    let anew = alice.seal(b"anew");
    assert_eq!(bob.read(&alices, &anew), b"anew");
    let answer = bob.seal(b"answer");
    assert_eq!(alice.read(&bobs, &answer), b"answer");
}

/// Whoever writes thousands of letters to somebody who is away begins further sessions meanwhile. The other comes
/// back and answers in the first one that they open: that one must not have been given up.
#[test]
fn an_answer_to_the_first_of_thousands_is_opened() {
    let (mut alice, mut bob) = pair();
    let (alices, bobs) = (alice.device.keys(), bob.device.keys());
    let sealed: Vec<Ciphertext> = (0u32..5_000)
        .map(|n| {
            if !alice.peer.is_ready() {
                alice.begin(&bob);
            }
            alice.seal(&n.to_be_bytes())
        })
        .collect();
    // As after a restart.
    alice.peer = Peer::read(&alice.peer.write()).unwrap();
    for n in [0, 499, 500, 1_900, 3_600] {
        assert_eq!(bob.read(&alices, &sealed[n]), u32::try_from(n).unwrap().to_be_bytes());
        let answer = bob.seal(b"I have it");
        assert_eq!(alice.read(&bobs, &answer), b"I have it", "after letter {n}");
    }
}
