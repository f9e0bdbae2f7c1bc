//! What people read: one line a message, and its further lines indented, so that no text can pass for a
//! line of its own.

use std::collections::BTreeMap;

use crate::domain::{Body, ConversationId, Delivery, GroupId, Message, Timestamp};
use crate::engine::GroupView;
use crate::error::short;

/// What stands before the second and each further line of a text.
const INDENT: &str = "\n    ";

/// A group as its members call it; one that is not known any more by its id.
pub(super) fn group_label(groups: &BTreeMap<GroupId, GroupView>, id: GroupId) -> String {
    match groups.get(&id) {
        Some(view) => format!("#{}", view.group.name),
        None => format!("#{}", short(id)),
    }
}

/// A time in UTC, to the second.
pub(super) fn time(at: Timestamp) -> String {
    format!("{:.0}", at.to_jiff())
}

/// A message as a line:
///
/// ```text
/// 2026-11-22T10:41:05Z bob: text
/// 2026-11-22T10:41:05Z alice to bob: text
/// 2026-11-22T10:41:05Z #team bob: text
/// 2026-11-22T10:41:05Z -- bob joined #team
/// ```
///
/// With `outbox`, one that still waits there says so.
pub(super) fn line(message: &Message, groups: &BTreeMap<GroupId, GroupView>, outbox: bool) -> String {
    let (at, from) = (time(message.sent_at), &message.sender);
    let (place, group) = match &message.conversation {
        ConversationId::Direct(to) if message.is_ours() => (format!("{from} to {to}"), String::new()),
        ConversationId::Direct(_) => (from.to_string(), String::new()),
        ConversationId::Group(id) => {
            let group = group_label(groups, *id);
            (format!("{group} {from}"), group)
        }
    };
    let waits =
        if outbox && message.delivery == Some(Delivery::Queued) { " (in the outbox)" } else { "" };
    match &message.body {
        Body::Text(text) => {
            format!("{at} {place}{waits}: {}\n", text.as_str().replace('\n', INDENT))
        }
        Body::Created => format!("{at} -- {from} made {group}{waits}\n"),
        Body::Joined => format!("{at} -- {from} joined {group}{waits}\n"),
        Body::Left => format!("{at} -- {from} left {group}{waits}\n"),
        Body::Invited(user) => format!("{at} -- {from} invited {user} to {group}{waits}\n"),
        Body::Unsupported => format!("{at} -- {place} wrote what needs a newer Cooee\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::json::tests::{groups, message, team};
    use crate::domain::MessageText;

    #[test]
    fn a_message_is_a_line() {
        let groups = groups();
        let bob = ConversationId::Direct("bob".parse().unwrap());
        let text = |text: &str| Body::Text(MessageText::new(text).unwrap());
        let mut all = String::new();
        for (conversation, body, own) in [
            (bob.clone(), text("one\n2026-11-22T10:41:05Z alice: two"), false),
            (bob, text("three"), true),
            (team(), text("four"), false),
            (team(), Body::Created, false),
            (team(), Body::Joined, true),
            (team(), Body::Invited("carol".parse().unwrap()), false),
            (team(), Body::Left, false),
            (ConversationId::Group(GroupId::from_bits(7 << 96)), Body::Unsupported, false),
        ] {
            all.push_str(&line(&message(conversation, body, own), &groups, true));
        }
        insta::assert_snapshot!(all, @r"
        2026-11-22T10:41:05Z bob: one
            2026-11-22T10:41:05Z alice: two
        2026-11-22T10:41:05Z alice to bob (in the outbox): three
        2026-11-22T10:41:05Z #team bob: four
        2026-11-22T10:41:05Z -- bob made #team
        2026-11-22T10:41:05Z -- alice joined #team (in the outbox)
        2026-11-22T10:41:05Z -- bob invited carol to #team
        2026-11-22T10:41:05Z -- bob left #team
        2026-11-22T10:41:05Z -- #00000007 bob wrote what needs a newer Cooee
        ");
    }
}
