//! Who says what to whom, and when the broker dies: drawn from a seed before the storm begins.

use std::time::Duration;

use cooee::domain::{ConversationId, GroupId};
use fastrand::Rng;

use crate::support::person::direct;

/// The four people.
pub const PEOPLE: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// The longest pause before somebody says the next thing, in milliseconds: in the mean some seventy messages
/// a second, so that faults meet traffic.
const PAUSE: u64 = 30;

/// One message. People are numbers into [`PEOPLE`].
pub struct Line {
    pub sender: usize,
    /// To whom, or to the group of all.
    to: Option<usize>,
    /// The how manieth of the sender in this conversation.
    n: usize,
    pub pause: Duration,
}

impl Line {
    /// What is said: where and when, so that a reader can tell what is missing.
    pub fn text(&self) -> String {
        let to = self.to.map_or("group", |to| PEOPLE[to]);
        format!("{} {to} {}", PEOPLE[self.sender], self.n)
    }

    /// Where somebody finds it, if it is meant for them, or from them.
    pub fn conversation(&self, reader: usize, group: GroupId) -> Option<ConversationId> {
        match self.to {
            None => Some(ConversationId::Group(group)),
            Some(to) if self.sender == reader => Some(direct(PEOPLE[to])),
            Some(to) if to == reader => Some(direct(PEOPLE[self.sender])),
            Some(_) => None,
        }
    }

    /// Whether it has to come to this person.
    pub fn is_awaited_by(&self, reader: usize) -> bool {
        self.sender != reader && self.to.is_none_or(|to| to == reader)
    }
}

/// So many messages, half of them in the group.
pub fn script(rng: &mut Rng, messages: usize) -> Vec<Line> {
    let mut counts = [[0; PEOPLE.len() + 1]; PEOPLE.len()];
    let mut line = || {
        let sender = rng.usize(0..PEOPLE.len());
        let other = (sender + rng.usize(1..PEOPLE.len())) % PEOPLE.len();
        let to = rng.bool().then_some(other);
        let count = &mut counts[sender][to.unwrap_or(PEOPLE.len())];
        *count += 1;
        Line { sender, to, n: *count, pause: Duration::from_millis(rng.u64(0..=PAUSE)) }
    };
    (0..messages).map(|_| line()).collect()
}

/// A kill -9 of the broker.
pub struct Outage {
    /// After how many messages it begins.
    pub after: usize,
    /// Somebody who is cut off some time before it, and until it is over: what the broker took for them
    /// is nowhere else, if nobody but the broker keeps it.
    pub absent: usize,
    pub absent_before: Duration,
    /// Whether the broker's state goes with it.
    pub forgets: bool,
    /// How long it is gone.
    pub lasts: Duration,
}

/// So many outages in the course of so many messages, none of them at the very end.
pub fn outages(rng: &mut Rng, messages: usize, kills: usize, forgets: usize) -> Vec<Outage> {
    let mut kinds: Vec<bool> = (0..kills).map(|n| n < forgets).collect();
    rng.shuffle(&mut kinds);
    let part = messages / (kills + 1).max(1);
    let outage = |(n, forgets)| Outage {
        after: n * part + rng.usize(part / 2..=part),
        absent: rng.usize(0..PEOPLE.len()),
        absent_before: Duration::from_millis(rng.u64(0..4_000)),
        forgets,
        lasts: Duration::from_millis(rng.u64(20..800)),
    };
    kinds.into_iter().enumerate().map(outage).collect()
}
