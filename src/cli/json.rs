//! The lines of JSON that scripts read: one object a line (NDJSON), documented in [`HELP`], which
//! `cooee listen --help` shows.
//!
//! These shapes are a promise: a field keeps its name, its type and its meaning, and is always there
//! where [`HELP`] shows it. New fields and new values of `type` may come, so readers pass over what they
//! do not know. That is why they are types of their own, and neither the engine's nor the domain's.

use std::collections::BTreeMap;

use serde::Serialize;

pub(super) use super::json_help::HELP;
use super::text::{delivery_word, group_label, hop_words, room_label};
use crate::domain::{
    Attachment, Availability, Body, ConversationId, Group, GroupChange, GroupId, Membership, Message,
    MessageId, Origin, Person, Profile, Reaction, Role, RoomName, Standing, Timestamp, Trust, UserName,
};
use crate::engine::{GroupView, Hop, KeyView, TheirKey, Waiting};

fn place(
    conversation: &ConversationId,
    groups: &BTreeMap<GroupId, GroupView>,
) -> (String, Option<GroupId>) {
    match conversation {
        ConversationId::Direct(user) => (format!("@{user}"), None),
        ConversationId::Group(id) => (group_label(groups, *id), Some(*id)),
        ConversationId::Room(room) => (room_label(room), None),
    }
}

/// One line: the object and a line break.
pub(super) fn line(record: &Record) -> String {
    // Its keys are text and its values are plain, so it always has a form in JSON.
    serde_json::to_string(record).map(|json| json + "\n").unwrap_or_default()
}

/// Any of the objects.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Record<'a> {
    Message(MessageRecord<'a>),
    Created(MessageRecord<'a>),
    Joined(MessageRecord<'a>),
    Left(MessageRecord<'a>),
    Invited(MessageRecord<'a>),
    Removed(MessageRecord<'a>),
    Renamed(MessageRecord<'a>),
    Promoted(MessageRecord<'a>),
    Demoted(MessageRecord<'a>),
    Policy(MessageRecord<'a>),
    Unsupported(MessageRecord<'a>),
    Deleted(MessageRecord<'a>),
    #[serde(rename = "key_changed")]
    KeyChanged(MessageRecord<'a>),
    #[serde(rename = "key_accepted")]
    KeyAccepted(MessageRecord<'a>),
    Person(PersonRecord<'a>),
    Group(GroupRecord<'a>),
    Member(MemberRecord<'a>),
    Room(RoomRecord<'a>),
    Waiting(WaitingRecord<'a>),
    Key(KeyRecord<'a>),
    File(SavedRecord<'a>),
}

#[derive(Serialize)]
pub(super) struct MessageRecord<'a> {
    id: MessageId,
    conversation: String,
    group: Option<GroupId>,
    from: &'a UserName,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a UserName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<MessageId>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    forwarded: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    edited: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pinned: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    starred: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<FileRecord<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    reactions: &'a BTreeMap<UserName, Reaction>,
    sent_at: String,
    received_at: String,
    own: bool,
    delivery: Option<&'static str>,
}

#[derive(Serialize)]
struct FileRecord<'a> {
    name: &'a str,
    size: u64,
    sha256: String,
}

impl<'a> FileRecord<'a> {
    fn of(file: &'a Attachment) -> Self {
        Self { name: file.name.as_str(), size: file.size, sha256: file.hash.to_string() }
    }
}

#[derive(Serialize)]
pub(super) struct SavedRecord<'a> {
    id: MessageId,
    path: &'a str,
}

#[derive(Serialize)]
pub(super) struct PersonRecord<'a> {
    user: &'a UserName,
    display_name: &'a str,
    mobile: Option<&'a str>,
    registered: bool,
    online: bool,
    since: Option<String>,
    last_seen: Option<String>,
    /// How far their key is to be trusted; not told of ourselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<Trust>,
    /// Whether we blocked them; not told of ourselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked: Option<bool>,
    own: bool,
}

#[derive(Serialize)]
pub(super) struct GroupRecord<'a> {
    id: GroupId,
    name: &'a str,
    owner: &'a UserName,
    policy: &'static str,
    standing: &'static str,
    invited_by: Option<&'a UserName>,
    members: usize,
    created_at: String,
}

#[derive(Serialize)]
pub(super) struct MemberRecord<'a> {
    group: GroupId,
    user: &'a UserName,
    role: &'static str,
    joined_at: Option<String>,
}

#[derive(Serialize)]
pub(super) struct RoomRecord<'a> {
    name: &'a RoomName,
    conversation: String,
    joined: bool,
}

#[derive(Serialize)]
pub(super) struct WaitingRecord<'a> {
    id: MessageId,
    conversation: String,
    group: Option<GroupId>,
    text: Option<&'a str>,
    delivery: &'static str,
    waits_for: &'static str,
    words: String,
    open: &'a [UserName],
}

#[derive(Serialize)]
pub(super) struct KeyRecord<'a> {
    user: &'a UserName,
    own: bool,
    trust: Option<Trust>,
    ours: String,
    #[serde(flatten)]
    key: KeyFields<'a>,
    claimed: Option<KeyFields<'a>>,
}

#[derive(Default, Serialize)]
struct KeyFields<'a> {
    fingerprint: Option<&'a str>,
    safety_number: Option<&'a str>,
    since: Option<String>,
    code: Option<&'a str>,
}

impl<'a> KeyFields<'a> {
    fn of(key: &'a TheirKey) -> Self {
        Self {
            fingerprint: Some(&key.fingerprint),
            safety_number: Some(&key.safety_number),
            since: Some(key.since.to_string()),
            code: Some(&key.code),
        }
    }
}

impl<'a> Record<'a> {
    /// The key of somebody else.
    pub fn key(view: &'a KeyView) -> Self {
        Self::Key(KeyRecord {
            user: &view.user,
            own: false,
            trust: Some(view.trust),
            ours: view.ours.clone(),
            key: view.theirs.as_ref().map(KeyFields::of).unwrap_or_default(),
            claimed: view.claimed.as_ref().map(KeyFields::of),
        })
    }

    /// Our own key.
    pub fn own_key(me: &'a Profile) -> Self {
        Self::Key(KeyRecord {
            user: &me.user,
            own: true,
            trust: None,
            ours: me.identity.fingerprint(),
            key: KeyFields::default(),
            claimed: None,
        })
    }

    /// A file that was saved.
    pub fn saved(id: MessageId, path: &'a str) -> Self {
        Self::File(SavedRecord { id, path })
    }

    /// A letter in the outbox.
    pub fn waiting(waiting: &'a Waiting, groups: &BTreeMap<GroupId, GroupView>) -> Self {
        let (conversation, group) = place(&waiting.to, groups);
        let text = waiting.message.as_ref().and_then(|message| match &message.body {
            Body::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let waits_for = match waiting.waits_for {
            Hop::Link => "link",
            Hop::Broker => "broker",
            Hop::Listener => "listener",
            Hop::Away(_) => "away",
            Hop::Receipt { .. } => "receipt",
            Hop::Person(_) => "person",
        };
        Self::Waiting(WaitingRecord {
            id: waiting.id,
            conversation,
            group,
            text,
            delivery: delivery_word(waiting.delivery),
            waits_for,
            words: hop_words(&waiting.waits_for),
            open: &waiting.open,
        })
    }

    /// A message, or an event of a group.
    pub fn message(message: &'a Message, groups: &BTreeMap<GroupId, GroupView>) -> Self {
        let (conversation, group) = place(&message.conversation, groups);
        let mut record = MessageRecord {
            id: message.id,
            conversation,
            group,
            from: &message.sender,
            text: None,
            user: None,
            name: None,
            policy: None,
            reply_to: message.reply.as_ref().map(|reply| reply.to),
            forwarded: message.forwarded,
            edited: message.marks.edit.is_some(),
            pinned: message.marks.pinned,
            starred: message.marks.starred,
            file: message.file.as_ref().map(FileRecord::of),
            reactions: &message.marks.reactions,
            sent_at: message.sent_at.to_string(),
            received_at: message.received_at.to_string(),
            own: message.is_ours(),
            delivery: message.delivery.map(delivery_word),
        };
        match &message.body {
            Body::Text(text) => {
                record.text = Some(text.as_str());
                Self::Message(record)
            }
            Body::Changed(change) => {
                let kind = match change {
                    GroupChange::Invite(user) => {
                        record.user = Some(user);
                        Self::Invited
                    }
                    GroupChange::Remove(user) => {
                        record.user = Some(user);
                        Self::Removed
                    }
                    GroupChange::Promote(user) => {
                        record.user = Some(user);
                        Self::Promoted
                    }
                    GroupChange::Demote(user) => {
                        record.user = Some(user);
                        Self::Demoted
                    }
                    GroupChange::Rename(name) => {
                        record.name = Some(name.as_str());
                        Self::Renamed
                    }
                    GroupChange::Policy(policy) => {
                        record.policy = Some(policy.as_str());
                        Self::Policy
                    }
                };
                kind(record)
            }
            Body::Created => Self::Created(record),
            Body::Joined => Self::Joined(record),
            Body::Left => Self::Left(record),
            Body::Unsupported => Self::Unsupported(record),
            Body::KeyChanged => Self::KeyChanged(record),
            Body::KeyAccepted => Self::KeyAccepted(record),
            Body::Deleted => Self::Deleted(record),
        }
    }

    /// Somebody else.
    pub fn person(person: &'a Person) -> Self {
        let (since, last_seen) = match person.availability {
            Availability::Online { since } => (Some(since), None),
            Availability::Offline { last_seen } => (None, last_seen),
        };
        Self::Person(PersonRecord {
            user: &person.user,
            display_name: person.display_name.as_str(),
            mobile: person.mobile.as_ref().map(|mobile| mobile.as_str()),
            registered: person.origin == Origin::Registered,
            online: person.availability.is_online(),
            since: since.as_ref().map(Timestamp::to_string),
            last_seen: last_seen.as_ref().map(Timestamp::to_string),
            trust: Some(person.trust),
            blocked: Some(person.blocked),
            own: false,
        })
    }

    /// Ourselves. Since when we are online is known to whoever runs the session.
    pub fn me(me: &'a Profile, online: bool) -> Self {
        Self::Person(PersonRecord {
            user: &me.user,
            display_name: me.display_name.as_str(),
            mobile: me.mobile.as_ref().map(|mobile| mobile.as_str()),
            registered: true,
            online,
            since: None,
            last_seen: None,
            trust: None,
            blocked: None,
            own: true,
        })
    }

    /// A group.
    pub fn group(view: &'a GroupView) -> Self {
        let GroupView { group, standing } = view;
        Self::Group(GroupRecord {
            id: group.id,
            name: group.name.as_str(),
            owner: &group.owner,
            policy: group.policy.as_str(),
            standing: standing_word(standing),
            invited_by: match standing {
                Standing::Invited(by) => Some(by),
                _ => None,
            },
            members: group.members.len(),
            created_at: group.created_at.to_string(),
        })
    }

    /// An open room.
    pub fn room(name: &'a RoomName, joined: bool) -> Self {
        Self::Room(RoomRecord { name, conversation: room_label(name), joined })
    }

    /// A member of a group.
    pub fn member(group: &Group, user: &'a UserName, membership: Membership) -> Self {
        Self::Member(MemberRecord {
            group: group.id,
            user,
            role: role(membership.role),
            joined_at: Some(membership.since.to_string()),
        })
    }

    /// Somebody who was asked into a group and did not answer yet.
    pub fn asked(group: &Group, user: &'a UserName) -> Self {
        Self::Member(MemberRecord { group: group.id, user, role: ASKED, joined_at: None })
    }
}

/// What somebody is in a group who was asked in and did not answer yet.
pub(super) const ASKED: &str = "invited";

/// How we stand to a group, as a word.
pub(super) fn standing_word(standing: &Standing) -> &'static str {
    match standing {
        Standing::Member => "member",
        Standing::Invited(_) => "invited",
        Standing::Listed => "listed",
        Standing::Left => "left",
    }
}

/// What a member may do, as a word.
pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "admin",
        Role::Member => "member",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use uuid::Uuid;

    use super::*;
    use crate::domain::{
        Delivery, DisplayName, GroupName, JoinPolicy, Marks, MessageText, MobileNumber,
    };

    fn user(name: &str) -> UserName {
        name.parse().unwrap()
    }

    fn at() -> Timestamp {
        Timestamp::parse_rfc3339("2026-11-22T10:41:05.123Z").unwrap()
    }

    pub fn team() -> ConversationId {
        ConversationId::Group(GroupId::from_bits(1 << 96))
    }

    fn view() -> GroupView {
        let member = |role| Membership { role, since: at() };
        let (alice, bob) = (member(Role::Owner), member(Role::Member));
        let group = Group {
            id: GroupId::from_bits(1 << 96),
            name: GroupName::new("team").unwrap(),
            owner: user("alice"),
            policy: JoinPolicy::Open,
            created_at: at(),
            members: [(user("alice"), alice), (user("bob"), bob)].into(),
            invited: BTreeSet::new(),
            former: BTreeSet::new(),
        };
        GroupView { group, standing: Standing::Invited(user("bob")) }
    }

    pub fn groups() -> BTreeMap<GroupId, GroupView> {
        BTreeMap::from([(view().group.id, view())])
    }

    pub fn message(conversation: ConversationId, body: Body, own: bool) -> Message {
        Message {
            id: MessageId::from(Uuid::from_u128(0x0193_523c_1a00_7000_8000_0000_0000_0001)),
            conversation,
            sender: user(if own { "alice" } else { "bob" }),
            sent_at: at(),
            received_at: Timestamp::parse_rfc3339("2026-11-22T10:41:06Z").unwrap(),
            body,
            delivery: own.then_some(Delivery::Queued),
            late: false,
            unseen: !own,
            reply: None,
            forwarded: false,
            file: None,
            marks: Marks::default(),
        }
    }

    #[test]
    fn the_documented_lines_are_what_is_written() {
        let hello = Body::Text(MessageText::new("hello").unwrap());
        let message_from_bob = message(ConversationId::Direct(user("bob")), hello, false);
        let invited = message(team(), Body::Changed(GroupChange::Invite(user("carol"))), true);
        let person = Person {
            user: user("bob"),
            display_name: DisplayName::new("Bob").unwrap(),
            mobile: Some(MobileNumber::new("+912212345").unwrap()),
            origin: Origin::Registered,
            availability: Availability::Offline { last_seen: Some(at()) },
            trust: Trust::NotVerified,
            blocked: false,
        };
        let lobby = "lobby".parse().unwrap();
        let view = view();
        let (alice, membership) = view.group.members.first_key_value().unwrap();
        let hello = Body::Text(MessageText::new("hello").unwrap());
        let ours = message(ConversationId::Direct(user("bob")), hello, true);
        let waiting = Waiting {
            id: ours.id,
            to: ours.conversation.clone(),
            message: Some(ours),
            delivery: Delivery::Sent,
            open: vec![user("bob")],
            waits_for: Hop::Away(vec![user("bob")]),
        };
        let key = |n| crate::domain::IdentityKey::from_bytes([n; 32]).fingerprint();
        let keys = KeyView {
            user: user("bob"),
            trust: Trust::NotVerified,
            ours: key(1),
            theirs: Some(TheirKey {
                fingerprint: key(2),
                safety_number: "08750 61290".to_owned(),
                since: at(),
                code: "cooee-verify:1:alice:bob".to_owned(),
                picture: Vec::new(),
            }),
            claimed: None,
        };
        let records = [
            Record::message(&message_from_bob, &groups()),
            Record::message(&invited, &groups()),
            Record::person(&person),
            Record::saved(message_from_bob.id, "/home/alice/Downloads/plan.pdf"),
            Record::group(&view),
            Record::room(&lobby, true),
            Record::waiting(&waiting, &groups()),
            Record::key(&keys),
            Record::member(&view.group, alice, *membership),
        ];
        let written: Vec<String> = records.iter().map(line).collect();
        let documented: Vec<String> =
            HELP.lines().filter(|line| line.starts_with('{')).map(|line| format!("{line}\n")).collect();
        assert_eq!(written, documented);
    }

    #[test]
    fn other_types_and_values() {
        let me = Profile {
            user: user("alice"),
            identity: crate::domain::IdentityKey::from_bytes([1; 32]),
            devices: Vec::new(),
            version: 1,
            display_name: DisplayName::new("Alice \"A\"").unwrap(),
            mobile: None,
            registered_at: at(),
        };
        let online = Person {
            user: user("dave"),
            display_name: DisplayName::new("Dave").unwrap(),
            mobile: None,
            origin: Origin::ByHand,
            availability: Availability::Online { since: at() },
            trust: Trust::Unknown,
            blocked: true,
        };
        let mut sent = message(team(), Body::Created, true);
        sent.delivery = Some(Delivery::Sent);
        let unknown = ConversationId::Group(GroupId::from_bits(7 << 96));
        let unsupported = message(unknown, Body::Unsupported, false);
        let lines: String = [
            Record::me(&me, true),
            Record::person(&online),
            Record::message(&sent, &groups()),
            Record::message(&unsupported, &groups()),
        ]
        .iter()
        .map(line)
        .collect();
        insta::assert_snapshot!(lines, @r##"
        {"type":"person","user":"alice","display_name":"Alice \"A\"","mobile":null,"registered":true,"online":true,"since":null,"last_seen":null,"own":true}
        {"type":"person","user":"dave","display_name":"Dave","mobile":null,"registered":false,"online":true,"since":"2026-11-22T10:41:05.123Z","last_seen":null,"trust":"unknown","blocked":true,"own":false}
        {"type":"created","id":"0193523c-1a00-7000-8000-000000000001","conversation":"#team","group":"00000001000000000000000000000000","from":"alice","sent_at":"2026-11-22T10:41:05.123Z","received_at":"2026-11-22T10:41:06Z","own":true,"delivery":"sent"}
        {"type":"unsupported","id":"0193523c-1a00-7000-8000-000000000001","conversation":"#00000007","group":"00000007000000000000000000000000","from":"bob","sent_at":"2026-11-22T10:41:05.123Z","received_at":"2026-11-22T10:41:06Z","own":false,"delivery":null}
        "##);
    }
}
