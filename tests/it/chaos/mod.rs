//! Nothing lost, nothing doubled: four people talk while every link fails at random and the broker is
//! killed, and in the end everybody has everything once and in order.
//!
//! A short run is part of the tests. The long one has ten seeds of 3,000 messages, each about a minute, for
//! each test and broker:
//!
//! ```text
//! COOEE_CHAOS=10x3000 cargo test --release --test it chaos -- --nocapture --test-threads=1
//! ```
//!
//! Each run prints a line with its seed, and `COOEE_CHAOS=1x3000 COOEE_CHAOS_SEED=7` runs seed 7 again: the
//! same script, the same outages, and for each connection the same faults in the same order. Which packet
//! each of them meets is up to the clock, so a run is repeated in kind and not to the packet.
//!
//! - `packets` finds the borders of packets, `weather` draws what becomes of each, `link` does it;
//! - `script` says who says what and when the broker dies, `run` plays it, `verdict` reads the stores;
//! - `forgetful` shows that a loss would be seen.

mod forgetful;
mod link;
mod packets;
mod run;
mod script;
mod verdict;
mod weather;

use std::time::Duration;

use run::{Options, Report, run};

use crate::support::external::Make;
use crate::support::world::World;

/// How long after the storm nothing new may come. Spent only by a run that fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many seeds from which on, and how many messages each.
struct Size {
    seeds: std::ops::Range<u64>,
    messages: usize,
}

impl Size {
    /// As the environment says, or else small.
    fn asked_for(small: u64) -> Self {
        let number = |words: &str| words.parse::<u64>().expect("COOEE_CHAOS=10x3000");
        let size = std::env::var("COOEE_CHAOS").ok();
        let (seeds, messages) = size.map_or((small, 200), |size| {
            let (seeds, messages) = size.split_once('x').expect("COOEE_CHAOS=10x3000");
            (number(seeds), number(messages))
        });
        let first = std::env::var("COOEE_CHAOS_SEED").map_or(1, |seed| number(&seed));
        Self { seeds: first..first + seeds, messages: usize::try_from(messages).unwrap() }
    }

    /// An outage every few hundred messages.
    fn kills(&self) -> usize {
        (self.messages / 500).max(2)
    }

    async fn run(&self, world: fn() -> Option<World>, kills: usize, forgets: usize) {
        let options = Options { messages: self.messages, kills, forgets, patience: PATIENCE };
        let mut reports = Vec::new();
        for seed in self.seeds.clone() {
            let Some(world) = world() else { return };
            let report = run(world, seed, options).await;
            println!("{report}");
            reports.push(report);
        }
        // All seeds are run before the first that went wrong ends the test.
        reports.iter().for_each(Report::check);
    }
}

async fn nothing_is_lost_while_the_broker_keeps_its_state(world: fn() -> Option<World>, small: u64) {
    let size = Size::asked_for(small);
    size.run(world, size.kills(), 0).await;
}

async fn nothing_is_lost_though_the_broker_forgets_everything(world: fn() -> Option<World>, small: u64) {
    let size = Size::asked_for(small);
    size.run(world, size.kills(), size.kills().div_ceil(2)).await;
}

/// The two storms on one broker; how many seeds where nothing else is asked for.
macro_rules! storms {
    ($name:ident, $world:expr, $seeds:literal) => {
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn nothing_is_lost_while_the_broker_keeps_its_state() {
                super::nothing_is_lost_while_the_broker_keeps_its_state($world, $seeds).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn nothing_is_lost_though_the_broker_forgets_everything() {
                super::nothing_is_lost_though_the_broker_forgets_everything($world, $seeds).await;
            }
        }
    };
}

storms!(built_in, || Some(World::built_in()), 2);
storms!(on_mosquitto, || World::on(Make::Mosquitto), 1);
storms!(on_hivemq, || World::on(Make::HiveMq), 1);
