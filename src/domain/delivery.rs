//! How far a message of ours has come, in all and to each of its recipients.

use serde::{Deserialize, Serialize};

use super::{Timestamp, UserName};

/// How far a message of ours has come. Later stages are greater, and two reports about one recipient merge
/// by maximum, so their order and repetition do not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// Refused, or given up: it does not go out again by itself. The least, so that a receipt that comes
    /// all the same counts.
    Failed,
    /// In our outbox: the broker has not confirmed it.
    Queued,
    /// The broker took it, for at least one subscriber.
    Sent,
    /// Their Cooee has stored it.
    Delivered,
    /// It was on their screen.
    Read,
}

/// Somebody whom a message of ours was for when it was written, and how far it has come to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Who.
    pub user: UserName,
    /// How far it has come to them.
    pub delivery: Delivery,
    /// When their Cooee stored it, by their clock.
    pub delivered_at: Option<Timestamp>,
    /// When it was on their screen, by their clock.
    pub read_at: Option<Timestamp>,
    /// Why it failed, where it did.
    pub why: Option<String>,
    /// They left the group before they had it: nothing is waited for any more.
    pub left: bool,
}

impl Delivery {
    /// How far a message has come that is for these recipients: as far as to the one who is furthest
    /// behind. Those who left do not count. `None` where nobody counts.
    pub fn least<'a>(recipients: impl IntoIterator<Item = &'a Recipient>) -> Option<Self> {
        recipients.into_iter().filter(|r| !r.left).map(|r| r.delivery).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_message_is_as_far_as_the_last_of_its_members() {
        let to = |name: &str, delivery, left| Recipient {
            user: name.parse().unwrap(),
            delivery,
            delivered_at: None,
            read_at: None,
            why: None,
            left,
        };
        let all = [
            to("ann", Delivery::Read, false),
            to("bob", Delivery::Delivered, false),
            to("eve", Delivery::Queued, true),
        ];
        assert_eq!(Delivery::least(&all), Some(Delivery::Delivered));
        assert_eq!(Delivery::least(&all[2..]), None);
        assert!(Delivery::Failed < Delivery::Queued, "a late receipt counts");
    }
}
