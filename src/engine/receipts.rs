//! Receipts: those that we owe to others, and what we do when numbers are missing.
//!
//! What came in is confirmed in the transaction that stores it, and again whenever it comes again: its sender
//! does not know that we have it. Nothing is confirmed that we did not understand, and nothing to somebody of
//! whom we do not know that they signed up: it would wait in the outbox for ever.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::core::{Core, Fatal};
use super::mail::{Mail, Sender};
use crate::domain::{ConversationId, Delivery, MessageId, UserName};
use crate::failpoints::kill_point;
use crate::protocol::{Content, Missing, Receipt, Stage, limits};
use crate::store::{Draft, Gap, Incoming as Storable};

/// How long what is missing may still come by itself.
const PATIENCE: Duration = Duration::from_secs(2);

/// The longest time between two questions.
const SELDOM: Duration = Duration::from_secs(600);

/// Most letters of people who have not signed up that are remembered, in case they have.
const STRANGERS: usize = 10_000;

/// When to ask for what is missing.
#[derive(Default)]
pub(super) struct Gaps {
    due: Option<Instant>,
    wait: Duration,
}

impl Gaps {
    /// Numbers are missing that were not before, or may be since an earlier session.
    pub fn found(&mut self) {
        self.wait = PATIENCE;
        self.due.get_or_insert(Instant::now() + PATIENCE);
    }

    /// Somebody came online who may have what is missing.
    pub fn seen(&mut self) {
        if self.wait > Duration::ZERO {
            self.found();
        }
    }

    /// When to ask next.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it is time to ask.
    pub fn take_due(&mut self, now: Instant) -> bool {
        self.due.take_if(|due| *due <= now).is_some()
    }

    /// Something is still missing after we asked, or not.
    fn asked(&mut self, missing: bool) {
        self.wait = if missing { (self.wait * 4).min(SELDOM) } else { Duration::ZERO };
        self.due = missing.then(|| Instant::now() + self.wait);
    }
}

impl Core {
    /// What tells the senders that we have stored these letters of theirs. On a first sign-in their letters
    /// may come before their profiles: those are confirmed when the profile is here.
    pub(super) async fn confirmations(
        &mut self,
        letters: Vec<(UserName, MessageId)>,
    ) -> Result<Vec<Storable>, Fatal> {
        let (known, strangers): (Vec<_>, Vec<_>) =
            letters.into_iter().partition(|(sender, _)| self.people.is_registered(sender));
        let room = STRANGERS.saturating_sub(self.unconfirmed.len());
        self.unconfirmed.extend(strangers.into_iter().take(room));
        let drafts = self.receipts(Stage::Delivered, known).await?;
        Ok(drafts.into_iter().map(Storable::Answer).collect())
    }

    /// Somebody has signed up: what they wrote before we knew is confirmed with the next that comes.
    pub(super) fn confirm_known(&mut self, user: &UserName, mail: &mut Mail) {
        mail.confirmed.extend(self.unconfirmed.extract_if(.., |(sender, _)| sender == user));
    }

    async fn receipts(
        &mut self,
        stage: Stage,
        letters: Vec<(UserName, MessageId)>,
    ) -> Result<Vec<Draft>, Fatal> {
        let mut by_sender: BTreeMap<UserName, Vec<MessageId>> = BTreeMap::new();
        for (sender, letter) in letters {
            if self.people.is_registered(&sender) && !self.people.is_blocked(&sender) {
                by_sender.entry(sender).or_default().push(letter);
            }
        }
        let at = self.mint.now();
        let mut drafts = Vec::new();
        for (sender, letters) in by_sender {
            for letters in letters.chunks(limits::RECEIPT) {
                let receipt = Receipt { stage, at, letters: letters.to_vec() };
                let notice = self.notice(Content::Receipt(receipt));
                drafts.push(self.draft_to(&notice, &sender).await?);
            }
        }
        self.owes |= !drafts.is_empty();
        Ok(drafts)
    }

    /// Whether somebody should be told that we have what they wrote, and can be before long.
    pub(super) fn owes_confirmation(&self) -> bool {
        let may_learn_who = self.link.is_settling() && !self.unconfirmed.is_empty();
        match self.link.is_up() {
            true => self.owes || may_learn_who,
            false => self.link.is_subscribing && (self.owes || !self.unconfirmed.is_empty()),
        }
    }

    /// Letters came again. What came in the same bytes is confirmed again; a session that began with something
    /// that had come before is worth nothing.
    pub(super) async fn on_repeated(
        &mut self,
        begun: &[(MessageId, Sender, String)],
        repeated: &[MessageId],
        again: Vec<(UserName, MessageId)>,
    ) -> Result<(), Fatal> {
        for (_, (user, device), session) in begun.iter().filter(|(letter, ..)| repeated.contains(letter))
        {
            self.keys.throw_away(user, *device, session);
        }
        if again.is_empty() && begun.is_empty() {
            return Ok(());
        }
        let answers = self.confirmations(again).await?;
        let secrets = self.keys.changed().into_iter().map(Storable::Secret);
        let storable: Vec<Storable> = answers.into_iter().chain(secrets).collect();
        if !storable.is_empty() {
            self.store.receive(storable).await?;
            self.outbox.more();
        }
        Ok(())
    }

    /// Messages that came again had been read before: their senders may not have heard of that.
    pub(super) async fn repeat_read(
        &mut self,
        letters: Vec<(UserName, MessageId)>,
    ) -> Result<(), Fatal> {
        if self.setup.read_receipts && !letters.is_empty() {
            let drafts = self.receipts(Stage::Read, letters).await?;
            self.store.queue(None, drafts, None, self.keys.changed()).await?;
            self.outbox.more();
        }
        Ok(())
    }

    /// Messages of others are on the screen.
    pub(super) async fn see(&mut self, letters: Vec<MessageId>) -> Result<(), Fatal> {
        let unseen = self.store.unseen(letters).await?;
        if unseen.is_empty() {
            return Ok(());
        }
        let letters = unseen.iter().map(|(_, letter)| *letter).collect();
        let drafts = match self.setup.read_receipts {
            true => self.receipts(Stage::Read, unseen).await?,
            false => Vec::new(),
        };
        kill_point("seen: before it is stored");
        self.store.see(letters, drafts, self.keys.changed()).await?;
        kill_point("seen: stored");
        self.outbox.more();
        Ok(())
    }

    /// Somebody tells what became of letters of ours.
    pub(super) fn on_receipt(&mut self, member: UserName, receipt: Receipt, mail: &mut Mail) {
        let Receipt { stage, at, letters } = receipt;
        self.resends.confirmed(&member, letters.len(), Instant::now());
        self.newcomers.remove(&member);
        mail.watched_moves |= self.watched.is_some_and(|id| letters.contains(&id));
        let delivery = match stage {
            Stage::Delivered => Delivery::Delivered,
            Stage::Read => Delivery::Read,
        };
        mail.storable.push(Storable::Receipt { member, delivery, at, letters });
    }

    /// Somebody misses what we said: they did not confirm it, so it goes to them again.
    pub(super) fn on_missing(&mut self, member: &UserName, missing: Missing) {
        tracing::debug!(%member, ?missing, "asked for what is missing");
        self.resends.missed(member, Instant::now());
    }

    /// Asks those who are online for what is missing of theirs.
    pub(super) async fn ask_for_missing(&mut self) -> Result<(), Fatal> {
        let senders = self.store.missing_of().await?;
        let missing = !senders.is_empty();
        let online = senders.into_iter().filter(|sender| self.people.is_online(sender)).collect();
        for Gap { conversation, sender, from, to } in self.store.ask_for_missing(online).await? {
            let group = match conversation {
                ConversationId::Group(group) => Some(group),
                ConversationId::Direct(_) => None,
                // Nothing is counted there.
                ConversationId::Room(_) => continue,
            };
            self.send_notice(sender, Content::Missing(Missing { group, from, to })).await?;
        }
        self.gaps.asked(missing);
        Ok(())
    }
}
