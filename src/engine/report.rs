//! What a person asks about messages on their way: where each is, what it waits for, and what to do.

use tokio::time::Instant;

use super::core::{Core, Fatal};
use super::faces::FaceId;
use super::update::{Hop, Info, OUTBOX_SHOWN, Update, Waiting};
use crate::domain::{ConversationId, Delivery, MessageId, Recipient, UserName};
use crate::store::{OutboxState, Tracked};

/// What stands beside a message that a person gave up.
const GIVEN_UP: &str = "you gave it up";

impl Core {
    /// Tells all about the delivery of a message of ours.
    pub(super) async fn tell_info(&mut self, face: FaceId, id: MessageId) -> Result<(), Fatal> {
        let Some(tracked) = self.store.tracked(id).await? else { return Ok(()) };
        let delivery = tracked.message.as_ref().and_then(|message| message.delivery);
        let Some(delivery) = delivery else { return Ok(()) };
        self.watched = Some(id);
        let waits_for = self.hop(&tracked);
        let info = Info { id, delivery, recipients: tracked.recipients, waits_for };
        self.faces.answer(face, Update::Info(info)).await;
        Ok(())
    }

    /// A receipt of the message that was asked about came: whoever shows it asks again.
    pub(super) async fn tell_watched(&mut self) -> Result<(), Fatal> {
        let Some(id) = self.watched else { return Ok(()) };
        let message = self.store.tracked(id).await?.and_then(|tracked| tracked.message);
        let Some((message, delivery)) = message.and_then(|m| m.delivery.map(|d| (m, d))) else {
            return Ok(());
        };
        let conversation = message.conversation;
        self.faces.tell(Update::Delivery { conversation, id, delivery }).await;
        Ok(())
    }

    /// Tells how far a letter of ours has come.
    pub(super) async fn tell_letter(&mut self, face: FaceId, id: MessageId) -> Result<(), Fatal> {
        let tracked = self.store.tracked(id).await?.filter(|tracked| tracked.state.is_some());
        let delivery = tracked.map(|tracked| self.waiting(tracked).delivery);
        self.faces.answer(face, Update::Letter { id, delivery }).await;
        Ok(())
    }

    /// Tells what is in the outbox.
    pub(super) async fn tell_outbox(&mut self, face: FaceId, changed: u64) -> Result<(), Fatal> {
        let (tracked, total) = self.store.waiting(OUTBOX_SHOWN).await?;
        let waiting = tracked.into_iter().map(|tracked| self.waiting(tracked)).collect();
        self.faces.answer(face, Update::Outbox { waiting, total, changed }).await;
        Ok(())
    }

    /// Sends what failed again.
    pub(super) async fn retry(&mut self, face: FaceId, letters: Vec<MessageId>) -> Result<(), Fatal> {
        let moved = self.store.retry(letters).await?;
        self.outbox.more();
        self.tell_progress(moved.progress).await;
        self.tell_outbox(face, moved.letters).await
    }

    /// Gives letters up.
    pub(super) async fn give_up(&mut self, face: FaceId, letters: Vec<MessageId>) -> Result<(), Fatal> {
        let moved = self.store.give_up(letters.clone(), GIVEN_UP.to_owned()).await?;
        self.outbox.forget(&letters);
        self.tell_progress(moved.progress).await;
        self.tell_outbox(face, moved.letters).await
    }

    fn waiting(&self, tracked: Tracked) -> Waiting {
        let counts = Delivery::least(&tracked.recipients);
        let delivery = counts.unwrap_or(match tracked.state {
            Some(OutboxState::Due) => Delivery::Queued,
            Some(OutboxState::Refused) => Delivery::Failed,
            Some(OutboxState::Taken) | None => Delivery::Sent,
        });
        let waits_for = self.hop(&tracked).unwrap_or(Hop::Broker);
        let open = open(&tracked.recipients);
        Waiting { id: tracked.id, to: tracked.to, message: tracked.message, delivery, open, waits_for }
    }

    /// What a letter waits for; `None` when it has arrived everywhere.
    fn hop(&self, tracked: &Tracked) -> Option<Hop> {
        let failed = tracked.recipients.iter().find(|r| r.delivery == Delivery::Failed && !r.left);
        if let Some(failed) = failed {
            return Some(Hop::Person(failed.why.clone().unwrap_or_default()));
        }
        let hop = match tracked.state? {
            _ if !self.link.is_up() => Hop::Link,
            // In an open room nobody has to listen.
            OutboxState::Due if matches!(tracked.to, ConversationId::Room(_)) => Hop::Broker,
            OutboxState::Due if self.outbox.is_parked(tracked.id) => Hop::Listener,
            // Said in the open: nobody else could tell.
            OutboxState::Refused if tracked.recipients.is_empty() => {
                Hop::Person("the broker refuses it".to_owned())
            }
            OutboxState::Due | OutboxState::Refused => Hop::Broker,
            OutboxState::Taken => {
                let (online, away): (Vec<_>, Vec<_>) =
                    open(&tracked.recipients).into_iter().partition(|u| self.people.is_online(u));
                if online.is_empty() { Hop::Away(away) } else { self.receipt_of(online) }
            }
        };
        Some(hop)
    }

    fn receipt_of(&self, users: Vec<UserName>) -> Hop {
        let due = users.iter().filter_map(|user| self.resends.due(user)).min();
        let retry_in = due.map(|due| due.saturating_duration_since(Instant::now()));
        Hop::Receipt { users, retry_in }
    }
}

/// Who has not confirmed it.
fn open(recipients: &[Recipient]) -> Vec<UserName> {
    let open = recipients.iter().filter(|r| r.delivery < Delivery::Delivered && !r.left);
    open.map(|r| r.user.clone()).collect()
}
