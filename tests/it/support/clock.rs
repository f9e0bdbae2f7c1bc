//! A clock that jumps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use cooee::domain::Timestamp;
use cooee::engine::{Clock, Setup};

use super::world::World;

pub const DAY: i64 = 24 * 60 * 60 * 1_000;
pub const YEAR: i64 = 365 * DAY;

/// A clock that can be put wrong.
#[derive(Clone, Default)]
pub struct Wrong {
    /// By how much, in milliseconds.
    by: Arc<AtomicI64>,
    /// How much later or earlier it gets, beside the time that passes, each time that it is read.
    drift: Arc<AtomicI64>,
}

impl Wrong {
    pub fn put(&self, by: i64) {
        self.by.store(by, Ordering::Relaxed);
    }

    pub fn run_backwards(&self) {
        self.drift.store(-1_000, Ordering::Relaxed);
    }

    /// The world as somebody with this clock sees it.
    pub fn setup(&self, world: &World) -> Setup {
        let wrong = self.clone();
        let clock = Clock::new(move || {
            let drift = wrong.drift.load(Ordering::Relaxed);
            let by = wrong.by.fetch_add(drift, Ordering::Relaxed);
            Timestamp::from_millis(Clock::system().now().as_millis() + by)
        });
        Setup { clock, ..world.setup() }
    }
}
