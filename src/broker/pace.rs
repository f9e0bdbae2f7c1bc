//! How fast one account may go, and how many connections it may have.
//!
//! Messages past the pace are slowed down and not refused: a refused one would only come again. What a
//! healthy client does in a burst passes at full speed: a backlog of 10,000 letters, or a message to the 256
//! members of a group every second. Connections past theirs are refused, and the client waits longer.
//!
//! A place is taken when somebody is let in, and not when they are connected: of many who come at the same
//! time all would find the places free that only some of them get. Not everybody who is let in gets as far
//! as being connected, and nothing tells when one does not, so a place is kept for [`LETTING_IN`] at most.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::limits;

/// How long a place is kept for somebody who was let in and is not connected yet: as long as the library
/// waits for the beginning of a connection.
const LETTING_IN: Duration = Duration::from_secs(10);

/// What was asked for and is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooMuch {
    /// Too many connections at one time.
    Connections,
    /// Too many new connections in a short time.
    Hurry,
}

/// All who are connected or lately were, by their registration; guests are one.
#[derive(Default)]
pub(super) struct Pace(Mutex<HashMap<String, Account>>);

struct Account {
    connections: usize,
    /// When those were let in who are not connected yet; the first come first.
    let_in: VecDeque<Instant>,
    connects: Bucket,
    messages: Bucket,
}

/// A store of what may be used at once, which fills up again.
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn full(burst: u32, now: Instant) -> Self {
        Self { left: f64::from(burst), at: now }
    }

    fn refill(&mut self, burst: u32, per_second: u32, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * f64::from(per_second)).min(f64::from(burst));
        self.at = now;
    }
}

impl Account {
    /// The places that are taken.
    fn places(&mut self, now: Instant) -> usize {
        while self.let_in.front().is_some_and(|&at| now.saturating_duration_since(at) >= LETTING_IN) {
            self.let_in.pop_front();
        }
        self.connections + self.let_in.len()
    }
}

impl Pace {
    /// Somebody wants to connect, and gets a place.
    pub fn admit(&self, who: &str, now: Instant) -> Result<(), TooMuch> {
        let mut all = self.all();
        let account = entry(&mut all, who, now);
        if account.places(now) >= limits::CONNECTIONS_OF_ONE {
            return Err(TooMuch::Connections);
        }
        account.connects.refill(limits::CONNECTS.0, limits::CONNECTS.1, now);
        if account.connects.left < 1.0 {
            return Err(TooMuch::Hurry);
        }
        account.connects.left -= 1.0;
        account.let_in.push_back(now);
        Ok(())
    }

    /// Somebody is connected who was let in.
    pub fn connected(&self, who: &str, now: Instant) {
        let mut all = self.all();
        let account = entry(&mut all, who, now);
        account.let_in.pop_front();
        account.connections += 1;
    }

    /// A connection ended. Who has none left and used nothing lately is forgotten.
    pub fn left(&self, who: &str, now: Instant) {
        let mut all = self.all();
        let account = entry(&mut all, who, now);
        account.connections = account.connections.saturating_sub(1);
        all.retain(|_, account| {
            account.connects.refill(limits::CONNECTS.0, limits::CONNECTS.1, now);
            account.messages.refill(limits::MESSAGES.0, limits::MESSAGES.1, now);
            let full = |bucket: &Bucket, burst: u32| bucket.left >= f64::from(burst);
            let idle = full(&account.connects, limits::CONNECTS.0)
                && full(&account.messages, limits::MESSAGES.0);
            account.places(now) > 0 || !idle
        });
    }

    /// Whether somebody is connected now, or is being let in.
    pub fn is_here(&self, who: &str, now: Instant) -> bool {
        self.all().get_mut(who).is_some_and(|account| account.places(now) > 0)
    }

    /// Somebody publishes or subscribes: how long that has to wait. A connection waits with one thing at a
    /// time, so nobody waits longer than an account with all its connections can make them.
    pub fn spend(&self, who: &str, now: Instant) -> Duration {
        let (burst, per_second) = limits::MESSAGES;
        let mut all = self.all();
        let messages = &mut entry(&mut all, who, now).messages;
        messages.refill(burst, per_second, now);
        messages.left -= 1.0;
        Duration::from_secs_f64((-messages.left).max(0.0) / f64::from(per_second))
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entry<'a>(all: &'a mut HashMap<String, Account>, who: &str, now: Instant) -> &'a mut Account {
    // No allocation for who is known already: this is asked at every publish.
    if !all.contains_key(who) {
        let fresh = Account {
            connections: 0,
            let_in: VecDeque::new(),
            connects: Bucket::full(limits::CONNECTS.0, now),
            messages: Bucket::full(limits::MESSAGES.0, now),
        };
        all.insert(who.to_owned(), fresh);
    }
    all.get_mut(who).expect("it was put there just now")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_healthy_burst_passes_and_a_flood_is_slowed_down() {
        let (pace, now) = (Pace::default(), Instant::now());
        for n in 0..limits::MESSAGES.0 {
            assert_eq!(pace.spend("alice", now), Duration::ZERO, "message {n}");
        }
        const { assert!(limits::MESSAGES.0 >= 10_000 && limits::MESSAGES.1 >= 256) };
        let first = pace.spend("alice", now);
        assert!(first > Duration::ZERO && first < Duration::from_millis(10), "{first:?}");
        assert_eq!(pace.spend("bob", now), Duration::ZERO, "others go on");
        let later = now + Duration::from_secs(60);
        assert_eq!(pace.spend("alice", later), Duration::ZERO);
    }

    #[test]
    fn connections_are_counted_and_hurry_ends() {
        let (pace, now) = (Pace::default(), Instant::now());
        for _ in 0..limits::CONNECTIONS_OF_ONE {
            assert_eq!(pace.admit("alice", now), Ok(()));
            pace.connected("alice", now);
        }
        assert_eq!(pace.admit("alice", now), Err(TooMuch::Connections));
        assert_eq!(pace.admit("bob", now), Ok(()));
        pace.left("alice", now);
        let hurried = (0..limits::CONNECTS.0).find_map(|_| {
            let refused = pace.admit("alice", now).err();
            pace.connected("alice", now);
            pace.left("alice", now);
            refused
        });
        assert_eq!(hurried, Some(TooMuch::Hurry));
        assert_eq!(pace.admit("alice", now + Duration::from_secs(1)), Ok(()));
        for _ in 0..limits::CONNECTIONS_OF_ONE {
            assert!(pace.is_here("alice", now) || pace.all().is_empty());
            pace.left("alice", now + Duration::from_secs(600));
        }
        assert!(!pace.is_here("alice", now) && pace.all().is_empty(), "forgotten");
    }

    #[test]
    fn a_place_is_taken_by_being_let_in_and_not_kept_for_who_never_comes() {
        let (pace, now) = (Pace::default(), Instant::now());
        for _ in 0..limits::CONNECTIONS_OF_ONE {
            assert_eq!(pace.admit("alice", now), Ok(()), "all at once");
        }
        assert_eq!(pace.admit("alice", now), Err(TooMuch::Connections));
        assert!(pace.is_here("alice", now));
        pace.connected("alice", now);
        let later = now + LETTING_IN;
        for _ in 1..limits::CONNECTIONS_OF_ONE {
            assert_eq!(pace.admit("alice", later), Ok(()), "the others never came");
        }
        assert_eq!(pace.admit("alice", later), Err(TooMuch::Connections), "one did");
        pace.left("alice", later);
        assert!(!pace.is_here("alice", later + LETTING_IN));
    }
}
