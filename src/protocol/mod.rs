//! What goes over the wire: topics, envelopes, retained documents, and the limits of each.
//!
//! This layer turns domain values into bytes and back. It checks everything that can be checked without
//! knowing anybody: sizes first, then the version, then the shape, then that the document speaks of whom
//! its topic names. It must not do I/O, and it never panics on what it is given.
//!
//! | topic (below the root, `cooee/1`) | retained | QoS | payload |
//! |---|---|---|---|
//! | `profile/<user>` | yes | 1, read at 0 | [`encode_profile`], signed |
//! | `keys/<user>/<device>` | yes | 1, read at 0 | [`encode_bundle`], signed |
//! | `presence/<user>/<device>` | yes, and the will | 1, read at 0 | [`encode_presence`]; empty is offline |
//! | `directory/<group>` | yes | 1, read at 0 | [`encode_card`], each part signed; empty takes it out |
//! | `inbox/<to>/<from>/<device>` | no | 1 | [`Envelope`] |
//! | `group/<group>/<from>/<device>` | no | 1 | [`Envelope`] |
//! | `live/@<user>/<from>/<device>`, `live/<group>/<from>/<device>` | no | 0 | [`encode_typing`], expires |
//! | `open/<room>/<from>` | either | 0 or 1, read at 1 | [`encode_plain`], or text as it is; never encrypted |
//! | `doctor/<random>/…` | for a moment | 1 | nothing of meaning: `cooee doctor` examines the broker |
//!
//! What is retained is state: it is read at QoS 0 and asked for anew after every connect, because at
//! QoS 1 the queue limit of a broker cuts a long list of retained records short. What is not retained
//! are events: they are read at QoS 1 in a session that outlives the connection.
//!
//! A letter that is part of a conversation carries a number, which its sender's device counts there, and in a
//! group the group: so the same bytes can come to the inbox of a member who did not confirm them.
//!
//! Everything that is said to a person or in a group is sealed: an [`Envelope`] holds ciphertexts, which hold an [`Inside`], which holds a
//! [`Letter`]. An unknown `v`, `t` or `ty` is not an error: it is what a newer Cooee says, and is kept as
//! [`Envelope::Newer`] or [`Content::Newer`]. The tag `mls` is reserved for a successor of the group envelope.
//!
//! Chunks of files that somebody fetches come to an inbox too, and are no envelopes: they are sealed already, with the
//! key of their file, and they are many. [`encode_chunk`] says how they look.
//!
//! Open rooms are the exception, and apart: what is said there is a [`Plain`] text that anything can publish, an
//! envelope never is one, and no plain text is taken for a word in a conversation that is encrypted.

mod documents;
mod envelope;
mod files;
mod group_documents;
mod inside;
mod letter;
mod plain;
mod said;
mod sender_key;
mod signed;
mod topics;
mod verification;

pub use documents::{
    decode_bundle, decode_card, decode_presence, decode_profile, decode_typing, encode_bundle,
    encode_card, encode_presence, encode_profile, encode_typing,
};
pub use envelope::{Ciphertext, Envelope, decode_envelope, encode_envelope};
pub use files::{Chunk, FileWord, decode_chunk, encode_chunk, is_chunk};
pub use group_documents::{decode_document, decode_statement, encode_document, encode_statement};
pub use inside::{End, Inside, decode_inside, encode_inside};
pub use letter::{
    Content, Copy, Letter, Missing, Papers, ReadUpTo, Receipt, Stage, Stand, decode_letter,
    encode_letter,
};
pub use plain::{Plain, decode_plain, encode_plain};
pub use said::{Altered, Knock, Speech};
pub use sender_key::SenderKey;
pub use signed::SignedDocument;
pub use topics::{Filter, InvalidRoot, KINDS, Place, Root, Topic};
pub use verification::{Bytes32, Reason, Step, StepKind, decode_step, encode_step};

/// The user property of a CONNECT that carries the invite to a built-in broker.
pub const INVITE_PROPERTY: &str = "cooee-invite";

/// The common name in the certificate that a built-in broker made for itself. Only such a one is taken on
/// first use without anybody's signature.
pub const OWN_CERTIFICATE: &str = "Cooee built-in broker";

/// The version of every format here.
pub const VERSION: u32 = 1;

/// Bounds on what is sent and what is read, in bytes.
pub mod limits {
    /// One envelope.
    pub const ENVELOPE: usize = 64 * 1024;
    /// One profile.
    pub const PROFILE: usize = 8 * 1024;
    /// The keys of one device.
    pub const BUNDLE: usize = 4 * 1024;
    /// The key of a sender in a group, as text.
    pub const SENDER_KEY: usize = 512;
    /// One presence record.
    pub const PRESENCE: usize = 1024;
    /// One group card: what 256 members with names of 32 characters signed who came by themselves fits.
    pub const CARD: usize = 96 * 1024;
    /// What is told of a group in one letter, unless one document alone is longer.
    pub const PAPERS: usize = 16 * 1024;
    /// One signed document of a group: 256 members and 32 admins with names of 32 characters fit, and with
    /// base64 around it still into an envelope.
    pub const GROUP_DOCUMENT: usize = 32 * 1024;
    /// One signed statement of a member.
    pub const STATEMENT: usize = 1024;
    /// One step of a comparison of emoji.
    pub const STEP: usize = 512;
    /// What is said at once in an open room, the JSON around it included.
    pub const PLAIN: usize = 4 * 1024;
    /// The id of something that is said in an open room.
    pub const PLAIN_ID: usize = 64;
    /// One typing notice.
    pub const TYPING: usize = 256;
    /// Most chunks of a file that one letter asks for: what a broker queues for somebody stays free for letters.
    pub const PULL: u32 = 64;
    /// One chunk of a file, sealed.
    pub const FILE_CHUNK: usize = 16 * 1024 + 16;
    /// Most letters that one receipt speaks of.
    pub const RECEIPT: usize = 256;
    /// One MQTT packet: an envelope, its topic and properties, with room to spare.
    pub const PACKET: u32 = 128 * 1024;
}

/// Why a payload was refused. The text is for the log and the quarantine, and holds nothing of the
/// payload but what JSON errors quote.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// Longer than its kind may be. Nothing of it was looked at.
    #[error("{size} bytes, at most {limit} are allowed")]
    TooLarge {
        /// Its length in bytes.
        size: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// Not JSON of the expected shape.
    #[error("not what this topic carries: {}", quoted(.0))]
    Shape(#[from] serde_json::Error),
    /// A retained document of a version that we do not read.
    #[error("version {0}, this Cooee reads version {VERSION}")]
    Version(u32),
    /// It speaks of somebody or something other than its topic.
    #[error("it speaks of `{claimed}`, its topic of `{topic}`")]
    Mismatch {
        /// What the payload names.
        claimed: String,
        /// What the topic names.
        topic: String,
    },
    /// What should be encrypted is not.
    #[error("it is not encrypted")]
    NotEncrypted,
    /// It is encrypted where nothing is.
    #[error("it is encrypted, and an open room is not")]
    Encrypted,
    /// A text that is no UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// A text with nothing in it that can be shown.
    #[error("nothing in it can be shown")]
    Blank,
    /// A copy of a copy.
    #[error("a copy of a copy")]
    Nested,
    /// More chunks of a file than may be asked for at once, or none.
    #[error("{0} chunks of a file are asked for, from 1 to {max} are allowed", max = limits::PULL)]
    ChunksAsked(u32),
    /// A ciphertext that is no base64.
    #[error("a ciphertext that is no base64")]
    Base64,
    /// More devices than somebody may have.
    #[error("{0} devices, at most {max} are allowed", max = crate::domain::limits::DEVICES)]
    TooManyDevices(usize),
    /// More letters than a receipt may speak of.
    #[error("a receipt of {0} letters, at most {max} are allowed", max = limits::RECEIPT)]
    TooManyLetters(usize),
    /// More members than a group may have.
    #[error("{0} members, at most {max} are allowed", max = crate::domain::limits::GROUP_MEMBERS)]
    TooManyMembers(usize),
    /// More admins than a group may have.
    #[error("{0} admins, at most {max} are allowed", max = crate::domain::limits::GROUP_ADMINS)]
    TooManyAdmins(usize),
    /// The owner's document of a group gives it no name.
    #[error("the owner's word on a group gives it no name")]
    Nameless,
    /// A list names the same member twice.
    #[error("it names `{0}` twice")]
    Twice(String),
}

/// What JSON errors say, without what a terminal obeys: they quote words of the payload as they stand there.
fn quoted(error: &serde_json::Error) -> String {
    crate::domain::clean_line(&error.to_string()).chars().take(200).collect()
}

/// Refuses a payload over its limit before anything of it is parsed.
fn check_size(payload: &[u8], limit: usize) -> Result<(), Malformed> {
    match payload.len() {
        size if size > limit => Err(Malformed::TooLarge { size, limit }),
        _ => Ok(()),
    }
}
