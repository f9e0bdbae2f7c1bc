//! The messenger without a face: [`Command`] in, [`Update`] out.
//!
//! This layer ties the parts below it together. A session is one task, `core`, that owns all state and
//! takes in turn what front ends ask, what the connection tells and what the CSV files say. It stores
//! before it acknowledges and before it tells anybody, and publishes from the outbox alone; nothing here
//! draws, parses a command line, or reads the configuration.
//!
//! - `session` signs in and starts the task, `sign_up` registers a name, `attach` lets other processes
//!   join the session; `unlock` gets the key of an account, `key_file` keeps it, `generation` sees
//!   whether its files were put back;
//! - `link` follows the connection and the timers, `mail` sorts what comes in, `taking` makes messages of it (`group_mail` what is said in
//!   groups and of them), `rooms` is what is said in open rooms, in and out, and `pace` how much of it is taken in, `sending` and `membership` do what is asked, `sealing` makes bytes of letters and `opening` letters of bytes, `keys` holds what that
//!   takes, `recovery` mends what breaks, `trust` keeps whose key is whose, `blocking` whom we do not want to hear, `key_view` shows keys to
//!   compare and `comparing` compares emoji, `devices` and `enrol` see to other
//!   devices of ours, `files` sends and fetches files, `outgoing` publishes, `receipts` confirms and asks for what is missing, `report` tells
//!   where messages are, `archiving` puts conversations away, `doors` lets people into groups by links, `lifetimes` takes out those that are over;
//! - `people`, `groups` (each a `known_group`), `outbox`, `resends` and `faces` each hold one part of the state with its rules;
//! - `registrar` keeps the CSV files up to date, `dialer` says where to connect, `clock` is the one
//!   source of time and ids;
//! - `chatlog` writes what is said into files of plain text, where somebody wants that;
//! - `moving` takes an account to another machine; `doctor` examines a broker.
//!
//! # What is promised
//!
//! A letter of ours is stored with its final bytes before anybody hears of it, and stays in the outbox until
//! each of its recipients has confirmed that they stored it: the one of a direct message, the members of the
//! group as we knew them when it was written. The broker's word that it took the letter is a tick, and no
//! more: the same bytes go to a recipient's inbox again when they are next seen online, and while they are,
//! with waits that grow from 5 s to 10 min, until they confirm. So a message arrives although the broker drops
//! past its limits, forgets what it took, or loses sessions; what arrives twice is stored once by its id, and
//! confirmed again. Each sender counts what they say in a conversation, and a receiver asks for numbers that
//! are left out. A receipt that something was read is a letter like any other, and is itself confirmed.
//!
//! What is not promised:
//!
//! - Somebody who never returns gets nothing, and what is for them stays in the outbox until it is given up by
//!   hand (`cooee outbox drop`). Somebody who is online and confirms nothing is tried 50 times; then the letter
//!   has failed, and can be tried again by hand.
//! - A sender who never returns sends nothing again: what the broker lost of theirs is lost.
//! - Somebody who comes into a group gets for certain what a sender wrote after hearing of them.
//! - Where presence cannot be read, nothing goes again by itself: we do not see whom it could reach.
//! - Somebody who dies while the broker is down is kept as online by it. It is believed for one and a half
//!   intervals ([`ONLINE_LASTS`]) after it was said, which the expiry that the broker tells reveals; a broker
//!   that forgot the expiry over its restart gives the record away as older, and it counts for nothing.
//!   Whoever lives says it anew with the connection, so nobody is hidden by that.
//! - Whoever writes to our presence topic what a later connection would say hides us: records are not signed.
//! - Two front ends of one account share one session, and so one outbox.
//! - What is said in an open room is confirmed by the broker alone, and goes to whoever is subscribed: somebody whose
//!   subscription the broker lost misses it, and so does whoever the broker keeps no more for.
//! - A letter is confirmed by a person, not by each of their devices: what somebody sealed before they knew of
//!   another device of ours, and the first one confirmed, does not come to the other. What one of our devices
//!   tells the others is not repeated.
//!
//! What is promised of secrecy stands in [`crate::crypto::promises`].

mod account;
mod altering;
mod archiving;
mod attach;
mod blocking;
mod chatlog;
mod clock;
mod command;
mod comparing;
mod core;
mod devices;
mod dialer;
pub mod doctor;
mod doors;
mod enrol;
mod error;
mod faces;
mod files;
mod generation;
mod group_mail;
mod groups;
mod key_file;
mod key_view;
mod keys;
mod known_group;
mod lifetimes;
mod link;
mod lists;
mod mail;
mod membership;
mod moving;
mod opening;
mod outbox;
mod outgoing;
mod pace;
mod passphrase_command;
mod people;
mod receipts;
mod recovery;
mod registrar;
mod report;
mod resends;
mod rooms;
mod sealing;
mod sending;
mod session;
mod settling;
mod sign_up;
mod taking;
mod trust;
mod unlock;
mod update;

use std::path::PathBuf;
use std::time::Duration;

pub use crate::domain::PageAt;
pub use account::{DRAFT_PREFIX, account_dir, accounts};
pub use clock::Clock;
pub use command::{Command, Ticket};
pub use error::Error;
pub use files::{FileRules, FileState, FileView};
pub use moving::{Contents, Fault as MovingFault, Import, Opened as OpenedImport, export};
pub use session::Session;
pub use sign_up::{SignUp, sign_up};
pub use unlock::{Ask, Protected, Protection, Unlock, Vault, protected};
pub use update::{
    ComparisonState, ComparisonView, Emoji, GroupView, Hop, Info, KeyView, Link, Notice, OUTBOX_SHOWN,
    Stored, TYPING_LASTS, TheirKey, Update, Waiting,
};

use crate::config::{BrokerAccess, BrokerChoice, Config};
use crate::protocol::Root;

/// To be called first by a process that is going to sign in soon: what takes a while is done aside. It has to be
/// through when the process ends, for which [`finish`] is called.
pub fn prepare() {
    crate::store::prepare();
}

/// What a process with sessions runs on. Two threads, whatever the machine has: one talks to the broker while another
/// seals and opens. To ask how many processors there are takes longer than to start them.
///
/// # Errors
/// When the system gives no more threads or files.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

/// To be called when nothing of the engine is used any more, at the end of the process.
pub fn finish() {
    crate::store::wait_for_threads(Duration::from_secs(2));
}

/// How long the word that we are online holds. We repeat it at half that time.
pub const ONLINE_LASTS: Duration = Duration::from_secs(600);

/// What sessions need to know of the configuration.
#[derive(Clone)]
pub struct Setup {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Which broker to use.
    pub broker: BrokerChoice,
    /// How to know that broker, and to be known to it.
    pub access: BrokerAccess,
    /// The first levels of every topic.
    pub root: Root,
    /// Whether groups by invitation get a CSV file.
    pub private_groups: bool,
    /// Whether others are told that we are writing.
    pub typing: bool,
    /// Whether others are told that their messages were on our screen.
    pub read_receipts: bool,
    /// What is allowed of files.
    pub files: FileRules,
    /// The directory of the log in plain text, where one is wanted.
    pub chat_log: Option<PathBuf>,
    /// How long the word that somebody is online holds. All who use a broker must agree on it.
    pub online_lasts: Duration,
    /// The `cooee` program, which also is the built-in broker.
    pub program: PathBuf,
    /// Tells the time.
    pub clock: Clock,
    /// Where the passphrase of an account comes from that needs one.
    pub unlock: Unlock,
}

impl Setup {
    /// The setup that a configuration asks for. `program` is the `cooee` binary.
    pub fn new(config: &Config, program: PathBuf) -> Self {
        Self {
            data_dir: config.data_dir.clone(),
            broker: config.broker.clone(),
            access: config.access.clone(),
            root: config.topic_root.clone(),
            private_groups: config.private_groups,
            typing: config.typing,
            read_receipts: config.read_receipts,
            files: FileRules::configured(config),
            chat_log: config.chat_log.clone(),
            online_lasts: ONLINE_LASTS,
            program,
            clock: Clock::system(),
            unlock: Unlock::configured(config),
        }
    }

    /// Whether an invite would go to the chosen broker: not to the built-in one here, and not in the clear.
    pub fn sends_invite(&self) -> bool {
        match &self.broker {
            BrokerChoice::BuiltIn => false,
            BrokerChoice::Url(url) => url.is_private(),
        }
    }

    /// The broker as a person would name it, without secrets.
    pub fn broker_label(&self) -> String {
        match &self.broker {
            BrokerChoice::BuiltIn => "built-in broker".to_owned(),
            BrokerChoice::Url(url) => url.to_string(),
        }
    }
}
