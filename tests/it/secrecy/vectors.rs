//! What was written once is read for ever: frozen signed documents, envelopes and stored keys.
//!
//! Ed25519 gives one signature for one text, so documents are compared byte for byte. What is random when it is
//! made (sessions, ciphertexts) was made once with fixed names and lies in `tests/data/secrecy/stored.hex`, one
//! `name hexadecimal` a line; `COOEE_FREEZE=1` writes that file anew, for a change of format on purpose.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Once;

use cooee::crypto::{
    Device, Identity, Inbound, Outbound, Peer, open_bundle, open_profile, seal_bundle, seal_profile, tag,
};
use cooee::domain::{DeviceId, DisplayName, GroupId, MobileNumber, Profile};
use cooee::protocol::{
    Ciphertext, Envelope, decode_card, decode_envelope, decode_inside, encode_card, encode_envelope,
};
use insta::assert_snapshot;

use super::support::{Party, at, founded, inside, letter, user};

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// What was made once, by name.
struct Frozen(BTreeMap<String, Vec<u8>>);

const NAMES: [&str; 2] = ["alice", "bob"];

impl Frozen {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/secrecy/stored.hex");
        // Several tests read it, and all are to read the same.
        static FREEZE: Once = Once::new();
        FREEZE.call_once(|| {
            if std::env::var_os("COOEE_FREEZE").is_some() {
                std::fs::write(&path, Self::make()).unwrap();
            }
        });
        let file = std::fs::read_to_string(&path).expect("it was made once");
        let lines = file.lines().filter(|line| !line.starts_with('#'));
        let split = |line: &str| line.split_once(' ').map(|(name, hex)| (name.to_owned(), unhex(hex)));
        Self(lines.map(|line| split(line).expect("a name and hexadecimal digits")).collect())
    }

    fn get(&self, name: &str) -> &[u8] {
        self.0.get(name).unwrap_or_else(|| panic!("{name} was frozen"))
    }

    fn device(&self, name: &str) -> Device {
        Device::read(self.get(&format!("device/{name}"))).unwrap()
    }

    fn party(&self, name: &str) -> Party {
        let identity = Identity::from_bytes(&[name.as_bytes()[0]; 32]);
        let peer = Peer::read(self.get(&format!("sessions/{name}"))).unwrap();
        Party { user: user(name), identity, device: self.device(name), peer }
    }

    /// Alice and Bob who have talked, what is under way between them, and a group.
    fn make() -> String {
        let mut alice = Party::new("alice", 0xa);
        let mut bob = Party::new("bob", 0xb);
        let mut made: Vec<(&str, Vec<u8>)> = Vec::new();
        made.push(("device/alice", alice.device.write()));
        made.push(("device/bob", bob.device.write()));
        alice.begin(&bob);
        let first = alice.seal(b"first");
        made.push(("first to bob", first.bytes.clone()));
        bob.read(&alice.device.keys(), &first);
        let answer = bob.seal(b"answer");
        alice.read(&bob.device.keys(), &answer);
        let skipped = alice.seal(b"skipped");
        let later = alice.seal(b"later");
        bob.read(&alice.device.keys(), &later);
        made.push(("sessions/alice", alice.peer.write()));
        made.push(("sessions/bob", bob.peer.write()));
        made.push(("skipped to bob", skipped.bytes));
        made.push(("next to bob", alice.seal(b"next").bytes));
        let mut outbound = Outbound::generate(at(5));
        outbound.seal(b"before");
        let key = outbound.share([(user("bob"), DeviceId::from_bits(0xb))].into());
        let mut inbound = Inbound::default();
        inbound.accept(&key, at(6)).unwrap();
        made.push(("sender key", key.into_bytes()));
        made.push(("outbound", outbound.write()));
        made.push(("inbound", inbound.write()));
        let (session, said) = outbound.seal(b"said");
        made.push(("session", session.into_bytes()));
        made.push(("said", said));
        let mut file = "# Made once by tests/it/secrecy/vectors.rs, and read for ever.\n".to_owned();
        for (name, bytes) in made {
            writeln!(file, "{} {}", name.replace(' ', "-"), hex(&bytes)).unwrap();
        }
        file
    }
}

#[test]
fn stored_keys_of_today_stay_readable() {
    let frozen = Frozen::read();
    for name in NAMES {
        let device = frozen.device(name);
        assert_eq!(Device::read(&device.write()).unwrap().keys(), device.keys());
    }
    let (mut alice, mut bob) = (frozen.party("alice"), frozen.party("bob"));
    let (alices, bobs) = (alice.device.keys(), bob.device.keys());
    let sealed = |name: &str, kind| Ciphertext { kind, bytes: frozen.get(name).to_vec() };
    assert_eq!(bob.read(&alices, &sealed("next-to-bob", 1)), b"next");
    assert_eq!(bob.read(&alices, &sealed("skipped-to-bob", 1)), b"skipped");
    // The fallback key of that day opens what was sealed for it.
    bob.peer = Peer::default();
    assert_eq!(bob.read(&alices, &sealed("first-to-bob", 0)), b"first");
    bob.peer = frozen.party("bob").peer;
    let answer = bob.seal(b"from today");
    assert_eq!(alice.read(&bobs, &answer), b"from today");

    let session = std::str::from_utf8(frozen.get("session")).unwrap();
    let mut inbound = Inbound::read(frozen.get("inbound")).unwrap();
    assert_eq!(inbound.open(session, frozen.get("said"), at(7)).unwrap().plaintext, b"said");
    let mut outbound = Outbound::read(frozen.get("outbound")).unwrap();
    assert!(!outbound.is_over(&[(user("bob"), DeviceId::from_bits(0xb))].into(), at(7)));
    let (again, said) = outbound.seal(b"said");
    assert_eq!(
        (again.as_str(), said.as_slice()),
        (session, frozen.get("said")),
        "sealed alike for ever"
    );
    let mut late = Inbound::default();
    late.accept(std::str::from_utf8(frozen.get("sender-key")).unwrap(), at(6)).unwrap();
    assert_eq!(late.open(session, frozen.get("said"), at(7)).unwrap().plaintext, b"said");
}

/// Bob, of fixed keys.
fn bob() -> (Profile, Identity, Device) {
    let frozen = Frozen::read();
    let (identity, device) = (Identity::from_bytes(&[b'b'; 32]), frozen.device("bob"));
    let profile = Profile {
        user: user("bob"),
        identity: identity.public(),
        version: 3,
        display_name: DisplayName::new("Bob Ä").unwrap(),
        mobile: Some(MobileNumber::new("+49 30 1234").unwrap()),
        registered_at: at(1_732_281_660_123),
        devices: vec![device.keys()],
    };
    (profile, identity, device)
}

#[test]
fn signed_documents_are_frozen() {
    let (profile, identity, device) = bob();
    let sealed = seal_profile(&profile, &identity);
    assert_eq!(open_profile(&profile.user, &sealed).unwrap(), profile);
    assert_snapshot!("signed_profile", text(sealed));
    let sealed = seal_bundle(&profile.user, &device);
    let bundle = open_bundle(&profile.user, &device.keys(), &sealed).unwrap();
    assert_eq!(bundle, device.bundle(profile.user.clone()));
    assert_snapshot!("signed_bundle", text(sealed));
    let party = Party { user: profile.user.clone(), identity, device, peer: Peer::default() };
    let team = GroupId::from_bits(7);
    let (card, is_whole) = encode_card(team, vec![founded(&party, "team")]);
    assert!(is_whole && decode_card(team, &card).unwrap() == [founded(&party, "team")]);
    assert_snapshot!("card", text(card));
}

#[test]
fn what_is_sealed_and_what_carries_it_are_frozen() {
    let frozen = Frozen::read();
    let (alice, bob) = (frozen.party("alice"), frozen.party("bob"));
    let clear = inside(&alice, &bob, &letter(0x0193_5372, "hi"));
    assert_eq!(clear.len(), 272, "what is padded is part of the format");
    assert!(decode_inside(&clear).unwrap().is_some());
    assert_snapshot!("inside", text(clear));
    let sealed = Ciphertext { kind: 0, bytes: frozen.get("first-to-bob").to_vec() };
    let envelope = Envelope::Direct([(bob.device.id(), sealed)].into());
    let bytes = encode_envelope(&envelope);
    assert_eq!(decode_envelope(&bytes).unwrap(), envelope);
    assert_snapshot!("direct_envelope", text(bytes));
    let session = String::from_utf8(frozen.get("session").to_vec()).unwrap();
    let said = frozen.get("said").to_vec();
    let envelope = Envelope::Group { group: GroupId::from_bits(0xc00ee), session, bytes: said };
    let bytes = encode_envelope(&envelope);
    assert_eq!(decode_envelope(&bytes).unwrap(), envelope);
    assert_snapshot!("group_envelope", text(bytes));
}

#[test]
fn tags_are_frozen() {
    assert_snapshot!(hex(&tag(&[])), @"e3b0c44298fc1c149afbf4c8996fb924");
    assert_snapshot!(hex(&tag(&[b""])), @"af5570f5a1810b7af78caf4bc70a660f");
    assert_snapshot!(hex(&tag(&[&[0], b"abc"])), @"53c39266bbe2c03b381ae04add252fca");
    assert_ne!(tag(&[b"ab", b"c"]), tag(&[b"a", b"bc"]));
}
