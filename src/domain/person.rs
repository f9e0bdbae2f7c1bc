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
}
