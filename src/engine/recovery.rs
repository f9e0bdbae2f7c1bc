//! When sessions break: a side that was put back to an earlier state, or more of a conversation lost than a
//! session can skip.
//!
//! Whoever cannot open what came says so, sealed. The sender then seals anew whatever that person did not
//! confirm; the ids inside stay the same, so what comes twice is stored once. Whoever asks begins a new session
//! for it, but not more often than every ten minutes: the broker can make anything unreadable, and must not be
//! able to wear out keys by that.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::core::{Core, Fatal};
use super::mail::Sender;
use crate::domain::{ConversationId, UserName};
use crate::protocol::Content;

/// How often a new session is begun to mend an old one.
const NEW_SESSION: Duration = Duration::from_secs(600);

/// The waits between two questions to the same device, the shortest and the longest.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(600);

/// Most devices that this is remembered of.
const MOST: usize = 10_000;

/// How often what was said to somebody may be sealed anew.
const SEAL_ANEW: Duration = Duration::from_secs(2);

#[derive(Clone, Copy)]
struct Asked {
    next: Instant,
    wait: Duration,
    new_session: Instant,
}

/// Whom we told that we cannot read what they send, and who told us.
#[derive(Default)]
pub(super) struct Recovery {
    asked: BTreeMap<Sender, Asked>,
    sealed_anew: BTreeMap<UserName, Instant>,
    /// Who cannot open what is sealed for a group: what goes to them again is sealed for them alone.
    pub apart: BTreeSet<UserName>,
}

/// What to do about something that is lost.
#[derive(Debug, PartialEq, Eq)]
enum Ask {
    /// It was asked not long ago.
    NotNow,
    /// Ask.
    Now,
    /// Ask, in a new session.
    Anew,
}

impl Recovery {
    fn ask(&mut self, from: &Sender, now: Instant) -> Ask {
        if self.asked.len() >= MOST && !self.asked.contains_key(from) {
            return Ask::NotNow;
        }
        match self.asked.get_mut(from) {
            Some(asked) if now < asked.next => Ask::NotNow,
            Some(asked) => {
                asked.wait = (asked.wait * 2).min(LONGEST);
                asked.next = now + asked.wait;
                if now < asked.new_session {
                    return Ask::Now;
                }
                asked.new_session = now + NEW_SESSION;
                Ask::Anew
            }
            None => {
                let asked = Asked { next: now + FIRST, wait: FIRST, new_session: now + NEW_SESSION };
                self.asked.insert(from.clone(), asked);
                Ask::Anew
            }
        }
    }

    /// Something of theirs could be opened.
    pub fn opened(&mut self, from: &Sender) {
        if let Some(asked) = self.asked.get_mut(from) {
            asked.wait = FIRST;
        }
    }

    fn may_seal_anew(&mut self, user: &UserName, now: Instant) -> bool {
        let last = self.sealed_anew.get(user);
        let may = last.is_none_or(|at| now.duration_since(*at) >= SEAL_ANEW);
        if may {
            self.sealed_anew.insert(user.clone(), now);
        }
        may
    }
}

impl Core {
    /// Something of these devices cannot be opened: asks them to seal it anew.
    pub(super) async fn ask_for_lost(&mut self, lost: BTreeSet<Sender>) -> Result<(), Fatal> {
        let mut drafts = Vec::new();
        for from in lost {
            // Somebody whom we do not know, or by another key: there is nobody to ask. Whoever is blocked is not
            // answered.
            if self.device_of(&from.0, from.1).is_none() || self.people.is_blocked(&from.0) {
                continue;
            }
            let ask = self.recovery.ask(&from, Instant::now());
            if ask == Ask::NotNow {
                continue;
            }
            let (user, device) = &from;
            tracing::warn!(%user, %device, "something that came cannot be opened: they are asked to seal it anew");
            let theirs = self.device_of(user, *device);
            let fallback = self.keys.bundle(user, *device).map(|bundle| bundle.fallback);
            if let (Ask::Anew, Some(theirs), Some(fallback)) = (ask, theirs, fallback) {
                let (peer, own) = self.keys.peer(user, *device).await?;
                peer.begin(own, &theirs, &fallback);
            }
            let letter = self.notice(Content::Unreadable);
            drafts.push(self.draft_to(&letter, user).await?);
        }
        if !drafts.is_empty() {
            self.store.queue(None, drafts, None, self.keys.changed()).await?;
            self.outbox.more();
        }
        Ok(())
    }

    /// Somebody cannot open what we sent: whatever they did not confirm is sealed anew.
    pub(super) async fn seal_anew(&mut self, user: UserName) -> Result<(), Fatal> {
        let now = Instant::now();
        if !self.recovery.may_seal_anew(&user, now) {
            return Ok(());
        }
        let letters = self.store.unseal(user.clone()).await?;
        tracing::warn!(%user, letters, "they cannot open what we sent: it is sealed anew");
        self.outbox.unseal(&ConversationId::Direct(user.clone()));
        self.seal_waiting(&user).await?;
        self.recovery.apart.insert(user.clone());
        self.resends.missed(&user, now);
        self.outbox.more();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DeviceId;

    #[test]
    fn questions_become_rare_and_new_sessions_rarer() {
        let from: Sender = ("bob".parse().unwrap(), DeviceId::from_bits(1));
        let mut recovery = Recovery::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(recovery.ask(&from, at(0)), Ask::Anew);
        assert_eq!(recovery.ask(&from, at(4)), Ask::NotNow);
        assert_eq!(recovery.ask(&from, at(5)), Ask::Now);
        assert_eq!(recovery.ask(&from, at(14)), Ask::NotNow);
        assert_eq!(recovery.ask(&from, at(15)), Ask::Now);
        recovery.opened(&from);
        assert_eq!(recovery.ask(&from, at(600)), Ask::Anew);
        assert_eq!(recovery.ask(&from, at(610)), Ask::Now);
        let other: Sender = ("bob".parse().unwrap(), DeviceId::from_bits(2));
        assert_eq!(recovery.ask(&other, at(610)), Ask::Anew);
    }

    #[test]
    fn nobody_makes_us_seal_all_the_time() {
        let mut recovery = Recovery::default();
        let (bob, now) = ("bob".parse().unwrap(), Instant::now());
        assert!(recovery.may_seal_anew(&bob, now));
        assert!(!recovery.may_seal_anew(&bob, now + SEAL_ANEW / 2));
        assert!(recovery.may_seal_anew(&bob, now + SEAL_ANEW));
    }
}
