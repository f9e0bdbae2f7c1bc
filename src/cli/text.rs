//! What people read: one line a message, and its further lines indented, so that no text can pass for a
//! line of its own.

use std::collections::BTreeMap;

use crate::domain::{
    Body, ConversationId, Delivery, GroupId, Message, RoomName, Timestamp, Trust, UserName,
    lifetime_told, size_in_words,
};
use crate::engine::{GroupView, Hop};
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

/// An open room, as its name is written everywhere.
pub(super) fn room_label(room: &RoomName) -> String {
    format!("{}{room}", RoomName::SIGN)
}

/// A time in UTC, to the second.
pub(super) fn time(at: Timestamp) -> String {
    format!("{:.0}", at.to_jiff())
}

/// How far a message has come, in a word.
pub(super) fn delivery_word(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Failed => "failed",
        Delivery::Queued => "queued",
        Delivery::Sent => "sent",
        Delivery::Delivered => "delivered",
        Delivery::Read => "read",
    }
}

/// How far somebody's key is trusted, in the words of the screen.
pub(super) fn trust_word(trust: Trust) -> &'static str {
    match trust {
        Trust::Unknown => "waits for their keys",
        Trust::NotVerified => "not verified",
        Trust::Verified => "verified",
        Trust::Changed => "KEY CHANGED",
    }
}

/// What a letter waits for, in words.
pub(super) fn hop_words(hop: &Hop) -> String {
    match hop {
        Hop::Link => "waits for the connection to the broker".to_owned(),
        Hop::Broker => "waits for the broker to take it".to_owned(),
        Hop::Listener => "nobody is subscribed at the broker yet".to_owned(),
        Hop::Away(users) => format!("waits for {} to come online", names(users)),
        Hop::Receipt { users, retry_in: None } => format!("waits for the receipt of {}", names(users)),
        Hop::Receipt { users, retry_in: Some(wait) } => {
            format!("waits for the receipt of {}, goes again in {} s", names(users), wait.as_secs())
        }
        Hop::Person(why) => format!("failed: {why}"),
    }
}

/// The first few of them, and how many more.
fn names(users: &[UserName]) -> String {
    const SHOWN: usize = 3;
    let first: Vec<&str> = users.iter().take(SHOWN).map(UserName::as_str).collect();
    match users.len().saturating_sub(SHOWN) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// A message as a line:
///
/// ```text
/// 2026-11-22T10:41:05Z bob: text
/// 2026-11-22T10:41:05Z alice to bob: text
/// 2026-11-22T10:41:05Z #team bob: text
/// 2026-11-22T10:41:05Z -- bob joined #team
/// 2026-11-22T10:41:05Z +lobby ~bob: text
/// ```
///
/// The name of a speaker in an open room is only what the topic claims, which the `~` tells.
///
/// With `outbox`, one that still waits there or has failed says so.
pub(super) fn line(message: &Message, groups: &BTreeMap<GroupId, GroupView>, outbox: bool) -> String {
    let at = time(message.sent_at);
    let waits = if outbox { waits(message) } else { "" };
    match &message.body {
        Body::Text(_) => format!("{at} {}\n", said(message, groups, waits)),
        _ => format!("{at} -- {}{waits}\n", event(message, groups)),
    }
}

/// Who says what and where, with a remark behind the name; of a message that is no text what happened.
pub(super) fn said(message: &Message, groups: &BTreeMap<GroupId, GroupView>, remark: &str) -> String {
    match &message.body {
        Body::Text(text) => {
            let place = place(message, groups);
            let (file, poll) = (file_words(message), poll_word(message));
            format!("{place}{remark}: {file}{poll}{}", text.as_str().replace('\n', INDENT))
        }
        _ => format!("{}{remark}", event(message, groups)),
    }
}

/// A conversation in short: whose it is.
pub(super) fn label(conversation: &ConversationId, groups: &BTreeMap<GroupId, GroupView>) -> String {
    match conversation {
        ConversationId::Direct(user) => user.to_string(),
        ConversationId::Group(id) => group_label(groups, *id),
        ConversationId::Room(room) => room_label(room),
    }
}

/// A message that something was done with, as a line:
///
/// ```text
/// 2026-11-22T10:41:05Z -- bob: text (edited; pinned; 👍 alice)
/// ```
pub(super) fn changed(message: &Message, groups: &BTreeMap<GroupId, GroupView>) -> String {
    let Body::Text(text) = &message.body else { return line(message, groups, false) };
    let marks = &message.marks;
    let words = [(marks.edit.is_some(), "edited"), (marks.pinned, "pinned"), (marks.starred, "starred")];
    let words = words.into_iter().filter(|(holds, _)| *holds).map(|(_, word)| word.to_owned());
    let signs = marks.reactions.iter().map(|(user, sign)| format!("{sign} {user}"));
    let all: Vec<String> = words.chain(signs).chain(votes(message)).collect();
    let all = if all.is_empty() { String::new() } else { format!(" ({})", all.join("; ")) };
    let text = text.as_str().replace('\n', INDENT);
    format!("{} -- {}: {text}{all}\n", time(message.sent_at), place(message, groups))
}

/// Which file a message carries; its text says its name, or more of it.
fn file_words(message: &Message) -> String {
    let Some(file) = &message.file else { return String::new() };
    let size = size_in_words(file.size);
    match &message.body {
        Body::Text(text) if text.as_str() == file.name.as_str() => format!("[file, {size}] "),
        _ => format!("[file {}, {size}] ", file.name),
    }
}

/// That a message asks all to vote.
fn poll_word(message: &Message) -> &'static str {
    match &message.poll {
        None => "",
        Some(poll) if poll.is_many() => "[poll, several answers] ",
        Some(_) => "[poll] ",
    }
}

/// How a poll stands: where it is closed that it is, then of each answer who chose it.
pub(super) fn votes(message: &Message) -> Vec<String> {
    let Some(poll) = &message.poll else { return Vec::new() };
    let who = |number| {
        let chose = message.marks.votes.iter().filter(move |(_, ballot)| ballot.has(number));
        chose.map(|(user, _)| user.as_str()).collect::<Vec<_>>()
    };
    let answers = poll.answers().map(|(number, answer)| (answer, who(number)));
    let answers = answers.filter(|(_, who)| !who.is_empty());
    let answers = answers.map(|(answer, who)| format!("{} for {answer}: {}", who.len(), who.join(", ")));
    let closed = message.marks.closed.then(|| "the poll is closed".to_owned());
    closed.into_iter().chain(answers).collect()
}

/// Who says something, and where.
fn place(message: &Message, groups: &BTreeMap<GroupId, GroupView>) -> String {
    let from = speaker(message);
    match &message.conversation {
        ConversationId::Direct(to) if message.is_ours() => format!("{from} to {to}"),
        ConversationId::Direct(_) => from,
        ConversationId::Group(id) => format!("{} {from}", group_label(groups, *id)),
        ConversationId::Room(room) => format!("{} {from}", room_label(room)),
    }
}

/// Who says something; in an open room, with the sign that it is only what the topic claims.
pub(super) fn speaker(message: &Message) -> String {
    let is_claimed = matches!(message.conversation, ConversationId::Room(_)) && !message.is_ours();
    format!("{}{}", if is_claimed { "~" } else { "" }, message.sender)
}

/// That a message of ours still waits in the outbox, or has failed.
pub(super) fn waits(message: &Message) -> &'static str {
    match message.delivery {
        Some(Delivery::Queued) => " (in the outbox)",
        Some(Delivery::Failed) => " (failed)",
        _ => "",
    }
}

/// What happened, of a message that is no text.
pub(super) fn event(message: &Message, groups: &BTreeMap<GroupId, GroupView>) -> String {
    let from = &message.sender;
    let group = match &message.conversation {
        ConversationId::Group(id) => group_label(groups, *id),
        ConversationId::Direct(_) | ConversationId::Room(_) => String::new(),
    };
    match &message.body {
        Body::Text(text) => text.as_str().to_owned(),
        Body::Created => format!("{from} made {group}"),
        Body::Joined => format!("{from} joined {group}"),
        Body::Left => format!("{from} left {group}"),
        Body::Changed(change) => format!("{from} {}", change.told(UserName::to_string, &group)),
        Body::KeyChanged => format!("another key stands for {from} since then"),
        Body::KeyAccepted => format!("you accepted another key of {from}"),
        Body::Lifetime(life) => format!("{from} {}", lifetime_told(*life)),
        Body::Deleted => format!("{} deleted a message", place(message, groups)),
        Body::Unsupported => format!("{} wrote what needs a newer Cooee", place(message, groups)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::json::tests::{groups, message, team};
    use crate::domain::{GroupChange, MessageId, MessageText, Reaction};

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
            (team(), Body::Changed(GroupChange::Invite("carol".parse().unwrap())), false),
            (team(), Body::Left, false),
            (ConversationId::Group(GroupId::from_bits(7 << 96)), Body::Unsupported, false),
            (ConversationId::Room("lobby".parse().unwrap()), text("five"), false),
            (ConversationId::Room("lobby".parse().unwrap()), text("six"), true),
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
        2026-11-22T10:41:05Z +lobby ~bob: five
        2026-11-22T10:41:05Z +lobby alice (in the outbox): six
        ");
    }

    #[test]
    fn what_was_done_with_a_message_stands_behind_it() {
        let groups = groups();
        let mut it = message(team(), Body::Text(MessageText::new("one\ntwo").unwrap()), false);
        let mut all = changed(&it, &groups);
        it.marks.edit = Some(MessageId::from_bytes([1; 16]));
        it.marks.pinned = true;
        it.marks.reactions.insert("carol".parse().unwrap(), Reaction::new("👍").unwrap());
        all += &changed(&it, &groups);
        all += &changed(&Message { body: Body::Deleted, ..it }, &groups);
        insta::assert_snapshot!(all, @r"
        2026-11-22T10:41:05Z -- #team bob: one
            two
        2026-11-22T10:41:05Z -- #team bob: one
            two (edited; pinned; 👍 carol)
        2026-11-22T10:41:05Z -- #team bob deleted a message
        ");
    }

    #[test]
    fn what_is_waited_for_is_said_in_words() {
        let users = |count: usize| {
            ["al", "bob", "cy", "di"][..count].iter().map(|n| n.parse().unwrap()).collect()
        };
        let wait = Some(Duration::from_millis(8_200));
        for (hop, words) in [
            (Hop::Away(users(1)), "waits for al to come online"),
            (Hop::Away(users(4)), "waits for al, bob, cy and 1 more to come online"),
            (
                Hop::Receipt { users: users(2), retry_in: wait },
                "waits for the receipt of al, bob, goes again in 8 s",
            ),
            (Hop::Person("too large".into()), "failed: too large"),
        ] {
            assert_eq!(hop_words(&hop), words);
        }
    }
}
