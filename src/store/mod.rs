//! What one account remembers, in one SQLite file: messages, unread marks, people, groups, the outbox.
//!
//! This layer owns the file `chat.db` and everything in it: its encryption (the key comes from outside), its
//! schema, its durability, its bounds. It imports only the domain. It must not know topics or envelopes (payloads are bytes here), read a
//! clock, or decide what a message means.
//!
//! One thread does all the work, in the order in which it was asked for; the handle [`Store`] gives
//! it closures over a bounded channel. Each question is one transaction: it is answered after the
//! commit has reached the disk (`synchronous = FULL`), so an answer may be acknowledged to the broker,
//! and a crash at any instant leaves all of a batch or nothing of it.
//!
//! Nothing here reads all messages: pages are read by key, the search reads an index, and what a list
//! of conversations shows is kept up to date in columns.

mod alerts;
mod alterations;
mod archive;
mod batch;
mod beginning;
mod cipher;
mod delivery;
mod drafts;
mod error;
mod file;
mod files;
mod gaps;
mod group_links;
mod handle;
mod keys;
mod lifetimes;
mod lists;
mod log;
mod marks;
mod moving;
mod outbox;
mod page;
mod people;
mod place;
mod quarantine;
mod rooms;
mod row;
mod sealed;
mod search;
mod secrets;
mod seen;
#[cfg(test)]
mod testing;
mod threads;
mod tracking;
mod unread;
mod value;
mod votes;

pub use error::Error;
pub use files::{FileStage, StoredFile};
pub use group_links::{StoredKnock, StoredLink};
pub use handle::Store;
pub use lifetimes::{Expired, StoredLifetime};
pub use log::{LogPiece, ToLog};
pub use threads::{prepare, wait_for_threads};
pub use value::{
    Account, Altered, Beginning, Changed, Draft, Found, Gap, Heard, Hits, Incoming, Kept, KnownPerson,
    LastSeen, Moved, Opened, OutboxRow, OutboxState, Overheard, Page, Progress, Queued, Received,
    Sealed, Secret, Snapshot, StoredGroup, StoredRoom, Tag, Thread, Tracked, limits,
};
