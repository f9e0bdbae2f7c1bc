//! What the front end and whoever signs people up or in tell each other: plain values.

use std::path::PathBuf;

use crate::config::Invite;
use crate::domain::{DisplayName, MobileNumber, UserName};
use crate::engine::Protection;

/// An account of this data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSummary {
    /// Its user name.
    pub user: UserName,
    /// What it is called.
    pub display_name: DisplayName,
}

/// A checked sign-up form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignUpForm {
    /// The name to register.
    pub user: UserName,
    /// What to be called.
    pub display_name: DisplayName,
    /// A mobile number to publish, if any.
    pub mobile: Option<MobileNumber>,
    /// The right to register a name on a broker that asks for it, where one was written.
    pub invite: Option<Invite>,
    /// What is to protect the account on this machine.
    pub protection: Protection,
}

/// A field of the sign-up form, or the one that asks for a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldName {
    /// The user name.
    User,
    /// The display name.
    DisplayName,
    /// The mobile number.
    Mobile,
    /// The invite to a built-in broker on a network.
    Invite,
    /// What is to protect the account.
    Protection,
    /// The passphrase.
    Passphrase,
    /// The passphrase once more.
    Again,
}

/// Why somebody could not be signed up or in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct SignError {
    /// The field that is to blame, if one is. [`FieldName::Passphrase`] at a sign-in asks for the passphrase,
    /// again if there was one.
    pub field: Option<FieldName>,
    /// What failed, on which object.
    pub what: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

/// What the front end knows before anybody is signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The accounts of this data directory.
    pub accounts: Vec<AccountSummary>,
    /// The broker as a person would write it.
    pub broker: String,
    /// Whether that broker may want an invite of whoever signs up.
    pub asks_invite: bool,
    /// Where those accounts are kept.
    pub data_dir: PathBuf,
    /// The profile of the configuration that says so, where the person named one while the program ran.
    pub profile: Option<String>,
    /// Sign this account in at once.
    pub sign_in: Option<UserName>,
}
