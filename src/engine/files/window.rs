//! How many chunks may be under way to the broker at once: few where it is slow, so that what people write never waits
//! behind many.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Most chunks that are under way.
const MOST: usize = 8;

/// A broker that answers within this time has room for more.
const QUICK: Duration = Duration::from_millis(150);

/// A broker that takes so long is given less.
const SLOW: Duration = Duration::from_millis(600);

/// The chunks that are under way.
pub(super) struct Window {
    sent: VecDeque<Instant>,
    room: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { sent: VecDeque::new(), room: 1 }
    }
}

impl Window {
    pub fn has_room(&self) -> bool {
        self.sent.len() < self.room
    }

    pub fn sent(&mut self, now: Instant) {
        self.sent.push_back(now);
    }

    /// The broker took one, or refused it: the one that has been under way for longest, for it answers in order.
    pub fn answered(&mut self, now: Instant) {
        let Some(sent) = self.sent.pop_front() else { return };
        match now.saturating_duration_since(sent) {
            took if took <= QUICK => self.room = (self.room + 1).min(MOST),
            took if took >= SLOW => self.room = (self.room / 2).max(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many are under way at most, where each takes so long.
    fn most(took: Duration, rounds: usize) -> usize {
        let (mut window, mut now, mut most) = (Window::default(), Instant::now(), 0);
        for _ in 0..rounds {
            while window.has_room() {
                window.sent(now);
            }
            most = most.max(window.sent.len());
            now += took;
            window.answered(now);
        }
        most
    }

    #[test]
    fn a_quick_broker_is_given_more_and_a_slow_one_a_single_chunk() {
        assert_eq!(most(Duration::from_millis(1), 100), MOST);
        assert_eq!(most(Duration::from_secs(3), 100), 1);
        let mut window = Window::default();
        let now = Instant::now();
        window.room = MOST;
        for _ in 0..MOST {
            window.sent(now);
        }
        for _ in 0..3 {
            window.answered(now + Duration::from_secs(1));
        }
        assert!(!window.has_room());
        assert_eq!(window.room, 1);
        window.answered(now);
        window.answered(now);
        assert_eq!(window.room, 3);
    }
}
