//! What is done with messages after they were said, by us and by others.
//!
//! It is a part of the conversation like any other: it has a number, waits in the outbox until it is confirmed, and
//! goes to our other devices. What it comes to the store works out, in whatever order it comes.

use super::command::Ticket;
use super::core::{Core, Fatal};
use super::faces::FaceId;
use super::mail::{Mail, Sender};
use super::update::Update;
use crate::domain::{Alerts, Alteration, Body, ConversationId, Lifetime, Message, MessageId, UserName};
use crate::failpoints::kill_point;
use crate::protocol::{self, Content, Letter};
use crate::store::{Altered, Heard, Incoming as Storable};

/// Most messages that are told as marked.
const MARKED: usize = 500;

impl Core {
    /// Does something with a message, for all.
    pub(super) async fn alter(
        &mut self,
        face: FaceId,
        id: MessageId,
        change: Alteration,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let message = self.store.message(id).await?;
        let to = match self.may_alter(message.as_ref(), &change) {
            Ok(to) => to,
            Err(why) => {
                self.refuse_ticket(face, ticket, why).await;
                return Ok(());
            }
        };
        // It is over when its message is, and stays where that stays.
        let ends_at = message.and_then(|message| message.ends_at);
        let altered = protocol::Altered { of: id, change: change.clone() };
        let mut letter = self.say(&to, Content::Altered(altered));
        letter.life = ends_at.map(|end| Lifetime::covering(end.since(self.mint.now())));
        // First the copy: our other devices have to know of it before they hear what became of it.
        let mut drafts: Vec<_> = self.copy_for_us(&letter, &to).await?.into_iter().collect();
        drafts.extend(self.drafts(&letter, &to).await?);
        drafts.iter_mut().for_each(|draft| draft.ends_at = ends_at);
        let (author, at, told) = (self.me.user.clone(), letter.sent_at, letter.id);
        let altered =
            Altered { conversation: to, of: id, author, at, letter: letter.id, change, ends_at };
        kill_point("alter: before it is stored");
        let queued = self.store.alter(altered, drafts, self.keys.changed()).await?;
        kill_point("alter: stored");
        self.outbox.more();
        self.tell_altered(queued.altered.into_iter().collect()).await?;
        self.tell_progress(queued.progress).await;
        self.faces.answer(face, Update::Told { ticket, letter: told }).await;
        Ok(())
    }

    /// Where that is told, or why it cannot be done.
    fn may_alter(
        &self,
        message: Option<&Message>,
        change: &Alteration,
    ) -> Result<ConversationId, String> {
        let Some(message) = message else { return Err("that message is not here any more".into()) };
        let to = message.conversation.clone();
        if let ConversationId::Room(_) = to {
            return Err("what was said in an open room stays as it is".into());
        }
        if change.is_for_its_author() && !message.is_ours() {
            return Err(match change {
                Alteration::Close => "only who asked may close a poll",
                _ => "only who wrote a message may change it or take it back",
            }
            .into());
        }
        match message.body {
            Body::Text(_) => may_vote(message, change)?,
            Body::Deleted => return Err("that message was deleted".into()),
            _ => return Err("that is no message of a person".into()),
        }
        self.may_write(&to).map(|()| to)
    }

    /// Somebody else, or another device of ours, did something with a message.
    pub(super) fn take_altered(
        &mut self,
        letter: &Letter,
        altered: protocol::Altered,
        conversation: ConversationId,
        (sender, device): Sender,
        mail: &mut Mail,
    ) {
        mail.confirmed.push((sender.clone(), letter.id));
        if let Some(number) = letter.number {
            let (conversation, sender) = (conversation.clone(), sender.clone());
            mail.storable.push(Storable::Heard(Heard { conversation, sender, device, number }));
        }
        if !self.people.is_blocked(&sender) {
            let ends_at = self.end_here(letter, mail);
            let altered = Altered {
                conversation,
                of: altered.of,
                author: sender,
                at: self.believed(letter.sent_at),
                letter: letter.id,
                change: altered.change,
                ends_at,
            };
            self.note_altered(altered, Vec::new(), mail);
        }
    }

    /// An alteration goes into the store; `recipients`: whom it was for, if it is ours.
    pub(super) fn note_altered(&mut self, altered: Altered, recipients: Vec<UserName>, mail: &mut Mail) {
        let thread = self.threads.entry(altered.conversation.clone()).or_default();
        thread.stamp = thread.stamp.max(altered.at);
        mail.storable.push(Storable::Altered { altered, recipients });
    }

    pub(super) async fn tell_altered(&mut self, messages: Vec<Message>) -> Result<(), Fatal> {
        for message in messages.iter().filter(|message| message.body == Body::Deleted) {
            self.forget_file(message.id).await?;
        }
        if !messages.is_empty() {
            self.faces.tell(Update::Altered(messages)).await;
        }
        Ok(())
    }

    pub(super) async fn star(
        &mut self,
        face: FaceId,
        id: MessageId,
        starred: bool,
    ) -> Result<(), Fatal> {
        let message = match self.store.star(id, starred).await? {
            // It was so before: told all the same, for somebody asked.
            None => {
                let message = self.store.message(id).await?;
                self.faces.answer(face, Update::Altered(message.into_iter().collect())).await;
                return Ok(());
            }
            message => message,
        };
        self.tell_altered(message.into_iter().collect()).await
    }

    /// When a conversation calls for us.
    pub(super) async fn set_alerts(
        &mut self,
        conversation: ConversationId,
        alerts: Alerts,
    ) -> Result<(), Fatal> {
        self.store.save_alerts(conversation.clone(), alerts).await?;
        match alerts {
            Alerts::All => self.alerts.remove(&conversation),
            alerts => self.alerts.insert(conversation, alerts),
        };
        let told = self.alerts_told();
        self.faces.tell(told).await;
        Ok(())
    }

    /// What is told of when conversations call for us.
    pub(super) fn alerts_told(&self) -> Update {
        Update::Alerts(self.alerts.iter().map(|(id, alerts)| (id.clone(), *alerts)).collect())
    }

    /// Deletes a message for ourselves.
    pub(super) async fn hide(&mut self, id: MessageId) -> Result<(), Fatal> {
        if let Some(conversation) = self.store.hide(id).await? {
            self.forget_file(id).await?;
            self.faces.tell(Update::Hidden { conversation, id }).await;
        }
        Ok(())
    }

    pub(super) async fn show_marked(
        &mut self,
        face: FaceId,
        pinned_in: Option<ConversationId>,
    ) -> Result<(), Fatal> {
        let messages = self.store.marked(pinned_in.clone(), MARKED).await?;
        self.faces.answer(face, Update::Marked { pinned_in, messages }).await;
        Ok(())
    }
}

/// Whether something can be done with a message because of the poll that it asks, or asks none.
fn may_vote(message: &Message, change: &Alteration) -> Result<(), String> {
    let closed = message.marks.closed;
    match (change, &message.poll) {
        (Alteration::Edit(_), Some(_)) => {
            Err("what is voted on stays as it was asked: close the poll, and ask anew".into())
        }
        (Alteration::Vote(_) | Alteration::Close, None) => Err("that message is no poll".into()),
        (Alteration::Vote(_), Some(_)) if closed => Err("that poll is closed".into()),
        (Alteration::Vote(ballot), Some(poll)) => poll.takes(*ballot),
        (Alteration::Close, Some(_)) if closed => Err("that poll is closed already".into()),
        _ => Ok(()),
    }
}
