//! How far the devices of an account have come, as text: a device and a number on each line.
//!
//! Each device that an account has been here has a number of its own, so that a copy which became another device
//! and the one that it was copied from do not take each other for an earlier state of themselves.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::DeviceId;

/// Most devices that are told of. Those that were here longest ago go first.
const MOST: usize = 32;

/// How far the devices of an account have come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generations(BTreeMap<DeviceId, u64>);

impl Generations {
    /// What a text says. Lines that say nothing are left out: we did not write them.
    pub(super) fn read(text: &str) -> Self {
        let line = |line: &str| {
            let (device, generation) = line.split_once(' ')?;
            Some((device.parse().ok()?, generation.parse().ok()?))
        };
        Self(text.lines().take(2 * MOST).filter_map(line).collect())
    }

    /// How far this device had come; 0 where that was never told.
    pub fn of(&self, device: DeviceId) -> u64 {
        self.0.get(&device).copied().unwrap_or(0)
    }

    /// A device has come this far; says whether that is news.
    pub(super) fn reach(&mut self, device: DeviceId, generation: u64) -> bool {
        let is_news = self.of(device) < generation;
        if is_news {
            self.0.insert(device, generation);
        }
        while self.0.len() > MOST
            && let Some((&oldest, _)) = self.0.iter().min_by_key(|(_, generation)| **generation)
        {
            self.0.remove(&oldest);
        }
        is_news
    }
}

impl fmt::Display for Generations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(device, generation)| writeln!(f, "{device} {generation}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(bits: u64) -> DeviceId {
        DeviceId::from_bits(bits)
    }

    #[test]
    fn each_device_only_gets_further_and_what_is_written_is_read() {
        let mut known = Generations::default();
        assert!(known.reach(device(1), 5) && !known.reach(device(1), 5) && !known.reach(device(1), 4));
        assert!(known.reach(device(2), 1));
        assert_eq!([1, 2, 3].map(|bits| known.of(device(bits))), [5, 1, 0]);
        assert_eq!(Generations::read(&known.to_string()), known);
        let spoilt = format!("{known}nonsense\n{} -1\n\n", device(3));
        assert_eq!(Generations::read(&spoilt), known);
    }

    #[test]
    fn those_that_were_here_longest_ago_make_room() {
        let mut known = Generations::default();
        for bits in 1..=40 {
            assert!(known.reach(device(bits), bits));
        }
        assert_eq!((known.of(device(8)), known.of(device(9)), known.of(device(40))), (0, 9, 40));
    }
}
