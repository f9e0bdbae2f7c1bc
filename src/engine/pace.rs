//! How much is taken in of an open room. Anything can speak there, so a bound has to hold whoever speaks.
//!
//! A room, and each speaker in it, may say so much at once, which is what a broker keeps for somebody who was away,
//! and then so much a second. What is more is thrown away, and told.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::UserName;

/// Messages of one speaker: at once, and a second.
const SPEAKER: (f64, f64) = (1_000.0, 10.0);

/// Messages of a whole room: at once, and a second.
const ROOM: (f64, f64) = (2_000.0, 20.0);

/// Most speakers of a room that are told apart. Others share what the room may say.
const SPEAKERS: usize = 256;

/// How often it is told that something is thrown away.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// So much is left of what may be said at once.
struct Bucket {
    left: f64,
    since: Instant,
}

impl Bucket {
    fn full((most, _): (f64, f64), now: Instant) -> Self {
        Self { left: most, since: now }
    }

    fn fill(&mut self, (most, a_second): (f64, f64), now: Instant) {
        let passed = now.saturating_duration_since(self.since).as_secs_f64();
        self.left = (self.left + passed * a_second).min(most);
        self.since = now;
    }
}

/// What is taken in of one room.
pub(super) struct Pace {
    room: Bucket,
    speakers: BTreeMap<UserName, Bucket>,
    thrown_away: u64,
    told_at: Option<Instant>,
}

/// What to do with a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is taken in.
    Take,
    /// It is thrown away.
    Drop,
    /// It is thrown away, and it is time to tell that so many were.
    Tell(u64),
}

impl Pace {
    pub fn new(now: Instant) -> Self {
        let (room, speakers) = (Bucket::full(ROOM, now), BTreeMap::new());
        Self { room, speakers, thrown_away: 0, told_at: None }
    }

    /// Somebody speaks.
    pub fn note(&mut self, from: &UserName, now: Instant) -> Verdict {
        self.room.fill(ROOM, now);
        let speaks = self.room.left >= 1.0 && self.speaker(from, now).is_none_or(|own| own.left >= 1.0);
        if speaks {
            self.room.left -= 1.0;
            if let Some(own) = self.speakers.get_mut(from) {
                own.left -= 1.0;
            }
            return Verdict::Take;
        }
        self.thrown_away += 1;
        if self.told_at.is_some_and(|at| now < at + TOLD_EVERY) {
            return Verdict::Drop;
        }
        self.told_at = Some(now);
        Verdict::Tell(std::mem::take(&mut self.thrown_away))
    }

    /// What one speaker may still say; `None` where there are too many to tell them apart.
    fn speaker(&mut self, from: &UserName, now: Instant) -> Option<&Bucket> {
        if !self.speakers.contains_key(from) && self.speakers.len() >= SPEAKERS {
            // Whoever was silent for long enough is as good as new.
            self.speakers.retain(|_, own| {
                own.fill(SPEAKER, now);
                own.left < SPEAKER.0
            });
            if self.speakers.len() >= SPEAKERS {
                return None;
            }
        }
        let own = self.speakers.entry(from.clone()).or_insert_with(|| Bucket::full(SPEAKER, now));
        own.fill(SPEAKER, now);
        Some(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(n: u32) -> UserName {
        format!("u{n}").parse().unwrap()
    }

    #[test]
    fn one_speaker_is_bounded_and_does_not_silence_the_others_at_once() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        let taken = |pace: &mut Pace, n, count, at| {
            (0..count).filter(|_| pace.note(&user(n), at) == Verdict::Take).count()
        };
        assert_eq!(taken(&mut pace, 1, 5_000, now), 1_000);
        assert_eq!(taken(&mut pace, 2, 10, now), 10);
        let later = now + Duration::from_secs(3);
        assert_eq!(taken(&mut pace, 1, 5_000, later), 30);
        for n in 3..2_000 {
            taken(&mut pace, n, 1, later);
        }
        assert!(pace.speakers.len() <= SPEAKERS);
        assert_eq!(taken(&mut pace, 5, 5_000, later), 0, "the room is full");
        let much_later = later + Duration::from_secs(600);
        assert_eq!(taken(&mut pace, 5_000, 5_000, much_later), 1_000, "room for somebody new");
        assert_eq!(taken(&mut pace, 6_000, 5_000, much_later), 1_000);
        assert_eq!(taken(&mut pace, 7_000, 5_000, much_later), 0);
    }

    #[test]
    fn that_something_was_thrown_away_is_told_once_a_minute() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert!((0..1_000).all(|_| pace.note(&user(1), now) == Verdict::Take));
        assert_eq!(pace.note(&user(1), now), Verdict::Tell(1));
        assert_eq!(pace.note(&user(1), now), Verdict::Drop);
        assert_eq!(pace.note(&user(1), now), Verdict::Drop);
        let later = now + TOLD_EVERY;
        let mut told = (0..2_000).map(|_| pace.note(&user(1), later)).filter(|v| *v != Verdict::Take);
        assert_eq!(told.next(), Some(Verdict::Tell(3)));
        assert_eq!(told.next(), Some(Verdict::Drop));
    }
}
