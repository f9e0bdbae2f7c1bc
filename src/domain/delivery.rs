//! How far a message of ours has come.

use serde::{Deserialize, Serialize};

/// How far a message of ours has come. Later stages are greater, and two reports merge by maximum, so
/// their order and repetition do not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// In our outbox: the broker has not confirmed it.
    Queued,
    /// The broker took it, for at least one subscriber.
    Sent,
}
