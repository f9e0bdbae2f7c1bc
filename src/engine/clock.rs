//! The one place where the engine gets time, ids and randomness from.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use uuid::{ContextV7, Uuid};

use crate::domain::{DeviceId, MessageId, Timestamp};

/// Tells the time. Given in from outside, so that a test can let it jump.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that reads whatever this function says.
    pub fn new(read: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The clock of this machine.
    pub fn system() -> Self {
        Self::new(|| {
            let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp::EPOCH.plus(elapsed)
        })
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

/// Makes ids. Messages that it makes one after the other sort in that order, even when the clock goes
/// back meanwhile.
pub(super) struct Mint {
    clock: Clock,
    context: ContextV7,
    last: Timestamp,
    begun: (Timestamp, Instant),
}

impl Mint {
    /// `newest` is the time of the last message that this account wrote before.
    pub fn new(clock: Clock, newest: Option<Timestamp>) -> Self {
        let begun = (clock.now(), Instant::now());
        // Later than that, because ids of one millisecond are sorted by a counter that begins anew.
        let last = newest.map_or(Timestamp::EPOCH, |newest| newest.plus(Duration::from_millis(1)));
        Self { clock, context: ContextV7::new(), last, begun }
    }

    /// Now, by the clock as it is.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Now, by a clock that was set when we began and that nobody has moved since: for what lasts, such as
    /// somebody's silence.
    pub fn steady(&self) -> Timestamp {
        let (at, instant) = self.begun;
        at.plus(instant.elapsed())
    }

    /// What time it was on the wall, as it is set now, when the steady clock showed this.
    pub fn on_the_wall(&self, steady: Timestamp) -> Timestamp {
        let ago = self.steady().as_millis().saturating_sub(steady.as_millis());
        Timestamp::from_millis(self.now().as_millis().saturating_sub(ago))
    }

    /// A new message id and the time to write beside it.
    ///
    /// A clock that went back would put the next message above the last one, so the time stands still
    /// until the clock has caught up.
    pub fn message(&mut self) -> (MessageId, Timestamp) {
        self.last = self.clock.now().max(self.last);
        let millis = u64::try_from(self.last.as_millis()).unwrap_or(0);
        let nanos = u32::try_from(millis % 1_000 * 1_000_000).unwrap_or(0);
        let moment = uuid::Timestamp::from_unix(&self.context, millis / 1_000, nanos);
        (MessageId::from(Uuid::new_v7(moment)), self.last)
    }
}

/// The name of a comparison of emoji.
pub(super) fn comparison_id() -> Uuid {
    Uuid::new_v4()
}

/// A new device id.
pub(super) fn device_id() -> DeviceId {
    DeviceId::from_bits(Uuid::new_v4().as_u64_pair().0)
}

/// What only those are to know who have a link.
pub(super) fn link_secret() -> [u8; 16] {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).expect("the system has randomness, as `Uuid` needs it too");
    bits
}

/// A new credential for a broker: 256 random bits in base64.
pub(super) fn credential() -> String {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).expect("the system has randomness, as `Uuid` needs it too");
    BASE64_STANDARD.encode(bits)
}

/// A new MQTT client id: 122 random bits that nobody can guess.
pub(super) fn client_id() -> String {
    Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[test]
    fn messages_sort_as_they_were_made_whatever_the_clock_does() {
        let time = Arc::new(AtomicI64::new(1_000_000));
        let shared = Arc::clone(&time);
        let clock = Clock::new(move || Timestamp::from_millis(shared.load(Ordering::Relaxed)));
        let mut mint = Mint::new(clock, Some(Timestamp::from_millis(2_000_000)));
        let mut made = Vec::new();
        for now in [1_000_000, 999, 3_000_000, 2_500_000, 2_500_000, 4_000_000] {
            time.store(now, Ordering::Relaxed);
            made.push(mint.message());
        }
        let keys: Vec<_> = made.iter().map(|&(id, at)| (at, id)).collect();
        assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
        assert!(made.is_sorted_by(|a, b| a.0 < b.0), "{made:?}");
        assert_eq!(made[0].1, Timestamp::from_millis(2_000_001));
    }
}
