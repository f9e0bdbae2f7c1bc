//! Commands about messages, and the way out: outbox, broker, confirmation.

use std::time::Duration;

use tokio::time::Instant;

use super::command::{Command, Ticket};
use super::core::{Core, Fatal};
use super::faces::FaceId;
use super::mail::Mail;
use super::outbox::AHEAD;
use super::update::{Notice, TYPING_LASTS, Update};
use crate::domain::{Body, ConversationId, Delivery, GroupId, Message, MessageText, UserName};
use crate::mqtt::{Outcome, Publish, Request};
use crate::protocol::{Content, Letter, Place, Topic, encode_letter, encode_typing};
use crate::store::{Draft, StoredGroup};

/// How long the broker may hold back a typing notice.
const TYPING_EXPIRY: Duration = Duration::from_secs(10);

impl Core {
    pub(super) async fn on_command(&mut self, face: FaceId, command: Command) -> Result<(), Fatal> {
        match command {
            Command::Send { to, text, ticket } => self.send_text(face, to, text, ticket).await,
            Command::Load { conversation, at, limit } => {
                let page = self.store.page(conversation.clone(), at, limit).await?;
                let update = Update::Page {
                    conversation,
                    at,
                    messages: page.messages,
                    more_before: page.more_before,
                    more_after: page.more_after,
                };
                self.faces.answer(face, update).await;
                Ok(())
            }
            Command::MarkRead(conversation) => {
                let summary = self.store.mark_read(conversation).await?;
                self.tell_summary(summary).await;
                Ok(())
            }
            Command::Typing(conversation) => {
                self.tell_typing(conversation).await;
                Ok(())
            }
            Command::CreateGroup { name, policy, ticket } => {
                self.create_group(face, name, policy, ticket).await
            }
            Command::JoinGroup { group, ticket } => self.join_group(face, group, ticket).await,
            Command::LeaveGroup { group, ticket } => self.leave_group(face, group, ticket).await,
            Command::Invite { group, user, ticket } => self.invite(face, group, user, ticket).await,
            Command::ConnectNow => {
                self.ask(Request::ConnectNow).await;
                Ok(())
            }
        }
    }

    pub(super) async fn refuse_ticket(&mut self, face: FaceId, ticket: Ticket, why: String) {
        self.faces.answer(face, Update::Refused { ticket, why }).await;
    }

    async fn send_text(
        &mut self,
        face: FaceId,
        to: ConversationId,
        text: MessageText,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        if let Err(why) = self.may_write(&to) {
            self.refuse_ticket(face, ticket, why).await;
            return Ok(());
        }
        let letter = self.letter(&to, Content::Text(text.clone()));
        self.queue(letter, to, Body::Text(text), Vec::new(), None, Some((face, ticket))).await
    }

    /// Whether we may write there; if not, why, and what to do.
    fn may_write(&self, to: &ConversationId) -> Result<(), String> {
        match to {
            ConversationId::Direct(user) if *user == self.me.user => {
                Err("that is you: choose somebody else to write to".into())
            }
            ConversationId::Direct(user) if self.people.is_known(user) => Ok(()),
            ConversationId::Direct(user) if self.summaries.contains_key(to) => {
                tracing::debug!(%user, "writing to somebody who is not registered any more");
                Ok(())
            }
            ConversationId::Direct(user) => Err(format!("nobody here is called `{user}`")),
            ConversationId::Group(id) if self.groups.is_member(*id) => Ok(()),
            ConversationId::Group(_) => Err("you are not in this group: join it first".into()),
        }
    }

    /// A letter of ours. In a group it says how we stand to it.
    pub(super) fn letter(&mut self, to: &ConversationId, content: Content) -> Letter {
        let (id, sent_at) = self.mint.message();
        let membership = match to {
            ConversationId::Group(group) => self
                .groups
                .get(*group)
                .and_then(|stored| stored.group.roster.get(&self.me.user).copied()),
            ConversationId::Direct(_) => None,
        };
        Letter { id, sent_at, membership, content }
    }

    /// The draft that carries a letter.
    pub(super) fn draft(&self, letter: &Letter, to: &ConversationId, is_message: bool) -> Draft {
        let (from, device) = (self.me.user.clone(), self.device);
        let topic = match to {
            ConversationId::Direct(to) => Topic::Inbox { to: to.clone(), from, device },
            ConversationId::Group(group) => Topic::Group { group: *group, from, device },
        };
        Draft {
            topic: self.topic(&topic),
            payload: encode_letter(letter),
            retain: false,
            message: is_message.then_some(letter.id),
            recipient: to.clone(),
        }
    }

    /// Stores a letter of ours as a message, with what goes out beside it and how it changes the group,
    /// in one transaction; then tells the front ends.
    pub(super) async fn queue(
        &mut self,
        letter: Letter,
        to: ConversationId,
        body: Body,
        beside: Vec<Draft>,
        group: Option<StoredGroup>,
        author: Option<(FaceId, Ticket)>,
    ) -> Result<(), Fatal> {
        let mut drafts = vec![self.draft(&letter, &to, true)];
        drafts.extend(beside);
        let message = Message {
            id: letter.id,
            conversation: to,
            sender: self.me.user.clone(),
            sent_at: letter.sent_at,
            received_at: self.mint.now(),
            body,
            delivery: Some(Delivery::Queued),
        };
        let moved = group.as_ref().map(|stored| stored.group.id);
        let queued = self.store.queue(Some(message.clone()), drafts, group).await?;
        self.outbox.more();
        // Before the message: whoever shows that has to know the group.
        if let Some(id) = moved {
            self.group_moved(id).await;
        }
        self.faces.tell_stored(vec![message], author).await;
        self.tell_summary(queued.summary).await;
        Ok(())
    }

    /// Tells somebody who just came into a group who else is there.
    pub(super) async fn send_roster(&mut self, id: GroupId, to: UserName) -> Result<(), Fatal> {
        let Some(StoredGroup { group, .. }) = self.groups.get(id) else { return Ok(()) };
        let content = Content::Roster(group.clone());
        let to = ConversationId::Direct(to);
        let letter = self.letter(&to, content);
        let draft = self.draft(&letter, &to, false);
        self.store.queue(None, vec![draft], None).await?;
        self.outbox.more();
        Ok(())
    }

    /// Publishes what the outbox holds, as far as the window allows.
    pub(super) async fn pump(&mut self) -> Result<(), Fatal> {
        if !self.link.is_up() {
            return Ok(());
        }
        loop {
            while let Some(row) = self.outbox.next() {
                // Not every broker says that nobody listens. Whoever signed up has subscribed.
                if let ConversationId::Direct(user) = &row.draft.recipient
                    && !self.people.is_registered(user)
                {
                    let seq = row.seq;
                    self.outbox.park(seq);
                    continue;
                }
                let publish = Publish {
                    topic: row.draft.topic.clone(),
                    payload: row.draft.payload.clone(),
                    retain: row.draft.retain,
                    expiry: None,
                    token: u64::try_from(row.seq).ok(),
                };
                self.ask(Request::Publish(publish)).await;
            }
            let Some(after) = self.outbox.wants() else { return Ok(()) };
            let rows = self.store.outbox(after, AHEAD).await?;
            self.outbox.feed(rows);
        }
    }

    /// The broker answered a publish.
    pub(super) async fn on_published(&mut self, token: u64, outcome: Outcome, mail: &mut Mail) {
        let Some(seq) = Self::outbox_row(token) else {
            self.on_state_refused(outcome).await;
            return;
        };
        match outcome {
            Outcome::NobodyListens if self.is_alone(seq) => self.on_taken(seq, mail),
            Outcome::Taken => self.on_taken(seq, mail),
            Outcome::NobodyListens => self.park(seq),
            Outcome::Refused(reason) => {
                // Trying again soon would be refused again.
                self.outbox.park(seq);
                let words = format!("a message waits in the outbox: {reason}");
                self.faces.tell(Update::Notice(Notice::Warning(words))).await;
            }
        }
    }

    fn on_taken(&mut self, seq: i64, mail: &mut Mail) {
        if let Some(draft) = self.outbox.taken(seq, Instant::now()) {
            mail.sent.extend(draft.message.map(|id| (draft.recipient, id)));
        }
    }

    /// Whether the row is for a group of which we are the only member: nobody can listen.
    fn is_alone(&self, seq: i64) -> bool {
        let Some(ConversationId::Group(id)) = self.outbox.recipient(seq) else { return false };
        let Some(stored) = self.groups.get(*id) else { return false };
        stored.group.members().all(|(user, _)| *user == self.me.user)
    }

    fn park(&mut self, seq: i64) {
        let reachable = self.outbox.recipient(seq).is_some_and(|recipient| match recipient {
            ConversationId::Direct(user) => self.people.is_online(user),
            ConversationId::Group(id) => self.groups.get(*id).is_some_and(|stored| {
                let mut others = stored.group.members().filter(|(user, _)| **user != self.me.user);
                others.any(|(user, _)| self.people.is_online(user))
            }),
        });
        self.outbox.park(seq);
        if reachable {
            self.link.retry_later();
        }
    }

    /// Somebody came online: what waited for them, or for a group of theirs, goes out.
    pub(super) fn release_outbox(&mut self, user: &UserName) {
        self.outbox.release(&ConversationId::Direct(user.clone()));
        let theirs = |group: &&crate::domain::Group| group.has_member(user);
        for id in self.groups.joined().filter(theirs).map(|group| group.id) {
            self.outbox.release(&ConversationId::Group(id));
        }
    }

    /// Rows that the broker took and that have rested leave the outbox.
    pub(super) async fn confirm(&mut self, now: Instant) -> Result<(), Fatal> {
        let rows = self.outbox.rested(now);
        if !rows.is_empty() {
            self.store.confirm(rows).await?;
        }
        Ok(())
    }

    /// Tells the others that we are writing: while connected, and not more often than it lasts.
    async fn tell_typing(&mut self, conversation: ConversationId) {
        if !(self.setup.typing && self.link.is_up()) {
            return;
        }
        let now = Instant::now();
        let told = self.typing_told.get(&conversation);
        if told.is_some_and(|at| now < *at + TYPING_LASTS / 2) {
            return;
        }
        let place = match &conversation {
            ConversationId::Direct(user) => Place::User(user.clone()),
            ConversationId::Group(group) => Place::Group(*group),
        };
        let topic = Topic::Live { place, from: self.me.user.clone(), device: self.device };
        self.typing_told.insert(conversation, now);
        let publish = Publish {
            topic: self.topic(&topic),
            payload: encode_typing(),
            retain: false,
            expiry: Some(TYPING_EXPIRY),
            token: None,
        };
        self.ask(Request::Publish(publish)).await;
    }
}
