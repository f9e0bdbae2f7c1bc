//! The way out: from the outbox to the broker, and again to those who did not confirm.

use tokio::time::Instant;

use super::core::{Core, Fatal};
use super::mail::Mail;
use super::outbox::AHEAD;
use super::resends::AT_ONCE;
use super::update::{Notice, Update};
use crate::domain::{ConversationId, Timestamp, UserName};
use crate::failpoints::kill_point;
use crate::mqtt::{Outcome, Publish, Request};
use crate::protocol::Topic;
use crate::store::{Moved, OutboxRow, Progress};

/// What a publish was for, by the number that comes back with the broker's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A row of the outbox.
    Row(i64),
    /// A letter that goes to somebody again.
    Resend,
    /// Our own retained records.
    State,
    /// A part of a file.
    Chunk,
    /// The last word of a session.
    Goodbye,
}

impl From<Token> for u64 {
    fn from(token: Token) -> Self {
        match token {
            // Row numbers begin at 1.
            Token::Row(seq) => seq.unsigned_abs(),
            Token::Chunk => u64::MAX - 3,
            Token::Resend => u64::MAX - 2,
            Token::Goodbye => u64::MAX - 1,
            Token::State => u64::MAX,
        }
    }
}

impl From<u64> for Token {
    fn from(number: u64) -> Self {
        match (i64::try_from(number), number) {
            (Ok(seq), _) => Self::Row(seq),
            (_, n) if n == u64::from(Self::Chunk) => Self::Chunk,
            (_, n) if n == u64::from(Self::Resend) => Self::Resend,
            (_, n) if n == u64::from(Self::Goodbye) => Self::Goodbye,
            _ => Self::State,
        }
    }
}

/// Whether rows leave the outbox as soon as they are handed over: a test shows by it that it would notice.
fn forgets() -> bool {
    fail::fail_point!("outbox::forget", |_| true);
    false
}

impl Core {
    /// Publishes what the outbox holds, as far as the window allows, and what is due to go again.
    pub(super) async fn pump(&mut self) -> Result<(), Fatal> {
        // Who we are is said before anything else is, and nothing before it is known that no copy of us was here.
        if !self.link.is_up() || self.link.greet_at.is_some() {
            return Ok(());
        }
        self.pull().await?;
        loop {
            while let Some(row) = self.outbox.next() {
                // Not every broker says that nobody listens. Whoever signed up has subscribed.
                if let ConversationId::Direct(user) = &row.to
                    && *user != self.me.user
                    && !self.people.is_registered(user)
                {
                    let seq = row.seq;
                    self.outbox.park(seq);
                    continue;
                }
                let row = row.clone();
                let Some(payload) = self.sealed(&row).await? else {
                    self.outbox.park(row.seq);
                    continue;
                };
                let (letter, token) = (row.letter, Token::Row(row.seq));
                self.publish_letter(row.topic, payload, row.ends_at, token).await;
                kill_point("send: handed over");
                if forgets() {
                    self.store.give_up(vec![letter], String::new()).await?;
                }
            }
            let Some(after) = self.outbox.wants() else { break };
            let rows = self.store.due(after, AHEAD).await?;
            self.outbox.feed(rows);
        }
        self.owes = false;
        self.resend().await?;
        // Last: what people write does not wait for files.
        self.serve().await
    }

    /// The final bytes of a row, which may have waited for keys; `None` where it still has to.
    async fn sealed(&mut self, row: &OutboxRow) -> Result<Option<Vec<u8>>, Fatal> {
        if row.payload.is_some() {
            return Ok(row.payload.clone());
        }
        let payload = match &row.to {
            ConversationId::Direct(user) if !self.is_for(user, &row.clear) => {
                self.store.give_up(vec![row.letter], String::new()).await?;
                return Ok(None);
            }
            ConversationId::Direct(user) => self.seal_direct(user, &row.clear).await?,
            // Another device of ours had sealed it.
            ConversationId::Group(group) => {
                let (keys, payload) = self.seal_group(*group, &row.clear).await?;
                self.store.queue(None, keys, None, self.keys.changed()).await?;
                self.outbox.more();
                Some(payload)
            }
            // It is written once, and not sealed.
            ConversationId::Room(_) => return Ok(None),
        };
        let sealed = payload.iter().map(|payload| (row.seq, payload.clone())).collect();
        kill_point("send: before it is sealed");
        self.store.seal(sealed, self.keys.changed()).await?;
        kill_point("send: sealed");
        Ok(payload)
    }

    /// What goes to the inbox of somebody again: the same bytes. Where they cannot open what was sealed for a
    /// group, it is sealed for them alone.
    async fn sealed_again(
        &mut self,
        user: &UserName,
        row: &OutboxRow,
    ) -> Result<Option<Vec<u8>>, Fatal> {
        match row.to {
            ConversationId::Group(_) if self.recovery.apart.contains(user) => {
                let payload = self.seal_direct(user, &row.clear).await?;
                self.store.seal(Vec::new(), self.keys.changed()).await?;
                Ok(payload)
            }
            _ => self.sealed(row).await,
        }
    }

    async fn publish_letter(
        &mut self,
        topic: String,
        payload: Vec<u8>,
        ends_at: Option<Timestamp>,
        token: Token,
    ) {
        let (token, expiry) = (Some(token.into()), self.expiry(ends_at));
        let publish = Publish { topic, payload, retain: false, expiry, token };
        self.ask(Request::Publish(publish)).await;
    }

    /// What is not confirmed goes to the inbox of whom it is due to: there is always somebody subscribed to
    /// that, while a group's topic is only heard by those whose subscription the broker has not forgotten.
    async fn resend(&mut self) -> Result<(), Fatal> {
        let now = Instant::now();
        while let Some(user) = self.resends.next(now) {
            if !self.people.is_online(&user) {
                self.resends.gone(&user);
                continue;
            }
            let (rows, progress) = self.store.resend(user.clone(), AT_ONCE).await?;
            kill_point("again: counted");
            self.resends.sent(&user, rows.len(), now);
            tracing::debug!(%user, letters = rows.len(), "not confirmed: they go again");
            let (to, from) = (user.clone(), self.me.user.clone());
            let inbox = self.topic(&Topic::Inbox { to, from, device: self.device });
            for row in rows {
                let Some(payload) = self.sealed_again(&user, &row).await? else {
                    self.resends.answered();
                    continue;
                };
                self.publish_letter(inbox.clone(), payload, row.ends_at, Token::Resend).await;
                kill_point("again: handed over");
            }
            self.tell_progress(progress).await;
        }
        Ok(())
    }

    /// The broker answered a publish.
    pub(super) async fn on_published(
        &mut self,
        token: u64,
        outcome: Outcome,
        mail: &mut Mail,
    ) -> Result<(), Fatal> {
        let seq = match Token::from(token) {
            Token::Row(seq) => seq,
            Token::Resend => {
                self.resends.answered();
                return Ok(());
            }
            Token::Chunk => {
                self.on_chunk_published(&outcome);
                return Ok(());
            }
            Token::State | Token::Goodbye => {
                self.on_state_refused(outcome).await;
                return Ok(());
            }
        };
        match outcome {
            Outcome::NobodyListens if self.is_alone(seq) || self.is_for_us(seq) || self.is_open(seq) => {
                self.on_taken(seq, mail)
            }
            Outcome::Taken => self.on_taken(seq, mail),
            Outcome::NobodyListens => self.park(seq),
            Outcome::NotNow(why) => {
                self.outbox.park(seq);
                self.link.retry_later();
                self.warn(format!("a message waits in the outbox: {why}")).await;
            }
            Outcome::Refused(why) if self.outbox.answered(seq) => {
                let moved = self.store.refused(seq, why.clone()).await?;
                self.tell_progress(moved.progress).await;
                self.warn(format!("the broker refuses a message: {why}")).await;
            }
            Outcome::Refused(_) => {}
        }
        Ok(())
    }

    pub(super) async fn warn(&mut self, words: String) {
        self.faces.tell(Update::Notice(Notice::Warning(words))).await;
    }

    fn on_taken(&mut self, seq: i64, mail: &mut Mail) {
        if self.outbox.answered(seq) {
            mail.taken.push(seq);
        }
    }

    /// The broker took these rows: whom they are for are to confirm them.
    pub(super) async fn note_taken(&mut self, rows: Vec<i64>) -> Result<(), Fatal> {
        kill_point("send: taken by the broker");
        let Moved { progress, open, .. } = self.store.taken(rows).await?;
        kill_point("send: noted as taken");
        let now = Instant::now();
        for user in open {
            let online = self.people.is_online(&user);
            let is_new = online && self.newcomers.contains(&user);
            self.resends.owe(user.clone(), online, now);
            // Whether the broker knows of their subscription is not sure yet: a copy goes to their inbox.
            if is_new {
                self.resends.hurry(&user, now);
            }
        }
        self.tell_progress(progress).await;
        Ok(())
    }

    /// Tells how far messages of ours have come.
    pub(super) async fn tell_progress(&mut self, progress: Vec<Progress>) {
        for Progress { conversation, id, delivery } in progress {
            self.faces.tell(Update::Delivery { conversation, id, delivery }).await;
        }
    }

    /// Whether the row is for our other devices.
    fn is_for_us(&self, seq: i64) -> bool {
        let to = self.outbox.recipient(seq);
        matches!(to, Some(ConversationId::Direct(user)) if *user == self.me.user)
    }

    /// Whether the row is for an open room: it is for whoever listens, be it nobody.
    fn is_open(&self, seq: i64) -> bool {
        matches!(self.outbox.recipient(seq), Some(ConversationId::Room(_)))
    }

    /// Whether the row is for a group of which we are the only member: nobody can listen.
    fn is_alone(&self, seq: i64) -> bool {
        let Some(ConversationId::Group(id)) = self.outbox.recipient(seq) else { return false };
        self.groups.get(*id).is_some() && self.others_in(*id).is_empty()
    }

    fn park(&mut self, seq: i64) {
        let reachable = self.outbox.recipient(seq).is_some_and(|to| match to {
            ConversationId::Direct(user) => self.people.is_online(user),
            ConversationId::Group(id) => {
                self.others_in(*id).iter().any(|user| self.people.is_online(user))
            }
            ConversationId::Room(_) => true,
        });
        self.outbox.park(seq);
        if reachable {
            self.link.retry_later();
        }
    }

    /// Somebody can be reached now: what waited for them, or for a group of theirs, goes out.
    pub(super) fn release_outbox(&mut self, user: &UserName) {
        self.outbox.release(&ConversationId::Direct(user.clone()));
        let theirs = |group: &&crate::domain::Group| group.has_member(user);
        for id in self.groups.joined().filter(theirs).map(|group| group.id) {
            self.outbox.release(&ConversationId::Group(id));
        }
    }

    /// Somebody came online, or connected anew.
    pub(super) fn on_seen(&mut self, user: &UserName) {
        self.release_outbox(user);
        self.resends.seen(user, Instant::now());
        self.files.seen(user);
        self.gaps.seen();
    }
}
