//! Plain values and the rules they keep: names, ids, messages, delivery, groups, presence.
//!
//! This layer owns what the words of Cooee mean. It must not do I/O, read a clock or make randomness:
//! a value goes in, a value comes out, and the same input always gives the same output. It imports
//! nothing else of ours.

mod addressee;
mod alerts;
mod alteration;
mod conversation;
mod delivery;
mod file;
mod fingerprint;
mod group;
pub mod group_documents;
mod group_link;
mod ids;
mod keys;
mod lifetime;
mod links;
mod list;
mod message;
mod person;
mod poll;
mod presence;
mod profile;
mod room;
mod secret;
mod text;
mod time;
pub mod words;

pub use addressee::addressee;
pub use alerts::{Alerts, mentioned, mentions};
pub use alteration::{Alteration, Reaction};
pub use conversation::{ConversationId, FindAt, PageAt, Preview, Summary};
pub use delivery::{Delivery, Recipient};
pub use file::{
    Attachment, Colour, ContentHash, FileKey, FileKind, FileName, InvalidAttachment, Picture,
    size_in_words,
};
pub use fingerprint::{InvalidFingerprint, TlsFingerprint};
pub use group::{Group, GroupChange, GroupName, JoinPolicy, Membership, Role, Standing};
pub use group_link::{GroupLink, InvalidLink, LinkSecret};
pub use ids::{DeviceId, GroupId, InvalidId, InvalidUserName, MessageId, StateHash, UserName};
pub use keys::{AgreementKey, Bundle, DeviceKeys, IdentityKey, InvalidKey, SigningKey};
pub use lifetime::{InvalidLifetime, Lifetime, lifetime_told};
pub use links::{Link, link_places, links};
pub use list::{ContactList, ListName};
pub use message::{Body, LATE, Marks, Message, MessageKey, MessageText, Quote, Reply};
pub use person::{Origin, Person, Trust};
pub use poll::{Ballot, InvalidBallot, InvalidPoll, Poll};
pub use presence::{Availability, DeviceRecord, PresenceBook, Told};
pub use profile::{DisplayName, MobileNumber, Profile};
pub use room::{InvalidRoomName, RoomName};
pub use secret::{DataKey, InvalidPassphrase, Passphrase};
pub use text::{InvalidText, clean_block, clean_line};
pub use time::Timestamp;
pub use words::Words;

/// Bounds that every layer keeps. Sizes are in bytes unless said.
pub mod limits {
    /// How far ahead of ours the clock of somebody may be, for what they tell of when they did something to count.
    pub const AHEAD: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);
    /// Longest user name, in characters.
    pub const USER_NAME: usize = 32;
    /// Longest display name or group name, in grapheme clusters.
    pub const NAME_GRAPHEMES: usize = 64;
    /// Longest display name or group name: a grapheme cluster may be of any length, bytes are not.
    pub const NAME_BYTES: usize = 512;
    /// Longest mobile number, in characters.
    pub const MOBILE: usize = 32;
    /// Longest text of one message.
    pub const TEXT: usize = 16 * 1024;
    /// Longest sign that a message is answered with.
    pub const REACTION: usize = 64;
    /// Most characters that are quoted of a message that is answered.
    pub const QUOTE: usize = 200;
    /// Most answers of a poll.
    pub const POLL_ANSWERS: usize = 12;
    /// Longest question of a poll.
    pub const POLL_QUESTION: usize = 1024;
    /// Longest answer of a poll.
    pub const POLL_ANSWER: usize = 256;
    /// Longest name of a file that is sent: with a number in front of its ending it fits into any file system.
    pub const FILE_NAME: usize = 200;
    /// Longest file that can be sent at all; the configuration says how long one may be.
    pub const FILE: u64 = 1 << 34;
    /// Most members of one group, those who left included.
    pub const GROUP_MEMBERS: usize = 256;
    /// Most lists of contacts.
    pub const LISTS: usize = 100;
    /// Most contacts on one list.
    pub const LIST_MEMBERS: usize = 32;
    /// Longest passphrase.
    pub const PASSPHRASE: usize = 1024;
    /// Fewest characters of a passphrase that is not called short.
    pub const SHORT_PASSPHRASE: usize = 8;
    /// Most admins of one group, beside its owner.
    pub const GROUP_ADMINS: usize = 32;
    /// Most devices remembered for one user.
    pub const DEVICES: usize = 8;
}
