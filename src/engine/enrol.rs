//! A copy of the account was used elsewhere, or its files were put back to an earlier state: its sessions would
//! use keys twice. It becomes another device of the same person.

use super::clock;
use super::core::{Core, Fatal};
use super::link::LinkState;
use super::mail::Mail;
use crate::crypto::{Device, Identity};
use crate::domain::{DeviceKeys, DeviceRecord, Profile, Timestamp, limits};
use crate::store::{self, Account, Store};

/// What the names of sessions begin with.
static SESSIONS: [&str; 3] = ["olm/", "in/", "out/"];

impl Core {
    /// Whether what the broker kept of this very device was said after all that we know of having said: not by
    /// us, then.
    pub(super) fn is_copied(&self, kept: Option<DeviceRecord>) -> bool {
        let LinkState { before, epochs, .. } = &self.link;
        kept.is_some_and(|record| record.epoch > *before && !epochs.contains(&record.epoch))
    }

    /// A profile of ours stands at our topic: another device of ours may have changed it.
    pub(super) fn on_own_profile(&mut self, profile: &Profile, mail: &mut Mail) {
        let has_us = profile.device(self.device).is_some();
        let newer = profile.version > self.me.version;
        let beside = profile.version == self.me.version && *profile != self.me;
        if newer && has_us {
            mail.newer_self = Some(profile.clone());
        } else if newer && self.was_here() {
            // We were a device of ours, and are none any more.
            mail.copied = true;
            mail.newer_self = Some(profile.clone());
        } else if newer || beside {
            // Two devices changed it at the same time. Both do the same now, so they agree.
            let mut merged = if newer { profile.clone() } else { self.me.clone() };
            merged.version += 1;
            merged.devices = join(&profile.devices, &self.me.devices);
            mail.newer_self = Some(merged);
            mail.profile_overwritten = true;
        }
    }

    /// Whether this device has been made known before.
    fn was_here(&self) -> bool {
        self.link.before > 0 || self.link.epochs.len() > 1 || self.link.has_settled
    }

    /// Another device of ours told something newer of us.
    pub(super) async fn adopt(&mut self, profile: Profile) -> Result<(), Fatal> {
        tracing::info!(version = profile.version, "another device of ours changed our profile");
        self.store.save_profile(profile.clone()).await?;
        self.registrar.profile(profile.clone());
        self.me = profile;
        let me = self.me.user.clone();
        let mut mail = Mail::default();
        self.take_early_bundles(&me, &mut mail);
        self.store.save_bundles(mail.bundles).await?;
        self.unpark.insert(me);
        Ok(())
    }

    /// Forgets all sessions and makes the keys of another device, for the next sign-in. `profile`: what we tell
    /// about ourselves elsewhere, where that is newer.
    pub(super) async fn enrol(&mut self, profile: Option<Profile>) -> Result<(), Fatal> {
        let me = profile.filter(|p| p.version > self.me.version).unwrap_or_else(|| self.me.clone());
        if let Some(account) = self.store.account().await? {
            let account = Account { profile: me, ..account };
            enrol(&self.store, account, &self.keys.identity, self.mint.now()).await?;
        }
        Ok(())
    }
}

/// Makes another device of this account.
pub(super) async fn enrol(
    store: &Store,
    account: Account,
    identity: &Identity,
    now: Timestamp,
) -> Result<(), store::Error> {
    let old = account.device;
    let device = Device::generate(clock::device_id(), now);
    let mut me = account.profile;
    me.version = me.version.saturating_add(1);
    me.devices.retain(|keys| keys.id != old);
    // The oldest makes room.
    let surplus = (me.devices.len() + 1).saturating_sub(limits::DEVICES);
    me.devices.drain(..surplus);
    me.devices.push(device.keys());
    let keys = super::keys::founding(identity, &device);
    let (new, client_id) = (device.id(), clock::client_id());
    let account = Account { profile: me, device: new, client_id, ..account };
    store.hand_over(old, account, keys, &SESSIONS).await?;
    tracing::warn!(%old, %new, "the account was copied: it is another device from now on");
    Ok(())
}

/// The devices of both, in the order of their ids; not more than somebody may have.
fn join(ours: &[DeviceKeys], theirs: &[DeviceKeys]) -> Vec<DeviceKeys> {
    let mut all: Vec<DeviceKeys> = ours.iter().chain(theirs).copied().collect();
    all.sort_by_key(|keys| keys.id);
    all.dedup_by_key(|keys| keys.id);
    all.truncate(limits::DEVICES);
    all
}
