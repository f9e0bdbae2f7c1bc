//! What the tests of secrecy share: two people with a device each, letters, and keys that an attacker likes.

use cooee::crypto::{Closed, Device, Identity, Peer, groups};
use cooee::domain::group_documents::{Member, found};
use cooee::domain::{
    AgreementKey, DeviceId, DeviceKeys, DisplayName, GroupId, GroupName, JoinPolicy, MessageId,
    MessageText, MobileNumber, Profile, Timestamp, UserName,
};
use cooee::protocol::{
    Ciphertext, Content, End, Inside, Letter, Papers, SignedDocument, decode_inside, encode_inside,
    encode_letter, limits,
};
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::montgomery::MontgomeryPoint;

/// Somebody with one device, and their sessions with the device of one other.
pub struct Party {
    pub user: UserName,
    pub identity: Identity,
    pub device: Device,
    pub peer: Peer,
}

pub fn user(name: &str) -> UserName {
    name.parse().unwrap()
}

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub fn id(number: u128) -> MessageId {
    MessageId::from_bytes(number.to_be_bytes())
}

impl Party {
    pub fn new(name: &str, device: u64) -> Self {
        let device = Device::generate(DeviceId::from_bits(device), at(5));
        Self { user: user(name), identity: Identity::generate(), device, peer: Peer::default() }
    }

    pub fn profile(&self) -> Profile {
        Profile {
            user: self.user.clone(),
            identity: self.identity.public(),
            version: 1,
            display_name: DisplayName::new(self.user.as_str()).unwrap(),
            mobile: Some(MobileNumber::new("+49 30 1234").unwrap()),
            registered_at: at(5),
            devices: vec![self.device.keys()],
        }
    }

    pub fn fallback(&self) -> AgreementKey {
        self.device.bundle(self.user.clone()).fallback
    }

    /// Begins a session with the keys that the other published.
    pub fn begin(&mut self, with: &Party) {
        assert!(self.peer.begin(&self.device, &with.device.keys(), &with.fallback()));
    }

    pub fn seal(&mut self, text: &[u8]) -> Ciphertext {
        self.peer.seal(text).expect("there is a session")
    }

    /// Opens what came; with the name of the session that it began.
    pub fn open(
        &mut self,
        from: &DeviceKeys,
        sealed: &Ciphertext,
    ) -> Result<(Vec<u8>, Option<String>), Closed> {
        let opened = self.peer.open(&mut self.device, from, sealed, || true)?;
        Ok((opened.plaintext, opened.begun))
    }

    /// Opens what came, which must open.
    pub fn read(&mut self, from: &DeviceKeys, sealed: &Ciphertext) -> Vec<u8> {
        self.open(from, sealed).expect("it opens").0
    }

    pub fn end(&self) -> End {
        let keys = self.device.keys();
        End { user: self.user.clone(), device: keys.id, key: Some(keys.signing) }
    }
}

/// Alice and Bob, who have not talked yet.
pub fn pair() -> (Party, Party) {
    (Party::new("alice", 0xa), Party::new("bob", 0xb))
}

/// Alice and Bob, who have answered each other.
pub fn acquainted() -> (Party, Party) {
    let (mut alice, mut bob) = pair();
    alice.begin(&bob);
    let first = alice.seal(b"hello");
    bob.read(&alice.device.keys(), &first);
    let answer = bob.seal(b"hello to you");
    alice.read(&bob.device.keys(), &answer);
    (alice, bob)
}

pub fn letter(number: u128, text: &str) -> Letter {
    Letter {
        id: id(number),
        sent_at: at(5),
        group: None,
        number: Some(1),
        stand: None,
        life: None,
        content: Content::Text(MessageText::new(text).unwrap().into()),
    }
}

/// The text that is sealed for a letter between two.
pub fn inside(from: &Party, to: &Party, letter: &Letter) -> Vec<u8> {
    encode_inside(from.end(), Some(to.end()), Some((1, 1)), &encode_letter(letter))
}

pub fn read_inside(text: &[u8]) -> Inside {
    decode_inside(text).expect("it is well-formed").expect("it is of this version")
}

/// Where the keys lie in a message that begins a session: a version byte, then each key with two bytes before.
#[derive(Clone, Copy, Debug)]
pub enum Key {
    Fallback = 3,
    Base = 37,
    Identity = 71,
}

/// The same message with another key in one place.
pub fn with_key(message: &Ciphertext, which: Key, key: &[u8; 32]) -> Ciphertext {
    assert_eq!(message.kind, 0, "it begins a session");
    let mut bytes = message.bytes.clone();
    let place = which as usize;
    assert_eq!(bytes[place - 1], 32);
    bytes[place..place + 32].copy_from_slice(key);
    Ciphertext { kind: 0, bytes }
}

/// The key that stands in one place of a message that begins a session.
pub fn key_in(message: &Ciphertext, which: Key) -> [u8; 32] {
    let place = which as usize;
    message.bytes[place..place + 32].try_into().unwrap()
}

/// All keys that give the same secrets as this one: other points, and other spellings of each.
pub fn look_alikes(key: &[u8; 32]) -> Vec<[u8; 32]> {
    let point = MontgomeryPoint(*key).to_edwards(0).expect("a key is on the curve");
    let points = EIGHT_TORSION.iter().map(|torsion| (point + torsion).to_montgomery().to_bytes());
    let mut all: Vec<[u8; 32]> = points
        .flat_map(|plain| {
            let mut top = plain;
            top[31] |= 0x80;
            [plain, top]
        })
        .filter(|other| other != key)
        .collect();
    all.sort();
    all.dedup();
    all
}

/// The keys that give the same secret whatever they meet, in all their spellings.
pub fn worthless() -> Vec<[u8; 32]> {
    let mut all: Vec<[u8; 32]> =
        EIGHT_TORSION.iter().map(|torsion| torsion.to_montgomery().to_bytes()).collect();
    // p, p + 1 and p - 1 as they may be written, and what is beyond.
    let mut p = [0xff; 32];
    p[31] = 0x7f;
    for last in [0xec, 0xed, 0xee] {
        p[0] = last;
        all.push(p);
    }
    let tops: Vec<[u8; 32]> = all
        .iter()
        .map(|key| {
            let mut top = *key;
            top[31] |= 0x80;
            top
        })
        .collect();
    all.extend(tops);
    all.sort();
    all.dedup();
    all
}

/// What bob signed when he made an open group.
pub fn founded(party: &Party, name: &str) -> SignedDocument {
    let secret = vodozemac::Ed25519SecretKey::from_slice(&party.identity.to_bytes());
    let me = Member { user: party.user.clone(), key: party.identity.public() };
    let (id, name) = (groups::group_id(me.key, 7), GroupName::new(name).unwrap());
    let document = found(id, 7, me, name, JoinPolicy::Open, at(5));
    let held = groups::sign_document(&document, &secret).unwrap();
    SignedDocument::from_bytes(&held.bytes, limits::GROUP_DOCUMENT).unwrap()
}

/// The same as it is told in a letter.
pub fn papers(party: &Party, name: &str) -> Papers {
    Papers { group: GroupId::from_bits(7), signed: vec![founded(party, name)], state: None }
}
