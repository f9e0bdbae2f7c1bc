//! Calling for a person who looks elsewhere.

use jiff::civil::Time;
use unicode_segmentation::UnicodeSegmentation;

use super::text::fit;
use super::times::Calendar;
use super::world::World;
use crate::domain::{Alerts, Body, ConversationId, Message, Timestamp, UserName, mentions};

/// How a person wants to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertSetup {
    /// Whether the desktop is to show it.
    pub desktop: bool,
    /// Whether the terminal is to ring.
    pub bell: bool,
    /// Whether what was said is shown outside of Cooee.
    pub content: bool,
    /// Whether the title of the terminal tells how much is unread.
    pub title: bool,
    /// From when to when nothing calls, by the clock on the wall.
    pub quiet: Option<(Time, Time)>,
}

impl Default for AlertSetup {
    fn default() -> Self {
        Self { desktop: true, bell: true, content: true, title: true, quiet: None }
    }
}

impl AlertSetup {
    /// Whether nothing is to call now.
    pub fn is_quiet(&self, calendar: &Calendar, now: Timestamp) -> bool {
        let Some((from, to)) = self.quiet else { return false };
        let time = calendar.time(now);
        match from <= to {
            true => (from..to).contains(&time),
            // Over midnight.
            false => time >= from || time < to,
        }
    }
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Whose it is.
    pub account: UserName,
    /// Where the last of it was said.
    pub place: ConversationId,
    /// Who or where it comes from.
    pub title: String,
    /// What was said, or how much.
    pub body: String,
    /// Whether the desktop is to show it.
    pub desktop: bool,
    /// Whether the terminal is to ring.
    pub bell: bool,
}

/// Longest words of a call, in cells.
const LONGEST: usize = 120;

/// And in bytes: a letter may carry any number of marks, which take no cell.
const HEAVIEST: usize = 1_024;

/// What these messages call for; `in_view`: the conversation that the person looks at.
pub fn alert(
    messages: &[&Message],
    world: &World,
    in_view: Option<&ConversationId>,
    setup: &AlertSetup,
) -> Option<Alert> {
    let calls = |message: &&&Message| {
        !message.is_ours()
            && message.body.counts_as_unread()
            && in_view != Some(&message.conversation)
            && match (world.alerts(&message.conversation), &message.body) {
                (Alerts::All, _) => true,
                (Alerts::Mentions, Body::Text(text)) => mentions(text.as_str(), world.me()),
                (Alerts::Mentions | Alerts::None, _) => false,
            }
    };
    let calling: Vec<&&Message> = messages.iter().filter(calls).collect();
    let last = calling.last().filter(|_| setup.bell || setup.desktop)?;
    let sender = world.name(&last.sender);
    let from = match &last.conversation {
        ConversationId::Direct(_) => sender.into_owned(),
        ConversationId::Group(id) => format!("{sender} in #{}", world.group_name(*id)),
        ConversationId::Room(room) => format!("~{} in +{room}", last.sender),
    };
    let body = match (calling.len(), &last.body) {
        (1, Body::Text(text)) if setup.content && last.file.is_some() => {
            format!("file: {}", text.as_str().replace('\n', " "))
        }
        (1, Body::Text(text)) if setup.content && last.poll.is_some() => {
            format!("poll: {}", text.as_str().replace('\n', " "))
        }
        (1, Body::Text(text)) if setup.content => text.as_str().replace('\n', " "),
        (1, _) => "a new message".to_owned(),
        (n, _) => format!("{n} new messages"),
    };
    let title = if setup.content { from } else { "Cooee".to_owned() };
    let [title, body] = [title, body].map(|words| short(&words));
    let place = last.conversation.clone();
    let account = world.me().clone();
    Some(Alert { account, place, title, body, desktop: setup.desktop, bell: setup.bell })
}

/// Words cut to what a desktop can show.
fn short(words: &str) -> String {
    const MARK: &str = "…";
    let words = fit(words, LONGEST);
    if words.len() <= HEAVIEST {
        return words.into_owned();
    }
    let room = HEAVIEST - MARK.len();
    let ends = words.grapheme_indices(true).map(|(at, cluster)| at + cluster.len());
    // One letter may be heavier than all of it may be.
    let end = ends.take_while(|end| *end <= room).last().unwrap_or(words.floor_char_boundary(room));
    format!("{}{MARK}", &words[..end])
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::tui::app::testing::{message, user};

    #[test]
    fn quiet_hours_may_last_over_midnight() {
        let calendar = Calendar::new(TimeZone::UTC);
        let at = |hour: i64| Timestamp::from_millis(hour * 3_600_000);
        let quiet = |from, to| AlertSetup {
            quiet: Some((time(from, 0, 0, 0), time(to, 0, 0, 0))),
            ..AlertSetup::default()
        };
        let hours = |setup: AlertSetup| (0..24).filter(|h| setup.is_quiet(&calendar, at(*h))).collect();
        let (day, night): (Vec<i64>, Vec<i64>) = (hours(quiet(9, 11)), hours(quiet(22, 2)));
        assert_eq!((day, night), (vec![9, 10], vec![0, 1, 22, 23]));
        assert!(!AlertSetup::default().is_quiet(&calendar, at(3)));
    }

    #[test]
    fn a_call_is_short_in_bytes_too() {
        let world = World::new(user("alice"));
        let body = |text: &str| {
            let message = message("bob", 1, text);
            alert(&[&message], &world, None, &AlertSetup::default()).unwrap().body
        };
        let marks = "\u{301}".repeat(5_000);
        assert_eq!(body(&format!("the e{marks}")), "the …");
        let alone = body(&format!("e{marks}"));
        assert!(alone.starts_with("e\u{301}") && alone.ends_with('…') && alone.len() <= HEAVIEST);
        let family = "👨‍👩‍👧".repeat(100);
        let cut = body(&family);
        assert!(cut.len() <= HEAVIEST && family.starts_with(cut.strip_suffix('…').unwrap()), "{cut}");
        assert_eq!(body(&"x".repeat(200)), "x".repeat(119) + "…");
    }

    #[test]
    fn what_calls_depends_on_the_chat_and_on_what_is_in_view() {
        let mut world = World::new(user("alice"));
        let setup = AlertSetup::default();
        let hi = message("bob", 1, "the *pump*\nis back");
        let at_me = message("bob", 2, "look, @alice");
        let bob = hi.conversation.clone();
        let words = |world: &World, messages: &[&Message], setup: &AlertSetup| {
            alert(messages, world, None, setup).map(|alert| format!("{}: {}", alert.title, alert.body))
        };
        assert_eq!(words(&world, &[&hi], &setup).unwrap(), "bob: the *pump* is back");
        assert_eq!(words(&world, &[&hi, &at_me], &setup).unwrap(), "bob: 2 new messages");
        assert_eq!(alert(&[&hi], &world, Some(&bob), &setup), None, "it is looked at");
        let hidden = AlertSetup { content: false, ..setup.clone() };
        assert_eq!(words(&world, &[&hi], &hidden).unwrap(), "Cooee: a new message");
        let ours = Message { delivery: Some(crate::domain::Delivery::Sent), ..hi.clone() };
        assert_eq!(words(&world, &[&ours], &setup), None);
        world.note_alerts(vec![(bob.clone(), Alerts::Mentions)]);
        assert_eq!(words(&world, &[&hi], &setup), None);
        assert_eq!(words(&world, &[&hi, &at_me], &setup).unwrap(), "bob: look, @alice");
        world.note_alerts(vec![(bob, Alerts::None)]);
        assert_eq!(words(&world, &[&at_me], &setup), None);
        let off = AlertSetup { bell: false, desktop: false, ..setup };
        world.note_alerts(Vec::new());
        assert_eq!(words(&world, &[&at_me], &off), None);
    }
}
