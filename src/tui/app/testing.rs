//! Plain values for tests.

use std::collections::BTreeSet;

use crate::domain::{
    Availability, Body, ConversationId, Delivery, DisplayName, Group, GroupId, GroupName, JoinPolicy,
    Membership, Message, MessageId, MessageText, Origin, Person, Preview, Role, Standing, Summary,
    Timestamp, UserName,
};
use crate::engine::GroupView;

/// A user name.
pub fn user(name: &str) -> UserName {
    name.parse().unwrap()
}

/// A conversation with one person.
pub fn direct(name: &str) -> ConversationId {
    ConversationId::Direct(user(name))
}

/// A registered person.
pub fn person(name: &str, display: &str, online: bool) -> Person {
    let availability = match online {
        true => Availability::Online { since: Timestamp::EPOCH },
        false => Availability::Offline { last_seen: None },
    };
    Person {
        user: user(name),
        display_name: DisplayName::new(display).unwrap(),
        mobile: None,
        origin: Origin::Registered,
        availability,
        trust: crate::domain::Trust::NotVerified,
        blocked: false,
    }
}

/// The summary of a conversation with one person, the last message so many milliseconds after 1970.
pub fn summary(name: &str, unread: u32, last: i64) -> Summary {
    let message = message(name, last, "x");
    Summary {
        conversation: direct(name),
        unread,
        first_unread: (unread > 0).then(|| message.key()),
        last: Some(Preview { sender: user(name), sent_at: message.sent_at }),
    }
}

/// A group with these members.
pub fn group(id: u128, name: &str, owner: &str, standing: Standing, members: &[&str]) -> GroupView {
    let role = |name: &str| if name == owner { Role::Owner } else { Role::Member };
    let member = |name: &&str| (user(name), Membership { role: role(name), since: Timestamp::EPOCH });
    let group = Group {
        id: GroupId::from_bits(id),
        name: GroupName::new(name).unwrap(),
        owner: user(owner),
        policy: JoinPolicy::Open,
        created_at: Timestamp::EPOCH,
        lifetime: None,
        members: members.iter().map(member).collect(),
        invited: BTreeSet::new(),
        former: BTreeSet::new(),
    };
    GroupView { group, standing }
}

/// A message so many milliseconds after 1970, in the conversation with its sender; alice's are ours.
pub fn message(sender: &str, at: i64, text: &str) -> Message {
    let at = Timestamp::from_millis(at);
    let id = MessageId::derived(format!("{sender} {at} {text}").as_bytes());
    let conversation = direct(if sender == "alice" { "bob" } else { sender });
    Message {
        delivery: (sender == "alice").then_some(Delivery::Sent),
        unseen: sender != "alice",
        ..Message::new(id, conversation, user(sender), at, Body::Text(MessageText::new(text).unwrap()))
    }
}
