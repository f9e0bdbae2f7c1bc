//! Somebody is put back to an earlier state, by a backup, a copy or a machine that lost its last seconds. Nothing
//! wrong is ever opened, what is lost is told, and the next turn mends it.

use cooee::crypto::{Closed, Device, Inbound, Outbound, Peer, tag};
use cooee::store::{Incoming, Opened};

use super::gaps::mends;
use super::storage::Storage;
use super::support::{acquainted, at, id, pair, user};

#[test]
fn a_sender_who_is_rolled_back_is_not_understood_until_they_seal_with_new_keys() {
    let (mut alice, mut bob) = acquainted();
    let keys = alice.device.keys();
    let begins_a_chain = alice.seal(b"hello");
    bob.read(&keys, &begins_a_chain);
    let before = alice.peer.write();
    let first = alice.seal(b"the pump is off");
    assert_eq!(bob.read(&keys, &first), b"the pump is off");
    alice.peer = Peer::read(&before).unwrap();
    // Sealed with the same key: Bob, who used it up, opens nothing by it.
    let second = alice.seal(b"the pump is on!");
    assert_eq!(bob.open(&keys, &second), Err(Closed::Used));
    // The one after it is sealed with a key of its own.
    let third = alice.seal(b"hello?");
    assert_eq!(bob.read(&keys, &third), b"hello?");
    mends(&mut alice, &mut bob);
}

#[test]
fn a_sender_who_is_rolled_back_by_a_turn_is_not_understood_until_a_new_session() {
    let (mut alice, mut bob) = acquainted();
    let (alices, bobs) = (alice.device.keys(), bob.device.keys());
    let before = alice.peer.write();
    for _ in 0..7 {
        let there = alice.seal(b"there");
        bob.read(&alices, &there);
        let back = bob.seal(b"back");
        alice.read(&bobs, &back);
    }
    alice.peer = Peer::read(&before).unwrap();
    let sealed = alice.seal(b"from the past");
    assert_eq!(bob.open(&alices, &sealed), Err(Closed::Used));
    mends(&mut alice, &mut bob);
}

#[test]
fn a_receiver_who_is_rolled_back_opens_again_what_they_know_by_its_id_alone() {
    let (mut alice, mut bob) = acquainted();
    let keys = alice.device.keys();
    let before = bob.peer.write();
    let first = alice.seal(b"first");
    assert_eq!(bob.read(&keys, &first), b"first");
    bob.peer = Peer::read(&before).unwrap();
    assert_eq!(bob.read(&keys, &first), b"first", "ciphertexts are no proof that something is new");
    let second = alice.seal(b"second");
    assert_eq!(bob.read(&keys, &second), b"second", "he goes on where Alice is");
}

#[test]
fn a_receiver_who_is_rolled_back_by_a_turn_understands_nothing_until_a_new_session() {
    let (mut alice, mut bob) = acquainted();
    let (alices, bobs) = (alice.device.keys(), bob.device.keys());
    let before = bob.peer.write();
    let there = alice.seal(b"there");
    bob.read(&alices, &there);
    let back = bob.seal(b"back");
    alice.read(&bobs, &back);
    bob.peer = Peer::read(&before).unwrap();
    let sealed = alice.seal(b"sealed for a key that Bob lost");
    assert_eq!(bob.open(&alices, &sealed), Err(Closed::Used));
    mends(&mut alice, &mut bob);
}

#[test]
fn a_device_that_lost_its_newest_fallback_key_is_not_reached_and_says_so() {
    let (mut alice, mut bob) = pair();
    let before = bob.device.write();
    assert!(bob.device.renew(at(1_000_000_000)));
    alice.begin(&bob);
    bob.device = Device::read(&before).unwrap();
    let sealed = alice.seal(b"hello");
    assert_eq!(bob.open(&alice.device.keys(), &sealed), Err(Closed::NoSession));
    mends(&mut alice, &mut bob);
}

/// A week after it was replaced a fallback key still opens; after another week it does not.
#[test]
fn first_messages_for_the_fallback_key_before_open_until_the_next_one() {
    let (mut alice, mut bob) = pair();
    let (mut late, mut too_late) = (pair().0, pair().0);
    for party in [&mut alice, &mut late, &mut too_late] {
        party.begin(&bob);
    }
    let week = 7 * 24 * 60 * 60 * 1_000;
    let sealed = alice.seal(b"in time");
    assert_eq!(bob.read(&alice.device.keys(), &sealed), b"in time");
    assert!(bob.device.renew(at(week + 5)));
    let sealed = late.seal(b"late");
    assert_eq!(bob.read(&late.device.keys(), &sealed), b"late");
    assert!(bob.device.renew(at(2 * week + 5)));
    let sealed = too_late.seal(b"too late");
    bob.peer = Peer::default();
    assert_eq!(bob.open(&too_late.device.keys(), &sealed), Err(Closed::NoSession));
}

/// SECRECY section 2, traps 3 and 6: the same Megolm index with a new ciphertext.
#[test]
fn the_same_megolm_index_with_new_ciphertext_is_a_clone_alarm() {
    let storage = Storage::new();
    let mut outbound = Outbound::generate(at(5));
    let mut inbound = Inbound::default();
    inbound.accept(&outbound.share([].into()), at(6)).unwrap();
    let before = outbound.write();
    let (session, first) = outbound.seal(b"the pump is off");
    let mut copy = Outbound::read(&before).unwrap();
    let (_, second) = copy.seal(b"the pump is on!");
    let mut hear = |bytes: &[u8], letter| {
        let said = inbound.open(&session, bytes, at(7)).unwrap();
        let opened = Opened {
            tag: tag(&[b"group", session.as_bytes(), &said.index.to_be_bytes()]),
            print: Some(said.print()),
            sender: user("alice"),
            letter: id(letter),
            awaited: true,
        };
        (said.plaintext, storage.receive(vec![Incoming::Opened(opened)]).cloned)
    };
    assert_eq!(hear(&first, 1), (b"the pump is off".to_vec(), vec![]));
    assert_eq!(hear(&first, 1).1, [], "the same again is a repetition");
    assert_eq!(hear(&second, 2), (b"the pump is on!".to_vec(), vec![user("alice")]));
}

#[test]
fn a_group_receiver_who_is_rolled_back_opens_everything_again() {
    let mut outbound = Outbound::generate(at(5));
    let mut inbound = Inbound::default();
    inbound.accept(&outbound.share([].into()), at(6)).unwrap();
    let before = inbound.write();
    let (session, bytes) = outbound.seal(b"hello");
    let said = inbound.open(&session, &bytes, at(7)).unwrap();
    assert_eq!((said.plaintext, said.index), (b"hello".to_vec(), 0));
    inbound = Inbound::read(&before).unwrap();
    let said = inbound.open(&session, &bytes, at(7)).unwrap();
    assert_eq!((said.plaintext, said.index), (b"hello".to_vec(), 0));
}
