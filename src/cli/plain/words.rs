//! What the line mode says of a message, in lines that can be read aloud.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use unicode_segmentation::UnicodeSegmentation;

use crate::cli::text;
use crate::domain::{
    Body, ConversationId, Delivery, GroupId, Message, Poll, Timestamp, UserName, clean_line,
};
use crate::engine::GroupView;

/// Most characters of a message that another line is about.
const EXCERPT: usize = 40;

/// Most names of a list that is said by itself.
const NAMES: usize = 5;

/// The time of day; with its date where that is another than today's.
pub(super) fn clock(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let [at, now] = [at, now].map(|time| time.to_jiff().to_zoned(zone.clone()));
    let form = if at.date() == now.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    at.strftime(form).to_string()
}

/// The day that a person writes; also `today` and `yesterday`.
///
/// # Errors
/// In words, where it is none.
pub(super) fn day(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Date, String> {
    let today = day_of(now, zone);
    let day = match text.to_lowercase().as_str() {
        "today" => Some(today),
        "yesterday" => today.yesterday().ok(),
        // `strptime` alone takes spaces and missing digits too.
        text if text.len() == 10 && text.starts_with(|c: char| c.is_ascii_digit()) => {
            Date::strptime("%Y-%m-%d", text).ok()
        }
        _ => None,
    };
    match day {
        None => Err(format!("`{text}` is no day: write it as 2026-11-03, or today, or yesterday")),
        Some(day) if day > today => Err(format!("{day} is still to come")),
        Some(day) => Ok(day),
    }
}

/// The day on which it was then.
pub(super) fn day_of(at: Timestamp, zone: &TimeZone) -> Date {
    at.to_jiff().to_zoned(zone.clone()).date()
}

/// When a day begins; `None` where that cannot be told.
pub(super) fn start(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    let start = day.to_zoned(zone.clone()).ok()?;
    Some(Timestamp::from_millis(start.timestamp().as_millisecond()))
}

/// A message as a line; its further lines are indented, so that none passes for a line of ours. With `outbox`, one that
/// still waits there or has failed says so.
pub(super) fn message(
    message: &Message,
    groups: &BTreeMap<GroupId, GroupView>,
    outbox: bool,
    (now, zone): (Timestamp, &TimeZone),
) -> String {
    let at = clock(message.shown_at(), now, zone);
    let waits = if outbox { text::waits(message) } else { "" };
    format!("{at} {}", text::said(message, groups, &(remarks(message, now, zone) + waits)))
}

/// What is to be known of a message beside what it says.
fn remarks(message: &Message, now: Timestamp, zone: &TimeZone) -> String {
    let mut remarks = Vec::new();
    if let Some(reply) = &message.reply {
        remarks.push(match &reply.quote {
            Some(quote) => {
                let words = quote.text.as_deref().map_or("a message".to_owned(), excerpt);
                format!("answers {}: {words}", quote.sender)
            }
            None => "answers a message that is not here".to_owned(),
        });
    }
    if message.forwarded {
        remarks.push("forwarded".to_owned());
    }
    if message.marks.edit.is_some() && matches!(message.body, Body::Text(_)) {
        remarks.push("edited".to_owned());
    }
    if message.late {
        remarks.push(format!("came at {}", clock(message.received_at, now, zone)));
    }
    for (user, sign) in &message.marks.reactions {
        remarks.push(format!("{sign} from {user}"));
    }
    remarks.extend(text::votes(message));
    if message.marks.pinned {
        remarks.push("pinned".to_owned());
    }
    match remarks.is_empty() {
        true => String::new(),
        false => format!(" ({})", remarks.join("; ")),
    }
}

/// The beginning of a text, on one line.
pub(super) fn excerpt(text: &str) -> String {
    let line = clean_line(text);
    match line.grapheme_indices(true).nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What a message is called in a line about it.
pub(super) fn short(message: &Message) -> String {
    match &message.body {
        Body::Text(text) => excerpt(message.poll.as_ref().map_or(text.as_str(), Poll::question)),
        Body::Deleted => "a message that was deleted".to_owned(),
        _ => "a message".to_owned(),
    }
}

/// How far a message of ours has come, in words.
pub(super) fn status(
    message: &Message,
    delivery: Delivery,
    groups: &BTreeMap<GroupId, GroupView>,
) -> String {
    let whose = text::label(&message.conversation, groups);
    let all = if matches!(message.conversation, ConversationId::Group(_)) { "all in " } else { "" };
    let how = match delivery {
        Delivery::Failed => format!("failed, to {whose} (/outbox says why)"),
        Delivery::Queued => format!("kept until it can be sent to {whose}"),
        Delivery::Sent => format!("sent to {whose}"),
        Delivery::Delivered => format!("delivered to {all}{whose}"),
        Delivery::Read => format!("read by {all}{whose}"),
    };
    format!("{how}: {}", short(message))
}

/// What became of a message that is otherwise than it was before.
pub(super) fn changes(before: &Message, after: &Message) -> Vec<String> {
    let what = short(before);
    let mut lines = Vec::new();
    match (&before.body, &after.body) {
        (Body::Deleted, _) => {}
        (_, Body::Deleted) => lines.push(format!("{} deleted: {what}", after.sender)),
        (_, Body::Text(text)) if before.marks.edit != after.marks.edit => {
            lines.push(format!(
                "{} edited: {what}; it says now: {}",
                after.sender,
                clean_line(text.as_str())
            ));
        }
        _ => {}
    }
    for (user, sign) in &after.marks.reactions {
        if before.marks.reactions.get(user) != Some(sign) {
            lines.push(format!("{user} reacts with {sign} to: {what}"));
        }
    }
    for user in before.marks.reactions.keys() {
        if !after.marks.reactions.contains_key(user) && after.body != Body::Deleted {
            lines.push(format!("{user} takes the reaction back from: {what}"));
        }
    }
    lines.extend(votes(before, after, &what));
    match (before.marks.pinned, after.marks.pinned) {
        (false, true) => lines.push(format!("pinned: {what}")),
        (true, false) => lines.push(format!("not pinned any more: {what}")),
        _ => {}
    }
    lines
}

/// What became of a poll.
fn votes(before: &Message, after: &Message, what: &str) -> Vec<String> {
    let Some(poll) = &after.poll else { return Vec::new() };
    if after.marks.closed && !before.marks.closed {
        let result = text::votes(after);
        let result = if result.len() < 2 { "nobody voted".to_owned() } else { result[1..].join("; ") };
        return vec![format!("{} closed the poll: {what} ({result})", after.sender)];
    }
    let (known, now) = (&before.marks.votes, &after.marks.votes);
    let voted = now.iter().filter(|(user, ballot)| known.get(user) != Some(ballot));
    let voted = voted.map(|(user, ballot)| {
        let answers = poll.answers().filter(|(number, _)| ballot.has(*number));
        let answers: Vec<&str> = answers.map(|(_, answer)| answer).collect();
        format!("{user} votes for {} in: {what}", answers.join(", "))
    });
    let back = known.keys().filter(|user| !now.contains_key(user));
    let back = back.map(|user| format!("{user} takes the vote back in: {what}"));
    voted.chain(back).collect()
}

/// That these people are here now, or gone.
pub(super) fn presence(users: &[&UserName], word: &str) -> String {
    let first: Vec<&str> = users.iter().take(NAMES).map(|user| user.as_str()).collect();
    let verb = if users.len() == 1 { "is" } else { "are" };
    match users.len().saturating_sub(NAMES) {
        0 => format!("{} {verb} {word}", first.join(", ")),
        more => format!("{} and {more} more are {word}", first.join(", ")),
    }
}

/// How much is unread in a conversation.
pub(super) fn unread(
    conversation: &ConversationId,
    count: u32,
    groups: &BTreeMap<GroupId, GroupView>,
) -> String {
    let whose = text::label(conversation, groups);
    match conversation {
        ConversationId::Direct(_) => format!("{count} unread from {whose}"),
        ConversationId::Group(_) | ConversationId::Room(_) => format!("{count} unread in {whose}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::json::tests::{groups, message as made, team};
    use crate::domain::{Ballot, MessageId, MessageText, Reaction, Reply};

    fn said(text: &str) -> Message {
        let bob = ConversationId::Direct("bob".parse().unwrap());
        made(bob, Body::Text(MessageText::new(text).unwrap()), false)
    }

    #[test]
    fn a_message_is_read_with_its_time_and_what_belongs_to_it() {
        let (groups, zone) = (groups(), TimeZone::fixed(jiff::tz::offset(2)));
        let plain = said("one\ntwo");
        let today = plain.sent_at;
        let line = |m: &Message, now| message(m, &groups, true, (now, &zone));
        assert_eq!(line(&plain, today), "12:41 bob: one\n    two");
        let tomorrow = today.plus(std::time::Duration::from_secs(86_400));
        assert_eq!(line(&plain, tomorrow), "2026-11-22 12:41 bob: one\n    two");
        let mut marked = said("yes");
        marked.reply = Some(Reply::to(MessageId::derived(b"1")));
        marked.marks.edit = Some(MessageId::derived(b"2"));
        marked.marks.reactions.insert("ann".parse().unwrap(), Reaction::new("👍").unwrap());
        let told = line(&marked, today);
        assert_eq!(told, "12:41 bob (answers a message that is not here; edited; 👍 from ann): yes");
        assert_eq!(line(&made(team(), Body::Joined, false), today), "12:41 bob joined #team");
    }

    #[test]
    fn a_day_has_one_form_and_is_not_to_come() {
        let zone = TimeZone::fixed(jiff::tz::offset(10));
        let now = Timestamp::parse_rfc3339("2026-11-22T20:00:00Z").unwrap();
        let date = jiff::civil::date;
        for (text, expected) in [
            ("today", (11, 23)),
            ("Yesterday", (11, 22)),
            ("2026-11-23", (11, 23)),
            ("2026-02-03", (2, 3)),
        ] {
            let (month, of_month) = expected;
            assert_eq!(day(text, now, &zone), Ok(date(2026, month, of_month)), "{text}");
        }
        for text in ["2026-2-3", "03.02.2026", "2026-02-30", "monday", "2026-11-2 "] {
            assert!(day(text, now, &zone).unwrap_err().contains("is no day"), "{text}");
        }
        assert_eq!(day("2026-11-24", now, &zone), Err("2026-11-24 is still to come".to_owned()));
        let start = start(date(2026, 11, 23), &zone).unwrap();
        assert_eq!(start.to_string(), "2026-11-22T14:00:00Z");
        assert_eq!(day_of(start, &zone), date(2026, 11, 23));
    }

    #[test]
    fn how_far_a_message_has_come_is_said_in_words() {
        let mut own = said("the pump is back, and so is the valve that we looked for");
        own.delivery = Some(Delivery::Sent);
        let told = |delivery| status(&own, delivery, &groups());
        assert_eq!(told(Delivery::Read), "read by bob: the pump is back, and so is the valve th…");
        own.conversation = team();
        assert!(status(&own, Delivery::Delivered, &groups()).starts_with("delivered to all in #team: "));
    }

    #[test]
    fn what_changed_is_told_and_nothing_else() {
        let before = said("the pmup");
        assert_eq!(changes(&before, &before), Vec::<String>::new());
        let mut after = before.clone();
        after.body = Body::Text(MessageText::new("the pump").unwrap());
        after.marks.edit = Some(MessageId::derived(b"2"));
        assert_eq!(changes(&before, &after), ["bob edited: the pmup; it says now: the pump"]);
        let mut liked = after.clone();
        liked.marks.reactions.insert("ann".parse().unwrap(), Reaction::new("👍").unwrap());
        assert_eq!(changes(&after, &liked), ["ann reacts with 👍 to: the pump"]);
        assert_eq!(changes(&liked, &after), ["ann takes the reaction back from: the pump"]);
        let asked = Message {
            poll: Some(Poll::read("Lunch? | Pizza | Soup", false).unwrap()),
            ..said("Lunch?\n1. Pizza\n2. Soup")
        };
        let vote = |answer: Option<u8>, closed| {
            let mut after = asked.clone();
            let ballot = answer.map(|answer| Ballot::new([answer]).unwrap());
            after.marks.votes.extend(ballot.map(|ballot| ("ann".parse().unwrap(), ballot)));
            after.marks.closed = closed;
            after
        };
        assert_eq!(changes(&asked, &vote(Some(2), false)), ["ann votes for Soup in: Lunch?"]);
        assert_eq!(changes(&vote(Some(2), false), &asked), ["ann takes the vote back in: Lunch?"]);
        let closed = changes(&vote(Some(2), false), &vote(Some(1), true));
        assert_eq!(closed, ["bob closed the poll: Lunch? (1 for Pizza: ann)"]);
        assert_eq!(changes(&asked, &vote(None, true)), ["bob closed the poll: Lunch? (nobody voted)"]);
        let gone = Message { body: Body::Deleted, ..before.clone() };
        assert_eq!(changes(&before, &gone), ["bob deleted: the pmup"]);
        assert_eq!(changes(&gone, &after), Vec::<String>::new(), "what is gone stays gone");
    }

    #[test]
    fn many_names_become_a_number() {
        let users: Vec<UserName> =
            ["a", "b", "c", "d", "e", "f", "g"].map(|n| n.parse().unwrap()).into();
        let users: Vec<&UserName> = users.iter().collect();
        assert_eq!(presence(&users[..1], "online"), "a is online");
        assert_eq!(presence(&users[..2], "offline"), "a, b are offline");
        assert_eq!(presence(&users, "online"), "a, b, c, d, e and 2 more are online");
    }
}
