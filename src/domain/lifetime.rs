//! How long messages live that disappear.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Timestamp;

const HOUR: u32 = 60 * 60;
const DAY: u32 = 24 * HOUR;

/// How long what is said lives: from an hour, so that nobody says what is gone before it can be read, to a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Lifetime(u32);

/// So many seconds are no lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("messages live for an hour at least and a year at most")]
pub struct InvalidLifetime;

impl Lifetime {
    /// The shortest.
    pub const LEAST: Self = Self(HOUR);
    /// The longest.
    pub const MOST: Self = Self(365 * DAY);

    /// Of so many seconds.
    ///
    /// # Errors
    /// Where that is too short or too long.
    pub fn new(seconds: u32) -> Result<Self, InvalidLifetime> {
        let bounds = Self::LEAST.0..=Self::MOST.0;
        bounds.contains(&seconds).then_some(Self(seconds)).ok_or(InvalidLifetime)
    }

    /// Of so many seconds, or the nearest there is.
    pub fn nearest(seconds: u32) -> Self {
        Self(seconds.clamp(Self::LEAST.0, Self::MOST.0))
    }

    /// The shortest that is at least so long.
    pub fn covering(time: Duration) -> Self {
        Self::nearest(u32::try_from(time.as_secs()).unwrap_or(u32::MAX).saturating_add(1))
    }

    /// In seconds.
    pub fn seconds(self) -> u32 {
        self.0
    }

    /// As a duration.
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0.into())
    }

    /// In words: `1 day`, `90 minutes`.
    pub fn words(self) -> String {
        let (count, unit) = match self.0 {
            seconds if seconds % DAY == 0 => (seconds / DAY, "day"),
            seconds if seconds % HOUR == 0 => (seconds / HOUR, "hour"),
            seconds => (seconds / 60, "minute"),
        };
        format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
    }

    /// Reads what a person writes: `1h`, `7d`, `off`, which is `None`.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        let text = text.trim().to_lowercase();
        if text == "off" {
            return Ok(None);
        }
        let unit = |name, seconds: u32| Some((text.strip_suffix(name)?.parse::<u32>().ok()?, seconds));
        let wrong = || {
            format!(
                "`{text}` is no lifetime: write so many hours or days, such as 5h, 1d, 7d or 30d, or off"
            )
        };
        let (count, seconds) = unit('h', HOUR).or_else(|| unit('d', DAY)).ok_or_else(wrong)?;
        let lifetime = count.checked_mul(seconds).and_then(|seconds| Self::new(seconds).ok());
        lifetime.map(Some).ok_or_else(|| InvalidLifetime.to_string())
    }

    /// When a message is over that comes now.
    ///
    /// It lives from when it was sent. How long ago that was two tell who may both be wrong: the clock of its sender,
    /// and the broker, by how long it would still have kept it (`left`). The one who says less is believed. So a clock
    /// that is wrong, or a broker that lies, alone takes nothing away before it can be read, and whatever they say
    /// it lives no longer than so long after it came.
    pub fn end(self, sent_at: Timestamp, left: Option<Duration>, now: Timestamp) -> Timestamp {
        let by_broker = left.map_or(Duration::ZERO, |left| self.duration().saturating_sub(left));
        let waited = now.since(sent_at).min(by_broker);
        now.plus(self.duration().saturating_sub(waited))
    }
}

impl TryFrom<u32> for Lifetime {
    type Error = InvalidLifetime;

    fn try_from(seconds: u32) -> Result<Self, Self::Error> {
        Self::new(seconds)
    }
}

impl From<Lifetime> for u32 {
    fn from(lifetime: Lifetime) -> Self {
        lifetime.0
    }
}

/// What somebody did who set how long messages live, as it follows their name.
pub fn lifetime_told(lifetime: Option<Lifetime>) -> String {
    match lifetime {
        Some(lifetime) => format!("set messages to disappear after {}", lifetime.words()),
        None => "set messages to stay".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_person_writes_is_read() {
        for (text, seconds) in [("1h", HOUR), ("1d", DAY), (" 7D ", 7 * DAY), ("36h", 36 * HOUR)] {
            assert_eq!(Lifetime::parse(text), Ok(Some(Lifetime(seconds))), "{text}");
        }
        assert_eq!(Lifetime::parse("off"), Ok(None));
        for text in ["", "h", "1", "1m", "0h", "366d", "-1d", "99999999999d", "4294967295d", "1 d x"] {
            assert!(Lifetime::parse(text).is_err(), "{text}");
        }
        let words = [HOUR, 36 * HOUR, DAY, 7 * DAY, 5_400].map(|seconds| Lifetime(seconds).words());
        assert_eq!(words, ["1 hour", "36 hours", "1 day", "7 days", "90 minutes"]);
    }

    #[test]
    fn a_lifetime_of_another_length_is_none() {
        for seconds in [0, HOUR - 1, 365 * DAY + 1, u32::MAX] {
            assert!(Lifetime::new(seconds).is_err(), "{seconds}");
            let nearest = Lifetime::nearest(seconds);
            assert!(nearest == Lifetime::LEAST || nearest == Lifetime::MOST);
        }
    }

    proptest! {
        /// Neither a wrong clock nor a broker alone shortens a life, and nothing prolongs it.
        #[test]
        fn no_one_of_them_alone_shortens_a_life(
            seconds in any::<u32>(),
            sent_at in any::<i64>(),
            now in any::<i64>(),
            left in prop::option::of(0..u64::MAX / 1_000),
        ) {
            let lifetime = Lifetime::nearest(seconds);
            let (sent_at, now) = (Timestamp::from_millis(sent_at), Timestamp::from_millis(now));
            let left = left.map(Duration::from_secs);
            let end = lifetime.end(sent_at, left, now);
            prop_assert!(now <= end && end <= now.plus(lifetime.duration()));
            let full = now.plus(lifetime.duration());
            prop_assert_eq!(lifetime.end(sent_at, None, now), full);
            prop_assert_eq!(lifetime.end(now, left, now), full);
        }
    }

    #[test]
    fn what_waited_at_the_broker_lives_for_what_is_left() {
        let (lifetime, now) = (Lifetime(DAY), Timestamp::from_millis(1_700_000_000_000));
        let earlier = |hours: i64| Timestamp::from_millis(now.as_millis() - hours * 3_600_000);
        let left = |hours: u64| Some(Duration::from_secs(hours * 3_600));
        let hours = |end: Timestamp| end.since(now).as_secs() / 3_600;
        assert_eq!(hours(lifetime.end(earlier(20), left(4), now)), 4);
        assert_eq!(hours(lifetime.end(earlier(30), left(0), now)), 0);
        assert_eq!(hours(lifetime.end(Timestamp::EPOCH, left(20), now)), 20, "a clock of 1970");
        assert_eq!(hours(lifetime.end(earlier(2), left(0), now)), 22, "a broker that lies");
    }
}
