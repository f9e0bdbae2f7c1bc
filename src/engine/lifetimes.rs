//! Messages that disappear: how long they live where they are said, and what is done when one is over.
//!
//! Each letter says how long it lives, so what was set later changes nothing of what was said before. Its sender
//! counts from when it was written, and everybody else as [`Lifetime::end`] says; the broker is told to keep it no
//! longer. When one is over it is taken out of the store with all that there is about it, be it delivered or not.
//! One timer waits for the next.
//!
//! With a person either side sets it, by a letter. Of a group it stands in what its owner and its admins sign, who
//! decide of what is everybody's: so a newcomer hears of it with the rest, and no member ends what others say.

use std::time::Duration;

use tokio::time::Instant;

use super::command::Ticket;
use super::core::{Core, Fatal};
use super::faces::FaceId;
use super::mail::Mail;
use super::update::Update;
use crate::domain::{Body, ConversationId, GroupChange, Lifetime, Message, Timestamp};
use crate::failpoints::kill_point;
use crate::protocol::{Content, Letter};
use crate::store::{Expired, StoredLifetime};

/// The lives of messages of a session.
#[derive(Default)]
pub(super) struct Lifetimes {
    set: Vec<StoredLifetime>,
    /// When the next message is over.
    next: Option<Timestamp>,
}

impl Lifetimes {
    pub fn new(set: Vec<StoredLifetime>, next: Option<Timestamp>) -> Self {
        Self { set, next }
    }

    /// Something is over then.
    pub fn note(&mut self, end: Option<Timestamp>) {
        self.next = [self.next, end].into_iter().flatten().min();
    }

    /// Whether something is over by now.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next.is_some_and(|at| at <= now)
    }
}

impl Core {
    /// How long what is said there lives.
    pub(super) fn lifetime(&self, to: &ConversationId) -> Option<Lifetime> {
        match to {
            ConversationId::Direct(_) => {
                self.lifetimes.set.iter().find(|set| set.conversation == *to)?.lifetime
            }
            ConversationId::Group(id) => self.groups.get(*id)?.group.lifetime,
            ConversationId::Room(_) => None,
        }
    }

    /// When a letter that we write now is over.
    pub(super) fn end_of(&self, letter: &Letter) -> Option<Timestamp> {
        letter.life.map(|life| self.mint.now().plus(life.duration()))
    }

    /// When a letter that came just now is over.
    pub(super) fn end_here(&mut self, letter: &Letter, mail: &Mail) -> Option<Timestamp> {
        let end = letter.life.map(|life| life.end(letter.sent_at, mail.kept_for, self.mint.now()));
        self.lifetimes.note(end);
        end
    }

    /// How long the broker is to keep what is over then.
    pub(super) fn expiry(&self, ends_at: Option<Timestamp>) -> Option<Duration> {
        ends_at.map(|at| at.since(self.mint.now()).max(Duration::from_secs(1)))
    }

    /// The instant at which the next message is over, by the clock as it is set now.
    pub(super) fn next_end(&self) -> Option<Instant> {
        let left = self.lifetimes.next?.since(self.mint.now());
        // Not less: what is over is over a moment after.
        Some(Instant::now() + left.min(Duration::from_secs(3_600)) + Duration::from_millis(1))
    }

    /// What is told of how long messages live.
    pub(super) fn lifetimes_told(&self) -> Update {
        let told = |set: &StoredLifetime| Some((set.conversation.clone(), set.lifetime?));
        Update::Lifetimes(self.lifetimes.set.iter().filter_map(told).collect())
    }

    /// Some of these messages may say how long others live.
    pub(super) async fn note_lifetimes(&mut self, fresh: &[Message]) -> Result<(), Fatal> {
        if fresh.iter().any(|message| matches!(message.body, Body::Lifetime(_))) {
            self.lifetimes.set = self.store.lifetimes().await?;
            let told = self.lifetimes_told();
            self.faces.tell(told).await;
        }
        Ok(())
    }

    /// Takes out what is over by now.
    pub(super) async fn expire(&mut self) -> Result<(), Fatal> {
        while self.lifetimes.is_due(self.mint.now()) {
            kill_point("expire: before it is taken out");
            let expired = self.store.expire(self.mint.now()).await?;
            kill_point("expire: taken out");
            let Expired { gone, undelivered, letters, summaries, next } = expired;
            self.lifetimes.next = next;
            self.outbox.forget(&letters);
            for (conversation, count) in undelivered {
                self.warn(self.undelivered(&conversation, count)).await;
            }
            for (_, id) in &gone {
                self.forget_file(*id).await?;
            }
            if !gone.is_empty() {
                self.faces.tell(Update::Gone(gone)).await;
            }
            for summary in summaries {
                self.tell_summary(Some(summary)).await;
            }
        }
        Ok(())
    }

    fn undelivered(&self, conversation: &ConversationId, count: u32) -> String {
        let to = match conversation {
            ConversationId::Direct(user) => format!("to {user}"),
            ConversationId::Group(id) => {
                let known = self.groups.get(*id);
                known.map_or("in a group".to_owned(), |known| format!("in #{}", known.group.name))
            }
            ConversationId::Room(room) => format!("in {room}"),
        };
        match count {
            1 => format!("a message {to} was over before everybody had it: it is gone"),
            _ => format!("{count} messages {to} were over before everybody had them: they are gone"),
        }
    }

    /// Sets how long messages live from now on.
    pub(super) async fn set_lifetime(
        &mut self,
        face: FaceId,
        conversation: ConversationId,
        lifetime: Option<Lifetime>,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let refused = match &conversation {
            ConversationId::Group(id) => {
                let change = GroupChange::Lifetime(lifetime);
                return self.change_group(face, *id, change, ticket).await;
            }
            ConversationId::Room(_) => {
                Err("what was said in an open room stays: everybody there may have kept it".to_owned())
            }
            ConversationId::Direct(_) if self.lifetime(&conversation) == lifetime => {
                Err("it is so already".to_owned())
            }
            ConversationId::Direct(_) => self.may_write(&conversation),
        };
        if let Err(why) = refused {
            self.refuse_ticket(face, ticket, why).await;
            return Ok(());
        }
        let letter = self.say(&conversation, Content::Lifetime(lifetime));
        let body = Body::Lifetime(lifetime);
        self.queue(letter, conversation, body, Default::default(), None, None).await?;
        self.faces.answer(face, Update::Agreed { ticket }).await;
        Ok(())
    }
}
