//! Messages of ours that are stored, and that have yet to come as far as somebody waits for.

use std::collections::BTreeMap;

use super::Error;
use super::attached::Attached;
use crate::domain::{ConversationId, Delivery, Message, MessageId, Origin, PageAt};
use crate::engine::{Command, Link, Update};

/// Messages of ours that have yet to come so far.
pub(super) struct Unconfirmed {
    messages: BTreeMap<MessageId, Message>,
    wanted: Delivery,
}

impl Unconfirmed {
    /// None yet; each is done when it has come as far as `wanted`.
    pub fn new(wanted: Delivery) -> Self {
        Self { messages: BTreeMap::new(), wanted }
    }

    /// One more was stored.
    pub fn add(&mut self, message: Message) {
        self.messages.insert(message.id, message);
    }

    pub fn len(&self) -> usize {
        self.messages.len()
    }

    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Takes out those that have come as far by this update, or failed.
    pub fn note(&mut self, update: &Update) -> Vec<Message> {
        let done = |delivery: Option<Delivery>| {
            delivery >= Some(self.wanted) || delivery == Some(Delivery::Failed)
        };
        let sent = |id: MessageId, delivery| done(delivery).then_some((id, delivery));
        let confirmed: Vec<_> = match update {
            Update::Delivery { id, delivery, .. } => sent(*id, Some(*delivery)).into_iter().collect(),
            Update::Page { messages, .. } => {
                messages.iter().filter_map(|message| sent(message.id, message.delivery)).collect()
            }
            _ => Vec::new(),
        };
        let take = |(id, delivery)| Some(Message { delivery, ..self.messages.remove(&id)? });
        confirmed.into_iter().filter_map(take).collect()
    }

    /// In another session: what was confirmed in between is in the history alone.
    pub async fn ask_again(&self, attached: &Attached) {
        for message in self.messages.values() {
            let (conversation, at) = (message.conversation.clone(), PageAt::Around(message.key()));
            attached.ask(Command::Load { conversation, at, limit: 1 }).await;
        }
    }

    /// They were not confirmed in time: why, as far as can be told. `more` were not even stored yet.
    pub fn late(&self, attached: &Attached, more: usize) -> Error {
        let why = match (&attached.link, self.messages.values().next().map(|m| &m.conversation)) {
            (Link::Down { reason, .. }, _) => format!("no connection to the broker: {reason}"),
            (Link::Connecting, _) => "the broker does not answer".to_owned(),
            (Link::Up, Some(ConversationId::Direct(user)))
                if attached.people.get(user).is_some_and(|p| p.origin == Origin::ByHand) =>
            {
                format!("{user} has not signed up on this broker")
            }
            (Link::Up, _) if self.wanted > Delivery::Sent => {
                "it is not confirmed by everybody it is for".to_owned()
            }
            (Link::Up, _) => "the broker has not taken it".to_owned(),
        };
        Error::NotConfirmed { count: self.len() + more, why }
    }
}
