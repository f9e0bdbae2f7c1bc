//! How far an account has come, as text: `profile` and the version of its profile, and on each other line a device
//! and a number.
//!
//! Each device that an account has been here has a number of its own, so that a copy which became another device
//! and the one that it was copied from do not take each other for an earlier state of themselves. The version of
//! the profile is that of all of them: whoever becomes another device has to tell something newer.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::DeviceId;

/// Most devices that are told of. Those that were here longest ago go first.
const MOST: usize = 32;

const PROFILE: &str = "profile";

/// How far an account has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generations {
    devices: BTreeMap<DeviceId, u64>,
    profile: u64,
}

/// What a text says. Lines that say nothing are left out: we did not write them.
impl From<&str> for Generations {
    fn from(text: &str) -> Self {
        let mut read = Self::default();
        for (name, number) in text.lines().take(2 * MOST).filter_map(|line| line.split_once(' ')) {
            match (name.parse(), number.parse()) {
                (_, Ok(version)) if name == PROFILE => read.profile = version,
                (Ok(device), Ok(generation)) => drop(read.devices.insert(device, generation)),
                _ => {}
            }
        }
        read
    }
}

impl Generations {
    /// How far this device had come; 0 where that was never told.
    pub fn of(&self, device: DeviceId) -> u64 {
        self.devices.get(&device).copied().unwrap_or(0)
    }

    /// The newest version of the profile; 0 where that was never told.
    pub fn profile(&self) -> u64 {
        self.profile
    }

    /// A device has come this far, and the profile; says whether that is news. Neither is ever lowered.
    pub(super) fn reach(&mut self, device: DeviceId, generation: u64, profile: u64) -> bool {
        let is_further = self.of(device) < generation;
        if is_further {
            self.devices.insert(device, generation);
        }
        let is_news = is_further || self.profile < profile;
        self.profile = self.profile.max(profile);
        while self.devices.len() > MOST
            && let Some((&oldest, _)) = self.devices.iter().min_by_key(|(_, generation)| **generation)
        {
            self.devices.remove(&oldest);
        }
        is_news
    }
}

impl fmt::Display for Generations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{PROFILE} {}", self.profile)?;
        self.devices.iter().try_for_each(|(device, generation)| writeln!(f, "{device} {generation}"))
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
        assert!(known.reach(device(1), 5, 1) && !known.reach(device(1), 5, 1));
        assert!(!known.reach(device(1), 4, 0) && known.reach(device(1), 4, 2));
        assert!(known.reach(device(2), 1, 0));
        assert_eq!([1, 2, 3].map(|bits| known.of(device(bits))), [5, 1, 0]);
        assert_eq!(known.profile(), 2);
        assert_eq!(Generations::from(known.to_string().as_str()), known);
        let spoilt = format!("{known}nonsense\n{} -1\nprofile x\n\n", device(3));
        assert_eq!(Generations::from(spoilt.as_str()), known);
    }

    #[test]
    fn those_that_were_here_longest_ago_make_room() {
        let mut known = Generations::default();
        for bits in 1..=40 {
            assert!(known.reach(device(bits), bits, 1));
        }
        assert_eq!((known.of(device(8)), known.of(device(9)), known.of(device(40))), (0, 9, 40));
    }
}
