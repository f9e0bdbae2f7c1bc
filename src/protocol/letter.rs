//! Letters: what one Cooee says to another, inside an envelope.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::documents::{GroupDocument, to_bytes};
use super::{Malformed, Step, VERSION, check_size, limits};
use crate::domain::{
    ConversationId, Group, GroupId, Membership, MessageId, MessageText, Timestamp, UserName,
};

/// What is inside an envelope. Who wrote it and where to, the topic says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its one identity.
    pub id: MessageId,
    /// When it was written: by the sender's clock, but not before anything that the sender had read there.
    pub sent_at: Timestamp,
    /// In which group it is said. The same bytes go to the group and, again, to the inbox of a member who
    /// did not confirm them; and nothing said in one group can be passed off in another.
    pub group: Option<GroupId>,
    /// Counts what this device of the sender said in this conversation, from 1. A number that is left out
    /// tells the receiver that something is missing. Letters that are no part of the conversation have none.
    pub number: Option<u64>,
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
    /// What became of letters of the one who gets this. To a person.
    Receipt(Receipt),
    /// Letters that the sender of this should have and has not, by their numbers. To a person.
    Missing(Missing),
    /// What opens what the sender says in a group from here on. To a person.
    SenderKey(SenderKey),
    /// Something of yours came that I cannot open: seal anew what I did not confirm. To a person.
    Unreadable,
    /// The sender said this from another of their devices. To themselves.
    Copy(Box<Copy>),
    /// The sender has read a conversation up to here on another of their devices. To themselves.
    ReadUpTo(ReadUpTo),
    /// A step of a comparison of emoji. To a person, and worth nothing after some minutes.
    Compare(Step),
    /// Something only a newer Cooee understands. Never written, only read.
    Newer,
}

/// The key of a sender's session in a group.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderKey {
    /// In which group it is spoken with.
    pub group: GroupId,
    /// The key, as text; at most [`limits::SENDER_KEY`].
    pub key: String,
}

impl std::fmt::Debug for SenderKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SenderKey").field("group", &self.group).finish_non_exhaustive()
    }
}

/// What somebody said from one of their devices, for the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Where it was said.
    pub to: ConversationId,
    /// What: no copy in turn.
    pub letter: Letter,
    /// The group as it is by that, where it changed it.
    pub group: Option<Group>,
}

/// How far somebody has read a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadUpTo {
    /// Which.
    pub conversation: ConversationId,
    /// The time of the last message there that was read.
    pub at: Timestamp,
}

/// What became of letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What became of them.
    pub stage: Stage,
    /// When, by the clock of who tells it.
    pub at: Timestamp,
    /// Of which; at most [`limits::RECEIPT`].
    pub letters: Vec<MessageId>,
}

/// What a receipt tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// They are stored.
    Delivered,
    /// They were on the screen.
    Read,
}

/// A run of numbers that are missing, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// In which group; `None` in direct messages.
    pub group: Option<GroupId>,
    /// The first number.
    pub from: u64,
    /// The last number.
    pub to: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Inner {
    id: MessageId,
    ts: Timestamp,
    ty: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    g: Option<GroupId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    q: Option<u64>,
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

#[derive(Serialize, Deserialize)]
struct ReceiptBody {
    s: Stage,
    at: Timestamp,
    ids: Vec<MessageId>,
}

/// A step has parts of known sizes alone, so it needs no bound of its own.
#[derive(Serialize, Deserialize)]
struct CompareBody {
    v: u32,
    #[serde(flatten)]
    step: Step,
}

#[derive(Serialize, Deserialize)]
struct CopyBody {
    to: ConversationId,
    m: Box<Inner>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<GroupDocument>,
}

#[derive(Serialize, Deserialize)]
struct MissingBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<GroupId>,
    from: u64,
    to: u64,
}

/// The bytes of a letter, to be sealed.
///
/// `Content::Newer` has no bytes of its own; it is written as an unknown type, and read back as that.
pub fn encode_letter(letter: &Letter) -> Vec<u8> {
    to_bytes(&inner(letter))
}

fn inner(letter: &Letter) -> Inner {
    let (ty, body) = match &letter.content {
        Content::Text(text) => ("text", json!({ "text": text })),
        Content::Joined => ("joined", Value::Null),
        Content::Left => ("left", Value::Null),
        Content::Invited(user) => ("invited", json!({ "user": user })),
        Content::Invitation(group) => ("invitation", json!(GroupDocument::from(group))),
        Content::Roster(group) => ("roster", json!(GroupDocument::from(group))),
        Content::Receipt(Receipt { stage, at, letters }) => {
            ("receipt", json!(ReceiptBody { s: *stage, at: *at, ids: letters.clone() }))
        }
        Content::Missing(Missing { group, from, to }) => {
            ("missing", json!(MissingBody { group: *group, from: *from, to: *to }))
        }
        Content::SenderKey(key) => ("sender_key", json!(key)),
        Content::Unreadable => ("unreadable", Value::Null),
        Content::Copy(copy) => {
            let Copy { to, letter, group } = &**copy;
            let group = group.as_ref().map(GroupDocument::from);
            ("copy", json!(CopyBody { to: to.clone(), m: Box::new(inner(letter)), group }))
        }
        Content::ReadUpTo(read) => ("read_up_to", json!(read)),
        Content::Compare(step) => ("compare", json!(CompareBody { v: VERSION, step: step.clone() })),
        Content::Newer => ("newer", Value::Null),
    };
    Inner {
        id: letter.id,
        ts: letter.sent_at,
        ty: ty.to_owned(),
        g: letter.group,
        q: letter.number,
        n: letter.membership.map(|m| (m.count, m.since)),
        b: body,
    }
}

/// Reads a letter.
pub fn decode_letter(bytes: &[u8]) -> Result<Letter, Malformed> {
    check_size(bytes, limits::ENVELOPE)?;
    read(serde_json::from_slice(bytes)?)
}

pub(super) fn read(inner: Inner) -> Result<Letter, Malformed> {
    let content = match inner.ty.as_str() {
        "text" => Content::Text(TextBody::deserialize(inner.b)?.text),
        "joined" => Content::Joined,
        "left" => Content::Left,
        "invited" => Content::Invited(UserBody::deserialize(inner.b)?.user),
        "invitation" => Content::Invitation(GroupDocument::deserialize(inner.b)?.try_into()?),
        "roster" => Content::Roster(GroupDocument::deserialize(inner.b)?.try_into()?),
        "receipt" => Content::Receipt(receipt(ReceiptBody::deserialize(inner.b)?)?),
        "missing" => {
            let MissingBody { group, from, to } = MissingBody::deserialize(inner.b)?;
            Content::Missing(Missing { group, from, to })
        }
        "sender_key" => Content::SenderKey(sender_key(SenderKey::deserialize(inner.b)?)?),
        "unreadable" => Content::Unreadable,
        "copy" => Content::Copy(Box::new(copy(CopyBody::deserialize(inner.b)?)?)),
        "read_up_to" => Content::ReadUpTo(ReadUpTo::deserialize(inner.b)?),
        "compare" if inner.b.get("v").is_some_and(|v| *v == VERSION) => {
            Content::Compare(CompareBody::deserialize(inner.b)?.step)
        }
        _ => Content::Newer,
    };
    let membership = inner.n.map(|(count, since)| Membership { count, since });
    let Inner { id, ts: sent_at, g: group, q: number, .. } = inner;
    Ok(Letter { id, sent_at, group, number, membership, content })
}

fn copy(CopyBody { to, m, group }: CopyBody) -> Result<Copy, Malformed> {
    if m.ty == "copy" {
        return Err(Malformed::Nested);
    }
    Ok(Copy { to, letter: read(*m)?, group: group.map(Group::try_from).transpose()? })
}

fn sender_key(key: SenderKey) -> Result<SenderKey, Malformed> {
    match key.key.len() {
        size if size > limits::SENDER_KEY => {
            Err(Malformed::TooLarge { size, limit: limits::SENDER_KEY })
        }
        _ => Ok(key),
    }
}

fn receipt(body: ReceiptBody) -> Result<Receipt, Malformed> {
    match body.ids.len() {
        n if n > limits::RECEIPT => Err(Malformed::TooManyLetters(n)),
        _ => Ok(Receipt { stage: body.s, at: body.at, letters: body.ids }),
    }
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
            group: None,
            number: None,
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

    fn receipt_of(letters: usize) -> Content {
        let letters = (0..letters as u128).map(|n| MessageId::from_bytes(n.to_be_bytes())).collect();
        Content::Receipt(Receipt { stage: Stage::Read, at: Timestamp::from_millis(5), letters })
    }

    fn step() -> Step {
        let why = crate::protocol::Reason::Mismatch;
        Step { id: uuid::Uuid::from_u128(7), kind: crate::protocol::StepKind::Cancel { why } }
    }

    fn text(letter: &Letter) -> String {
        String::from_utf8(encode_letter(letter)).unwrap()
    }

    #[test]
    fn the_format_stays_as_it_was_published() {
        let hi = letter(Content::Text(MessageText::new("hi").unwrap()));
        assert_snapshot!(text(&hi), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"text","b":{"text":"hi"}}"#);
        let member = Some(Membership { count: 3, since: Timestamp::from_millis(5) });
        let (group_id, number) = (Some(GroupId::from_bits(0xc00ee)), Some(7));
        let joined = Letter { group: group_id, number, membership: member, ..letter(Content::Joined) };
        assert_snapshot!(text(&joined), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"joined","g":"000000000000000000000000000c00ee","q":7,"n":[3,5]}"#);
        assert_snapshot!(text(&letter(receipt_of(1))), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"receipt","b":{"at":5,"ids":["00000000-0000-0000-0000-000000000000"],"s":"read"}}"#);
        let missing = Missing { group: group_id, from: 3, to: 5 };
        assert_snapshot!(text(&letter(Content::Missing(missing))), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"missing","b":{"from":3,"group":"000000000000000000000000000c00ee","to":5}}"#);
        assert_snapshot!(text(&letter(Content::Invited("bob".parse().unwrap()))), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"invited","b":{"user":"bob"}}"#);
        assert_snapshot!(text(&letter(Content::Invitation(group()))), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"invitation","b":{"at":5,"id":"000000000000000000000000000c00ee","join":"invite","m":{"alice":[1,5]},"name":"team","owner":"alice","v":1}}"#);
        assert_snapshot!(text(&letter(Content::Compare(step()))), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"compare","b":{"id":"00000000-0000-0000-0000-000000000007","s":"cancel","v":1,"why":"mismatch"}}"#);
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
            receipt_of(limits::RECEIPT),
            Content::Missing(Missing { group: None, from: 1, to: u64::MAX }),
            Content::SenderKey(SenderKey { group: GroupId::from_bits(1), key: "abc".to_owned() }),
            Content::Unreadable,
            Content::Copy(Box::new(Copy {
                to: ConversationId::Group(GroupId::from_bits(0xc00ee)),
                letter: letter(Content::Joined),
                group: Some(group()),
            })),
            Content::ReadUpTo(ReadUpTo {
                conversation: ConversationId::Direct("bob".parse().unwrap()),
                at: Timestamp::from_millis(5),
            }),
            Content::Compare(step()),
            Content::Newer,
        ];
        for content in contents {
            let letter = letter(content);
            assert_eq!(decode_letter(&encode_letter(&letter)).unwrap(), letter);
        }
    }

    #[test]
    fn what_was_written_before_there_were_numbers_is_read() {
        let old = br#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"joined","n":[3,5]}"#;
        let old = decode_letter(old).unwrap();
        assert_eq!((old.group, old.number, old.content), (None, None, Content::Joined));
    }

    #[test]
    fn a_copy_holds_no_copy() {
        let copy = |content| {
            let to = ConversationId::Direct("bob".parse().unwrap());
            letter(Content::Copy(Box::new(Copy { to, letter: letter(content), group: None })))
        };
        let once = copy(Content::Left);
        let twice = encode_letter(&copy(once.content.clone()));
        assert_eq!(decode_letter(&encode_letter(&once)).unwrap(), once);
        assert!(matches!(decode_letter(&twice), Err(Malformed::Nested)));
    }

    #[test]
    fn another_version_of_the_comparison_is_a_newer_ones() {
        let newer = text(&letter(Content::Compare(step()))).replace(r#""v":1"#, r#""v":2"#);
        assert_eq!(decode_letter(newer.as_bytes()).unwrap().content, Content::Newer);
    }

    #[test]
    fn a_receipt_is_bounded() {
        let long = encode_letter(&letter(receipt_of(limits::RECEIPT + 1)));
        assert!(matches!(decode_letter(&long), Err(Malformed::TooManyLetters(257))));
    }

    #[test]
    fn what_is_newer_is_kept_and_told_apart() {
        let known = text(&letter(Content::Left)).replace("left", "poll");
        let letter = decode_letter(known.as_bytes()).unwrap();
        assert_eq!(letter.content, Content::Newer);
        assert_eq!(letter.id.to_string(), "01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00");
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let huge = vec![b' '; limits::ENVELOPE + 1];
        assert!(matches!(decode_letter(&huge), Err(Malformed::TooLarge { .. })));
        let deep = format!("{}{}", r#"{"id":"x","b":"#, "[".repeat(60_000));
        assert!(matches!(decode_letter(deep.as_bytes()), Err(Malformed::Shape(_))));
        for bad in ["", "null", "{}", "\u{1b}", r#"{"id":"x"}"#] {
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
