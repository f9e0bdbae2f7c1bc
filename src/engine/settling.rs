//! What a batch of events added up to: stored in one transaction, then acknowledged, then told.

use super::core::{Core, Fatal};
use super::mail::Mail;
use super::update::{Notice, Update};
use crate::domain::ConversationId;
use crate::failpoints::kill_point;
use crate::mqtt::Request;
use crate::store::{self, Incoming as Storable};

impl Core {
    /// More is known of some senders: what was kept of theirs may be opened now.
    pub(super) async fn unpark(&mut self) -> Result<(), Fatal> {
        while let Some(user) = self.unpark.pop_first() {
            self.parked.remove(&user);
            let mut after = 0;
            loop {
                let kept = self.store.sealed(user.clone(), after).await?;
                let Some(last) = kept.last() else { break };
                after = last.seq;
                let mut mail = Mail::default();
                for store::Sealed { seq, topic, payload } in kept {
                    self.sort_letter(topic, &payload, Some(seq), &mut mail).await?;
                    if !mail.begun.is_empty() {
                        self.settle(std::mem::take(&mut mail)).await?;
                    }
                }
                self.settle(mail).await?;
            }
        }
        Ok(())
    }

    /// Stores what a batch added up to, acknowledges it, and tells the front ends.
    pub(super) async fn settle(&mut self, mut mail: Mail) -> Result<(), Fatal> {
        if mail.name_lost {
            return Err(Fatal::NameTaken(self.me.user.clone()));
        }
        if mail.copied {
            self.enrol(mail.newer_self).await?;
            return Err(Fatal::Copied);
        }
        // With what it answers: that does not come again once it is acknowledged.
        let answers = self.answer_about_groups(&mut mail).await?;
        if !answers.is_empty() {
            mail.storable.extend(answers.into_iter().map(Storable::Answer));
            self.outbox.more();
        }
        if let Some(newer) = mail.newer_self {
            self.adopt(newer).await?;
        }
        if !mail.people.is_empty() {
            self.store.save_people(mail.people).await?;
        }
        if !mail.bundles.is_empty() {
            self.store.save_bundles(mail.bundles).await?;
        }
        if !mail.last_seen.is_empty() {
            self.store.save_last_seen(mail.last_seen).await?;
        }
        let mut received = store::Received::default();
        if !mail.confirmed.is_empty() {
            mail.storable.extend(self.confirmations(mail.confirmed).await?);
            self.outbox.more();
        }
        mail.storable.extend(self.keys.changed().into_iter().map(Storable::Secret));
        if !mail.storable.is_empty() {
            kill_point("receive: before it is stored");
            received = self.store.receive(mail.storable).await?;
            kill_point("receive: stored");
        }
        if !mail.acknowledgements.is_empty() {
            self.ask(Request::Acknowledge(mail.acknowledgements)).await;
            kill_point("receive: told to acknowledge");
        }
        for id in mail.entered {
            self.ask(Request::Subscribe(self.group_subscriptions(id).into())).await;
        }
        for id in mail.put_out {
            self.outbox.forget_all(&ConversationId::Group(id));
        }
        for id in mail.left {
            self.ask(Request::Unsubscribe(self.group_filters(id).into())).await;
            self.store.forget_heard(ConversationId::Group(id)).await?;
        }
        // Not before: what opened something is stored with it, and with nothing else.
        for user in mail.sealable {
            self.seal_waiting(&user).await?;
        }
        self.tell_progress(received.progress).await;
        if mail.watched_moves {
            self.tell_watched().await?;
        }
        self.repeat_read(received.seen_before).await?;
        self.on_repeated(&mail.begun, &received.repeated, received.again).await?;
        mail.lost.extend(received.lost);
        self.ask_for_lost(mail.lost).await?;
        for user in mail.seal_anew {
            self.seal_anew(user).await?;
        }
        self.read_elsewhere(mail.read_elsewhere).await?;
        for (sender, step, at) in mail.steps {
            self.on_step(sender, &step, at).await?;
        }
        for (sender, letter, word) in mail.files {
            self.on_file_word(sender, letter, word).await?;
        }
        self.tell_newer(mail.newer).await;
        self.tell_withheld(mail.withheld).await;
        self.tell_thrown_away(mail.thrown_away).await;
        self.tell_cloned(received.cloned).await;
        self.tell_flags(mail.flags).await;
        if received.gaps {
            self.gaps.found();
        }
        self.tell_people(mail.changed_people.into_iter().collect()).await;
        let changed: Vec<_> = mail.changed_groups.into_iter().collect();
        for id in &changed {
            self.tell_group(*id).await;
        }
        for id in mail.gone_groups {
            self.faces.tell(Update::GroupGone(id)).await;
        }
        let with_files: Vec<_> = received.fresh.iter().filter(|m| m.file.is_some()).cloned().collect();
        self.note_lifetimes(&received.fresh).await?;
        self.bring_back(&received.fresh).await?;
        self.faces.tell_stored(received.fresh, None).await;
        for message in with_files {
            self.fetch_unasked(&message).await?;
        }
        self.tell_altered(received.altered).await?;
        // Not before: it comes later, and what was stored above is told as it was then.
        if !mail.taken.is_empty() {
            self.note_taken(mail.taken).await?;
        }
        for summary in received.summaries {
            self.tell_summary(Some(summary)).await;
        }
        for (conversation, user) in mail.typing {
            self.faces.tell(Update::Typing { conversation, user }).await;
        }
        if mail.name_claimed {
            let words = format!(
                "somebody else claims your name `{}` on this broker: others may take them for you",
                self.me.user
            );
            self.faces.tell(Update::Notice(Notice::Warning(words))).await;
        }
        for (user, knock) in mail.knocks {
            self.on_knock(user, knock).await?;
        }
        self.come_in(&changed).await?;
        if mail.presence_overwritten || mail.greet {
            self.publish_presence(true).await;
        }
        if mail.profile_overwritten {
            self.publish_profile().await;
        }
        Ok(())
    }
}
