//! Moving house: an account in one file, sealed with a passphrase of its own, and a new device from it.
//!
//! The file holds who we are, whom we know by which key, groups, open rooms, messages with how far they have come, and unread
//! marks. It never holds what a ratchet depends on: two devices that go on from one state would use keys twice.
//! So whoever imports it is a new device of the same person, which tells the broker so at its first sign-in, and
//! what waits in the outbox stays with the device that wrote it.
//!
//! `record` says what stands in the file, one line of JSON each, `chunks` seals and opens lines as
//! [`export`](crate::crypto::export) says, a chunk at a time: memory does not grow with the history.

mod chunks;
mod export;
mod import;
mod record;

use std::io;

pub use export::export;
pub use import::{Import, Opened};

use crate::crypto::export::Invalid;

/// What an export holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// People whose keys are known.
    pub people: u64,
    /// Groups.
    pub groups: u64,
    /// Open rooms that we are in.
    pub rooms: u64,
    /// Messages.
    pub messages: u64,
    /// Letters in the outbox, which stay with the device that wrote them.
    pub waiting: u64,
}

/// Why an account cannot be moved with this file.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is no export, does not open, or was altered.
    #[error(transparent)]
    Sealed(#[from] Invalid),
    /// It cannot be read or written.
    #[error(transparent)]
    File(#[from] io::Error),
    /// It opens, and does not hold what it must.
    #[error("what is in it is not the export of an account: {0}")]
    Content(String),
}

impl Fault {
    /// Whether another passphrase may do.
    pub fn is_wrong_passphrase(&self) -> bool {
        matches!(self, Self::Sealed(Invalid::Wrong))
    }
}
