//! When frames follow each other.

use std::time::Duration;

use tokio::time::Instant;

/// The time between two frames that nobody's hand caused, where many follow each other; the second of them
/// need not wait, for what is told twice in a moment (we are in, and we are connected) is no flood.
const FRAME: Duration = Duration::from_millis(16);
/// The least time between two frames when somebody types: an echo is not to wait for a frame that a
/// burst of messages has just taken.
const ECHO: Duration = Duration::from_millis(1);

/// Why there is something new to show.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Somebody typed, and waits for it.
    Hand,
    /// It came by itself.
    Other,
}

/// When frames may follow each other: one every [`FRAME`] in the long run, two at once after a pause.
#[derive(Debug, Default)]
pub(super) struct Pace {
    drawn: Option<Instant>,
    /// Until when what was drawn has used up its time.
    used: Option<Instant>,
}

impl Pace {
    /// The earliest time of the next frame.
    pub fn next(&self, cause: Cause) -> Instant {
        let (Some(drawn), Some(used)) = (self.drawn, self.used) else { return Instant::now() };
        let echo = drawn + ECHO;
        match cause {
            Cause::Hand => echo,
            Cause::Other => echo.max(used - FRAME),
        }
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, now: Instant) {
        self.drawn = Some(now);
        // Frames for a hand may follow faster: what comes by itself does not wait until all their time is over.
        let used = self.used.map_or(now, |used| used.max(now)) + FRAME;
        self.used = Some(used.min(now + 2 * FRAME));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_frames_may_follow_at_once_and_then_one_at_a_time() {
        let mut pace = Pace::default();
        let start = Instant::now();
        pace.drawn(start);
        assert_eq!(pace.next(Cause::Other), start + ECHO);
        pace.drawn(start + ECHO);
        for frame in 1..10 {
            let due = start + FRAME * frame;
            assert_eq!(pace.next(Cause::Other), due);
            assert!(pace.next(Cause::Hand) < due, "a hand does not wait for that");
            pace.drawn(due);
        }
        let later = start + Duration::from_secs(1);
        pace.drawn(later);
        assert_eq!(pace.next(Cause::Other), later + ECHO, "after a pause it begins anew");
    }

    #[test]
    fn what_comes_by_itself_is_seen_soon_however_fast_somebody_types() {
        let mut pace = Pace::default();
        let start = Instant::now();
        for key in 0..1_000 {
            pace.drawn(start + ECHO * key);
        }
        let last = start + ECHO * 999;
        assert!(pace.next(Cause::Other) <= last + FRAME);
    }
}
