//! What goes wrong on a link and when, drawn from a seed.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::packets::Packet;

/// How long a rough connection is left alone between two faults in one direction, in milliseconds.
const ROUGH: Range<u64> = 10..400;

/// And one that is better. It lasts long enough for what the broker took to leave an outbox.
const FAIR: Range<u64> = 1_000..6_000;

/// What becomes of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Pass,
    /// It comes late, and all that follows it.
    Delay(Duration),
    /// The sender says it twice, as one does that heard no answer.
    Duplicate,
    /// So many bytes of it pass, the rest later.
    Stall(usize, Duration),
    /// So many bytes of it pass, and then the link is gone.
    Cut(usize),
    /// It is lost. TCP has no such gaps, so a link that lost data does not live on: it is cut after this
    /// time, and meanwhile what follows may pass.
    Drop(Duration),
}

/// How a link ends that is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Both ends see the stream end.
    Closed,
    /// Both ends see it fail, and what was under way is thrown away.
    Reset,
    /// The client sees the end; the broker hears nothing more and does not know for so long.
    Orphaned(Duration),
}

/// What went wrong so far, on all links together.
#[derive(Default)]
pub struct Tally {
    cuts: AtomicU32,
    stalls: AtomicU32,
    drops: AtomicU32,
    duplicates: AtomicU32,
    delays: AtomicU32,
}

impl Tally {
    fn count(&self, fate: Fate) {
        let counter = match fate {
            Fate::Pass => return,
            Fate::Delay(_) => &self.delays,
            Fate::Duplicate => &self.duplicates,
            Fate::Stall(..) => &self.stalls,
            Fate::Cut(_) => &self.cuts,
            Fate::Drop(_) => &self.drops,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cuts, stalls, drops, duplicates, delays } = self;
        let counted = [
            (cuts, "cuts"),
            (stalls, "stalls"),
            (drops, "drops"),
            (duplicates, "duplicates"),
            (delays, "delays"),
        ];
        let words = counted.map(|(n, what)| format!("{} {what}", n.load(Ordering::Relaxed)));
        f.write_str(&words.join(", "))
    }
}

/// The weather over all links: a storm or calm.
#[derive(Clone)]
pub struct Weather {
    storm: Arc<watch::Sender<bool>>,
    pub tally: Arc<Tally>,
}

impl Weather {
    /// Calm at first.
    pub fn new() -> Self {
        Self { storm: Arc::new(watch::Sender::new(false)), tally: Arc::default() }
    }

    pub fn storm(&self) {
        self.storm.send_replace(true);
    }

    /// Ends all faults: what is held back goes on, and what is doomed ends now.
    pub fn calm(&self) {
        self.storm.send_replace(false);
    }

    fn is_stormy(&self) -> bool {
        *self.storm.borrow()
    }

    /// Waits for so long, but not into the calm.
    pub async fn hold(&self, time: Duration) {
        let mut storm = self.storm.subscribe();
        tokio::select! {
            () = sleep(time) => {}
            _ = storm.wait_for(|storm| !storm) => {}
        }
    }
}

/// What one direction of one connection has to suffer.
pub struct Fates {
    weather: Weather,
    rng: Rng,
    peace: Range<u64>,
    due: Option<Instant>,
}

impl Fates {
    /// Those of both directions of a new connection.
    pub fn of_both(weather: &Weather, rng: &mut Rng) -> [Self; 2] {
        let peace = if rng.u32(0..4) == 0 { FAIR } else { ROUGH };
        [rng.fork(), rng.fork()].map(|rng| {
            let (weather, peace) = (weather.clone(), peace.clone());
            Self { weather, rng, peace, due: None }
        })
    }

    /// The fate of the next packet.
    pub fn of(&mut self, packet: &Packet) -> Fate {
        if !self.weather.is_stormy() {
            self.due = None;
            return Fate::Pass;
        }
        let (now, rng) = (Instant::now(), &mut self.rng);
        let soon = || now + Duration::from_millis(rng.u64(self.peace.clone()));
        if *self.due.get_or_insert_with(soon) > now {
            return Fate::Pass;
        }
        self.due = None;
        let fate = self.draw(packet);
        self.weather.tally.count(fate);
        fate
    }

    /// Takes as much from the generator whatever the packet is, so that the next fate is the same.
    fn draw(&mut self, packet: &Packet) -> Fate {
        let rng = &mut self.rng;
        let mut millis = |range| Duration::from_millis(rng.u64(range));
        let (short, long, doom) = (millis(5..80), millis(20..800), millis(0..200));
        // Half of what is torn is torn inside the packet, the other half at its border.
        let (inside, place) = (rng.bool(), rng.usize(..));
        let at = if inside { place % packet.0.len() } else { 0 };
        match rng.u32(0..100) {
            0..20 => Fate::Cut(at),
            20..45 => Fate::Stall(at, long),
            45..60 if !packet.is_greeting() => Fate::Drop(doom),
            60..85 if packet.may_come_twice() => Fate::Duplicate,
            _ => Fate::Delay(short),
        }
    }

    pub fn ending(&mut self) -> Ending {
        match self.rng.u32(0..3) {
            0 => Ending::Closed,
            1 => Ending::Reset,
            _ => Ending::Orphaned(Duration::from_millis(self.rng.u64(100..3_000))),
        }
    }
}

#[test]
fn a_seed_draws_the_same_fates_again_and_all_kinds_of_them() {
    let publish = Packet(Bytes::from_static(&[0x32, 3, 0, 0, 7]));
    let fates = |seed| {
        let [mut up, _] = Fates::of_both(&Weather::new(), &mut Rng::with_seed(seed));
        (0..200).map(|_| up.draw(&publish)).collect::<Vec<_>>()
    };
    assert_eq!(fates(1), fates(1));
    assert_ne!(fates(1), fates(2));
    let kinds: HashSet<_> = fates(1).iter().map(std::mem::discriminant).collect();
    assert_eq!(kinds.len(), 5, "all but to pass");
    let torn = |fate: &Fate| matches!(fate, Fate::Cut(at) | Fate::Stall(at, _) if *at > 0);
    assert!(fates(1).iter().any(torn), "inside a packet");
}
