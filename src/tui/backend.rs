//! The seam between the front end and whoever signs people up and in.

use std::future::Future;
use std::path::PathBuf;

use tokio::sync::mpsc;

use super::app::{AccountSummary, SignError, SignUpForm};
use crate::domain::{Passphrase, UserName};
use crate::engine::{Command, Update};

/// A running session, as the front end holds it. Dropping `commands` ends it; it then says
/// [`Update::Stopped`] and no more.
#[derive(Debug)]
pub struct Connected {
    /// What the front end asks.
    pub commands: mpsc::Sender<Command>,
    /// What the engine says, [`Update::Welcome`] first.
    pub updates: mpsc::Receiver<Update>,
}

/// Signs people up and in.
///
/// The futures may be dropped before they are done, when the person goes back: what was begun is then
/// to be left so that it can be begun again.
pub trait Backend {
    /// The accounts of the data directory, in the order in which they are offered.
    fn accounts(&self) -> Vec<AccountSummary>;

    /// Where those are kept.
    fn data_dir(&self) -> PathBuf;

    /// What a profile of the configuration has instead, and whom it signs in. It reads files, so it may take its time.
    ///
    /// # Errors
    /// All that is wrong with it, by file and line.
    fn of_profile(&self, name: &str) -> Result<(Self, Option<UserName>), Vec<String>>
    where
        Self: Sized;

    /// The broker as a person would write it.
    fn broker(&self) -> String;

    /// Whether that broker may want an invite of whoever signs up.
    fn asks_invite(&self) -> bool;

    /// A directory in which a text of this user may lie for a while, readable by its owner alone.
    fn private_dir(&self, user: &UserName) -> PathBuf;

    /// Registers a name, and signs it in.
    fn sign_up(&self, form: SignUpForm) -> impl Future<Output = Result<Connected, SignError>>;

    /// Signs in an account of the data directory, with a passphrase if somebody typed one.
    fn sign_in(
        &self,
        user: UserName,
        passphrase: Option<Passphrase>,
    ) -> impl Future<Output = Result<Connected, SignError>>;
}
