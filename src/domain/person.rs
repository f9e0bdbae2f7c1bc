//! People as a list of contacts shows them.

use serde::{Deserialize, Serialize};

use super::{Availability, DisplayName, MobileNumber, UserName};

/// How we know of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// They signed up on this broker.
    Registered,
    /// Somebody wrote them into `Registration.csv`; they have not signed up here.
    ByHand,
}

/// How far a person's key is to be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// We have no key of theirs: nothing can be sent yet.
    #[default]
    Unknown,
    /// The key that we met first. Nobody has compared it with theirs.
    NotVerified,
    /// We have compared it with theirs.
    Verified,
    /// Another key stands for their name. Nothing is sent until a person decides.
    Changed,
}

/// A person as a list of contacts shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their user name.
    pub user: UserName,
    /// What to call them.
    pub display_name: DisplayName,
    /// Their mobile number, if it is known.
    pub mobile: Option<MobileNumber>,
    /// How we know of them.
    pub origin: Origin,
    /// Whether they can be reached now.
    pub availability: Availability,
    /// How far their key is to be trusted.
    pub trust: Trust,
    /// Whether we blocked them: nothing of theirs is shown or answered.
    pub blocked: bool,
}
