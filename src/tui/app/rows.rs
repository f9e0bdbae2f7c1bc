//! How one message becomes rows of the screen: wrapped, aligned, with its day line and unread line.
//!
//! Rows are plain values, so that scrolling can count them and the view only has to paint them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::file_line::file_line;
use super::glyphs::Glyphs;
use super::markup::{Emphasis, Markup};
use super::react::sign_words;
use super::room::claimed_name;
use super::text::{fit, width};
use super::thumbnail::Thumbnails;
use super::timeline::{Echo, Item};
use super::times::Calendar;
use super::world::World;
use super::wrap::wrap;
use crate::domain::{
    Body, ConversationId, Delivery, Message, MessageId, MessageKey, Poll, Quote, Reaction, Timestamp,
    UserName, Words, lifetime_told, mentioned,
};

/// Longest sender's name beside a message, in cells.
const NAME: usize = 20;
/// A text narrower than this beside its sender goes below instead.
const NARROW: usize = 24;

/// What a piece of a row is; the view gives it a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Words of others.
    Text,
    /// Our words.
    Own,
    /// Words that stand out among others, and whether they are ours.
    Marked(Emphasis, bool),
    /// The name of a sender; the number picks its colour.
    Sender(u64),
    /// A time, a tick.
    Faint,
    /// What matters more than what is around it.
    Strong,
    /// That a message of ours was read.
    Read,
    /// That a message of ours failed.
    Wrong,
    /// A day line, or something that happened in a group.
    Event,
    /// The unread line.
    Unread,
    /// The sign of the chosen message; all of its row stands out.
    Chosen,
    /// Words that are looked for.
    Found,
    /// The cells of the picture that this message carries, in this row of it.
    Picture(MessageId, usize),
}

/// Some text at some cell of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The cell where it begins.
    pub x: usize,
    /// What it says.
    pub text: String,
    /// What it is.
    pub tone: Tone,
}

/// One row of the screen.
pub type Row = Vec<Piece>;

/// From where messages count as unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadLine {
    /// The first unread message.
    pub from: MessageKey,
    /// How many there were.
    pub count: u32,
}

/// What somebody said.
pub(super) struct Said {
    /// Lines above the text, each of which may be cut off.
    pub above: Vec<String>,
    /// The words themselves.
    pub text: String,
    /// What stands out in it.
    spans: Vec<(Range<usize>, Emphasis)>,
}

impl Said {
    /// Words of ours, in brackets.
    fn note(text: &str) -> Self {
        Self { above: Vec::new(), text: text.to_owned(), spans: Vec::new() }
    }

    /// What somebody wrote.
    fn new(text: &str, above: Vec<String>, me: &UserName) -> Self {
        let Markup { text, mut spans } = Markup::new(text);
        for place in mentioned(&text, me) {
            let is_free =
                spans.iter().all(|(span, _)| span.end <= place.start || place.end <= span.start);
            if is_free {
                spans.push((place, Emphasis { mention: true, ..Emphasis::default() }));
            }
        }
        spans.sort_unstable_by_key(|(span, _)| span.start);
        Self { above, text, spans }
    }
}

/// What the rows of a message depend on, besides the message.
#[derive(Clone, Copy, Debug)]
pub struct Typesetter<'a> {
    /// Names.
    pub world: &'a World,
    /// Days and times.
    pub calendar: &'a Calendar,
    /// Signs.
    pub glyphs: Glyphs,
    /// Cells of a row.
    pub width: usize,
    /// Where the unread line stands.
    pub unread: Option<UnreadLine>,
    /// Today.
    pub now: Timestamp,
    /// Words that are to stand out.
    pub found: Option<&'a Words>,
    /// Pictures that stand below their files, where any do.
    pub thumbnails: Option<&'a Thumbnails>,
}

impl Typesetter<'_> {
    /// The rows of an item, with the lines that stand above it because of what is `above`.
    pub fn rows(&self, above: Option<Item<'_>>, item: Item<'_>) -> Vec<Row> {
        let mut rows = self.lines_above(above, item);
        match item {
            Item::Message(message) => self.message(message, &mut rows),
            Item::Echo(Echo { text, at, .. }) => {
                let said = Said::new(text.as_str(), Vec::new(), self.world.me());
                self.own(&said, &self.calendar.clock(*at), Delivery::Queued, &mut rows);
            }
        }
        rows
    }

    /// The lines that stand above an item because of what is `above` it.
    pub fn lines_above(&self, above: Option<Item<'_>>, item: Item<'_>) -> Vec<Row> {
        let mut rows = Vec::new();
        let day = self.calendar.day(item.at());
        if above.is_none_or(|above| self.calendar.day(above.at()) != day) {
            rows.push(self.rule(&self.calendar.heading(day, self.now), Tone::Event, 2));
        }
        if let Some(unread) = self.unread.filter(|unread| starts(unread.from, above, item)) {
            rows.push(self.rule(&format!("{} unread", unread.count), Tone::Unread, self.width / 2));
        }
        rows
    }

    fn message(&self, message: &Message, rows: &mut Vec<Row>) {
        let Message { sender, .. } = message;
        let in_room = matches!(message.conversation, ConversationId::Room(_));
        let name = |user: &UserName| match user == self.world.me() {
            true => "You".to_owned(),
            false if in_room => claimed_name(user),
            false => fit(&self.world.name(user), 2 * NAME).into_owned(),
        };
        let who = name(sender);
        let time = self.time(message);
        match (&message.body, message.delivery) {
            (Body::Text(text), delivery) => {
                let text = message.poll.as_ref().map_or(text.as_str(), Poll::question);
                let said = Said::new(text, self.above(message, name), self.world.me());
                match delivery {
                    Some(delivery) => self.own(&said, &time, delivery, rows),
                    None => self.others(message, time, &said, Tone::Text, rows),
                }
                self.poll(message, rows);
                self.file(message, rows);
                self.thumbnail(message, rows);
                self.reactions(message, rows);
            }
            (Body::Deleted, Some(delivery)) => self.own(&Said::note("[deleted]"), &time, delivery, rows),
            (Body::Deleted, None) => {
                self.others(message, time, &Said::note("[deleted]"), Tone::Event, rows)
            }
            (Body::Unsupported, _) => {
                let said = Said::note("[this needs a newer Cooee]");
                self.others(message, time, &said, Tone::Event, rows);
            }
            (Body::KeyChanged, _) => {
                self.event(format!("another key stands for {who} since then"), &time, rows);
            }
            (Body::KeyAccepted, _) => {
                self.event(format!("you accepted another key of {who}"), &time, rows);
            }
            (Body::Lifetime(life), _) => {
                self.event(format!("{who} {}", lifetime_told(*life)), &time, rows);
            }
            (Body::Created, _) => self.event(format!("{who} made the group"), &time, rows),
            (Body::Joined, _) => self.event(format!("{who} joined"), &time, rows),
            (Body::Left, _) => self.event(format!("{who} left"), &time, rows),
            (Body::Changed(change), _) => {
                let whom = |user: &UserName| match user == self.world.me() {
                    true => "you".to_owned(),
                    false => name(user),
                };
                let told = change.told(whom, "the group");
                self.event(format!("{who} {told}"), &time, rows);
            }
        }
    }

    /// When a message was written and, if it came late, when it came: it stands above others that were
    /// here before it. Before that, in words, what was done with it.
    fn time(&self, message: &Message) -> String {
        let marks = &message.marks;
        let mut time = String::new();
        for (mark, word) in
            [(marks.pinned, "pinned "), (marks.starred, "starred "), (marks.edit.is_some(), "edited ")]
        {
            time.push_str(if mark { word } else { "" });
        }
        time.push_str(&self.calendar.clock(message.shown_at()));
        if message.late {
            let came = self.calendar.beside(message.received_at, message.shown_at());
            time.push_str(&format!(", came {came}"));
        }
        time
    }

    /// What stands above the text of a message: that it was passed on, what it answers.
    fn above(&self, message: &Message, name: impl Fn(&UserName) -> String) -> Vec<String> {
        let quoted = message.reply.as_ref().map(|reply| match &reply.quote {
            None => "a message that is not here".to_owned(),
            Some(Quote { sender, text: None, .. }) => format!("{}: [deleted]", name(sender)),
            Some(Quote { sender, text: Some(text), .. }) => format!("{}: {text}", name(sender)),
        });
        let quoted = quoted.map(|words| format!("{} {words}", self.glyphs.quote()));
        let forwarded = message.forwarded.then(|| "forwarded".to_owned());
        forwarded.into_iter().chain(quoted).collect()
    }

    /// What became of the file that a message carries, below it.
    fn file(&self, message: &Message, rows: &mut Vec<Row>) {
        let Some(file) = &message.file else { return };
        let (words, is_wrong) = file_line(message, file, self.world, self.glyphs);
        let tone = if is_wrong { Tone::Wrong } else { Tone::Faint };
        for range in wrap(&words, self.width.saturating_sub(4)) {
            let text = words[range].trim_end().to_owned();
            let x = match message.is_ours() {
                true => self.width.saturating_sub(2 + width(&text)),
                false => 2,
            };
            rows.push(vec![Piece { x, text, tone }]);
        }
    }

    /// The signs that a message was answered with, below it: each with how many gave it.
    fn reactions(&self, message: &Message, rows: &mut Vec<Row>) {
        let mut counts: BTreeMap<&Reaction, usize> = BTreeMap::new();
        for sign in message.marks.reactions.values() {
            *counts.entry(sign).or_default() += 1;
        }
        if counts.is_empty() {
            return;
        }
        let ours = message.marks.reactions.get(self.world.me());
        let words = counts.iter().map(|(sign, count)| {
            let you = if ours == Some(*sign) { " you" } else { "" };
            match (count, you) {
                (1, _) => format!("{}{you}", sign_words(sign, self.glyphs)),
                (_, _) => format!("{} {count}{you}", sign_words(sign, self.glyphs)),
            }
        });
        let words = words.collect::<Vec<_>>().join(self.glyphs.separator());
        let room = self.width.saturating_sub(4);
        let text = fit(&words, room).into_owned();
        let x = match message.is_ours() {
            true => self.width.saturating_sub(2 + width(&text)),
            false => 2,
        };
        rows.push(vec![Piece { x, text, tone: Tone::Faint }]);
    }

    /// Words of others: sender and time, the text beside them or, where that is too narrow, below.
    fn others(&self, message: &Message, time: String, said: &Said, tone: Tone, rows: &mut Vec<Row>) {
        let sender = &message.sender;
        let name = match message.conversation {
            ConversationId::Room(_) => claimed_name(sender).into(),
            ConversationId::Direct(_) | ConversationId::Group(_) => self.world.name(sender),
        };
        let name = fit(&name, NAME.min(self.width / 2)).into_owned();
        let time_x = 1 + width(&name) + 2;
        let beside = time_x + time.len() + 2;
        let head = vec![
            Piece { x: 1, text: name, tone: Tone::Sender(colour(sender)) },
            Piece { x: time_x, text: time, tone: Tone::Faint },
        ];
        let room = self.width.saturating_sub(beside + 1);
        let (x, room) = match room < NARROW {
            true => (2, self.width.saturating_sub(3)),
            false => (beside, room),
        };
        let found = self.tones(said, tone);
        let mut head = Some(head);
        if x != beside {
            rows.extend(head.take());
        }
        for words in &said.above {
            let mut row = head.take().unwrap_or_default();
            row.push(Piece { x, text: fit(words, room).into_owned(), tone: Tone::Faint });
            rows.push(row);
        }
        for range in wrap(&said.text, room) {
            let mut row = head.take().unwrap_or_default();
            put_words(&mut row, (&said.text, range), x, tone, &found);
            rows.push(row);
        }
    }

    /// The parts of what somebody said that stand out: words that are looked for before all else.
    pub(super) fn tones(&self, said: &Said, tone: Tone) -> Vec<(Range<usize>, Tone)> {
        let is_text = matches!(tone, Tone::Text | Tone::Own);
        let words = self.found.filter(|_| is_text);
        let found = words.map_or_else(Vec::new, |words| words.places(&said.text));
        let mut tones: Vec<_> = found.iter().map(|place| (place.clone(), Tone::Found)).collect();
        for (span, emphasis) in &said.spans {
            let mut from = span.start;
            let inside = found.iter().filter(|place| place.start < span.end && place.end > span.start);
            for place in inside.cloned().chain(std::iter::once(span.end..span.end)) {
                let to = place.start.max(from);
                if from < to {
                    tones.push((from..to, Tone::Marked(*emphasis, tone == Tone::Own)));
                }
                from = from.max(place.end);
            }
        }
        tones.sort_unstable_by_key(|(place, _)| place.start);
        tones
    }

    fn event(&self, words: String, time: &str, rows: &mut Vec<Row>) {
        let words = format!("{words}{}{time}", self.glyphs.separator());
        for range in wrap(&words, self.width.saturating_sub(2)) {
            let line = words[range].trim_end();
            let x = self.width.saturating_sub(width(line)) / 2;
            rows.push(vec![Piece { x, text: line.to_owned(), tone: Tone::Event }]);
        }
    }

    /// Words in the middle of a rule that reaches at most `arm` cells to each side.
    fn rule(&self, words: &str, tone: Tone, arm: usize) -> Row {
        let words = fit(words, self.width.saturating_sub(4));
        let side = (self.width.saturating_sub(width(&words) + 4) / 2).min(arm);
        let arm = self.glyphs.rule().repeat(side);
        let text = format!("{arm} {words} {arm}");
        vec![Piece { x: self.width.saturating_sub(width(&text)) / 2, text, tone }]
    }
}

/// Puts a part of a text into a row, these places in it in tones of their own.
pub(super) fn put_words(
    row: &mut Row,
    (text, part): (&str, Range<usize>),
    mut x: usize,
    tone: Tone,
    tones: &[(Range<usize>, Tone)],
) {
    let mut at = part.start;
    let mut put = |until: usize, tone| {
        let words = &text[at..until];
        if !words.is_empty() {
            row.push(Piece { x, text: words.to_owned(), tone });
            x += width(words);
            at = until;
        }
    };
    let inside = |at: usize| at.clamp(part.start, part.end);
    let here = |(place, _): &&(Range<usize>, Tone)| place.start < part.end && place.end > part.start;
    for (place, other) in tones.iter().filter(here) {
        put(inside(place.start), tone);
        put(inside(place.end), *other);
    }
    put(part.end, tone);
    if part.is_empty() {
        row.push(Piece { x, text: String::new(), tone });
    }
}

/// Whether the unread line belongs between the two.
fn starts(from: MessageKey, above: Option<Item<'_>>, item: Item<'_>) -> bool {
    let Item::Message(message) = item else { return false };
    match above {
        Some(Item::Message(above)) => above.key() < from && message.key() >= from,
        _ => message.key() == from,
    }
}

/// The same number for a user in every run and on every machine.
fn colour(user: &UserName) -> u64 {
    user.as_str().bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;
    use crate::tui::app::testing::{message, user};
    use crate::tui::app::wrap::visible_width;

    fn drawn(items: &[Message], width: usize, unread: Option<UnreadLine>) -> Vec<String> {
        let (world, calendar) = (World::new(user("alice")), Calendar::new(TimeZone::UTC));
        let now = Timestamp::from_millis(1_000);
        let setter = Typesetter {
            world: &world,
            calendar: &calendar,
            glyphs: Glyphs::Unicode,
            width,
            unread,
            now,
            found: None,
            thumbnails: None,
        };
        let mut above = None;
        let mut drawn = Vec::new();
        for message in items {
            for row in setter.rows(above, Item::Message(message)) {
                let mut line = String::new();
                for piece in row {
                    line += &" ".repeat(piece.x - super::width(&line));
                    line += &piece.text;
                }
                drawn.push(line);
            }
            above = Some(Item::Message(message));
        }
        drawn
    }

    #[test]
    fn what_is_found_stands_where_it_stood() {
        let (world, calendar) = (World::new(user("alice")), Calendar::new(TimeZone::UTC));
        let words = Words::new("pump");
        let setter = Typesetter {
            world: &world,
            calendar: &calendar,
            glyphs: Glyphs::Unicode,
            width: 60,
            unread: None,
            found: None,
            thumbnails: None,
            now: Timestamp::EPOCH,
        };
        let text = "the pump, a pump and pumps ";
        let told = message("bob", 1, text);
        let line = |setter: &Typesetter<'_>| {
            let rows = setter.rows(None, Item::Message(&told));
            let mut line = String::new();
            for piece in rows.last().unwrap() {
                line += &" ".repeat(piece.x - super::width(&line));
                line += &piece.text;
            }
            line
        };
        let plain = line(&setter);
        assert_eq!(line(&Typesetter { found: Some(&words), ..setter }), plain);
    }

    #[test]
    fn the_text_hangs_beside_its_sender() {
        let rows = drawn(&[message("bob", 60_000, "the pump is back and running again")], 44, None);
        assert_eq!(rows[0], "          ── Thursday 1 January ──");
        assert_eq!(rows[1], " bob  00:01  the pump is back and running ");
        assert_eq!(rows[2], "             again");
    }

    #[test]
    fn narrow_rows_put_the_text_below() {
        let rows = drawn(&[message("bob", 60_000, "the pump is back")], 18, None);
        assert_eq!(rows[1..], [" bob  00:01", "  the pump is ", "  back"]);
        let own = drawn(&[message("alice", 60_000, "on my way to you")], 18, None);
        assert_eq!(own[1..], ["     on my way to", "     you", "          00:01 ✓"]);
    }

    #[test]
    fn our_words_stand_at_the_right_with_time_and_tick() {
        let rows = drawn(&[message("alice", 60_000, "on my way")], 44, None);
        assert_eq!(rows[1], format!("{}on my way   00:01 ✓", " ".repeat(17)));
        let mut queued = message("alice", 60_000, "on my way");
        queued.delivery = Some(Delivery::Queued);
        let rows = drawn(&[queued], 44, None);
        assert_eq!(rows[1], format!("{}on my way   00:01 ◷ queued", " ".repeat(17)));
        assert_eq!(super::width(&rows[1]), 43);
    }

    #[test]
    fn our_words_of_several_lines_take_the_room_of_time_and_tick() {
        let long = "on my way, but the bridge is closed and I walk";
        let rows = drawn(&[message("alice", 60_000, long)], 44, None);
        assert_eq!(
            rows[1..],
            ["        on my way, but the bridge is closed", "        and I walk           00:01 ✓"]
        );
        let even = "on my way, but the bridge is closed and the ferry is as good as full";
        let rows = drawn(&[message("alice", 60_000, even)], 44, None);
        assert_eq!(rows.len(), 4, "{rows:?}");
        assert_eq!(rows[3].trim_start(), "00:01 ✓");
        assert_eq!(super::width(&rows[3]), 43);
    }

    #[test]
    fn what_came_late_says_when_it_came() {
        let late = |hours: i64| Message {
            late: true,
            received_at: Timestamp::from_millis(hours * 3_600_000),
            ..message("bob", 60_000, "x")
        };
        assert_eq!(drawn(&[late(2)], 60, None)[1], " bob  00:01, came 02:00  x");
        assert_eq!(drawn(&[late(26)], 60, None)[1], " bob  00:01, came 2 Jan 02:00  x");
        let ahead = Message { received_at: Timestamp::EPOCH, ..message("bob", 86_400_000, "x") };
        assert_eq!(drawn(&[ahead], 60, None)[1], " bob  00:00  x");
    }

    #[test]
    fn lines_stand_between_days_and_above_the_unread() {
        let day = 86_400_000;
        let items = [message("bob", 0, "a"), message("bob", 1, "b"), message("bob", day, "c")];
        let unread = Some(UnreadLine { from: items[1].key(), count: 2 });
        let rows = drawn(&items, 44, unread);
        let words: Vec<_> = rows.iter().map(|row| row.trim_matches([' ', '─'])).collect();
        assert_eq!(
            words,
            [
                "Thursday 1 January",
                "bob  00:00  a",
                "2 unread",
                "bob  00:00  b",
                "Friday 2 January",
                "bob  00:00  c"
            ]
        );
        let gone = Some(UnreadLine { from: message("bob", 1, "another").key(), count: 1 });
        assert_eq!(drawn(&items, 44, gone).len(), rows.len(), "it stands where its message would be");
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_the_screen(text in "\\PC{1,80}", ours: bool, width in 12usize..100) {
            let message = message(if ours { "alice" } else { "bob" }, 0, &format!("x{text}"));
            for row in drawn(&[message], width, None) {
                prop_assert!(visible_width(&row) <= width, "{row:?}");
            }
        }
    }
}
