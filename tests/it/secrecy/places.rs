//! Nothing that was sealed for one place opens in another: another person, another device, another chat, another
//! row of the database.

use cooee::crypto::{Closed, Inbound, Outbound, Peer, Unopened};
use cooee::domain::{DeviceKeys, GroupId};
use cooee::protocol::{Content, End, Inside, SenderKey};

use super::support::{Party, acquainted, at, inside, letter, pair, read_inside};

/// What the engine checks of what was opened: who seals for whom. With the keys where a session begins.
fn is_between(inside: &Inside, from: &End, to: &End) -> bool {
    inside.from == *from && inside.to.as_ref() == Some(to)
}

/// Eve names Alice's lasting key as her own device's, in a profile that she signs herself. So what Alice seals
/// for Bob opens as Eve's too, but it says whose it is.
#[test]
fn unknown_key_share_what_alice_seals_is_not_taken_for_eves() {
    let (mut alice, mut bob) = pair();
    let eve = Party::new("eve", 0xe);
    alice.begin(&bob);
    let text = inside(&alice, &bob, &letter(1, "I owe you"));
    let sealed = alice.seal(&text);
    let claimed = DeviceKeys { agreement: alice.device.keys().agreement, ..eve.device.keys() };
    let opened = read_inside(&bob.read(&claimed, &sealed));
    assert!(!is_between(&opened, &eve.end(), &bob.end()));
    assert!(is_between(&opened, &alice.end(), &bob.end()));
}

/// Eve publishes Bob's keys as her own device's: what Alice then says to Eve opens at Bob's, and says that it is
/// not for him.
#[test]
fn unknown_key_share_what_is_said_to_eve_is_not_taken_for_said_to_bob() {
    let (mut alice, mut bob) = pair();
    let eve = Party::new("eve", 0xe);
    let (agreement, fallback) = (bob.device.keys().agreement, bob.fallback());
    let claimed = DeviceKeys { agreement, ..eve.device.keys() };
    assert!(alice.peer.begin(&alice.device, &claimed, &fallback));
    let text = inside(&alice, &eve, &letter(1, "Bob is a fool"));
    let sealed = alice.seal(&text);
    let opened = read_inside(&bob.read(&alice.device.keys(), &sealed));
    assert!(!is_between(&opened, &alice.end(), &bob.end()));
}

#[test]
fn a_first_message_opens_at_no_other_device_and_from_no_other_sender() {
    let (mut alice, bob) = pair();
    let mut carol = Party::new("carol", 0xc);
    alice.begin(&bob);
    let sealed = alice.seal(b"for bob");
    assert_eq!(carol.open(&alice.device.keys(), &sealed), Err(Closed::NoSession));
    let mut bob = bob;
    assert_eq!(bob.open(&carol.device.keys(), &sealed), Err(Closed::Malformed));
    assert_eq!(bob.read(&alice.device.keys(), &sealed), b"for bob");
}

#[test]
fn session_keys_of_another_open_nothing() {
    let (mut alice, _) = acquainted();
    let (_, mut bob) = acquainted();
    let sealed = alice.seal(b"hello");
    assert_eq!(bob.open(&alice.device.keys(), &sealed), Err(Closed::Used));
    let mut stranger = Party::new("carol", 0xc);
    assert_eq!(stranger.open(&alice.device.keys(), &sealed), Err(Closed::NoSession));
}

#[test]
fn replay_across_chats_what_was_said_in_one_group_names_it() {
    let (here, there) = (GroupId::from_bits(1), GroupId::from_bits(2));
    let mut said = letter(1, "yes");
    said.group = Some(here);
    let (alice, bob) = pair();
    let opened = read_inside(&inside(&alice, &bob, &said));
    assert_eq!(opened.letter.group, Some(here));
    assert_ne!(opened.letter.group, Some(there));
    // And a direct message names no group.
    assert_eq!(read_inside(&inside(&alice, &bob, &letter(1, "yes"))).letter.group, None);
}

/// What is known of senders' sessions is kept by group and device: a session is of one alone.
#[test]
fn a_megolm_session_bound_to_another_group_or_sender_opens_nothing() {
    let mut outbound = Outbound::generate(at(5));
    let key = outbound.share([].into());
    let (session, bytes) = outbound.seal(b"in this group");
    let (mut here, mut elsewhere) = (Inbound::default(), Inbound::default());
    assert_eq!(here.accept(&key, at(6)), Some(true));
    assert_eq!(here.open(&session, &bytes, at(7)).unwrap().plaintext, b"in this group");
    assert_eq!(elsewhere.open(&session, &bytes, at(7)).unwrap_err(), Unopened::NoKey);
    // A session of Eve's, and Alice's words under its name.
    let mut eves = Outbound::generate(at(5));
    elsewhere.accept(&eves.share([].into()), at(6)).unwrap();
    let (eves_session, _) = eves.seal(b"x");
    assert_eq!(elsewhere.open(&eves_session, &bytes, at(7)).unwrap_err(), Unopened::Malformed);
}

/// Eve, a member, passes Alice's key on as her own. She can repeat Alice's words then, but say nothing, and what
/// she repeats names Alice.
#[test]
fn a_member_who_passes_on_the_key_of_another_speaks_with_nobodys_voice() {
    let (alice, bob) = pair();
    let mut outbound = Outbound::generate(at(5));
    let key = outbound.share([].into());
    let (session, bytes) = outbound.seal(&inside(&alice, &bob, &letter(1, "yes")));
    let mut eves = Inbound::default();
    eves.accept(&key, at(6)).unwrap();
    let opened = read_inside(&eves.open(&session, &bytes, at(7)).unwrap().plaintext);
    assert_eq!(opened.from.user, alice.user);
    // The key opens and does not seal: her own words under that name are refused.
    let (_, forged) = Outbound::generate(at(5)).seal(b"no");
    assert_eq!(eves.open(&session, &forged, at(7)).unwrap_err(), Unopened::Malformed);
}

/// Whoever may write the database, or puts records in each other's place.
#[test]
fn swapped_database_records_open_nothing_of_others() {
    let (mut alice, bob) = acquainted();
    let (mut carol, dave) = acquainted();
    let (bobs, daves) = (bob.peer.write(), dave.peer.write());
    let mut swapped = Party { peer: Peer::read(&daves).unwrap(), ..bob };
    let sealed = alice.seal(b"for bob");
    assert_eq!(swapped.open(&alice.device.keys(), &sealed), Err(Closed::Used));
    // What is sealed with the wrong record is read by nobody who it is not for.
    let wrong = swapped.seal(b"for alice");
    assert_eq!(alice.open(&swapped.device.keys(), &wrong), Err(Closed::Used));
    // Put right, it works as before.
    swapped.peer = Peer::read(&bobs).unwrap();
    assert_eq!(swapped.read(&alice.device.keys(), &sealed), b"for bob");
    let fine = carol.seal(b"for dave");
    let mut dave = dave;
    assert_eq!(dave.read(&carol.device.keys(), &fine), b"for dave");

    let (mut one, mut two) = (Outbound::generate(at(5)), Outbound::generate(at(5)));
    let (mut first, mut second) = (Inbound::default(), Inbound::default());
    first.accept(&one.share([].into()), at(6)).unwrap();
    second.accept(&two.share([].into()), at(6)).unwrap();
    let (session, bytes) = one.seal(b"in the first group");
    let mut swapped = Inbound::read(&second.write()).unwrap();
    assert_eq!(swapped.open(&session, &bytes, at(7)).unwrap_err(), Unopened::NoKey);
}

#[test]
fn records_of_one_kind_are_no_records_of_another() {
    let (alice, _) = acquainted();
    let mut outbound = Outbound::generate(at(5));
    let mut inbound = Inbound::default();
    inbound.accept(&outbound.share([].into()), at(6)).unwrap();
    let blobs = [alice.device.write(), alice.peer.write(), outbound.write(), inbound.write()];
    for (n, blob) in blobs.iter().enumerate() {
        let read = [
            cooee::crypto::Device::read(blob).is_ok(),
            Peer::read(blob).is_ok(),
            Outbound::read(blob).is_ok(),
            Inbound::read(blob).is_ok(),
        ];
        for (m, read) in read.into_iter().enumerate() {
            assert_eq!(read, n == m, "kind {n} read as kind {m}");
        }
    }
}

/// Keys do not reach a log by way of what is printed for a programmer.
#[test]
fn a_sender_key_is_never_shown() {
    let content =
        Content::SenderKey(SenderKey { group: GroupId::from_bits(1), key: "hushhush".to_owned() });
    assert!(!format!("{content:?}").contains("hushhush"));
}
