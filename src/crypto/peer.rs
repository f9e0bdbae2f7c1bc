//! Olm sessions with one device of somebody.
//!
//! Two devices may write to each other first at the same moment, and a session may break when one side was
//! put back to an earlier state. So there may be several sessions with one device: what comes in is tried on
//! all, and what goes out is sealed with the one that last opened something.

use serde::{Deserialize, Serialize};
use vodozemac::Curve25519PublicKey;
use vodozemac::olm::{OlmMessage, Session, SessionConfig, SessionPickle};

use super::{Device, Unreadable, read, write};
use crate::domain::{AgreementKey, DeviceKeys};
use crate::protocol::Ciphertext;

/// Most sessions with one device. The one that was of no use for longest goes first.
const SESSIONS: usize = 4;

/// After so many messages to which nothing came back another session begins: the other side skips no more than
/// 2,000 that it did not get. But no more of them than are kept: whoever comes back answers in the first one that
/// they open.
const UNANSWERED: u32 = 500;

/// Olm sessions with one device of somebody.
#[derive(Default)]
pub struct Peer {
    /// The one to seal with first.
    sessions: Vec<Session>,
    /// How much was sealed since something was opened.
    unanswered: u32,
}

#[derive(Serialize)]
struct Written {
    sessions: Vec<SessionPickle>,
    unanswered: u32,
}

#[derive(Deserialize)]
struct Kept {
    sessions: Vec<SessionPickle>,
    unanswered: u32,
}

/// What was opened.
#[derive(Debug)]
pub struct Opened {
    /// The text inside.
    pub plaintext: Vec<u8>,
    /// The session, if it came to be by this message.
    pub begun: Option<String>,
}

/// Why something cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// Not an Olm message, or one of another key than its sender's.
    #[error("not a message of this device")]
    Malformed,
    /// Its key was used before, or is too far away. It may have come before.
    #[error("its key was used before or is gone")]
    Used,
    /// No session of ours fits, and it cannot begin one.
    #[error("no session fits")]
    NoSession,
    /// It begins a session, and this device has begun too many of late.
    #[error("too many new sessions")]
    TooMany,
}

impl Peer {
    /// Whether there is anything to seal with that is still good.
    pub fn is_ready(&self) -> bool {
        let full = self.sessions.len() >= SESSIONS;
        !self.sessions.is_empty() && (full || self.unanswered < UNANSWERED)
    }

    /// Whether the next message that is sealed begins a session for the other side.
    pub fn introduces(&self) -> bool {
        self.sessions.first().is_some_and(|session| !session.has_received_message())
    }

    /// Begins a session with the keys that the other device published. It is the one to seal with from now on.
    /// `false` where the keys are no good.
    pub fn begin(&mut self, own: &Device, to: &DeviceKeys, fallback: &AgreementKey) -> bool {
        let key = |key: &AgreementKey| Curve25519PublicKey::from_bytes(*key.as_bytes());
        let (config, theirs) = (SessionConfig::version_1(), key(&to.agreement));
        match own.account.create_outbound_session(config, theirs, key(fallback)) {
            Ok(session) => {
                self.put_first(session);
                self.unanswered = 0;
                true
            }
            Err(_) => false,
        }
    }

    /// Seals a text. `None` where there is no session.
    pub fn seal(&mut self, plaintext: &[u8]) -> Option<Ciphertext> {
        let message = self.sessions.first_mut()?.encrypt(plaintext).ok()?;
        self.unanswered = self.unanswered.saturating_add(1);
        let (kind, bytes) = message.to_parts();
        Some(Ciphertext { kind: u8::try_from(kind).ok()?, bytes })
    }

    /// Opens what this device sealed: with the sessions there are, or with the new one that it begins if
    /// `may_begin` says so. `from` comes from the sender's profile, never from the message.
    pub fn open(
        &mut self,
        own: &mut Device,
        from: &DeviceKeys,
        sealed: &Ciphertext,
        may_begin: impl FnOnce() -> bool,
    ) -> Result<Opened, Closed> {
        let message = OlmMessage::from_parts(usize::from(sealed.kind), &sealed.bytes);
        let message = message.map_err(|_| Closed::Malformed)?;
        for at in 0..self.sessions.len() {
            if let Ok(plaintext) = self.sessions[at].decrypt(&message) {
                let session = self.sessions.remove(at);
                self.sessions.insert(0, session);
                self.unanswered = 0;
                return Ok(Opened { plaintext, begun: None });
            }
        }
        let OlmMessage::PreKey(first) = message else {
            return Err(if self.sessions.is_empty() { Closed::NoSession } else { Closed::Used });
        };
        // Compared as bytes: the library takes two encodings of one point for the same key.
        if first.identity_key().as_bytes() != from.agreement.as_bytes() {
            return Err(Closed::Malformed);
        }
        let id = first.session_id();
        if self.sessions.iter().any(|session| session.session_id() == id) {
            return Err(Closed::Used);
        }
        if !may_begin() {
            return Err(Closed::TooMany);
        }
        let theirs = Curve25519PublicKey::from_bytes(*from.agreement.as_bytes());
        let config = SessionConfig::version_1();
        let created = own.account.create_inbound_session(config, theirs, &first);
        let created = created.map_err(|_| Closed::NoSession)?;
        self.put_first(created.session);
        self.unanswered = 0;
        Ok(Opened { plaintext: created.plaintext, begun: Some(id) })
    }

    /// Throws a session away: what began it was a message that had come before, in another wrapping.
    pub fn throw_away(&mut self, id: &str) {
        self.sessions.retain(|session| session.session_id() != id);
    }

    fn put_first(&mut self, session: Session) {
        self.sessions.insert(0, session);
        // One more than is kept: what has just begun may be thrown away again.
        self.sessions.truncate(SESSIONS + 1);
    }

    /// The bytes to store it by.
    pub fn write(&self) -> Vec<u8> {
        let sessions = self.sessions.iter().take(SESSIONS).map(Session::pickle).collect();
        write(&Written { sessions, unanswered: self.unanswered })
    }

    /// Reads what [`Peer::write`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let Kept { sessions, unanswered } = read(bytes)?;
        let sessions = sessions.into_iter().map(Session::from_pickle).collect();
        Ok(Self { sessions, unanswered })
    }
}
