//! How long to wait between attempts.

use std::time::Duration;

/// Short waits while the cut is fresh, longer ones as it lasts.
///
/// An attempt costs one packet where nobody answers, so for the first minute it is worth one a second:
/// a link that returns is used within a second. Each wait is spread by a fifth, so that the clients of a
/// broker that restarts do not all come in one instant.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    waited: Duration,
    next: Duration,
}

const FIRST: Duration = Duration::from_millis(100);

impl Backoff {
    /// The wait before the next attempt. `spread` is between 0 and 1.
    pub fn next(&mut self, spread: f64) -> Duration {
        let ceiling = match self.waited.as_secs() {
            0..60 => Duration::from_secs(1),
            60..600 => Duration::from_secs(5),
            _ => Duration::from_secs(30),
        };
        self.next = (self.next * 2).clamp(FIRST, ceiling);
        let wait = self.next.mul_f64(0.8 + 0.2 * spread.clamp(0.0, 1.0));
        self.waited += wait;
        wait
    }

    /// The wait after a refusal that another attempt will hardly change.
    pub fn long(&mut self) -> Duration {
        self.next = Duration::from_secs(30);
        self.next
    }

    /// A connection held for a while.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..1_000).map(|_| backoff.next(1.0)).collect();
        assert_eq!(waits[0], FIRST);
        assert!(waits.is_sorted());
        assert_eq!(waits[10], Duration::from_secs(1));
        assert_eq!(waits[999], Duration::from_secs(30));
        backoff.reset();
        assert_eq!(backoff.next(0.0), FIRST.mul_f64(0.8));
    }
}
