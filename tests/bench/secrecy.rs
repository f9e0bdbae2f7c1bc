//! What secrecy costs: `cargo bench --bench secrecy`.
//!
//! Letters of 200 bytes between two devices, in a session that exists and in a new one; the same in a group; the
//! first words in a group of 256, whose key goes to everybody; and storing what was sealed, on a real file.

use std::collections::BTreeSet;

use cooee::crypto::{Device, Identity, Inbound, Outbound, Peer, open_profile, seal_profile};
use cooee::domain::{
    AgreementKey, ConversationId, DeviceId, DeviceKeys, DisplayName, GroupId, MessageId, MessageText,
    Profile, Timestamp, UserName,
};
use cooee::protocol::{
    Ciphertext, Content, End, Envelope, Letter, SenderKey, encode_envelope, encode_inside, encode_letter,
};
use cooee::store::{Draft, Secret, Store};
use divan::Bencher;
use tokio::runtime::Builder;

/// Members of a large group besides the one who speaks.
const MEMBERS: u64 = 255;

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_732_281_660_123)
}

fn user(name: &str) -> UserName {
    name.parse().unwrap()
}

/// Somebody's device and what it published.
struct Published {
    device: Device,
    keys: DeviceKeys,
    fallback: AgreementKey,
}

fn device(number: u64) -> Published {
    let device = Device::generate(DeviceId::from_bits(number), now());
    let (keys, fallback) = (device.keys(), device.bundle(user("x")).fallback);
    Published { device, keys, fallback }
}

/// A letter of 200 bytes of text, as it is sealed: padded, and with the ends named where a session begins.
fn text(content: Content, begins: bool) -> Vec<u8> {
    let end = |name: &str, of: &DeviceKeys| End {
        user: user(name),
        device: of.id,
        key: begins.then_some(of.signing),
    };
    let letter = Letter {
        id: MessageId::from_bytes([7; 16]),
        sent_at: now(),
        group: None,
        number: Some(7),
        stand: None,
        life: None,
        content,
    };
    let keys = device(1).keys;
    encode_inside(end("alice", &keys), Some(end("bob", &keys)), Some((1, 1)), &encode_letter(&letter))
}

fn words() -> Content {
    Content::Text(MessageText::new(&"x".repeat(200)).unwrap().into())
}

/// Two who have answered each other: the first one's sessions, both devices, the second one's sessions.
fn acquainted() -> (Peer, Published, Published, Peer) {
    let (mut alice, mut bob) = (device(1), device(2));
    let (mut to_bob, mut to_alice) = (Peer::default(), Peer::default());
    assert!(to_bob.begin(&alice.device, &bob.keys, &bob.fallback));
    let first = to_bob.seal(b"hello").unwrap();
    to_alice.open(&mut bob.device, &alice.keys, &first, || true).unwrap();
    let answer = to_alice.seal(b"hello to you").unwrap();
    to_bob.open(&mut alice.device, &bob.keys, &answer, || true).unwrap();
    (to_bob, alice, bob, to_alice)
}

#[divan::bench(sample_count = 1_000)]
fn seal_in_a_session(bencher: Bencher<'_, '_>) {
    let (mut peer, ..) = acquainted();
    let text = text(words(), false);
    bencher.bench_local(|| peer.seal(&text).unwrap());
}

#[divan::bench(sample_count = 1_000)]
fn seal_in_a_new_session(bencher: Bencher<'_, '_>) {
    let (alice, bob) = (device(1), device(2));
    let text = text(words(), true);
    bencher.bench_local(|| {
        let mut peer = Peer::default();
        assert!(peer.begin(&alice.device, &bob.keys, &bob.fallback));
        peer.seal(&text).unwrap()
    });
}

#[divan::bench(sample_count = 1_000, sample_size = 1)]
fn open_in_a_session(bencher: Bencher<'_, '_>) {
    let (mut to_bob, alice, mut bob, mut to_alice) = acquainted();
    let text = text(words(), false);
    bencher
        .with_inputs(|| to_bob.seal(&text).unwrap())
        .bench_local_values(|sealed| to_alice.open(&mut bob.device, &alice.keys, &sealed, || true));
}

#[divan::bench(sample_count = 1_000, sample_size = 1)]
fn open_in_a_new_session(bencher: Bencher<'_, '_>) {
    let (alice, mut bob) = (device(1), device(2));
    let text = text(words(), true);
    let sealed = || -> Ciphertext {
        let mut peer = Peer::default();
        assert!(peer.begin(&alice.device, &bob.keys, &bob.fallback));
        peer.seal(&text).unwrap()
    };
    bencher.with_inputs(sealed).bench_local_values(|sealed| {
        Peer::default().open(&mut bob.device, &alice.keys, &sealed, || true).unwrap()
    });
}

#[divan::bench(sample_count = 1_000)]
fn seal_in_a_group(bencher: Bencher<'_, '_>) {
    let mut outbound = Outbound::generate(now());
    let text = text(words(), false);
    bencher.bench_local(|| outbound.seal(&text));
}

#[divan::bench(sample_count = 1_000, sample_size = 1)]
fn open_in_a_group(bencher: Bencher<'_, '_>) {
    let (mut outbound, mut inbound) = (Outbound::generate(now()), Inbound::default());
    inbound.accept(&outbound.share([].into()), now()).unwrap();
    let text = text(words(), false);
    bencher
        .with_inputs(|| outbound.seal(&text))
        .bench_local_values(|(session, bytes)| inbound.open(&session, &bytes, now()).unwrap());
}

/// A new sender key, sealed for every member, and the first message under it: the bytes of all of it.
#[divan::bench(args = ["sessions there are", "new sessions"], sample_count = 20, sample_size = 1)]
fn first_words_in_a_group_of_256(bencher: Bencher<'_, '_>, over: &str) {
    let alice = device(1);
    let members: Vec<Published> = (2..2 + MEMBERS).map(device).collect();
    let all: BTreeSet<_> =
        members.iter().map(|m| (user(&format!("u{}", m.keys.id)), m.keys.id)).collect();
    let group = GroupId::from_bits(7);
    let peers = || -> Vec<Peer> {
        let session = |member: &Published| {
            let mut peer = Peer::default();
            if over == "sessions there are" {
                assert!(peer.begin(&alice.device, &member.keys, &member.fallback));
            }
            peer
        };
        members.iter().map(session).collect()
    };
    let said = text(words(), false);
    bencher.with_inputs(peers).bench_local_values(|mut peers| {
        let mut outbound = Outbound::generate(now());
        let key = outbound.share(all.clone());
        let key = text(Content::SenderKey(SenderKey { group, key }), true);
        let mut size = 0;
        for (peer, member) in peers.iter_mut().zip(&members) {
            if !peer.is_ready() {
                assert!(peer.begin(&alice.device, &member.keys, &member.fallback));
            }
            let sealed = peer.seal(&key).unwrap();
            size += encode_envelope(&Envelope::Direct([(member.keys.id, sealed)].into())).len();
        }
        let (session, bytes) = outbound.seal(&said);
        size + encode_envelope(&Envelope::Group { group, session, bytes }).len()
    });
}

/// A letter is sealed, and stored with the session that it changed, on the disk.
#[divan::bench(sample_count = 200, sample_size = 1)]
fn seal_and_store(bencher: Bencher<'_, '_>) {
    let dir = tempfile::tempdir().unwrap();
    let key = cooee::crypto::vault::new_key().unwrap();
    let store = Store::open(&dir.path().join("chat.db"), &key).unwrap();
    let runtime = Builder::new_current_thread().build().unwrap();
    let (mut peer, _, bob, _) = acquainted();
    let clear = text(words(), false);
    let mut number = 0u128;
    bencher.bench_local(|| {
        number += 1;
        let sealed = peer.seal(&clear).unwrap();
        let draft = Draft {
            topic: "cooee/1/inbox/bob/alice/0000000000000001".to_owned(),
            clear: clear.clone(),
            payload: Some(encode_envelope(&Envelope::Direct([(bob.keys.id, sealed)].into()))),
            letter: MessageId::from_bytes(number.to_be_bytes()),
            to: ConversationId::Direct(user("bob")),
            recipients: vec![user("bob")],
            number: None,
            ends_at: None,
        };
        let secret = Secret { name: "olm/bob/0000000000000002".to_owned(), value: Some(peer.write()) };
        runtime.block_on(store.queue(None, vec![draft], None, vec![secret])).unwrap()
    });
}

/// What everybody who is met costs.
#[divan::bench(sample_count = 1_000)]
fn check_a_profile(bencher: Bencher<'_, '_>) {
    let identity = Identity::generate();
    let profile = Profile {
        user: user("bob"),
        identity: identity.public(),
        version: 1,
        display_name: DisplayName::new("Bob").unwrap(),
        mobile: None,
        registered_at: now(),
        devices: vec![device(1).keys],
    };
    let sealed = seal_profile(&profile, &identity);
    bencher.bench_local(|| open_profile(&profile.user, &sealed).unwrap());
}

/// A session that was not needed yet is read from the store and, once it was used, written again.
#[divan::bench(sample_count = 1_000)]
fn read_and_write_a_session(bencher: Bencher<'_, '_>) {
    let blob = acquainted().0.write();
    bencher.bench_local(|| Peer::read(&blob).unwrap().write());
}
