//! The envelope and the letter inside it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::documents::{GroupDocument, to_bytes};
use super::{Malformed, VERSION, check_size, limits};
use crate::domain::{Group, Membership, MessageId, MessageText, Timestamp, UserName};

/// The tag of an envelope that is not encrypted.
const CLEAR: &str = "clear";

/// What is inside an envelope. Who wrote it and where to, the topic says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its one identity.
    pub id: MessageId,
    /// When it was written, by the sender's clock.
    pub sent_at: Timestamp,
    /// In a group: how the sender stands to it. So whoever missed that somebody joined learns it from the
    /// first thing they say.
    pub membership: Option<Membership>,
    /// What it says.
    pub content: Content,
}

/// What a letter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Words for people. To a person or to a group.
    Text(MessageText),
    /// The sender came into the group. To a group.
    Joined,
    /// The sender left the group. To a group.
    Left,
    /// The sender asked this person into the group. To a group.
    Invited(UserName),
    /// Come into this group. To a person.
    Invitation(Group),
    /// This is what I know of this group. To a person who just joined.
    Roster(Group),
    /// Something only a newer Cooee understands. Never written, only read.
    Newer,
}

/// Read first, because what else stands there depends on it.
#[derive(Deserialize)]
struct Head {
    v: u32,
    t: String,
}

#[derive(Serialize, Deserialize)]
struct Clear<M> {
    v: u32,
    t: String,
    m: M,
}

#[derive(Serialize, Deserialize)]
struct Inner {
    id: MessageId,
    ts: Timestamp,
    ty: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<(u32, Timestamp)>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    b: Value,
}

#[derive(Deserialize)]
struct TextBody {
    text: MessageText,
}

#[derive(Deserialize)]
struct UserBody {
    user: UserName,
}

/// The bytes of an envelope with this letter inside.
///
/// `Content::Newer` has no bytes of its own; it is written as an unknown type, and read back as that.
pub fn encode_letter(letter: &Letter) -> Vec<u8> {
    let (ty, body) = match &letter.content {
        Content::Text(text) => ("text", json!({ "text": text })),
        Content::Joined => ("joined", Value::Null),
        Content::Left => ("left", Value::Null),
        Content::Invited(user) => ("invited", json!({ "user": user })),
        Content::Invitation(group) => ("invitation", json!(GroupDocument::from(group))),
        Content::Roster(group) => ("roster", json!(GroupDocument::from(group))),
        Content::Newer => ("newer", Value::Null),
    };
    let inner = Inner {
        id: letter.id,
        ts: letter.sent_at,
        ty: ty.to_owned(),
        n: letter.membership.map(|m| (m.count, m.since)),
        b: body,
    };
    to_bytes(&Clear { v: VERSION, t: CLEAR.to_owned(), m: inner })
}

/// Reads an envelope.
pub fn decode_letter(payload: &[u8]) -> Result<Letter, Malformed> {
    check_size(payload, limits::ENVELOPE)?;
    let head: Head = serde_json::from_slice(payload)?;
    if head.v != VERSION || head.t != CLEAR {
        // It has no id that we could read. One made from its bytes keeps repetitions apart from news.
        let id = MessageId::derived(payload);
        return Ok(Letter { id, sent_at: Timestamp::EPOCH, membership: None, content: Content::Newer });
    }
    let inner: Inner = serde_json::from_slice::<Clear<Inner>>(payload)?.m;
    let content = match inner.ty.as_str() {
        "text" => Content::Text(TextBody::deserialize(inner.b)?.text),
        "joined" => Content::Joined,
        "left" => Content::Left,
        "invited" => Content::Invited(UserBody::deserialize(inner.b)?.user),
        "invitation" => Content::Invitation(GroupDocument::deserialize(inner.b)?.try_into()?),
        "roster" => Content::Roster(GroupDocument::deserialize(inner.b)?.try_into()?),
        _ => Content::Newer,
    };
    let membership = inner.n.map(|(count, since)| Membership { count, since });
    Ok(Letter { id: inner.id, sent_at: inner.ts, membership, content })
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{GroupId, GroupName, JoinPolicy};

    fn letter(content: Content) -> Letter {
        Letter {
            id: "01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00".parse().unwrap(),
            sent_at: Timestamp::from_millis(1_732_281_660_123),
            membership: None,
            content,
        }
    }

    fn group() -> Group {
        let alice: UserName = "alice".parse().unwrap();
        let member = Membership { count: 1, since: Timestamp::from_millis(5) };
        Group {
            id: GroupId::from_bits(0xc00ee),
            name: GroupName::new("team").unwrap(),
            owner: alice.clone(),
            policy: JoinPolicy::Invite,
            created_at: Timestamp::from_millis(5),
            roster: [(alice, member)].into(),
        }
    }

    fn text(letter: &Letter) -> String {
        String::from_utf8(encode_letter(letter)).unwrap()
    }

    #[test]
    fn the_format_stays_as_it_was_published() {
        let hi = letter(Content::Text(MessageText::new("hi").unwrap()));
        assert_snapshot!(text(&hi), @r#"{"v":1,"t":"clear","m":{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"text","b":{"text":"hi"}}}"#);
        let member = Some(Membership { count: 3, since: Timestamp::from_millis(5) });
        let joined = Letter { membership: member, ..letter(Content::Joined) };
        assert_snapshot!(text(&joined), @r#"{"v":1,"t":"clear","m":{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"joined","n":[3,5]}}"#);
        assert_snapshot!(text(&letter(Content::Invited("bob".parse().unwrap()))), @r#"{"v":1,"t":"clear","m":{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"invited","b":{"user":"bob"}}}"#);
        assert_snapshot!(text(&letter(Content::Invitation(group()))), @r#"{"v":1,"t":"clear","m":{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"invitation","b":{"at":5,"id":"000000000000000000000000000c00ee","join":"invite","m":{"alice":[1,5]},"name":"team","owner":"alice","v":1}}}"#);
    }

    #[test]
    fn every_letter_is_read_as_it_was_written() {
        let contents = [
            Content::Text(MessageText::new("a\n\u{1F469}\u{200D}\u{1F680}").unwrap()),
            Content::Joined,
            Content::Left,
            Content::Invited("bob".parse().unwrap()),
            Content::Invitation(group()),
            Content::Roster(group()),
            Content::Newer,
        ];
        for content in contents {
            let letter = letter(content);
            assert_eq!(decode_letter(&encode_letter(&letter)).unwrap(), letter);
        }
    }

    #[test]
    fn what_is_newer_is_kept_and_told_apart() {
        let one = decode_letter(br#"{"v":2,"t":"clear","x":1}"#).unwrap();
        let other = decode_letter(br#"{"v":1,"t":"direct","to":{}}"#).unwrap();
        assert_eq!(one.content, Content::Newer);
        assert_eq!(other.content, Content::Newer);
        assert_ne!(one.id, other.id);
        let known = text(&letter(Content::Left)).replace("left", "poll");
        let letter = decode_letter(known.as_bytes()).unwrap();
        assert_eq!(letter.content, Content::Newer);
        assert_eq!(letter.id.to_string(), "01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00");
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let huge = vec![b' '; limits::ENVELOPE + 1];
        assert!(matches!(decode_letter(&huge), Err(Malformed::TooLarge { .. })));
        let deep = format!("{}{}", r#"{"v":1,"t":"clear","m":"#, "[".repeat(60_000));
        assert!(matches!(decode_letter(deep.as_bytes()), Err(Malformed::Shape(_))));
        for bad in [
            "",
            "null",
            "{}",
            "\u{1b}",
            r#"{"v":1,"t":"clear"}"#,
            r#"{"v":1,"t":"clear","m":{"id":"x"}}"#,
        ] {
            assert!(matches!(decode_letter(bad.as_bytes()), Err(Malformed::Shape(_))), "{bad}");
        }
        let blank =
            text(&letter(Content::Text(MessageText::new("hi").unwrap()))).replace("hi", "\\u001b");
        assert!(matches!(decode_letter(blank.as_bytes()), Err(Malformed::Shape(_))));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_letter(&bytes);
        }

        #[test]
        fn no_cut_or_changed_byte_makes_it_panic(at in 0usize..400, byte in any::<u8>()) {
            let mut bytes = encode_letter(&letter(Content::Invitation(group())));
            let at = at % bytes.len();
            let _ = decode_letter(&bytes[..at]);
            bytes[at] = byte;
            let _ = decode_letter(&bytes);
        }
    }
}
