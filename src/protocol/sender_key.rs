//! The key of a sender's session in a group.

use serde::{Deserialize, Serialize};

use super::{Malformed, limits};
use crate::domain::GroupId;

/// The key of a sender's session in a group.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderKey {
    /// In which group it is spoken with.
    pub group: GroupId,
    /// The key, as text; at most [`limits::SENDER_KEY`].
    pub key: String,
}

impl std::fmt::Debug for SenderKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SenderKey").field("group", &self.group).finish_non_exhaustive()
    }
}

impl SenderKey {
    /// As long as one may be.
    pub(super) fn checked(self) -> Result<Self, Malformed> {
        match self.key.len() {
            size if size > limits::SENDER_KEY => {
                Err(Malformed::TooLarge { size, limit: limits::SENDER_KEY })
            }
            _ => Ok(self),
        }
    }
}
