//! Retained documents and typing notices. Each repeats whom it speaks of, and is refused where that is
//! not whom its topic names.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Malformed, SignedDocument, VERSION, check_size, limits};
use crate::domain::{
    AgreementKey, Bundle, DeviceId, DeviceKeys, DeviceRecord, DisplayName, GroupId, IdentityKey,
    MobileNumber, Profile, SigningKey, Timestamp, UserName, limits::DEVICES,
};

#[derive(Serialize, Deserialize)]
struct ProfileDocument {
    v: u32,
    user: UserName,
    key: IdentityKey,
    version: u64,
    name: DisplayName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mobile: Option<MobileNumber>,
    at: Timestamp,
    devices: Vec<DeviceDocument>,
}

#[derive(Serialize, Deserialize)]
struct DeviceDocument {
    id: DeviceId,
    ed25519: SigningKey,
    curve25519: AgreementKey,
}

#[derive(Serialize, Deserialize)]
struct BundleDocument {
    v: u32,
    user: UserName,
    device: DeviceId,
    version: u64,
    curve25519: AgreementKey,
    fallback: AgreementKey,
    at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Online,
    Offline,
}

#[derive(Serialize, Deserialize)]
struct PresenceDocument {
    v: u32,
    s: State,
    /// The epoch of the connection it speaks of.
    e: u64,
    at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct TypingDocument {
    v: u32,
    ty: String,
}

#[derive(Serialize, Deserialize)]
struct CardDocument {
    v: u32,
    id: GroupId,
    signed: Vec<SignedDocument>,
}

#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// Bytes of our own documents: their fields are all strings, numbers and maps with string keys.
pub(super) fn to_bytes(document: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(document).expect("a document of ours has only string keys and no failing field")
}

fn to_text(document: &impl Serialize) -> String {
    serde_json::to_string(document)
        .expect("a document of ours has only string keys and no failing field")
}

fn read<T: DeserializeOwned>(payload: &[u8], limit: usize) -> Result<T, Malformed> {
    check_size(payload, limit)?;
    match serde_json::from_slice::<Versioned>(payload)? {
        Versioned { v: VERSION } => Ok(serde_json::from_slice(payload)?),
        Versioned { v } => Err(Malformed::Version(v)),
    }
}

fn check_subject<T: PartialEq + ToString>(claimed: &T, topic: &T) -> Result<(), Malformed> {
    if claimed == topic {
        return Ok(());
    }
    Err(Malformed::Mismatch { claimed: claimed.to_string(), topic: topic.to_string() })
}

/// A profile as text, to be signed.
pub fn encode_profile(profile: &Profile) -> String {
    let device = |keys: &DeviceKeys| DeviceDocument {
        id: keys.id,
        ed25519: keys.signing,
        curve25519: keys.agreement,
    };
    to_text(&ProfileDocument {
        v: VERSION,
        user: profile.user.clone(),
        key: profile.identity,
        version: profile.version,
        name: profile.display_name.clone(),
        mobile: profile.mobile.clone(),
        at: profile.registered_at,
        devices: profile.devices.iter().map(device).collect(),
    })
}

/// Reads the profile that stands at the topic of `user`.
pub fn decode_profile(user: &UserName, text: &str) -> Result<Profile, Malformed> {
    let document: ProfileDocument = read(text.as_bytes(), limits::PROFILE)?;
    check_subject(&document.user, user)?;
    if document.devices.len() > DEVICES {
        return Err(Malformed::TooManyDevices(document.devices.len()));
    }
    let device = |device: DeviceDocument| DeviceKeys {
        id: device.id,
        signing: device.ed25519,
        agreement: device.curve25519,
    };
    Ok(Profile {
        user: document.user,
        identity: document.key,
        version: document.version,
        display_name: document.name,
        mobile: document.mobile,
        registered_at: document.at,
        devices: document.devices.into_iter().map(device).collect(),
    })
}

/// The keys of a device as text, to be signed.
pub fn encode_bundle(bundle: &Bundle) -> String {
    to_text(&BundleDocument {
        v: VERSION,
        user: bundle.user.clone(),
        device: bundle.device,
        version: bundle.version,
        curve25519: bundle.agreement,
        fallback: bundle.fallback,
        at: bundle.at,
    })
}

/// Reads the keys that stand at the topic of this device.
pub fn decode_bundle(user: &UserName, device: DeviceId, text: &str) -> Result<Bundle, Malformed> {
    let document: BundleDocument = read(text.as_bytes(), limits::BUNDLE)?;
    check_subject(&document.user, user)?;
    check_subject(&document.device, &device)?;
    Ok(Bundle {
        user: document.user,
        device: document.device,
        version: document.version,
        agreement: document.curve25519,
        fallback: document.fallback,
        at: document.at,
    })
}

/// The bytes of a presence record.
pub fn encode_presence(record: DeviceRecord) -> Vec<u8> {
    let s = if record.online { State::Online } else { State::Offline };
    to_bytes(&PresenceDocument { v: VERSION, s, e: record.epoch, at: record.since })
}

/// Reads a presence record; `None` when the record was taken out (an empty payload).
pub fn decode_presence(payload: &[u8]) -> Result<Option<DeviceRecord>, Malformed> {
    if payload.is_empty() {
        return Ok(None);
    }
    let document: PresenceDocument = read(payload, limits::PRESENCE)?;
    let online = matches!(document.s, State::Online);
    Ok(Some(DeviceRecord { epoch: document.e, online, since: document.at }))
}

/// The bytes of the card of a listed group: what was signed about it, as far as there is room; the most needed
/// first. Says too whether all of it is in there.
pub fn encode_card(group: GroupId, signed: Vec<SignedDocument>) -> (Vec<u8>, bool) {
    let mut card = CardDocument { v: VERSION, id: group, signed: Vec::new() };
    let (mut size, all) = (to_bytes(&card).len(), signed.len());
    for document in signed {
        // With the comma behind it.
        size += document.to_bytes().len() + 1;
        if size > limits::CARD {
            break;
        }
        card.signed.push(document);
    }
    let is_whole = card.signed.len() == all;
    (to_bytes(&card), is_whole)
}

/// Reads the card that stands at the topic of `group`.
pub fn decode_card(group: GroupId, payload: &[u8]) -> Result<Vec<SignedDocument>, Malformed> {
    let card: CardDocument = read(payload, limits::CARD)?;
    check_subject(&card.id, &group)?;
    Ok(card.signed)
}

/// The bytes of a typing notice.
pub fn encode_typing() -> Vec<u8> {
    to_bytes(&TypingDocument { v: VERSION, ty: "typing".to_owned() })
}

/// Whether this is a typing notice.
pub fn decode_typing(payload: &[u8]) -> Result<bool, Malformed> {
    Ok(read::<TypingDocument>(payload, limits::TYPING)?.ty == "typing")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    fn user(name: &str) -> UserName {
        name.parse().unwrap()
    }

    fn profile() -> Profile {
        Profile {
            user: user("bob"),
            identity: IdentityKey::from_bytes([0xb0; 32]),
            version: 1,
            display_name: DisplayName::new("Bob Ä").unwrap(),
            mobile: Some(MobileNumber::new("+49 30 1234").unwrap()),
            registered_at: Timestamp::from_millis(1_732_281_660_123),
            devices: vec![DeviceKeys {
                id: DeviceId::from_bits(1),
                signing: SigningKey::from_bytes([1; 32]),
                agreement: AgreementKey::from_bytes([2; 32]),
            }],
        }
    }

    fn bundle() -> Bundle {
        Bundle {
            user: user("bob"),
            device: DeviceId::from_bits(1),
            version: 4,
            agreement: AgreementKey::from_bytes([2; 32]),
            fallback: AgreementKey::from_bytes([3; 32]),
            at: Timestamp::from_millis(9),
        }
    }

    const TEAM: GroupId = GroupId::from_bits(0xc00ee);

    fn signed(length: usize) -> SignedDocument {
        SignedDocument {
            version: VERSION,
            kind: "group".to_owned(),
            text: "x".repeat(length),
            key: "k".to_owned(),
            signature: "s".to_owned(),
        }
    }

    #[test]
    fn the_formats_stay_as_they_were_published() {
        assert_snapshot!(encode_profile(&profile()), @r#"{"v":1,"user":"bob","key":"sLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLA","version":1,"name":"Bob Ä","mobile":"+49 30 1234","at":1732281660123,"devices":[{"id":"0000000000000001","ed25519":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE","curve25519":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"}]}"#);
        assert_snapshot!(encode_bundle(&bundle()), @r#"{"v":1,"user":"bob","device":"0000000000000001","version":4,"curve25519":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI","fallback":"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM","at":9}"#);
        let online = DeviceRecord { epoch: 7, online: true, since: Timestamp::from_millis(5) };
        assert_snapshot!(text(encode_presence(online)), @r#"{"v":1,"s":"online","e":7,"at":5}"#);
        assert_snapshot!(text(encode_presence(DeviceRecord { online: false, ..online })), @r#"{"v":1,"s":"offline","e":7,"at":5}"#);
        assert_snapshot!(text(encode_card(TEAM, vec![signed(1)]).0), @r#"{"v":1,"id":"000000000000000000000000000c00ee","signed":[{"v":1,"t":"group","d":"x","k":"k","s":"s"}]}"#);
        assert_snapshot!(text(encode_typing()), @r#"{"v":1,"ty":"typing"}"#);
    }

    #[test]
    fn every_document_is_read_as_it_was_written() {
        let bob = profile();
        assert_eq!(decode_profile(&bob.user, &encode_profile(&bob)).unwrap(), bob);
        let gone = DeviceRecord { epoch: u64::MAX, online: false, since: Timestamp::from_millis(9) };
        assert_eq!(decode_presence(&encode_presence(gone)).unwrap(), Some(gone));
        assert_eq!(decode_presence(b"").unwrap(), None);
        let all = vec![signed(1), signed(limits::CARD / 2)];
        let (card, is_whole) = encode_card(TEAM, all.clone());
        assert_eq!((decode_card(TEAM, &card).unwrap(), is_whole), (all, true));
        let keys = bundle();
        assert_eq!(decode_bundle(&keys.user, keys.device, &encode_bundle(&keys)).unwrap(), keys);
        assert!(decode_typing(&encode_typing()).unwrap());
    }

    #[test]
    fn a_document_at_a_foreign_topic_is_refused() {
        let text = encode_profile(&profile());
        assert!(matches!(decode_profile(&user("eve"), &text), Err(Malformed::Mismatch { .. })));
        let (keys, other) = (encode_bundle(&bundle()), DeviceId::from_bits(2));
        assert!(matches!(
            decode_bundle(&user("eve"), DeviceId::from_bits(1), &keys),
            Err(Malformed::Mismatch { .. })
        ));
        assert!(matches!(decode_bundle(&user("bob"), other, &keys), Err(Malformed::Mismatch { .. })));
        let card = encode_card(TEAM, Vec::new()).0;
        assert!(matches!(decode_card(GroupId::from_bits(1), &card), Err(Malformed::Mismatch { .. })));
    }

    #[test]
    fn limits_are_kept_before_anything_is_made() {
        let huge = " ".repeat(limits::PROFILE + 1);
        let crowd = Profile { devices: vec![profile().devices[0]; DEVICES + 1], ..profile() };
        assert!(matches!(
            decode_profile(&user("bob"), &encode_profile(&crowd)),
            Err(Malformed::TooManyDevices(9))
        ));
        assert!(matches!(decode_profile(&user("bob"), &huge), Err(Malformed::TooLarge { .. })));
        let huge = " ".repeat(limits::CARD + 1);
        assert!(matches!(decode_card(TEAM, huge.as_bytes()), Err(Malformed::TooLarge { .. })));
        let name = encode_profile(&profile()).replace("Bob Ä", &"x".repeat(65));
        assert!(matches!(decode_profile(&user("bob"), &name), Err(Malformed::Shape(_))));
    }

    #[test]
    fn a_card_holds_as_much_as_there_is_room_for() {
        let (card, is_whole) = encode_card(TEAM, vec![signed(1_000); 200]);
        let read = decode_card(TEAM, &card).unwrap();
        assert!(!is_whole && (90..100).contains(&read.len()), "{}", read.len());
        assert!(card.len() <= limits::CARD);
    }

    #[test]
    fn a_newer_version_is_told_from_nonsense() {
        let newer = r#"{"v":2,"anything":[]}"#;
        assert!(matches!(decode_profile(&user("bob"), newer), Err(Malformed::Version(2))));
        assert!(matches!(decode_presence(newer.as_bytes()), Err(Malformed::Version(2))));
        assert!(matches!(decode_presence(b"offline"), Err(Malformed::Shape(_))));
    }

    #[test]
    fn names_are_cleaned_on_the_way_in() {
        let hostile = encode_profile(&profile()).replace("Bob Ä", "Bob\\u001b[31m\\u202e");
        let read = decode_profile(&user("bob"), &hostile).unwrap();
        assert_eq!(read.display_name.as_str(), "Bob[31m");
    }
}
