//! Letters: what one Cooee says to another, inside an envelope.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::documents::to_bytes;
use super::said::{Altered, Knock, LifetimeBody, Speech};
use super::sender_key::SenderKey;
use super::{FileWord, Malformed, SignedDocument, Step, VERSION, check_size, limits};
use crate::domain::{
    Attachment, ConversationId, GroupChange, GroupId, Lifetime, MessageId, Reply, StateHash, Timestamp,
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
    /// In a group: how the sender stands to it.
    pub stand: Option<Stand>,
    /// How long what it says lives, where that disappears.
    pub life: Option<Lifetime>,
    /// What it says.
    pub content: Content,
}

impl Content {
    /// What it answers.
    pub fn reply(&self) -> Option<Reply> {
        match self {
            Self::Text(speech) => speech.reply.map(Reply::to),
            _ => None,
        }
    }

    /// The file that it offers.
    pub fn file(&self) -> Option<Attachment> {
        match self {
            Self::Text(speech) => speech.file.clone(),
            _ => None,
        }
    }

    /// Whether it goes where messages disappear: what people say. What they do with that goes with it.
    pub fn fades(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Whether it passes on what was said elsewhere.
    pub fn is_forwarded(&self) -> bool {
        matches!(self, Self::Text(speech) if speech.forwarded)
    }
}

/// How the sender of a letter stands to the group in which it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Their counter there; see `domain::group_documents`.
    pub count: u32,
    /// All that counts there, as far as they know it.
    pub state: StateHash,
}

/// What was signed about a group, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Papers {
    /// Which group.
    pub group: GroupId,
    /// The documents; at most [`limits::PAPERS`] bytes, unless it is one alone.
    pub signed: Vec<SignedDocument>,
    /// With the last part of several: all that counts there, as far as the sender knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StateHash>,
}

/// What a letter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Words for people. To a person or to a group.
    Text(Speech),
    /// The sender did something with a message that was said. To a person or to a group.
    Altered(Altered),
    /// The sender came into the group, and signed that; or made it, and signed how. To a group.
    Joined(SignedDocument),
    /// The sender left the group, and signed that. To a group.
    Left(SignedDocument),
    /// The sender did something with the group, and signed that. What a member says who has no right to it is
    /// not signed: that they asked somebody into an open group. To a group.
    Changed(GroupChange, Option<SignedDocument>),
    /// The sender set how long messages live in the conversation; `None`: they stay. To a person.
    Lifetime(Option<Lifetime>),
    /// Let me into a group by a link of yours. To a person.
    Knock(Knock),
    /// Come into this group. To a person.
    Invitation(Papers),
    /// This is what I know of this group. To a person.
    Papers(Papers),
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
    /// About fetching a file. To a person.
    File(FileWord),
    /// Something only a newer Cooee understands. Never written, only read.
    Newer,
}

/// What somebody said from one of their devices, for the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Where it was said.
    pub to: ConversationId,
    /// What: no copy in turn.
    pub letter: Letter,
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
    n: Option<(u32, StateHash)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    l: Option<u32>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    b: Value,
}

#[derive(Serialize, Deserialize)]
struct SignedBody {
    signed: SignedDocument,
}

/// What is changed, `C`, and by which document.
#[derive(Serialize, Deserialize)]
struct ChangeBody<C> {
    to: C,
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    signed: Option<SignedDocument>,
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
        Content::Text(words) => ("text", json!(words)),
        Content::Altered(altered) => altered.body(),
        Content::Joined(signed) => ("joined", json!(SignedBody { signed: signed.clone() })),
        Content::Left(signed) => ("left", json!(SignedBody { signed: signed.clone() })),
        Content::Changed(change, signed) => {
            let body = |to: Value| json!(ChangeBody { to, signed: signed.clone() });
            match change {
                GroupChange::Invite(user) => ("invited", body(json!(user))),
                GroupChange::Remove(user) => ("removed", body(json!(user))),
                GroupChange::Rename(name) => ("renamed", body(json!(name))),
                GroupChange::Promote(user) => ("promoted", body(json!(user))),
                GroupChange::Demote(user) => ("demoted", body(json!(user))),
                GroupChange::Policy(policy) => ("policy", body(json!(policy))),
                GroupChange::Lifetime(lifetime) => ("lifetime", body(json!(lifetime))),
            }
        }
        Content::Lifetime(life) => ("disappear", json!(LifetimeBody { life: *life })),
        Content::Knock(knock) => ("knock", json!(knock)),
        Content::Invitation(papers) => ("invitation", json!(papers)),
        Content::Papers(papers) => ("papers", json!(papers)),
        Content::Receipt(Receipt { stage, at, letters }) => {
            ("receipt", json!(ReceiptBody { s: *stage, at: *at, ids: letters.clone() }))
        }
        Content::Missing(Missing { group, from, to }) => {
            ("missing", json!(MissingBody { group: *group, from: *from, to: *to }))
        }
        Content::SenderKey(key) => ("sender_key", json!(key)),
        Content::Unreadable => ("unreadable", Value::Null),
        Content::Copy(copy) => {
            let Copy { to, letter } = &**copy;
            ("copy", json!(CopyBody { to: to.clone(), m: Box::new(inner(letter)) }))
        }
        Content::ReadUpTo(read) => ("read_up_to", json!(read)),
        Content::File(word) => word.body(),
        Content::Compare(step) => ("compare", json!(CompareBody { v: VERSION, step: step.clone() })),
        Content::Newer => ("newer", Value::Null),
    };
    Inner {
        id: letter.id,
        ts: letter.sent_at,
        ty: ty.to_owned(),
        g: letter.group,
        q: letter.number,
        n: letter.stand.map(|stand| (stand.count, stand.state)),
        l: letter.life.map(Lifetime::seconds),
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
        "text" => Content::Text(Speech::deserialize(inner.b)?),
        kind if Altered::is_type(kind) => Content::Altered(Altered::read(kind, inner.b)?),
        "joined" => Content::Joined(SignedBody::deserialize(inner.b)?.signed),
        "left" => Content::Left(SignedBody::deserialize(inner.b)?.signed),
        "invited" => changed(inner.b, GroupChange::Invite)?,
        "removed" => changed(inner.b, GroupChange::Remove)?,
        "renamed" => changed(inner.b, GroupChange::Rename)?,
        "promoted" => changed(inner.b, GroupChange::Promote)?,
        "demoted" => changed(inner.b, GroupChange::Demote)?,
        "policy" => changed(inner.b, GroupChange::Policy)?,
        "lifetime" => changed(inner.b, GroupChange::Lifetime)?,
        "disappear" => Content::Lifetime(LifetimeBody::deserialize(inner.b)?.life),
        "knock" => Content::Knock(Knock::deserialize(inner.b)?),
        "invitation" => Content::Invitation(Papers::deserialize(inner.b)?),
        "papers" => Content::Papers(Papers::deserialize(inner.b)?),
        "receipt" => Content::Receipt(receipt(ReceiptBody::deserialize(inner.b)?)?),
        "missing" => {
            let MissingBody { group, from, to } = MissingBody::deserialize(inner.b)?;
            Content::Missing(Missing { group, from, to })
        }
        "sender_key" => Content::SenderKey(SenderKey::deserialize(inner.b)?.checked()?),
        "unreadable" => Content::Unreadable,
        "copy" => Content::Copy(Box::new(copy(CopyBody::deserialize(inner.b)?)?)),
        kind @ ("file_pull" | "file_gone" | "file_fetched") => {
            Content::File(FileWord::read(kind, inner.b)?)
        }
        "read_up_to" => Content::ReadUpTo(ReadUpTo::deserialize(inner.b)?),
        "compare" if inner.b.get("v").is_some_and(|v| *v == VERSION) => {
            Content::Compare(CompareBody::deserialize(inner.b)?.step)
        }
        _ => Content::Newer,
    };
    let stand = inner.n.map(|(count, state)| Stand { count, state });
    let Inner { id, ts: sent_at, g: group, q: number, .. } = inner;
    // Whoever says otherwise how long it lives says it within bounds: it is not worth losing what is said.
    let life = inner.l.map(Lifetime::nearest);
    Ok(Letter { id, sent_at, group, number, stand, life, content })
}

fn changed<C: DeserializeOwned>(
    body: Value,
    change: impl FnOnce(C) -> GroupChange,
) -> Result<Content, Malformed> {
    let ChangeBody { to, signed } = ChangeBody::deserialize(body)?;
    Ok(Content::Changed(change(to), signed))
}

fn copy(CopyBody { to, m }: CopyBody) -> Result<Copy, Malformed> {
    if m.ty == "copy" {
        return Err(Malformed::Nested);
    }
    Ok(Copy { to, letter: read(*m)? })
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
    use crate::domain::{
        Alteration, GroupName, JoinPolicy, LinkSecret, MessageText, Reaction, UserName,
    };

    fn letter(content: Content) -> Letter {
        Letter {
            id: "01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00".parse().unwrap(),
            sent_at: Timestamp::from_millis(1_732_281_660_123),
            group: None,
            number: None,
            stand: None,
            life: None,
            content,
        }
    }

    const TEAM: GroupId = GroupId::from_bits(0xc00ee);

    fn signed() -> SignedDocument {
        SignedDocument {
            version: VERSION,
            kind: "group".to_owned(),
            text: "{}".to_owned(),
            key: "k".to_owned(),
            signature: "s".to_owned(),
        }
    }

    fn papers() -> Papers {
        Papers { group: TEAM, signed: vec![signed()], state: Some(StateHash::from_bits(5)) }
    }

    fn changes() -> [GroupChange; 8] {
        let bob: UserName = "bob".parse().unwrap();
        [
            GroupChange::Invite(bob.clone()),
            GroupChange::Remove(bob.clone()),
            GroupChange::Rename(GroupName::new("crew").unwrap()),
            GroupChange::Promote(bob.clone()),
            GroupChange::Demote(bob),
            GroupChange::Policy(JoinPolicy::Invite),
            GroupChange::Lifetime(Some(Lifetime::LEAST)),
            GroupChange::Lifetime(None),
        ]
    }

    /// Some message of the same conversation.
    const OTHER: MessageId = MessageId::from_bytes([7; 16]);

    fn altered(change: Alteration) -> Content {
        Content::Altered(Altered { of: OTHER, change })
    }

    fn words(text: &str) -> Speech {
        MessageText::new(text).unwrap().into()
    }

    fn alterations() -> [Alteration; 5] {
        [
            Alteration::Edit(MessageText::new("otherwise").unwrap()),
            Alteration::Delete,
            Alteration::React(Some(Reaction::new("👍").unwrap())),
            Alteration::React(None),
            Alteration::Pin(true),
        ]
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
        let hi = letter(Content::Text(MessageText::new("hi").unwrap().into()));
        assert_snapshot!(text(&hi), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"text","b":{"text":"hi"}}"#);
        let reply = Speech { reply: Some(OTHER), forwarded: true, ..words("hi") };
        assert_snapshot!(text(&letter(Content::Text(reply))), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"text","b":{"fw":true,"re":"07070707-0707-0707-0707-070707070707","text":"hi"}}"#);
        let [edit, delete, react, ..] = alterations().map(|change| text(&letter(altered(change))));
        assert_snapshot!(edit, @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"edit","b":{"of":"07070707-0707-0707-0707-070707070707","text":"otherwise"}}"#);
        assert_snapshot!(delete, @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"delete","b":{"of":"07070707-0707-0707-0707-070707070707"}}"#);
        assert_snapshot!(react, @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"react","b":{"of":"07070707-0707-0707-0707-070707070707","sign":"👍"}}"#);
        let stand = Some(Stand { count: 3, state: StateHash::from_bits(5) });
        let (group_id, number) = (Some(TEAM), Some(7));
        let joined = Letter { group: group_id, number, stand, ..letter(Content::Joined(signed())) };
        assert_snapshot!(text(&joined), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"joined","g":"000000000000000000000000000c00ee","q":7,"n":[3,"00000000000000000000000000000005"],"b":{"signed":{"d":"{}","k":"k","s":"s","t":"group","v":1}}}"#);
        assert_snapshot!(text(&letter(receipt_of(1))), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"receipt","b":{"at":5,"ids":["00000000-0000-0000-0000-000000000000"],"s":"read"}}"#);
        let missing = Missing { group: group_id, from: 3, to: 5 };
        assert_snapshot!(text(&letter(Content::Missing(missing))), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"missing","b":{"from":3,"group":"000000000000000000000000000c00ee","to":5}}"#);
        let [invited, .., policy, hour, stays] = changes();
        assert_snapshot!(text(&letter(Content::Changed(invited, Some(signed())))), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"invited","b":{"signed":{"d":"{}","k":"k","s":"s","t":"group","v":1},"to":"bob"}}"#);
        assert_snapshot!(text(&letter(Content::Changed(policy, None))), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"policy","b":{"to":"invite"}}"#);
        assert_snapshot!(text(&letter(Content::Changed(hour, None))), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"lifetime","b":{"to":3600}}"#);
        assert_snapshot!(text(&letter(Content::Changed(stays, None))), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"lifetime","b":{"to":null}}"#);
        assert_snapshot!(text(&letter(Content::Lifetime(Some(Lifetime::LEAST)))), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"disappear","b":{"life":3600}}"#);
        let fades = Letter { life: Some(Lifetime::LEAST), ..hi };
        assert_snapshot!(text(&fades), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"text","l":3600,"b":{"text":"hi"}}"#);
        assert_snapshot!(text(&letter(Content::Invitation(papers()))), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"invitation","b":{"group":"000000000000000000000000000c00ee","signed":[{"d":"{}","k":"k","s":"s","t":"group","v":1}],"state":"00000000000000000000000000000005"}}"#);
        assert_snapshot!(text(&letter(Content::Compare(step()))), @r#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"compare","b":{"id":"00000000-0000-0000-0000-000000000007","s":"cancel","v":1,"why":"mismatch"}}"#);
    }

    #[test]
    fn every_letter_is_read_as_it_was_written() {
        let contents = [
            Content::Text(MessageText::new("a\n\u{1F469}\u{200D}\u{1F680}").unwrap().into()),
            Content::Text(Speech { reply: Some(OTHER), forwarded: true, ..words("hi") }),
            Content::Joined(signed()),
            Content::Left(signed()),
            Content::Lifetime(Some(Lifetime::MOST)),
            Content::Lifetime(None),
            Content::Knock(Knock { group: TEAM, secret: LinkSecret::from_bytes([9; 16]) }),
            Content::Invitation(papers()),
            Content::Papers(Papers { state: None, ..papers() }),
            receipt_of(limits::RECEIPT),
            Content::Missing(Missing { group: None, from: 1, to: u64::MAX }),
            Content::SenderKey(SenderKey { group: GroupId::from_bits(1), key: "abc".to_owned() }),
            Content::Unreadable,
            Content::Copy(Box::new(Copy {
                to: ConversationId::Group(GroupId::from_bits(0xc00ee)),
                letter: letter(Content::Joined(signed())),
            })),
            Content::ReadUpTo(ReadUpTo {
                conversation: ConversationId::Direct("bob".parse().unwrap()),
                at: Timestamp::from_millis(5),
            }),
            Content::Compare(step()),
            Content::File(FileWord::Pull { of: OTHER, from: 64, count: 3, have: 60 }),
            Content::File(FileWord::Gone { of: OTHER }),
            Content::File(FileWord::Fetched { of: OTHER }),
            Content::Newer,
        ];
        let changes = changes().map(|change| Content::Changed(change, Some(signed())));
        let altered = alterations().map(altered);
        for content in contents.into_iter().chain(changes).chain(altered) {
            let letter = letter(content);
            assert_eq!(decode_letter(&encode_letter(&letter)).unwrap(), letter);
        }
    }

    #[test]
    fn what_may_be_left_out_is() {
        let bare =
            br#"{"id":"01935372-9d2b-7c3e-8f4a-5b6c7d8e9f00","ts":1732281660123,"ty":"unreadable"}"#;
        let bare = decode_letter(bare).unwrap();
        assert_eq!((bare.group, bare.number, bare.stand), (None, None, None));
    }

    #[test]
    fn a_lifetime_is_within_bounds_whatever_is_said() {
        let fades = Letter { life: Some(Lifetime::LEAST), ..letter(altered(Alteration::Delete)) };
        assert_eq!(decode_letter(&encode_letter(&fades)).unwrap(), fades);
        for (said, taken) in [("0", Lifetime::LEAST), ("4294967295", Lifetime::MOST)] {
            let other = text(&fades).replace("3600", said);
            assert_eq!(decode_letter(other.as_bytes()).unwrap().life, Some(taken));
        }
        // To set another one is a mistake.
        let set = text(&letter(Content::Lifetime(Some(Lifetime::LEAST))));
        for said in ["0", "4294967295", "-1", "4294967296", "\"1h\""] {
            assert!(decode_letter(set.replace("3600", said).as_bytes()).is_err(), "{said}");
        }
    }

    #[test]
    fn a_copy_holds_no_copy() {
        let copy = |content| {
            let to = ConversationId::Direct("bob".parse().unwrap());
            letter(Content::Copy(Box::new(Copy { to, letter: letter(content) })))
        };
        let once = copy(Content::Unreadable);
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
        let known = text(&letter(Content::Unreadable)).replace("unreadable", "poll");
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
        let blank = text(&letter(Content::Text(words("hi")))).replace("hi", "\\u001b");
        assert!(matches!(decode_letter(blank.as_bytes()), Err(Malformed::Shape(_))));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_letter(&bytes);
        }

        #[test]
        fn no_cut_or_changed_byte_makes_it_panic(at in 0usize..400, byte in any::<u8>()) {
            let mut bytes = encode_letter(&letter(Content::Invitation(papers())));
            let at = at % bytes.len();
            let _ = decode_letter(&bytes[..at]);
            bytes[at] = byte;
            let _ = decode_letter(&bytes);
        }
    }
}
