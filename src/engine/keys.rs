//! The secret keys and sessions of this installation, as far as they were needed, and which of them changed.
//!
//! They lie in the store, by name. Whoever seals or opens something takes what changed by it
//! ([`Keys::changed`]) into the transaction that stores what was sealed or opened.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::Error;
use crate::crypto::{Device, Identity, Inbound, Outbound, Peer, Unreadable};
use crate::domain::{Bundle, DeviceId, GroupId, UserName};
use crate::store::{self, Secret, Store};

/// Most sessions that one device begins with us in a minute and that come to nothing: whoever repeats first
/// messages in another wrapping costs us work. What comes to something is not counted: somebody who wrote
/// thousands of messages while we were away began a few.
const WORTHLESS: usize = 5;

/// Why keys are not at hand.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// What is kept under a name of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    Identity,
    Device,
    Peer(UserName, DeviceId),
    Inbound(GroupId, UserName, DeviceId),
    Outbound(GroupId),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => f.write_str("identity"),
            Self::Device => f.write_str("device"),
            Self::Peer(user, device) => write!(f, "olm/{user}/{device}"),
            Self::Inbound(group, user, device) => write!(f, "in/{group}/{user}/{device}"),
            Self::Outbound(group) => write!(f, "out/{group}"),
        }
    }
}

/// The keys of a new account, to be stored with it.
pub(super) fn founding(identity: &Identity, device: &Device) -> Vec<Secret> {
    let secret = |name: Name, value| Secret { name: name.to_string(), value: Some(value) };
    vec![secret(Name::Identity, identity.to_bytes().to_vec()), secret(Name::Device, device.write())]
}

/// The secret keys and sessions of this installation.
pub(super) struct Keys {
    store: Store,
    pub identity: Identity,
    pub device: Device,
    peers: BTreeMap<(UserName, DeviceId), Peer>,
    inbound: BTreeMap<(GroupId, UserName, DeviceId), Inbound>,
    outbound: BTreeMap<GroupId, Option<Outbound>>,
    /// What others published for those who write to them first.
    bundles: BTreeMap<(UserName, DeviceId), Bundle>,
    changed: BTreeSet<Name>,
    /// When each device began sessions with us of late that came to nothing.
    beginnings: BTreeMap<(UserName, DeviceId), Beginnings>,
}

/// When a device began sessions with us of late that came to nothing.
#[derive(Default)]
pub(super) struct Beginnings(Vec<Instant>);

impl Beginnings {
    /// Whether another one may begin now.
    pub fn allow(&mut self, now: Instant) -> bool {
        self.0.retain(|at| now.duration_since(*at) < Duration::from_secs(60));
        self.0.len() < WORTHLESS
    }

    /// One came to nothing.
    pub fn came_to_nothing(&mut self, now: Instant) {
        if self.0.len() < WORTHLESS {
            self.0.push(now);
        }
    }
}

impl Keys {
    /// The names under which the store keeps what [`Keys::open`] needs.
    pub fn names() -> Vec<String> {
        vec![Name::Identity.to_string(), Name::Device.to_string()]
    }

    /// Reads who we are, from what is kept under [`Keys::names`]. `None` where the account has no keys.
    pub fn open(
        store: Store,
        bundles: Vec<Bundle>,
        kept: Vec<Option<Vec<u8>>>,
    ) -> Result<Option<Self>, Error> {
        let mut kept = kept.into_iter();
        let (Some(Some(identity)), Some(Some(device))) = (kept.next(), kept.next()) else {
            return Ok(None);
        };
        let Ok(identity) = identity.as_slice().try_into() else { return Ok(None) };
        let by_device = |bundle: Bundle| ((bundle.user.clone(), bundle.device), bundle);
        Ok(Some(Self {
            store,
            identity: Identity::from_bytes(identity),
            device: Device::read(&device)?,
            peers: BTreeMap::new(),
            inbound: BTreeMap::new(),
            outbound: BTreeMap::new(),
            bundles: bundles.into_iter().map(by_device).collect(),
            changed: BTreeSet::new(),
            beginnings: BTreeMap::new(),
        }))
    }

    async fn read(&self, name: &Name) -> Result<Option<Vec<u8>>, Trouble> {
        Ok(self.store.secrets(vec![name.to_string()]).await?.pop().flatten())
    }

    /// The sessions with a device, and our own device: whatever is done with them changes them.
    pub async fn peer(
        &mut self,
        user: &UserName,
        device: DeviceId,
    ) -> Result<(&mut Peer, &mut Device), Trouble> {
        let key = (user.clone(), device);
        let name = Name::Peer(user.clone(), device);
        if !self.peers.contains_key(&key) {
            let kept = self.read(&name).await?;
            let peer = kept.as_deref().map(Peer::read).transpose()?.unwrap_or_default();
            self.peers.insert(key.clone(), peer);
        }
        self.changed.insert(name);
        Ok((self.peers.entry(key).or_default(), &mut self.device))
    }

    /// The same, with the count of the sessions that the device began in vain.
    pub async fn peer_to_open(
        &mut self,
        user: &UserName,
        device: DeviceId,
    ) -> Result<(&mut Peer, &mut Device, &mut Beginnings), Trouble> {
        self.peer(user, device).await?;
        let key = (user.clone(), device);
        let beginnings = self.beginnings.entry(key.clone()).or_default();
        Ok((self.peers.entry(key).or_default(), &mut self.device, beginnings))
    }

    /// What a device of a member says in a group is opened with this.
    pub async fn inbound(
        &mut self,
        group: GroupId,
        user: &UserName,
        device: DeviceId,
    ) -> Result<&mut Inbound, Trouble> {
        let key = (group, user.clone(), device);
        if !self.inbound.contains_key(&key) {
            let kept = self.read(&Name::Inbound(group, user.clone(), device)).await?;
            let inbound = kept.as_deref().map(Inbound::read).transpose()?.unwrap_or_default();
            self.inbound.insert(key.clone(), inbound);
        }
        Ok(self.inbound.entry(key).or_default())
    }

    /// What was got from [`Keys::inbound`] is to be stored anew.
    pub fn inbound_changed(&mut self, group: GroupId, user: UserName, device: DeviceId) {
        self.changed.insert(Name::Inbound(group, user, device));
    }

    /// What we seal with in a group: whatever is done with it changes it.
    pub async fn outbound(&mut self, group: GroupId) -> Result<&mut Option<Outbound>, Trouble> {
        let name = Name::Outbound(group);
        if !self.outbound.contains_key(&group) {
            let kept = self.read(&name).await?;
            let outbound = kept.as_deref().map(Outbound::read).transpose()?;
            self.outbound.insert(group, outbound);
        }
        self.changed.insert(name);
        Ok(self.outbound.entry(group).or_default())
    }

    /// Nothing more is said in this group with the session that there is.
    pub fn end_outbound(&mut self, group: GroupId) {
        self.outbound.insert(group, None);
        self.changed.insert(Name::Outbound(group));
    }

    /// What a device published for those who write to it first.
    pub fn bundle(&self, user: &UserName, device: DeviceId) -> Option<&Bundle> {
        self.bundles.get(&(user.clone(), device))
    }

    /// Takes in what a device published; says whether that was news.
    pub fn note_bundle(&mut self, bundle: Bundle) -> bool {
        let key = (bundle.user.clone(), bundle.device);
        let news = self.bundles.get(&key).is_none_or(|known| bundle.version > known.version);
        if news {
            self.bundles.insert(key, bundle);
        }
        news
    }

    /// Our own device is to be stored anew.
    pub fn device_changed(&mut self) {
        self.changed.insert(Name::Device);
    }

    /// A session that somebody began is worth nothing.
    pub fn throw_away(&mut self, user: &UserName, device: DeviceId, session: &str) {
        if let Some(peer) = self.peers.get_mut(&(user.clone(), device)) {
            peer.throw_away(session);
            let beginnings = self.beginnings.entry((user.clone(), device)).or_default();
            beginnings.came_to_nothing(Instant::now());
            self.changed.insert(Name::Peer(user.clone(), device));
        }
    }

    /// Forgets the sessions with a device.
    pub fn forget_peer(&mut self, user: &UserName, device: DeviceId) {
        self.peers.insert((user.clone(), device), Peer::default());
        self.bundles.remove(&(user.clone(), device));
        self.changed.insert(Name::Peer(user.clone(), device));
    }

    /// Everything that changed, as it is now. The caller stores it.
    pub fn changed(&mut self) -> Vec<Secret> {
        let changed = std::mem::take(&mut self.changed);
        let value = |name: &Name| match name {
            Name::Identity => Some(self.identity.to_bytes().to_vec()),
            Name::Device => Some(self.device.write()),
            Name::Peer(user, device) => Some(self.peers.get(&(user.clone(), *device))?.write()),
            Name::Inbound(group, user, device) => {
                Some(self.inbound.get(&(*group, user.clone(), *device))?.write())
            }
            Name::Outbound(group) => Some(self.outbound.get(group)?.as_ref()?.write()),
        };
        changed.iter().map(|name| Secret { name: name.to_string(), value: value(name) }).collect()
    }
}
