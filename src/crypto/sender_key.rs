//! Megolm sessions: each device that speaks in a group seals with a session of its own, whose key the members
//! get over Olm.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vodozemac::megolm::{
    GroupSession, GroupSessionPickle, InboundGroupSession, InboundGroupSessionPickle, MegolmMessage,
    SessionConfig, SessionKey, SessionOrdering,
};

use super::{Tag, Unreadable, read, tag, write};
use crate::domain::{DeviceId, Timestamp, UserName};

/// How many messages one session seals, and for how long.
const MESSAGES: u32 = 200;
const LASTS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Most sessions of one device that are kept for a group; the oldest go first.
const SESSIONS: usize = 5;

/// How long the key of a message is kept, so that what comes late can be opened.
const LATE: Duration = Duration::from_secs(24 * 60 * 60);

/// A device of a member.
pub type Member = (UserName, DeviceId);

/// What we seal with in one group.
pub struct Outbound {
    session: GroupSession,
    made_at: Timestamp,
    /// Who has the key, or will have it when what is in the outbox arrives.
    shared: BTreeSet<Member>,
}

#[derive(Serialize)]
struct WrittenOutbound<'a> {
    session: GroupSessionPickle,
    made_at: Timestamp,
    shared: &'a BTreeSet<Member>,
}

#[derive(Deserialize)]
struct KeptOutbound {
    session: GroupSessionPickle,
    made_at: Timestamp,
    shared: BTreeSet<Member>,
}

impl Outbound {
    /// A new session, which nobody has the key of.
    pub fn generate(now: Timestamp) -> Self {
        let session = GroupSession::new(SessionConfig::version_1());
        Self { session, made_at: now, shared: BTreeSet::new() }
    }

    /// Whether another session has to take its place: it is used up, or somebody has its key who is not among
    /// these any more.
    pub fn is_over(&self, members: &BTreeSet<Member>, now: Timestamp) -> bool {
        self.session.message_index() >= MESSAGES
            || now.since(self.made_at) >= LASTS
            || !self.shared.is_subset(members)
    }

    /// Who of these does not have the key yet.
    pub fn lacking(&self, members: &BTreeSet<Member>) -> BTreeSet<Member> {
        members.difference(&self.shared).cloned().collect()
    }

    /// The key as it is now: it opens what is sealed from here on. Whoever gets it is noted.
    pub fn share(&mut self, members: BTreeSet<Member>) -> String {
        self.shared.extend(members);
        self.session.session_key().to_base64()
    }

    /// Seals a text; with the name of the session.
    pub fn seal(&mut self, plaintext: &[u8]) -> (String, Vec<u8>) {
        let message = self.session.encrypt(plaintext);
        (self.session.session_id(), message.to_bytes())
    }

    /// The bytes to store it by.
    pub fn write(&self) -> Vec<u8> {
        let Self { session, made_at, shared } = self;
        write(&WrittenOutbound { session: session.pickle(), made_at: *made_at, shared })
    }

    /// Reads what [`Outbound::write`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let KeptOutbound { session, made_at, shared } = read(bytes)?;
        Ok(Self { session: GroupSession::from_pickle(session), made_at, shared })
    }
}

/// What we open with that one device of a member says in one group. It is kept by that device and that group,
/// so a session of one is never taken for that of another.
#[derive(Default)]
pub struct Inbound {
    /// The oldest first.
    sessions: Vec<Opener>,
}

struct Opener {
    session: InboundGroupSession,
    /// A message of this number was opened at this time, a while ago.
    mark: (u32, Timestamp),
    /// The greatest number that was opened.
    latest: u32,
}

#[derive(Serialize, Deserialize)]
struct Pickled {
    session: InboundGroupSessionPickle,
    mark: (u32, Timestamp),
    latest: u32,
}

/// What was opened.
#[derive(Debug)]
pub struct Said {
    /// The text inside.
    pub plaintext: Vec<u8>,
    /// Its number in the session.
    pub index: u32,
    /// Whether what is stored has to be stored anew.
    pub changed: bool,
}

/// Why something said in a group cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// We do not have the key yet.
    #[error("the key of its session is not here yet")]
    NoKey,
    /// It was said before we got the key.
    #[error("it was said before we came, or its key is gone")]
    Before,
    /// Not what this session seals.
    #[error("not sealed by the session that it names")]
    Malformed,
}

impl Said {
    /// What tells a repetition from something else under the same key: of what was said. Its ciphertext can be
    /// spelled in many ways by anybody on the way, and all of them are validly signed.
    pub fn print(&self) -> Tag {
        tag(&[&self.plaintext])
    }
}

impl Inbound {
    /// Takes in a key; says whether that was news. Of one session the key counts that opens more.
    pub fn accept(&mut self, key: &str, now: Timestamp) -> Option<bool> {
        let key = SessionKey::from_base64(key).ok()?;
        let mut session = InboundGroupSession::new(&key, SessionConfig::version_1());
        let id = session.session_id();
        if let Some(known) = self.sessions.iter_mut().find(|known| known.session.session_id() == id) {
            let better = session.compare(&mut known.session) == SessionOrdering::Better;
            if better {
                known.session = session;
            }
            return Some(better);
        }
        let index = session.first_known_index();
        self.sessions.push(Opener { session, mark: (index, now), latest: index });
        if self.sessions.len() > SESSIONS {
            self.sessions.remove(0);
        }
        Some(true)
    }

    /// Opens what was said.
    pub fn open(&mut self, session: &str, bytes: &[u8], now: Timestamp) -> Result<Said, Unopened> {
        let message = MegolmMessage::from_bytes(bytes).map_err(|_| Unopened::Malformed)?;
        let mut sessions = self.sessions.iter_mut();
        let known = sessions.find(|known| known.session.session_id() == session);
        let known = known.ok_or(Unopened::NoKey)?;
        use vodozemac::megolm::DecryptionError::UnknownMessageIndex;
        let said = known.session.decrypt(&message).map_err(|error| match error {
            UnknownMessageIndex(..) => Unopened::Before,
            _ => Unopened::Malformed,
        })?;
        let index = said.message_index;
        known.latest = known.latest.max(index);
        let changed = now.since(known.mark.1) >= LATE;
        if changed {
            known.session.advance_to(known.mark.0);
            known.mark = (known.latest, now);
        }
        Ok(Said { plaintext: said.plaintext, index, changed })
    }

    /// The bytes to store it by.
    pub fn write(&self) -> Vec<u8> {
        let pickled = |opener: &Opener| Pickled {
            session: opener.session.pickle(),
            mark: opener.mark,
            latest: opener.latest,
        };
        write(&self.sessions.iter().map(pickled).collect::<Vec<_>>())
    }

    /// Reads what [`Inbound::write`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let opener = |pickled: Pickled| Opener {
            session: InboundGroupSession::from_pickle(pickled.session),
            mark: pickled.mark,
            latest: pickled.latest,
        };
        Ok(Self { sessions: read::<Vec<Pickled>>(bytes)?.into_iter().map(opener).collect() })
    }
}
