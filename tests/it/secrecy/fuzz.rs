//! Broken input for everything that reads what others sent, or what lies on the disk.
//!
//! Each target gets valid inputs that are damaged in all the usual ways, and random bytes. It may refuse them or
//! take them; it must not panic. By default each gets a few hundred, so that this takes seconds;
//! `COOEE_FUZZ=1000000` is for long runs and `COOEE_FUZZ_SEED` for other ones. How many ran is printed, and the
//! input that breaks something is printed in hexadecimal.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use cooee::crypto::{
    Device, Inbound, Outbound, Peer, groups, open_bundle, open_profile, seal_bundle, seal_profile,
    signed,
};
use cooee::domain::group_documents::{Ledger, Member, found};
use cooee::domain::{GroupChange, GroupId, GroupName, IdentityKey, JoinPolicy};
use cooee::protocol::{
    Ciphertext, Content, Envelope, Letter, Missing, Receipt, SenderKey, Stage, decode_bundle,
    decode_card, decode_envelope, decode_inside, decode_letter, decode_plain, decode_presence,
    decode_profile, decode_typing, encode_bundle, encode_card, encode_envelope, encode_letter,
    encode_plain, encode_profile, encode_typing,
};
use fastrand::Rng;
use vodozemac::Ed25519SecretKey as SecretKey;
use vodozemac::megolm::{MegolmMessage, SessionKey};
use vodozemac::olm::OlmMessage;

use super::support::{Party, acquainted, at, founded, id, inside, letter, pair, papers, user};

/// How many inputs each target gets.
fn wanted() -> u64 {
    std::env::var("COOEE_FUZZ").map_or(400, |n| n.parse().expect("COOEE_FUZZ is a number"))
}

fn seed() -> u64 {
    std::env::var("COOEE_FUZZ_SEED").map_or(0xc00ee, |n| n.parse().expect("COOEE_FUZZ_SEED is a number"))
}

/// Gives a target its inputs. It says whether it took one.
fn fuzz(name: &str, valid: &[Vec<u8>], mut target: impl FnMut(&[u8]) -> bool) {
    for input in valid {
        assert!(target(input), "{name}: what is valid is taken");
    }
    let (count, seed) = (wanted(), seed());
    let mut rng = Rng::with_seed(seed);
    let (mut taken, mut slowest) = (0u64, Duration::ZERO);
    for n in 0..count {
        let input = damaged(&mut rng, valid);
        let start = Instant::now();
        match catch_unwind(AssertUnwindSafe(|| target(&input))) {
            Ok(took) => taken += u64::from(took),
            Err(_) => panic!("{name}: input {n} of seed {seed} breaks it: {}", hex(&input)),
        }
        slowest = slowest.max(start.elapsed());
    }
    println!("fuzz: {name}: {count} inputs of seed {seed}, {taken} taken, the slowest in {slowest:?}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A valid input that is damaged once to four times, or now and then random bytes.
fn damaged(rng: &mut Rng, valid: &[Vec<u8>]) -> Vec<u8> {
    if rng.u8(..) < 16 {
        return (0..rng.usize(..300)).map(|_| rng.u8(..)).collect();
    }
    let mut bytes = valid[rng.usize(..valid.len())].clone();
    for _ in 0..[1, 1, 1, 2, 3, 4][rng.usize(..6)] {
        let other = rng.usize(..valid.len());
        damage(rng, &mut bytes, &valid[other]);
    }
    bytes
}

fn damage(rng: &mut Rng, bytes: &mut Vec<u8>, other: &[u8]) {
    let length = bytes.len();
    if length == 0 {
        bytes.push(rng.u8(..));
        return;
    }
    let place = rng.usize(..length);
    // A run that begins there.
    let end = place + rng.usize(..=(length - place).min(40));
    match rng.u8(..10) {
        0 => bytes[place] ^= 1 << rng.u8(..8),
        1 => bytes[place] = rng.u8(..),
        // Numbers and lengths at their ends.
        2 => bytes[place] = [0, 1, 0x7f, 0x80, 0xff][rng.usize(..5)],
        3 => bytes.truncate(place),
        4 => drop(bytes.drain(place..end)),
        // Twice.
        5 => bytes.splice(end..end, bytes[place..end].to_vec()).for_each(drop),
        // A piece of another.
        6 if !other.is_empty() => {
            let from = rng.usize(..other.len());
            let to = from + rng.usize(..=(other.len() - from).min(80));
            bytes.splice(place..end, other[from..to].iter().copied()).for_each(drop);
        }
        // A length or number of many bytes, as protobuf and MessagePack write it.
        7 => {
            let huge: &[u8] = match rng.u8(..4) {
                0 => &[0xff; 9],
                1 => &[0xff, 0xff, 0xff, 0xff, 0x0f],
                2 => &[0xdd, 0xff, 0xff, 0xff, 0xff],
                _ => &[0xc6, 0x7f, 0xff, 0xff, 0xff],
            };
            bytes.splice(place..place, huge.iter().copied()).for_each(drop);
        }
        // Numbers, brackets and characters that JSON has trouble with.
        8 => {
            let words =
                ["[[[[", "{\"v\":", "1e999", "-1", "18446744073709551616", "\\u0000", "\\ud800", "null"];
            bytes.splice(place..end, words[rng.usize(..words.len())].bytes()).for_each(drop);
        }
        _ => bytes.swap(place, rng.usize(..length)),
    }
}

fn letters() -> Vec<Letter> {
    let key = Outbound::generate(at(5)).share([].into());
    let bob = Party::new("bob", 1);
    let contents = [
        Content::Joined(founded(&bob, "team")),
        Content::Changed(GroupChange::Remove(user("bob")), Some(founded(&bob, "team"))),
        Content::Changed(GroupChange::Policy(JoinPolicy::Invite), None),
        Content::Invitation(papers(&bob, "team")),
        Content::Papers(papers(&bob, "team")),
        Content::Receipt(Receipt { stage: Stage::Read, at: at(5), letters: vec![id(1), id(2)] }),
        Content::Missing(Missing { group: Some(GroupId::from_bits(7)), from: 1, to: u64::MAX }),
        Content::SenderKey(SenderKey { group: GroupId::from_bits(7), key }),
        Content::Unreadable,
    ];
    let of = |content| Letter { content, ..letter(1, "x") };
    contents.into_iter().map(of).chain([letter(2, "hello\nthere \u{1F469}")]).collect()
}

#[test]
fn envelopes() {
    let sealed = Ciphertext { kind: 1, bytes: vec![1, 2, 3] };
    let device = Party::new("bob", 7).device.id();
    let group = GroupId::from_bits(7);
    let valid = [
        Envelope::Direct([(device, sealed)].into()),
        Envelope::Group { group, session: "abc".to_owned(), bytes: vec![1, 2, 3] },
    ];
    fuzz("envelope", &valid.map(|e| encode_envelope(&e)), |bytes| decode_envelope(bytes).is_ok());
}

/// What anything at all may say in an open room.
#[test]
fn plain_messages() {
    let text = cooee::domain::MessageText::new("hello\nthere \u{1F469}").unwrap();
    let valid = [
        encode_plain(id(1), at(5), &text).unwrap(),
        br#"{"v":1,"t":"plain","id":"7","text":"\u001b[2Jred"}"#.to_vec(),
        b"21.5\n".to_vec(),
    ];
    fuzz("plain message", &valid, |bytes| {
        let Ok(Some(plain)) = decode_plain(bytes) else { return false };
        let shown = plain.text.as_ref().map_or("", |text| text.as_str());
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
        plain.tag(&"lobby".parse().unwrap(), &user("bob"), bytes);
        true
    });
}

#[test]
fn olm_messages_read_and_opened() {
    let (mut alice, bob) = pair();
    alice.begin(&bob);
    let first = alice.seal(b"first");
    let (mut carol, mut dave) = acquainted();
    let later = carol.seal(b"later");
    let valid: Vec<Vec<u8>> =
        [&first, &later].map(|sealed| [&[sealed.kind], sealed.bytes.as_slice()].concat()).into();
    let (bobs, daves) = (bob.device.write(), dave.peer.write());
    let (alices, carols) = (alice.device.keys(), carol.device.keys());
    let mut bob = bob;
    fuzz("olm message", &valid, |bytes| {
        let Some((kind, rest)) = bytes.split_first() else { return false };
        let read = OlmMessage::from_parts(usize::from(*kind), rest);
        let sealed = Ciphertext { kind: *kind, bytes: rest.to_vec() };
        if bob.open(&alices, &sealed).is_ok() {
            bob.device = Device::read(&bobs).unwrap();
            bob.peer = Peer::default();
        }
        if dave.open(&carols, &sealed).is_ok() {
            dave.peer = Peer::read(&daves).unwrap();
        }
        read.is_ok()
    });
}

#[test]
fn megolm_messages_read_and_opened() {
    let mut outbound = Outbound::generate(at(5));
    let mut inbound = Inbound::default();
    inbound.accept(&outbound.share([].into()), at(6)).unwrap();
    let (session, _) = outbound.seal(b"zero");
    let valid: Vec<Vec<u8>> = (0..3u8).map(|n| outbound.seal(&[n; 40]).1).collect();
    fuzz("megolm message", &valid, |bytes| {
        let _ = MegolmMessage::from_bytes(bytes);
        inbound.open(&session, bytes, at(7)).is_ok()
    });
}

#[test]
fn sender_keys() {
    let keys = |n: u8| {
        let mut outbound = Outbound::generate(at(5));
        (0..n).for_each(|n| drop(outbound.seal(&[n])));
        outbound.share([].into())
    };
    let valid = [keys(0), keys(3)];
    let bytes = valid.each_ref().map(|key| SessionKey::from_base64(key).unwrap().to_bytes());
    fuzz("sender key", &bytes, |bytes| SessionKey::from_bytes(bytes).is_ok());
    let mut inbound = Inbound::default();
    fuzz("sender key as text", &valid.map(String::into_bytes), |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        inbound.accept(text, at(6)).is_some()
    });
}

#[test]
fn signed_documents() {
    let bob = Party::new("bob", 1);
    let keys = bob.device.keys();
    let valid = [
        seal_profile(&bob.profile(), &bob.identity),
        seal_bundle(&bob.user, &bob.device),
        founded(&bob, "team").to_bytes(),
    ];
    let kinds = [signed::Kind::Profile, signed::Kind::Bundle, signed::Kind::Group];
    fuzz("signed document", &valid, |bytes| {
        kinds.into_iter().any(|kind| signed::open(kind, bytes, 32_000).is_ok())
    });
    fuzz("signed profile, bundle, group", &valid, |bytes| {
        open_profile(&bob.user, bytes).is_ok()
            || open_bundle(&bob.user, &keys, bytes).is_ok()
            || groups::open(bytes).is_ok()
    });
}

/// What is in signed documents: whoever signs may write what they like.
#[test]
fn documents() {
    let bob = Party::new("bob", 1);
    let device = bob.device.id();
    let profile = [encode_profile(&bob.profile()).into_bytes()];
    fuzz("profile", &profile, text(|text| decode_profile(&bob.user, text).is_ok()));
    let bundle = [encode_bundle(&bob.device.bundle(bob.user.clone())).into_bytes()];
    fuzz("bundle", &bundle, text(|text| decode_bundle(&bob.user, device, text).is_ok()));
    let team = GroupId::from_bits(7);
    let card = [encode_card(team, vec![founded(&bob, "team")]).0];
    fuzz("card", &card, |bytes| decode_card(team, bytes).is_ok());
    let presence = [br#"{"v":1,"s":"online","e":7,"at":5}"#.to_vec(), Vec::new()];
    fuzz("presence", &presence, |bytes| decode_presence(bytes).is_ok());
    fuzz("typing", &[encode_typing()], |bytes| decode_typing(bytes).is_ok());
}

fn text(read: impl Fn(&str) -> bool) -> impl Fn(&[u8]) -> bool {
    move |bytes| std::str::from_utf8(bytes).is_ok_and(&read)
}

#[test]
fn letters_and_what_is_sealed() {
    let (alice, bob) = pair();
    let valid: Vec<Vec<u8>> = letters().iter().map(encode_letter).collect();
    fuzz("letter", &valid, |bytes| decode_letter(bytes).is_ok());
    let valid: Vec<Vec<u8>> = letters().iter().map(|letter| inside(&alice, &bob, letter)).collect();
    fuzz("inside", &valid, |bytes| decode_inside(bytes).is_ok());
}

/// What is read from a damaged disk is refused, or used without a panic.
#[test]
fn stored_blobs() {
    let (mut alice, mut bob) = acquainted();
    bob.begin(&alice);
    let (alices, sealed) = (alice.device.keys(), alice.seal(b"hello"));
    let blob = [bob.device.write()];
    fuzz("stored device", &blob, |bytes| {
        let Ok(mut device) = Device::read(bytes) else { return false };
        device.bundle(user("bob"));
        device.renew(at(i64::MAX));
        Device::read(&device.write()).is_ok()
    });
    let blob = [bob.peer.write(), alice.peer.write()];
    fuzz("stored sessions", &blob, |bytes| {
        let Ok(peer) = Peer::read(bytes) else { return false };
        bob.peer = peer;
        let _ = bob.open(&alices, &sealed);
        let _ = bob.peer.seal(b"x");
        Peer::read(&bob.peer.write()).is_ok()
    });
    let mut outbound = Outbound::generate(at(5));
    let mut inbound = Inbound::default();
    inbound.accept(&outbound.share([(user("bob"), bob.device.id())].into()), at(6)).unwrap();
    let blob = [outbound.write()];
    let (session, said) = outbound.seal(b"hello");
    fuzz("stored sender key", &blob, |bytes| {
        let Ok(mut outbound) = Outbound::read(bytes) else { return false };
        if !outbound.is_over(&[].into(), at(i64::MAX)) {
            outbound.seal(b"x");
        }
        outbound.share([].into());
        Outbound::read(&outbound.write()).is_ok()
    });
    let blob = [inbound.write()];
    let key = outbound.share([].into());
    fuzz("stored keys of others", &blob, |bytes| {
        let Ok(mut inbound) = Inbound::read(bytes) else { return false };
        let _ = inbound.open(&session, &said, at(i64::MAX));
        let _ = inbound.accept(&key, at(i64::MAX));
        Inbound::read(&inbound.write()).is_ok()
    });
}

#[test]
fn group_documents_read_and_merged() {
    let secret = SecretKey::from_slice(&[7; 32]);
    let owner =
        Member { user: user("ann"), key: IdentityKey::from_bytes(*secret.public_key().as_bytes()) };
    let id = groups::group_id(owner.key, 5);
    let name = GroupName::new("team").unwrap();
    let document = found(id, 5, owner.clone(), name, JoinPolicy::Open, at(5));
    let document = groups::sign_document(&document, &secret).unwrap();
    let mut ledger = Ledger::new(id);
    ledger.insert(groups::open(&document.bytes).unwrap()).unwrap();
    let secret = SecretKey::from_slice(&[8; 32]);
    let bob =
        Member { user: user("bob"), key: IdentityKey::from_bytes(*secret.public_key().as_bytes()) };
    let statement = ledger.state(&bob, true, at(6)).unwrap();
    let statement = groups::sign_statement(&statement, &secret).unwrap();
    let valid = [document.bytes.to_vec(), statement.bytes.to_vec()];
    fuzz("group document", &valid, |bytes| {
        let Ok(item) = groups::open(bytes) else { return false };
        let mut merged = ledger.clone();
        let taken = merged.insert(item).is_ok();
        assert!(merged.view().is_some(), "the group is still there");
        taken
    });
    // What is signed is never damaged on the way: so the contents are, and signed again.
    let texts: Vec<Vec<u8>> = valid.iter().map(|bytes| signed_text(bytes)).collect();
    fuzz("group merge", &texts, |text| {
        let Ok(text) = std::str::from_utf8(text) else { return false };
        let mut merged = ledger.clone();
        let mut taken = false;
        for (kind, secret) in [(signed::Kind::Group, [7; 32]), (signed::Kind::Member, [8; 32])] {
            let bytes = signed::sign(kind, text, &SecretKey::from_slice(&secret));
            if let Ok(item) = groups::open(&bytes) {
                taken |= merged.insert(item).is_ok();
            }
        }
        let view = merged.view().expect("the group is still there");
        assert_eq!(view.owner, owner);
        taken
    });
}

/// The text that is signed in a document.
fn signed_text(bytes: &[u8]) -> Vec<u8> {
    let outer: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    outer["d"].as_str().unwrap().as_bytes().to_vec()
}
