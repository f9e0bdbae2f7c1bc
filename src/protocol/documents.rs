//! Retained documents and typing notices. Each repeats whom it speaks of, and is refused where that is
//! not whom its topic names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Malformed, VERSION, check_size, limits};
use crate::domain::{
    AccountId, DeviceRecord, DisplayName, Group, GroupId, GroupName, JoinPolicy, Membership,
    MobileNumber, Profile, Timestamp, UserName, limits::GROUP_MEMBERS,
};

#[derive(Serialize, Deserialize)]
struct ProfileDocument {
    v: u32,
    user: UserName,
    account: AccountId,
    version: u64,
    name: DisplayName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mobile: Option<MobileNumber>,
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

/// A group as it is written into cards, invitations and rosters.
#[derive(Serialize, Deserialize)]
pub(super) struct GroupDocument {
    v: u32,
    id: GroupId,
    name: GroupName,
    owner: UserName,
    join: JoinPolicy,
    at: Timestamp,
    /// Count and time of the last change of everybody who ever joined.
    m: BTreeMap<UserName, (u32, Timestamp)>,
}

#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// Bytes of our own documents: their fields are all strings, numbers and maps with string keys.
pub(super) fn to_bytes(document: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(document).expect("a document of ours has only string keys and no failing field")
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

/// The bytes of a profile.
pub fn encode_profile(profile: &Profile) -> Vec<u8> {
    to_bytes(&ProfileDocument {
        v: VERSION,
        user: profile.user.clone(),
        account: profile.account,
        version: profile.version,
        name: profile.display_name.clone(),
        mobile: profile.mobile.clone(),
        at: profile.registered_at,
    })
}

/// Reads the profile that stands at the topic of `user`.
pub fn decode_profile(user: &UserName, payload: &[u8]) -> Result<Profile, Malformed> {
    let document: ProfileDocument = read(payload, limits::PROFILE)?;
    check_subject(&document.user, user)?;
    Ok(Profile {
        user: document.user,
        account: document.account,
        version: document.version,
        display_name: document.name,
        mobile: document.mobile,
        registered_at: document.at,
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

/// The bytes of the card of a listed group.
pub fn encode_card(group: &Group) -> Vec<u8> {
    to_bytes(&GroupDocument::from(group))
}

/// Reads the card that stands at the topic of `group`; `None` when it was taken out (an empty payload).
pub fn decode_card(group: GroupId, payload: &[u8]) -> Result<Option<Group>, Malformed> {
    if payload.is_empty() {
        return Ok(None);
    }
    let card = Group::try_from(read::<GroupDocument>(payload, limits::CARD)?)?;
    check_subject(&card.id, &group)?;
    Ok(Some(card))
}

/// The bytes of a typing notice.
pub fn encode_typing() -> Vec<u8> {
    to_bytes(&TypingDocument { v: VERSION, ty: "typing".to_owned() })
}

/// Whether this is a typing notice.
pub fn decode_typing(payload: &[u8]) -> Result<bool, Malformed> {
    Ok(read::<TypingDocument>(payload, limits::TYPING)?.ty == "typing")
}

impl From<&Group> for GroupDocument {
    fn from(group: &Group) -> Self {
        Self {
            v: VERSION,
            id: group.id,
            name: group.name.clone(),
            owner: group.owner.clone(),
            join: group.policy,
            at: group.created_at,
            m: group.roster.iter().map(|(user, m)| (user.clone(), (m.count, m.since))).collect(),
        }
    }
}

impl TryFrom<GroupDocument> for Group {
    type Error = Malformed;

    fn try_from(document: GroupDocument) -> Result<Self, Malformed> {
        if document.v != VERSION {
            return Err(Malformed::Version(document.v));
        }
        if document.m.len() > GROUP_MEMBERS {
            return Err(Malformed::TooManyMembers(document.m.len()));
        }
        let membership = |(count, since)| Membership { count, since };
        Ok(Self {
            id: document.id,
            name: document.name,
            owner: document.owner,
            policy: document.join,
            created_at: document.at,
            roster: document.m.into_iter().map(|(user, pair)| (user, membership(pair))).collect(),
        })
    }
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
            account: AccountId::from_bits(0xb0b),
            version: 1,
            display_name: DisplayName::new("Bob Ä").unwrap(),
            mobile: Some(MobileNumber::new("+49 30 1234").unwrap()),
            registered_at: Timestamp::from_millis(1_732_281_660_123),
        }
    }

    fn group(members: usize) -> Group {
        let membership = Membership { count: 1, since: Timestamp::from_millis(1_732_281_660_123) };
        let name = |n| user(&format!("{n:032}"));
        Group {
            id: GroupId::from_bits(0xc00ee),
            name: GroupName::new("team").unwrap(),
            owner: name(0),
            policy: JoinPolicy::Open,
            created_at: Timestamp::from_millis(1_732_281_660_123),
            roster: (0..members).map(|n| (name(n), membership)).collect(),
        }
    }

    #[test]
    fn the_formats_stay_as_they_were_published() {
        assert_snapshot!(text(encode_profile(&profile())), @r#"{"v":1,"user":"bob","account":"00000000000000000000000000000b0b","version":1,"name":"Bob Ä","mobile":"+49 30 1234","at":1732281660123}"#);
        let online = DeviceRecord { epoch: 7, online: true, since: Timestamp::from_millis(5) };
        assert_snapshot!(text(encode_presence(online)), @r#"{"v":1,"s":"online","e":7,"at":5}"#);
        assert_snapshot!(text(encode_presence(DeviceRecord { online: false, ..online })), @r#"{"v":1,"s":"offline","e":7,"at":5}"#);
        assert_snapshot!(text(encode_card(&group(1))), @r#"{"v":1,"id":"000000000000000000000000000c00ee","name":"team","owner":"00000000000000000000000000000000","join":"open","at":1732281660123,"m":{"00000000000000000000000000000000":[1,1732281660123]}}"#);
        assert_snapshot!(text(encode_typing()), @r#"{"v":1,"ty":"typing"}"#);
    }

    #[test]
    fn every_document_is_read_as_it_was_written() {
        let bob = profile();
        assert_eq!(decode_profile(&bob.user, &encode_profile(&bob)).unwrap(), bob);
        let gone = DeviceRecord { epoch: u64::MAX, online: false, since: Timestamp::from_millis(9) };
        assert_eq!(decode_presence(&encode_presence(gone)).unwrap(), Some(gone));
        assert_eq!(decode_presence(b"").unwrap(), None);
        let team = group(GROUP_MEMBERS);
        assert_eq!(decode_card(team.id, &encode_card(&team)).unwrap(), Some(team));
        assert!(decode_typing(&encode_typing()).unwrap());
    }

    #[test]
    fn a_document_at_a_foreign_topic_is_refused() {
        let bytes = encode_profile(&profile());
        assert!(matches!(decode_profile(&user("eve"), &bytes), Err(Malformed::Mismatch { .. })));
        let card = encode_card(&group(1));
        assert!(matches!(decode_card(GroupId::from_bits(1), &card), Err(Malformed::Mismatch { .. })));
    }

    #[test]
    fn limits_are_kept_before_anything_is_made() {
        let huge = vec![b' '; limits::PROFILE + 1];
        assert!(matches!(decode_profile(&user("bob"), &huge), Err(Malformed::TooLarge { .. })));
        let mut crowd = GroupDocument::from(&group(GROUP_MEMBERS));
        crowd.m.insert(user("one-more"), (1, Timestamp::EPOCH));
        assert!(matches!(Group::try_from(crowd), Err(Malformed::TooManyMembers(257))));
        let name = text(encode_profile(&profile())).replace("Bob Ä", &"x".repeat(65));
        assert!(matches!(decode_profile(&user("bob"), name.as_bytes()), Err(Malformed::Shape(_))));
    }

    #[test]
    fn a_newer_version_is_told_from_nonsense() {
        let newer = br#"{"v":2,"anything":[]}"#;
        assert!(matches!(decode_profile(&user("bob"), newer), Err(Malformed::Version(2))));
        assert!(matches!(decode_presence(newer), Err(Malformed::Version(2))));
        assert!(matches!(decode_presence(b"offline"), Err(Malformed::Shape(_))));
    }

    #[test]
    fn names_are_cleaned_on_the_way_in() {
        let hostile = text(encode_profile(&profile())).replace("Bob Ä", "Bob\\u001b[31m\\u202e");
        let read = decode_profile(&user("bob"), hostile.as_bytes()).unwrap();
        assert_eq!(read.display_name.as_str(), "Bob[31m");
    }
}
