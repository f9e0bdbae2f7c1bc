//! All about one message: when it was written and came, how far it has come to each of its recipients,
//! and what it waits for, in words.

use std::time::Duration;

use super::action::Action;
use super::keymap::{Context, Keymap};
use super::room::{claimed_name, room_label};
use super::rows::{Piece, Row, Tone};
use super::text::{self, fit};
use super::times::Calendar;
use super::world::World;
use super::wrap::wrap;
use crate::domain::{
    Body, ConversationId, Delivery, Marks, Message, Poll, Recipient, Timestamp, UserName, size_in_words,
};
use crate::engine::{Hop, Info, Link};

/// Widest the box is, in cells, and what its frame takes of them.
pub const INFO_WIDTH: usize = 58;
const FRAME: usize = 4;
/// Most rows of the text that are shown.
const EXCERPT: usize = 2;
/// Longest name, in cells.
const NAME: usize = 20;
/// Most names in one sentence.
const NAMES: usize = 3;
/// The least time between two questions because of time that has passed.
const PATIENCE: Duration = Duration::from_secs(1);

/// The box that tells all about a message.
#[derive(Clone, Debug)]
pub struct InfoBox {
    /// Which.
    pub message: Message,
    /// The first row shown.
    pub top: usize,
    /// What the engine said, and when.
    answer: Option<(Info, Timestamp)>,
    /// Something has changed that the answer depends on.
    stale: bool,
    /// When it is out of date by itself: the message has gone out once more then.
    again_at: Option<Timestamp>,
}

/// What the words depend on, besides the message.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// Names.
    pub world: &'a World,
    /// Days and times.
    pub calendar: &'a Calendar,
    /// Keys.
    pub keymap: &'a Keymap,
    /// The connection, and when the next attempt starts.
    pub link: (&'a Link, Option<Timestamp>),
    /// The time.
    pub now: Timestamp,
}

/// Columns and rows that are inside the box at most, on a screen of this size: header and footer stay.
pub fn info_room((columns, rows): (u16, u16)) -> (usize, usize) {
    let (columns, rows) = (usize::from(columns), usize::from(rows));
    (INFO_WIDTH.min(columns).saturating_sub(FRAME), rows.saturating_sub(4).max(1))
}

impl InfoBox {
    /// The box for a message; the engine has to be asked about ours.
    pub fn new(message: Message) -> Self {
        Self { stale: message.is_ours(), message, top: 0, answer: None, again_at: None }
    }

    /// Something has changed that the answer may depend on.
    pub fn outdate(&mut self) {
        self.stale = self.message.is_ours();
    }

    /// Whether the engine has to be asked now.
    pub fn take_stale(&mut self, now: Timestamp) -> bool {
        self.stale |= self.again_at.take_if(|at| *at <= now).is_some();
        std::mem::take(&mut self.stale)
    }

    /// When the engine has to be asked again, whatever happens.
    pub fn again_at(&self) -> Option<Timestamp> {
        self.again_at
    }

    /// The engine has answered.
    pub fn take(&mut self, info: Info, now: Timestamp) {
        if info.id == self.message.id {
            self.message.delivery = Some(info.delivery);
            self.again_at = match &info.waits_for {
                Some(Hop::Receipt { retry_in: Some(wait), .. }) => Some(now.plus((*wait).max(PATIENCE))),
                _ => None,
            };
            self.answer = Some((info, now));
        }
    }

    /// What the box is about.
    pub fn title(&self, world: &World) -> String {
        match (&self.message.conversation, self.message.is_ours()) {
            (ConversationId::Room(room), false) => {
                format!("From {} in {}", claimed_name(&self.message.sender), room_label(room))
            }
            (_, false) => format!("Message from {}", world.name(&self.message.sender)),
            (ConversationId::Direct(user), true) => format!("Message to {}", world.name(user)),
            (ConversationId::Group(id), true) => format!("Message to #{}", world.group_name(*id)),
            (ConversationId::Room(room), true) => format!("Message to {}", room_label(room)),
        }
    }

    /// The rows of the box at this width.
    pub fn rows(&self, facts: &Facts<'_>, width: usize) -> Vec<Row> {
        let mut page = Page::new(width);
        let Message { body, received_at, late, .. } = &self.message;
        let written = self.message.shown_at();
        let exact = |at| facts.calendar.exact(at, facts.now);
        if let Body::Text(text) = body {
            let text = self.message.poll.as_ref().map_or(text.as_str(), Poll::question);
            page.excerpt(text, if self.message.is_ours() { Tone::Own } else { Tone::Text });
        }
        if let Some(file) = &self.message.file {
            let (kind, size) = (file.name.kind().words(), size_in_words(file.size));
            page.say(&format!("File: {}, {kind}, {size}", file.name), Tone::Text);
            page.say(&format!("SHA-256 {}", file.hash), Tone::Faint);
        }
        self.votes(facts, &mut page);
        page.say(&format!("Written {}", exact(written)), Tone::Text);
        if let Some(at) = self.message.ends_at {
            page.say(&format!("Disappears {}", exact(at)), Tone::Text);
        }
        let Some(delivery) = self.message.delivery else {
            page.say(&format!("Came here {}", exact(*received_at)), Tone::Text);
            if let ConversationId::Room(_) = self.message.conversation {
                page.say("Not encrypted; anybody may have written it.", Tone::Strong);
            }
            match late {
                true => page.say("Late: newer messages stood here when it came.", Tone::Strong),
                false => page.say("It was not late.", Tone::Faint),
            }
            return page.rows;
        };
        let (words, tone) = state(delivery);
        page.say(words, tone);
        if let ConversationId::Room(_) = self.message.conversation {
            page.say("In an open room nobody confirms what came to them.", Tone::Faint);
        }
        let Some((info, came_at)) = &self.answer else {
            page.say("…", Tone::Faint);
            return page.rows;
        };
        if let Some(hop) = &info.waits_for {
            let tone = if matches!(hop, Hop::Person(_)) { Tone::Wrong } else { Tone::Strong };
            page.say(&facts.waits_for(hop, *came_at), tone);
        }
        if let Some(words) = counts(&info.recipients) {
            page.say(&words, Tone::Text);
        }
        page.rows.push(Vec::new());
        // Those who are furthest behind are the ones that somebody looks for.
        let mut recipients: Vec<_> = info.recipients.iter().collect();
        recipients.sort_by_key(|recipient| (recipient.left, recipient.delivery));
        let names: Vec<_> = recipients.iter().map(|r| facts.world.name(&r.user)).collect();
        let longest = names.iter().map(|name| text::width(name)).max().unwrap_or(0);
        let column = longest.min(NAME).min(width / 3);
        for (recipient, name) in recipients.into_iter().zip(&names) {
            let (words, tone) = facts.recipient(recipient);
            page.entry(&fit(name, column), column + 2, &words, tone);
        }
        page.rows
    }
}

impl InfoBox {
    /// Who voted for what.
    fn votes(&self, facts: &Facts<'_>, page: &mut Page) {
        let Some(poll) = &self.message.poll else { return };
        let Marks { votes, closed, .. } = &self.message.marks;
        let name = |user: &UserName| match user == facts.world.me() {
            true => "you".to_owned(),
            false => facts.world.name(user).into_owned(),
        };
        page.blank();
        for (number, answer) in poll.answers() {
            let who = votes.iter().filter(|(_, ballot)| ballot.has(number)).map(|(user, _)| name(user));
            let who = who.collect::<Vec<_>>().join(", ");
            page.entry(&format!("{number}."), 4, answer, Tone::Text);
            page.entry("", 4, if who.is_empty() { "nobody" } else { &who }, Tone::Faint);
        }
        page.say(
            match (closed, poll.is_many()) {
                (true, _) => "The poll is closed.",
                (false, true) => "One may choose several answers.",
                (false, false) => "One chooses one answer.",
            },
            Tone::Text,
        );
        page.blank();
    }
}

fn state(delivery: Delivery) -> (&'static str, Tone) {
    match delivery {
        Delivery::Failed => ("Failed: it does not go out again by itself.", Tone::Wrong),
        Delivery::Queued => ("Queued: it is kept here and goes out by itself.", Tone::Text),
        Delivery::Sent => ("Sent: the broker has it.", Tone::Text),
        Delivery::Delivered => ("Delivered: their Cooee has it.", Tone::Text),
        Delivery::Read => ("Read: it was on their screen.", Tone::Read),
    }
}

/// How many of several recipients it has come how far to.
fn counts(recipients: &[Recipient]) -> Option<String> {
    let count = |delivery| recipients.iter().filter(|r| !r.left && r.delivery == delivery).count();
    let states = [
        (Delivery::Failed, "failed"),
        (Delivery::Queued, "queued"),
        (Delivery::Sent, "sent"),
        (Delivery::Delivered, "delivered"),
        (Delivery::Read, "read"),
    ];
    let counts = states.into_iter().map(|(delivery, word)| (count(delivery), word));
    let words: Vec<_> = counts.filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    (recipients.len() > 1).then(|| format!("Of {}: {}.", recipients.len(), words.join(", ")))
}

impl Facts<'_> {
    /// What a message waits for.
    fn waits_for(&self, hop: &Hop, told_at: Timestamp) -> String {
        let clock = |at| self.calendar.clock_with_seconds(at);
        match hop {
            Hop::Link => {
                let next = match self.link {
                    (Link::Up, _) => String::new(),
                    (Link::Connecting, _) => ", which is being made".to_owned(),
                    (Link::Down { .. }, Some(at)) => format!(": next try {}", clock(at)),
                    (Link::Down { .. }, None) => {
                        format!(", which somebody stopped: {} starts it", self.key(Action::ConnectNow))
                    }
                };
                format!("It waits for the connection to the broker{next}.")
            }
            Hop::Broker => "It waits for the broker to say that it has it.".to_owned(),
            Hop::Listener => "Nobody is subscribed at the broker yet: it goes out again.".to_owned(),
            Hop::Away(users) => {
                let is = if users.len() == 1 { "is" } else { "are" };
                format!(
                    "It waits for {}, who {is} not online: it goes out again when they are.",
                    self.names(users)
                )
            }
            Hop::Receipt { users, retry_in } => {
                let is = if users.len() == 1 { "is" } else { "are" };
                let again =
                    retry_in.map(|wait| format!("; it goes again {}", clock(told_at.plus(wait))));
                format!(
                    "{} {is} online, but Cooee there has not confirmed it{}.",
                    self.names(users),
                    again.unwrap_or_default()
                )
            }
            Hop::Person(why) => {
                format!("The reason: {why}. {} tries again.", self.key(Action::TryAgain))
            }
        }
    }

    fn key(&self, action: Action) -> &str {
        self.keymap.key(Context::Info, action).unwrap_or_default()
    }

    /// `Bob`, `Bob and Carol`, `Bob, Carol, Dave and 3 more`.
    fn names(&self, users: &[UserName]) -> String {
        let mut names: Vec<_> =
            users.iter().take(NAMES).map(|user| self.world.name(user).into_owned()).collect();
        if users.len() > NAMES {
            names.push(format!("{} more", users.len() - NAMES));
        }
        match names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => "somebody".to_owned(),
        }
    }

    /// How far a message has come to somebody.
    fn recipient(&self, recipient: &Recipient) -> (String, Tone) {
        let exact = |at: Option<Timestamp>| {
            at.map(|at| format!(" {}", self.calendar.exact(at, self.now))).unwrap_or_default()
        };
        let delivered = format!("delivered{}", exact(recipient.delivered_at));
        match recipient.delivery {
            _ if recipient.left => ("left the group".to_owned(), Tone::Faint),
            Delivery::Failed => {
                let why = recipient.why.as_ref().map(|why| format!(": {why}"));
                (format!("failed{}", why.unwrap_or_default()), Tone::Wrong)
            }
            Delivery::Queued => ("queued".to_owned(), Tone::Text),
            Delivery::Sent => ("sent, not delivered yet".to_owned(), Tone::Text),
            Delivery::Delivered => (delivered, Tone::Text),
            Delivery::Read => (format!("read{}, {delivered}", exact(recipient.read_at)), Tone::Read),
        }
    }
}

/// Rows that grow.
pub struct Page {
    rows: Vec<Row>,
    width: usize,
}

impl Page {
    /// None yet, each at most so wide.
    pub fn new(width: usize) -> Self {
        Self { rows: Vec::new(), width }
    }

    /// The widest that a row may be.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All of them.
    pub fn done(self) -> Vec<Row> {
        self.rows
    }

    /// An empty row.
    pub fn blank(&mut self) {
        self.rows.push(Vec::new());
    }

    /// Words at a cell of a row of their own.
    pub fn put(&mut self, x: usize, words: &str, tone: Tone) {
        self.put_all([(x, words.to_owned())], tone);
    }

    /// Several words in one row, each at its cell.
    pub fn put_all(&mut self, words: impl IntoIterator<Item = (usize, String)>, tone: Tone) {
        self.rows.push(words.into_iter().map(|(x, text)| Piece { x, text, tone }).collect());
    }

    /// Words over as many rows as they need.
    pub fn say(&mut self, words: &str, tone: Tone) {
        for range in wrap(words, self.width) {
            self.rows.push(vec![Piece { x: 0, text: words[range].to_owned(), tone }]);
        }
    }

    /// The beginning of a text.
    fn excerpt(&mut self, text: &str, tone: Tone) {
        let ranges = wrap(text, self.width);
        let more = ranges.len() > EXCERPT;
        for (at, range) in ranges.into_iter().take(EXCERPT).enumerate() {
            let line = &text[range];
            let line = match more && at + 1 == EXCERPT {
                true => format!(
                    "{}…",
                    fit(line.trim_end(), self.width.saturating_sub(1)).trim_end_matches('…')
                ),
                false => line.to_owned(),
            };
            self.rows.push(vec![Piece { x: 0, text: line, tone }]);
        }
    }

    /// A name, with words that hang beside it.
    pub fn entry(&mut self, name: &str, x: usize, words: &str, tone: Tone) {
        let mut name = Some(Piece { x: 0, text: name.to_owned(), tone: Tone::Strong });
        for range in wrap(words, self.width.saturating_sub(x)) {
            let words = Piece { x, text: words[range].to_owned(), tone };
            self.rows.push(name.take().into_iter().chain([words]).collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::tui::app::testing::{message, person, user};

    fn told(waits_for: Hop, link: &Link) -> String {
        let mut world = World::new(user("alice"));
        let name = |n: &str| person(n, &n.to_uppercase(), false);
        world.note_people(["bob", "carol", "dave", "erin"].map(name).into());
        world.sort();
        let facts = Facts {
            world: &world,
            calendar: &Calendar::new(TimeZone::UTC),
            keymap: &Keymap::built_in().unwrap(),
            link: (link, Some(Timestamp::from_millis(20_000))),
            now: Timestamp::from_millis(10_000),
        };
        facts.waits_for(&waits_for, facts.now)
    }

    #[test]
    fn what_it_waits_for_is_said_in_words() {
        let down = Link::Down { reason: "no route".to_owned(), retry_in: None };
        let users = |names: &[&str]| names.iter().map(|name| user(name)).collect::<Vec<_>>();
        let retry_in = Some(Duration::from_secs(8));
        for (hop, words) in [
            (Hop::Link, "the connection to the broker: next try 00:00:20."),
            (Hop::Broker, "the broker to say"),
            (Hop::Listener, "Nobody is subscribed"),
            (Hop::Away(users(&["bob"])), "BOB, who is not online"),
            (
                Hop::Away(users(&["bob", "carol", "dave", "erin", "zoe"])),
                "BOB, CAROL, DAVE and 2 more, who are not online",
            ),
            (
                Hop::Receipt { users: users(&["bob", "carol"]), retry_in },
                "BOB and CAROL are online, but Cooee there has not confirmed it; it goes again 00:00:18.",
            ),
            (Hop::Person("no such group".to_owned()), "no such group. t tries again."),
        ] {
            let told = told(hop, &down);
            assert!(told.contains(words), "{told}");
        }
        assert!(told(Hop::Link, &Link::Connecting).ends_with("broker, which is being made."));
    }

    #[test]
    fn it_asks_again_when_the_answer_is_out_of_date() {
        let at = Timestamp::from_millis;
        let mut info = InfoBox::new(message("alice", 0, "on my way"));
        assert!(info.take_stale(at(0)) && !info.take_stale(at(0)));
        info.outdate();
        assert!(info.take_stale(at(0)));
        let retry_in = Some(Duration::from_secs(8));
        let waits_for = Some(Hop::Receipt { users: vec![user("bob")], retry_in });
        let answer =
            Info { id: info.message.id, delivery: Delivery::Sent, recipients: Vec::new(), waits_for };
        info.take(answer, at(1_000));
        assert_eq!(info.again_at(), Some(at(9_000)));
        assert!(!info.take_stale(at(8_999)) && info.take_stale(at(9_000)));
        assert!(!info.take_stale(at(99_000)), "asked once");
        let mut theirs = InfoBox::new(message("bob", 0, "x"));
        theirs.outdate();
        assert!(!theirs.take_stale(at(0)), "there is nothing to ask");
    }
}
