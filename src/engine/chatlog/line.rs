//! The lines of the log.
//!
//! As irssi writes them, with a whole date before each, so that a line says all when grep shows it alone:
//!
//! ```text
//! 2026-11-26T12:00:00+01:00 <alice> the pump is back
//! 2026-11-26T12:00:05+01:00 -!- bob joined #team
//! ```
//!
//! One message is one line: a line break in a text is `\n` there and a backslash `\\`, which `printf %b` undoes. So no
//! text can pass for a line of its own.

use jiff::tz::TimeZone;

use crate::domain::{
    Body, ConversationId, Message, MessageText, Timestamp, UserName, lifetime_told, size_in_words,
};
use crate::store::ToLog;

/// The line for a message, with its end; `None` where there is nothing to tell. `group`: what the group is called in
/// which it was said.
pub(super) fn line(told: &ToLog, group: &str, zone: &TimeZone) -> Option<String> {
    let ToLog { message, is_fresh, at } = told;
    let written = || time(message.sent_at, zone);
    let words = match (&message.body, is_fresh) {
        (Body::Text(text), true) => {
            format!("<{}> {}{}", speaker(message), file(message, text), escaped(text))
        }
        (Body::Text(text), false) => {
            format!("-!- {} edited the message of {}: {}", speaker(message), written(), escaped(text))
        }
        // It was taken back before it came.
        (Body::Deleted, true) => return None,
        (Body::Deleted, false) => {
            format!("-!- {} deleted the message of {}", speaker(message), written())
        }
        (body, _) => format!("-!- {}", event(body, &message.sender, group)),
    };
    Some(format!("{} {words}\n", time(*at, zone)))
}

/// With the offset, to the second.
fn time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_jiff().to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Who says it; in an open room with the sign that it is only what the topic claims.
fn speaker(message: &Message) -> String {
    let is_claimed = matches!(message.conversation, ConversationId::Room(_)) && !message.is_ours();
    format!("{}{}", if is_claimed { "~" } else { "" }, message.sender)
}

fn file(message: &Message, text: &MessageText) -> String {
    let Some(file) = &message.file else { return String::new() };
    let size = size_in_words(file.size);
    match text.as_str() == file.name.as_str() {
        true => format!("[file, {size}] "),
        false => format!("[file {}, {size}] ", file.name),
    }
}

fn event(body: &Body, from: &UserName, group: &str) -> String {
    match body {
        Body::Created => format!("{from} made {group}"),
        Body::Joined => format!("{from} joined {group}"),
        Body::Left => format!("{from} left {group}"),
        Body::Changed(change) => format!("{from} {}", change.told(UserName::to_string, group)),
        Body::KeyChanged => format!("another key stands for {from} since then"),
        Body::KeyAccepted => format!("you accepted another key of {from}"),
        Body::Lifetime(life) => format!("{from} {}", lifetime_told(*life)),
        Body::Unsupported => format!("{from} wrote what needs a newer Cooee"),
        Body::Text(_) | Body::Deleted => String::new(),
    }
}

fn escaped(text: &MessageText) -> String {
    text.as_str().replace('\\', "\\\\").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Delivery, GroupChange, GroupId, MessageId};

    fn told(conversation: ConversationId, body: Body, is_fresh: bool) -> ToLog {
        let message = Message {
            received_at: Timestamp::from_millis(1_795_690_801_000),
            ..Message::new(
                MessageId::from_bytes([1; 16]),
                conversation,
                "bob".parse().unwrap(),
                Timestamp::from_millis(1_795_690_800_000),
                body,
            )
        };
        ToLog { message, is_fresh, at: Timestamp::from_millis(1_795_690_860_000) }
    }

    #[test]
    fn a_message_is_one_line() {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let text = |text: &str| Body::Text(MessageText::new(text).unwrap());
        let bob = ConversationId::Direct("bob".parse().unwrap());
        let team = ConversationId::Group(GroupId::from_bits(1));
        let lobby = ConversationId::Room("lobby".parse().unwrap());
        let forged = "one\r\n2026-11-26T12:00:00+01:00 <alice> C:\\new \u{1b}[31m\u{202e}x\u{85}";
        let mut all = String::new();
        for (conversation, body, is_fresh) in [
            (bob.clone(), text(forged), true),
            (bob.clone(), text("two\nlines"), false),
            (bob.clone(), Body::Deleted, true),
            (bob, Body::Deleted, false),
            (team.clone(), Body::Joined, true),
            (team, Body::Changed(GroupChange::Invite("carol".parse().unwrap())), true),
            (lobby.clone(), text("three"), true),
        ] {
            all += &line(&told(conversation, body, is_fresh), "#team", &zone).unwrap_or_default();
        }
        let mut ours = told(lobby, text("four"), true);
        ours.message.delivery = Some(Delivery::Queued);
        all += &line(&ours, "", &TimeZone::UTC).unwrap();
        assert!(!all.chars().any(|c| c.is_control() && c != '\n'), "{all:?}");
        insta::assert_snapshot!(all);
    }
}
