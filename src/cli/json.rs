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
    Attachment, Availability, Ballot, Body, ConversationId, Group, GroupChange, GroupId, GroupLink,
    Lifetime, Marks, Membership, Message, MessageId, Origin, Person, Poll, Profile, Reaction, Role,
    RoomName, Standing, Timestamp, Trust, UserName,
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
    Lifetime(MessageRecord<'a>),
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
    Chat(ChatRecord),
    Link(LinkRecord),
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
    /// Whether it says so, and then perhaps that they stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    disappears_after: Option<Option<u32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disappears_at: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    poll: Option<PollRecord<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    reactions: &'a BTreeMap<UserName, Reaction>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    changed: bool,
    sent_at: String,
    received_at: String,
    own: bool,
    delivery: Option<&'static str>,
}

#[derive(Serialize)]
struct PollRecord<'a> {
    question: &'a str,
    answers: Vec<&'a str>,
    many: bool,
    closed: bool,
    votes: &'a BTreeMap<UserName, Ballot>,
}

impl<'a> PollRecord<'a> {
    fn of(poll: &'a Poll, marks: &'a Marks) -> Self {
        let answers = poll.answers().map(|(_, answer)| answer).collect();
        let (question, many) = (poll.question(), poll.is_many());
        Self { question, answers, many, closed: marks.closed, votes: &marks.votes }
    }
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

#[derive(Serialize)]
pub(super) struct ChatRecord {
    conversation: String,
    group: Option<GroupId>,
    disappears_after: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct LinkRecord {
    group: GroupId,
    link: String,
    uses: u32,
    ends_at: String,
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

    /// A link into a group.
    pub fn group_link(link: &GroupLink, ends_at: Timestamp, uses: u32) -> Self {
        Self::Link(LinkRecord {
            group: link.group,
            link: link.to_string(),
            uses,
            ends_at: ends_at.to_string(),
        })
    }

    /// How a chat is set.
    pub fn chat(
        conversation: &ConversationId,
        groups: &BTreeMap<GroupId, GroupView>,
        lifetime: Option<Lifetime>,
    ) -> Self {
        let (conversation, group) = place(conversation, groups);
        let disappears_after = lifetime.map(Lifetime::seconds);
        Self::Chat(ChatRecord { conversation, group, disappears_after })
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
        Self::told(message, groups, false)
    }

    /// The same; `changed`: told again, for something was done with it.
    pub fn told(message: &'a Message, groups: &BTreeMap<GroupId, GroupView>, changed: bool) -> Self {
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
            disappears_after: None,
            disappears_at: message.ends_at.map(|at| at.to_string()),
            reply_to: message.reply.as_ref().map(|reply| reply.to),
            forwarded: message.forwarded,
            edited: message.marks.edit.is_some(),
            pinned: message.marks.pinned,
            starred: message.marks.starred,
            file: message.file.as_ref().map(FileRecord::of),
            poll: message.poll.as_ref().map(|poll| PollRecord::of(poll, &message.marks)),
            reactions: &message.marks.reactions,
            changed,
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
                    GroupChange::Lifetime(life) => {
                        record.disappears_after = Some(life.map(Lifetime::seconds));
                        Self::Lifetime
                    }
                };
                kind(record)
            }
            Body::Lifetime(life) => {
                record.disappears_after = Some(life.map(Lifetime::seconds));
                Self::Lifetime(record)
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
pub(super) mod tests;
