//! Everybody we know of: profiles, rows written by hand, and who is online.

use std::collections::BTreeMap;

use crate::domain::{
    Availability, MobileNumber, Origin, Person, PresenceBook, Profile, Timestamp, UserName,
};
use crate::registry::Entry;
use crate::store::KnownPerson;

/// Most people that are remembered: beyond that a broker is hostile, or not for us.
const MOST: usize = 20_000;

/// Everybody we know of, ourselves left out.
#[derive(Default)]
pub(super) struct People {
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

    /// Takes in a profile; says whether it was news.
    pub fn note_profile(&mut self, profile: Profile) -> Option<KnownPerson> {
        let known = self.known.get(&profile.user);
        let news = match known {
            Some(known) => profile.replaces(&known.profile),
            None => self.known.len() < MOST,
        };
        let last_seen = known.and_then(|k| k.last_seen);
        news.then(|| {
            let person = KnownPerson { profile, last_seen };
            self.known.insert(person.profile.user.clone(), person.clone());
            person
        })
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
    use crate::domain::{AccountId, DeviceId, DeviceRecord, DisplayName, Told};

    #[test]
    fn a_flood_of_strangers_is_not_watched_and_hides_nobody() {
        let bob: UserName = "bob".parse().unwrap();
        let mut people = People::default();
        people.note_profile(Profile {
            account: AccountId::from_bits(1),
            version: 1,
            display_name: DisplayName::from(&bob),
            user: bob.clone(),
            mobile: None,
            registered_at: Timestamp::EPOCH,
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
