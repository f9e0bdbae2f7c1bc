//! Who is online, worked out from what each device said last.
//!
//! Every connection of a device carries an *epoch* that only grows, and its last will carries the same
//! one. A record of an older epoch says nothing about the newer connection, so a late will, a broker
//! that came back with an old retained record, and messages in the wrong order all do no harm.
//!
//! A record that a broker kept may be old news, so it counts from when the device said it. Where the watcher
//! lost the broker, and whatever it is not told again after that, is taken for gone.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{DeviceId, Timestamp, UserName, limits};

/// Whether a person can be reached now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Availability {
    /// At least one device is connected, the first of them since then.
    Online {
        /// When the oldest of the current connections was made, by that device's clock.
        since: Timestamp,
    },
    /// No device is connected.
    Offline {
        /// When one last was, as far as we know.
        last_seen: Option<Timestamp>,
    },
}

impl Availability {
    /// Whether at least one device is connected.
    pub fn is_online(self) -> bool {
        matches!(self, Self::Online { .. })
    }
}

/// What a device said of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceRecord {
    /// Which connection it speaks of.
    pub epoch: u64,
    /// Connected, or gone.
    pub online: bool,
    /// By the device's clock: when the connection was made (online), or when it ended (offline);
    /// `Timestamp::EPOCH` where nobody can tell, as in a will, which is written before its time.
    pub since: Timestamp,
}

/// How a watcher got to know a record. The first two are by a clock of the watcher that nobody moves.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// When the broker told it.
    pub told_at: Timestamp,
    /// When the device said it, as far as that can be known.
    pub said_at: Timestamp,
    /// The device said it too long ago to be still there: then, by the clock on the wall.
    pub silent: Option<Timestamp>,
}

impl Told {
    /// It was said and told in this moment.
    pub fn live(now: Timestamp) -> Self {
        Self { told_at: now, said_at: now, silent: None }
    }
}

#[derive(Clone, Copy, Debug)]
struct Device {
    record: DeviceRecord,
    told_at: Timestamp,
    said_at: Timestamp,
    /// Nothing was heard of it for too long, and last at this time. A repetition takes that back; what the
    /// device itself or its will said last is not taken back by anything but a newer connection.
    silent: Option<Timestamp>,
}

impl Device {
    fn new(record: DeviceRecord, heard: Told) -> Self {
        let Told { told_at, said_at, silent } = heard;
        Self { record, told_at, said_at, silent }
    }

    fn is_online(&self) -> bool {
        self.record.online && self.silent.is_none()
    }

    fn gone_at(&self) -> Option<Timestamp> {
        if self.record.online { self.silent } else { Some(self.record.since) }
    }
}

/// The presence of everybody, as one watcher knows it.
#[derive(Clone, Debug, Default)]
pub struct PresenceBook {
    users: BTreeMap<UserName, BTreeMap<DeviceId, Device>>,
}

impl PresenceBook {
    /// Takes in what a device said; says whether the user's [`Availability`] changed by it.
    pub fn note(
        &mut self,
        user: &UserName,
        device: DeviceId,
        record: DeviceRecord,
        heard: Told,
    ) -> bool {
        let before = self.availability(user);
        let devices = self.users.entry(user.clone()).or_default();
        if devices.len() >= limits::DEVICES && !devices.contains_key(&device) {
            forget_one(devices);
        }
        let full = devices.len() >= limits::DEVICES;
        match devices.entry(device) {
            Entry::Occupied(mut known) => {
                let Device { record: old, said_at, .. } = *known.get();
                // Within one connection, gone is final.
                let repeated = record.epoch == old.epoch && old.online;
                if repeated && record.online {
                    // It still began when it began, and what was heard of it since is not unheard.
                    let record = DeviceRecord { since: old.since, ..record };
                    let said_at = said_at.max(heard.said_at);
                    known.insert(Device::new(record, Told { said_at, ..heard }));
                } else if repeated || record.epoch > old.epoch {
                    known.insert(Device::new(record, heard));
                }
            }
            Entry::Vacant(free) if !full => {
                free.insert(Device::new(record, heard));
            }
            Entry::Vacant(_) => {}
        }
        self.availability(user) != before
    }

    /// The broker holds no record of the device any more, since `now` by the clock on the wall; says whether
    /// the user's availability changed.
    pub fn forget(&mut self, user: &UserName, device: DeviceId, now: Timestamp) -> bool {
        let known = self.users.get(user).and_then(|devices| devices.get(&device));
        let Some(&Device { record, told_at, said_at, silent }) = known else { return false };
        let gone = DeviceRecord { online: false, since: now, ..record };
        self.note(user, device, gone, Told { told_at, said_at, silent })
    }

    /// Takes everybody for gone who said nothing since `deadline`; returns whom that changed. `on_the_wall`
    /// says what time it was on the wall when our clock showed something.
    pub fn expire(
        &mut self,
        deadline: Timestamp,
        on_the_wall: impl Fn(Timestamp) -> Timestamp,
    ) -> Vec<UserName> {
        self.silence(|_, _, device| device.said_at < deadline, on_the_wall)
    }

    /// Takes everybody for gone whom no broker has told of since `deadline`.
    pub fn expire_untold(
        &mut self,
        deadline: Timestamp,
        on_the_wall: impl Fn(Timestamp) -> Timestamp,
    ) -> Vec<UserName> {
        self.silence(|_, _, device| device.told_at < deadline, on_the_wall)
    }

    /// Takes these devices for gone, until they are heard of again.
    pub fn doubt(
        &mut self,
        doubtful: &BTreeSet<(UserName, DeviceId)>,
        on_the_wall: impl Fn(Timestamp) -> Timestamp,
    ) -> Vec<UserName> {
        self.silence(|user, id, _| doubtful.contains(&(user.clone(), id)), on_the_wall)
    }

    fn silence(
        &mut self,
        is_gone: impl Fn(&UserName, DeviceId, &Device) -> bool,
        on_the_wall: impl Fn(Timestamp) -> Timestamp,
    ) -> Vec<UserName> {
        let mut changed = Vec::new();
        for (user, devices) in &mut self.users {
            let was_online = devices.values().any(Device::is_online);
            for (id, device) in devices.iter_mut().filter(|(_, device)| device.is_online()) {
                if is_gone(user, *id, device) {
                    device.silent = Some(on_the_wall(device.said_at));
                }
            }
            if was_online && !devices.values().any(Device::is_online) {
                changed.push(user.clone());
            }
        }
        changed
    }

    /// How long until [`Self::expire`] with a deadline `lifetime` ago may change somebody; `None` when
    /// nobody is online.
    pub fn next_expiry(&self, lifetime: Duration) -> Option<Timestamp> {
        let online = self.users.values().flat_map(BTreeMap::values).filter(|d| d.is_online());
        online.map(|d| d.said_at).min().map(|t| t.plus(lifetime))
    }

    /// Whether a person can be reached now.
    pub fn availability(&self, user: &UserName) -> Availability {
        let devices = || self.users.get(user).into_iter().flat_map(BTreeMap::values);
        let online = devices().filter(|d| d.is_online()).map(|d| d.record.since).min();
        if let Some(since) = online {
            return Availability::Online { since };
        }
        let last_seen = devices().filter_map(Device::gone_at).max().filter(|t| *t > Timestamp::EPOCH);
        Availability::Offline { last_seen }
    }

    /// Whether anything was ever heard of this user.
    pub fn knows(&self, user: &UserName) -> bool {
        self.users.contains_key(user)
    }

    /// Of how many users anything was heard.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether nothing was heard of anybody.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Everybody who can be reached now.
    pub fn online(&self) -> impl Iterator<Item = &UserName> {
        let online = |devices: &BTreeMap<_, Device>| devices.values().any(Device::is_online);
        self.users.iter().filter(move |(_, devices)| online(devices)).map(|(user, _)| user)
    }
}

/// Makes room for a device: of those that are gone, the one that was heard of least lately goes.
fn forget_one(devices: &mut BTreeMap<DeviceId, Device>) {
    let gone = devices.iter().filter(|(_, device)| !device.is_online());
    let oldest = gone.min_by_key(|(_, device)| device.told_at).map(|(id, _)| *id);
    oldest.and_then(|id| devices.remove(&id));
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAPTOP: u64 = 1;
    const PHONE: u64 = 2;

    struct Watcher(PresenceBook, UserName);

    impl Watcher {
        fn new() -> Self {
            Self(PresenceBook::default(), "bob".parse().unwrap())
        }

        fn hears(&mut self, device: u64, epoch: u64, online: bool, at: i64) -> bool {
            let at = Timestamp::from_millis(at);
            let record = DeviceRecord { epoch, online, since: at };
            self.0.note(&self.1, DeviceId::from_bits(device), record, Told::live(at))
        }

        fn is_online(&self) -> bool {
            self.0.availability(&self.1).is_online()
        }
    }

    #[test]
    fn a_late_will_does_not_hide_a_newer_connection() {
        let mut bob = Watcher::new();
        assert!(bob.hears(LAPTOP, 1, true, 10));
        assert!(!bob.hears(LAPTOP, 2, true, 20) || bob.is_online());
        assert!(!bob.hears(LAPTOP, 1, false, 30));
        assert!(bob.is_online());
        assert!(bob.hears(LAPTOP, 2, false, 40));
        assert!(!bob.hears(LAPTOP, 2, true, 35), "gone is final within a connection");
        assert!(!bob.is_online());
    }

    #[test]
    fn online_if_any_device_is() {
        let mut bob = Watcher::new();
        bob.hears(LAPTOP, 1, true, 10);
        bob.hears(PHONE, 1, true, 5);
        let since = Timestamp::from_millis(5);
        assert_eq!(bob.0.availability(&bob.1), Availability::Online { since });
        bob.hears(PHONE, 1, false, 20);
        assert!(bob.is_online());
        bob.hears(LAPTOP, 1, false, 30);
        let last_seen = Some(Timestamp::from_millis(30));
        assert_eq!(bob.0.availability(&bob.1), Availability::Offline { last_seen });
    }

    #[test]
    fn who_is_not_refreshed_is_taken_for_gone() {
        let mut bob = Watcher::new();
        bob.hears(LAPTOP, 1, true, 1_000);
        assert_eq!(bob.0.next_expiry(Duration::from_secs(2)), Some(Timestamp::from_millis(3_000)));
        let hour_ahead = |at: Timestamp| at.plus(Duration::from_secs(3_600));
        assert!(bob.0.expire(Timestamp::from_millis(1_000), hour_ahead).is_empty());
        assert_eq!(bob.0.expire(Timestamp::from_millis(1_001), hour_ahead), vec![bob.1.clone()]);
        assert_eq!(bob.0.online().count(), 0);
        assert_eq!(bob.0.next_expiry(Duration::from_secs(2)), None);
        let last_seen = Some(Timestamp::from_millis(3_601_000));
        assert_eq!(bob.0.availability(&bob.1), Availability::Offline { last_seen });
        assert!(bob.hears(LAPTOP, 1, true, 5_000), "who is heard of again is back");
        assert!(bob.is_online());
    }

    #[test]
    fn what_a_broker_kept_counts_from_when_it_was_said() {
        let mut bob = Watcher::new();
        let (user, at) = (bob.1.clone(), Timestamp::from_millis);
        let record = DeviceRecord { epoch: 1, online: true, since: at(1_000) };
        let kept = Told { told_at: at(9_000), said_at: at(2_000), silent: None };
        assert!(bob.0.note(&user, DeviceId::from_bits(LAPTOP), record, kept));
        assert_eq!(bob.0.next_expiry(Duration::from_secs(2)), Some(at(4_000)));
        assert!(bob.0.expire_untold(at(9_000), |at| at).is_empty(), "it was told just now");
        assert_eq!(bob.0.expire(at(3_000), |at| at), vec![user.clone()]);
        let old = Told { told_at: at(9_500), silent: Some(at(2_000)), ..kept };
        assert!(
            !bob.0.note(&user, DeviceId::from_bits(LAPTOP), record, old),
            "told again, not said again"
        );
        assert!(bob.hears(LAPTOP, 1, true, 9_600));
        let since = at(1_000);
        assert_eq!(bob.0.availability(&user), Availability::Online { since }, "it began when it began");
        let doubtful = BTreeSet::from([(user.clone(), DeviceId::from_bits(LAPTOP))]);
        assert_eq!(bob.0.doubt(&doubtful, |at| at), vec![user.clone()]);
        assert!(bob.hears(LAPTOP, 1, true, 9_700));
        assert_eq!(bob.0.expire_untold(at(9_701), |at| at), vec![user]);
    }

    #[test]
    fn a_new_device_takes_the_place_of_one_that_is_gone() {
        let mut bob = Watcher::new();
        for device in 0..limits::DEVICES as u64 {
            bob.hears(device, 1, true, 10);
            bob.hears(device, 1, false, 20);
        }
        assert!(!bob.is_online());
        assert!(bob.hears(99, 1, true, 30));
        assert!(bob.is_online());
        assert_eq!(bob.0.users[&bob.1].len(), limits::DEVICES);
    }

    #[test]
    fn a_removed_record_means_gone_and_devices_are_bounded() {
        let mut bob = Watcher::new();
        bob.hears(LAPTOP, 1, true, 10);
        let user = bob.1.clone();
        assert!(bob.0.forget(&user, DeviceId::from_bits(LAPTOP), Timestamp::from_millis(11)));
        assert!(!bob.0.forget(&user, DeviceId::from_bits(99), Timestamp::from_millis(11)));
        for device in 0..1_000 {
            bob.hears(device, 1, true, 10);
        }
        assert_eq!(bob.0.users[&user].len(), limits::DEVICES);
    }
}
