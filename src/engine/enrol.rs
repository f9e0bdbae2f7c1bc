//! A copy of the account was used elsewhere, or its files were put back to an earlier state: its sessions would
//! use keys twice. It becomes another device of the same person.

use super::clock;
use super::core::{Core, Fatal};
use crate::crypto::Device;
use crate::domain::{DeviceRecord, Profile, limits};
use crate::store::Account;

/// What the names of sessions begin with.
static SESSIONS: [&str; 3] = ["olm/", "in/", "out/"];

impl Core {
    /// Whether what the broker kept of this very device, when we first connected, was said after all that we
    /// know of having said: not by us, then.
    pub(super) fn is_copied(&self, kept: Option<DeviceRecord>) -> bool {
        let LinkVoices { before, own, first } = self.link.voices();
        first && !self.link.has_settled && kept.is_some_and(|r| r.epoch > before && r.epoch != own)
    }

    /// Forgets all sessions and makes the keys of another device, for the next sign-in. `profile`: what we tell
    /// about ourselves elsewhere, where that is newer.
    pub(super) async fn enrol(&mut self, profile: Option<Profile>) -> Result<(), Fatal> {
        let old = self.device;
        let device = Device::generate(clock::device_id(), self.mint.now());
        let mut me = profile.filter(|p| p.version > self.me.version).unwrap_or_else(|| self.me.clone());
        me.version = me.version.saturating_add(1);
        me.devices.retain(|keys| keys.id != old);
        // The oldest makes room.
        let surplus = (me.devices.len() + 1).saturating_sub(limits::DEVICES);
        me.devices.drain(..surplus);
        me.devices.push(device.keys());
        let keys = super::keys::founding(&self.keys.identity, &device);
        let account = Account { profile: me, device: device.id(), client_id: clock::client_id() };
        self.store.hand_over(old, account, keys, &SESSIONS).await?;
        tracing::warn!(%old, new = %device.id(), "the account was copied: it is another device from now on");
        Ok(())
    }
}

/// Which connections of this device are known.
pub(super) struct LinkVoices {
    /// The last one before this session.
    pub before: u64,
    /// This one.
    pub own: u64,
    /// Whether this is the first one of the session.
    pub first: bool,
}
