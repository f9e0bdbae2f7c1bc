//! The messenger without a face: [`Command`] in, [`Update`] out.
//!
//! This layer ties the parts below it together. A session is one task, `core`, that owns all state and
//! takes in turn what front ends ask, what the connection tells and what the CSV files say. It stores
//! before it acknowledges and before it tells anybody, and publishes from the outbox alone; nothing here
//! draws, parses a command line, or reads the configuration.
//!
//! - `session` signs in and starts the task, `sign_up` registers a name, `attach` lets other processes
//!   join the session;
//! - `link` follows the connection and the timers, `mail` sorts what comes in, `sending` and `membership`
//!   do what is asked;
//! - `people`, `groups`, `outbox` and `faces` each hold one part of the state with its rules;
//! - `registrar` keeps the CSV files up to date, `dialer` says where to connect, `clock` is the one
//!   source of time and ids;
//! - `doctor` examines a broker.
//!
//! What is promised until there are receipts from end to end: a message that shows *sent* was taken by
//! the broker for at least one subscriber, and is delivered as long as the broker keeps what it took. One
//! that shows *queued* lies in our outbox and goes out again with the same id after every reconnect, so
//! nothing typed is lost, and what arrives twice is stored once.

mod account;
mod attach;
mod clock;
mod command;
mod core;
mod dialer;
pub mod doctor;
mod error;
mod faces;
mod groups;
mod link;
mod mail;
mod membership;
mod outbox;
mod people;
mod registrar;
mod sending;
mod session;
mod sign_up;
mod update;

use std::path::PathBuf;

pub use crate::domain::PageAt;
pub use account::accounts;
pub use clock::Clock;
pub use command::{Command, Ticket};
pub use error::Error;
pub use session::Session;
pub use sign_up::{SignUp, sign_up};
pub use update::{GroupView, Link, Notice, Stored, TYPING_LASTS, Update};

use crate::config::{BrokerChoice, Config};
use crate::protocol::Root;

/// What sessions need to know of the configuration.
#[derive(Clone)]
pub struct Setup {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Which broker to use.
    pub broker: BrokerChoice,
    /// The first levels of every topic.
    pub root: Root,
    /// Whether groups by invitation get a CSV file.
    pub private_groups: bool,
    /// Whether others are told that we are writing.
    pub typing: bool,
    /// The `cooee` program, which also is the built-in broker.
    pub program: PathBuf,
    /// Tells the time.
    pub clock: Clock,
}

impl Setup {
    /// The setup that a configuration asks for. `program` is the `cooee` binary.
    pub fn new(config: &Config, program: PathBuf) -> Self {
        Self {
            data_dir: config.data_dir.clone(),
            broker: config.broker.clone(),
            root: config.topic_root.clone(),
            private_groups: config.private_groups,
            typing: config.typing,
            program,
            clock: Clock::system(),
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
