//! Everybody we know of: profiles, rows written by hand, and who is online.

use std::collections::BTreeMap;

use crate::domain::{
    Availability, DeviceId, DeviceKeys, MobileNumber, Origin, Person, PresenceBook, Profile, Timestamp,
    Trust, UserName,
};
use crate::protocol::limits;
use crate::registry::Entry;
use crate::store::KnownPerson;

/// Most people that are remembered: beyond that a broker is hostile, or not for us.
const MOST: usize = 20_000;

/// Most bundles that are kept of devices whose owner's profile is not here yet.
const EARLY: usize = 4_000;

/// What a profile came to.
pub(super) enum Met {
    /// It told nothing new.
    Known,
    /// Somebody new, or something new of somebody.
    News(KnownPerson),
    /// Another key stands for their name.
    Claim(KnownPerson),
    /// Their own key stands for their name again.
    Back(KnownPerson),
}

/// Everybody we know of, ourselves left out.
#[derive(Default)]
pub(super) struct People {
    /// Bundles that came before the profile which names their device.
    early: BTreeMap<(UserName, DeviceId), Vec<u8>>,
    known: BTreeMap<UserName, KnownPerson>,
    by_hand: BTreeMap<UserName, Entry>,
    /// Who is online, ourselves included.
    pub presence: PresenceBook,
}

impl People {
    pub fn new(known: Vec<KnownPerson>) -> Self {
        let known = known.into_iter().map(|p| (p.profile.user.clone(), p)).collect();
        Self { known, ..Self::default() }
    }

    /// Takes in a profile. The key that we met first stays the one that we know somebody by.
    pub fn meet(&mut self, profile: Profile) -> Met {
        let Some(known) = self.known.get_mut(&profile.user) else {
            if self.known.len() >= MOST {
                return Met::Known;
            }
            let person = KnownPerson::met(profile);
            self.known.insert(person.profile.user.clone(), person.clone());
            return Met::News(person);
        };
        if profile.identity != known.profile.identity {
            let claim = known.claim.as_ref().filter(|claim| claim.identity == profile.identity);
            let is_new = claim.is_none();
            if claim.is_none_or(|claim| profile.version > claim.version) {
                known.claim = Some(profile);
                // A new version of the same claim is kept, and nobody is warned again.
                return if is_new { Met::Claim(known.clone()) } else { Met::Known };
            }
            return Met::Known;
        }
        if profile.version > known.profile.version {
            (known.profile, known.claim) = (profile, None);
            return Met::News(known.clone());
        }
        let is_theirs = profile == known.profile && known.claim.take().is_some();
        if is_theirs { Met::Back(known.clone()) } else { Met::Known }
    }

    /// What they told with the key that we know them by.
    pub fn profile(&self, user: &UserName) -> Option<&Profile> {
        self.known.get(user).map(|known| &known.profile)
    }

    /// The same, unless another key stands for their name: then nothing is sent to them alone.
    pub fn trusted(&self, user: &UserName) -> Option<&Profile> {
        self.known.get(user).filter(|known| known.claim.is_none()).map(|known| &known.profile)
    }

    /// The keys of one of their devices.
    pub fn device(&self, user: &UserName, device: DeviceId) -> Option<&DeviceKeys> {
        self.profile(user)?.device(device)
    }

    /// What stands for their name with another key.
    pub fn claim(&self, user: &UserName) -> Option<&Profile> {
        self.known.get(user)?.claim.as_ref()
    }

    /// How far their key is to be trusted.
    pub fn trust(&self, user: &UserName) -> Trust {
        match self.known.get(user) {
            None => Trust::Unknown,
            Some(known) if known.claim.is_some() => Trust::Changed,
            Some(known) if known.verified => Trust::Verified,
            Some(_) => Trust::NotVerified,
        }
    }

    /// Their key was compared with theirs, or that is taken back.
    pub fn verify(&mut self, user: &UserName, verified: bool) -> Option<KnownPerson> {
        let known = self.known.get_mut(user).filter(|known| known.claim.is_none())?;
        known.verified = verified;
        Some(known.clone())
    }

    /// Nothing of theirs is shown or answered from now on, or that is taken back.
    pub fn block(&mut self, user: &UserName, blocked: bool) -> Option<KnownPerson> {
        let known = self.known.get_mut(user)?;
        known.blocked = blocked;
        Some(known.clone())
    }

    /// Whether nothing of theirs is shown or answered.
    pub fn is_blocked(&self, user: &UserName) -> bool {
        self.known.get(user).is_some_and(|known| known.blocked)
    }

    /// The other key that stands for their name is theirs from now on. With what they told before.
    pub fn accept(&mut self, user: &UserName) -> Option<(KnownPerson, Profile)> {
        let known = self.known.get_mut(user)?;
        let claim = known.claim.take()?;
        known.verified = false;
        let before = std::mem::replace(&mut known.profile, claim);
        Some((known.clone(), before))
    }

    /// Keeps a bundle until the profile is here that names its device.
    pub fn keep_early_bundle(&mut self, user: &UserName, device: DeviceId, payload: &[u8]) {
        let key = (user.clone(), device);
        if payload.len() <= limits::BUNDLE && (self.early.len() < EARLY || self.early.contains_key(&key))
        {
            self.early.insert(key, payload.to_vec());
        }
    }

    /// The bundles of somebody that came before their profile.
    pub fn take_early_bundles(&mut self, user: &UserName) -> Vec<(DeviceId, Vec<u8>)> {
        let theirs = self.early.extract_if(.., |(owner, _), _| owner == user);
        theirs.map(|((_, device), payload)| (device, payload)).collect()
    }

    /// Takes in all rows of `Registration.csv`; returns whose entry that changed.
    pub fn note_entries(&mut self, entries: Vec<Entry>) -> Vec<UserName> {
        let mut changed = Vec::new();
        for entry in entries.into_iter().take(MOST) {
            if self.by_hand.get(&entry.user) != Some(&entry) {
                changed.push(entry.user.clone());
                self.by_hand.insert(entry.user.clone(), entry);
            }
        }
        changed
    }

    /// Whether presence records of this user are worth keeping.
    pub fn may_watch(&self, user: &UserName) -> bool {
        let room = self.presence.len() < MOST;
        room || self.known.contains_key(user) || self.presence.knows(user)
    }

    /// Somebody went offline: keeps when. What was kept under a clock that went ahead is put right.
    pub fn note_last_seen(&mut self, user: &UserName, at: Timestamp, now: Timestamp) -> bool {
        let Some(known) = self.known.get_mut(user) else { return false };
        let later = known.last_seen.is_none_or(|before| before < at || before > now);
        if later {
            known.last_seen = Some(at);
        }
        later
    }

    pub fn is_known(&self, user: &UserName) -> bool {
        self.known.contains_key(user) || self.by_hand.contains_key(user)
    }

    pub fn is_registered(&self, user: &UserName) -> bool {
        self.known.contains_key(user)
    }

    pub fn mobile(&self, user: &UserName) -> Option<&MobileNumber> {
        let published = self.known.get(user).and_then(|k| k.profile.mobile.as_ref());
        published.or_else(|| self.by_hand.get(user).and_then(|e| e.mobile.as_ref()))
    }

    pub fn is_online(&self, user: &UserName) -> bool {
        self.presence.availability(user).is_online()
    }

    /// One of them, as a list of contacts shows them now.
    pub fn person(&self, user: &UserName, now: Timestamp) -> Option<Person> {
        let known = self.known.get(user);
        let entry = self.by_hand.get(user);
        let display_name = match (known, entry) {
            (Some(known), _) => known.profile.display_name.clone(),
            (None, Some(entry)) => entry.display_name.clone(),
            (None, None) => return None,
        };
        let availability = match self.presence.availability(user) {
            Availability::Offline { last_seen } => {
                // Our clock may have been put back since.
                let ours = known.and_then(|k| k.last_seen).filter(|at| *at <= now);
                Availability::Offline { last_seen: last_seen.map(|at| at.min(now)).max(ours) }
            }
            online => online,
        };
        // Another Cooee that shares the files may have met them first.
        let registered = known.is_some() || entry.is_some_and(|e| e.registered_at.is_some());
        Some(Person {
            user: user.clone(),
            display_name,
            mobile: self.mobile(user).cloned(),
            origin: if registered { Origin::Registered } else { Origin::ByHand },
            availability,
            trust: self.trust(user),
            blocked: self.is_blocked(user),
        })
    }

    /// All of them but `me`.
    pub fn all(&self, me: &UserName, now: Timestamp) -> Vec<Person> {
        let mut users: Vec<_> = self.known.keys().chain(self.by_hand.keys()).collect();
        users.sort();
        users.dedup();
        users.into_iter().filter(|user| *user != me).filter_map(|u| self.person(u, now)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DeviceRecord, DisplayName, IdentityKey, Told};

    #[test]
    fn a_flood_of_strangers_is_not_watched_and_hides_nobody() {
        let bob: UserName = "bob".parse().unwrap();
        let mut people = People::default();
        people.meet(Profile {
            identity: IdentityKey::from_bytes([1; 32]),
            version: 1,
            display_name: DisplayName::from(&bob),
            user: bob.clone(),
            mobile: None,
            registered_at: Timestamp::EPOCH,
            devices: Vec::new(),
        });
        let record = DeviceRecord { epoch: 1, online: true, since: Timestamp::EPOCH };
        for n in 0..MOST + 10 {
            let stranger = format!("x{n}").parse().unwrap();
            if people.may_watch(&stranger) {
                people.presence.note(
                    &stranger,
                    DeviceId::from_bits(1),
                    record,
                    Told::live(Timestamp::EPOCH),
                );
            }
        }
        assert_eq!(people.presence.len(), MOST);
        assert!(people.may_watch(&"x0".parse().unwrap()), "who is watched may go");
        assert!(people.may_watch(&bob));
    }
}
