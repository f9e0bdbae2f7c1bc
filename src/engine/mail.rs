//! What comes in: sorted by topic, checked, stored in one transaction, and only then acknowledged.
//!
//! Anything may arrive on a topic that we subscribe to. What is addressed to us or our groups and cannot
//! be understood is quarantined, so that a newer Cooee or a person can look at it; a record of state that
//! makes no sense is dropped, because its topic will speak again. Both are counted and logged.

use std::collections::BTreeSet;
use std::time::Duration;

use super::core::{Core, Fatal};
use super::groups::Card;
use super::update::{Notice, Update};
use crate::domain::{
    Body, ConversationId, DeviceId, Group, GroupId, Membership, Message, MessageId, Role, Standing,
    Timestamp, UserName,
};
use crate::failpoints::kill_point;
use crate::mqtt::{Acknowledgement, Incoming, Request};
use crate::protocol::{self, Content, Letter, Place, Stage, Topic};
use crate::store::{self, Heard, Incoming as Storable, KnownPerson};

/// Who wrote something, on which device.
type Sender = (UserName, DeviceId);

/// What a batch of events adds up to.
#[derive(Default)]
pub(super) struct Mail {
    pub storable: Vec<Storable>,
    acknowledgements: Vec<Acknowledgement>,
    people: Vec<KnownPerson>,
    last_seen: Vec<(UserName, Timestamp)>,
    /// Whose entry in the list of contacts changed.
    changed_people: BTreeSet<UserName>,
    changed_groups: BTreeSet<GroupId>,
    gone_groups: BTreeSet<GroupId>,
    typing: Vec<(ConversationId, UserName)>,
    /// Who came into a group and is to be told who else is there.
    welcome: Vec<(GroupId, UserName)>,
    /// Rows of the outbox that the broker took.
    pub taken: Vec<i64>,
    /// Letters that we have now, or have again, and whose.
    pub confirmed: Vec<(UserName, MessageId)>,
    /// A receipt of the message came that was asked about last.
    pub watched_moves: bool,
    /// Our own records were overwritten.
    presence_overwritten: bool,
    profile_overwritten: bool,
    /// Another program runs a copy of our account.
    rival: bool,
    /// The broker keeps the profile of somebody else who registered our name before us.
    name_lost: bool,
    /// Somebody says just now that they registered our name before us.
    name_claimed: bool,
}

/// Why something that came in is not taken.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("not a topic of ours")]
    Topic,
    #[error(transparent)]
    Malformed(#[from] protocol::Malformed),
    #[error("this content does not belong on this topic")]
    Misplaced,
    #[error("the sender is not in the group")]
    NotMember,
}

impl Core {
    /// Sorts one message that came in; what it changes on disk and on screen is gathered in `mail`.
    pub(super) fn sort(&mut self, incoming: Incoming, mail: &mut Mail) {
        let Incoming { topic, payload, retained, expiry, acknowledgement } = incoming;
        mail.acknowledgements.extend(acknowledgement);
        if retained {
            self.link.retained_came();
        }
        let parsed = self.setup.root.parse(&topic).ok_or(Refusal::Topic);
        let is_letter = matches!(parsed, Ok(Topic::Inbox { .. } | Topic::Group { .. }));
        let taken = match parsed {
            Ok(Topic::Profile(user)) => self.on_profile(&user, &payload, retained, mail),
            Ok(Topic::Presence(user, device)) => {
                self.on_presence((user, device), &payload, retained, expiry, mail)
            }
            Ok(Topic::Directory(group)) => self.on_card(group, &payload, mail),
            Ok(Topic::Live { place, from, .. }) => self.on_live(place, from, &payload, mail),
            Ok(Topic::Inbox { to, from, device }) => self.on_inbox(&to, (from, device), &payload, mail),
            Ok(Topic::Group { group, from, device }) => {
                self.on_group_topic(group, (from, device), &payload, mail)
            }
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = taken {
            self.refuse(&refusal, topic, &payload, is_letter, mail);
        }
    }

    fn refuse(&mut self, why: &Refusal, topic: String, payload: &[u8], keep: bool, mail: &mut Mail) {
        self.refused += 1;
        // A flood must not fill the log: the 1st, 2nd, 4th, 8th… refusal is written.
        if self.refused.is_power_of_two() {
            tracing::warn!(refused = self.refused, %topic, %why, "refused what came in");
        }
        if keep {
            let reason = why.to_string();
            let payload = payload.to_vec();
            mail.storable.push(Storable::Quarantine { topic, payload, reason, at: self.mint.now() });
        }
    }

    fn on_profile(
        &mut self,
        user: &UserName,
        payload: &[u8],
        retained: bool,
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        let profile = protocol::decode_profile(user, payload)?;
        if *user == self.me.user {
            self.link.profile_seen = true;
            // Whoever signs in where the name is somebody else's is turned away. Later, a claim is only
            // told: anybody can write one, and it must not end a session.
            let is_rival = profile.account != self.me.account && profile.replaces(&self.me);
            mail.name_lost |= is_rival && retained && !self.link.has_settled;
            mail.name_claimed |= is_rival;
            mail.profile_overwritten |= self.me.replaces(&profile);
        } else if let Some(person) = self.people.note_profile(profile) {
            self.registrar.profile(person.profile.clone());
            self.release_outbox(user);
            self.confirm_known(user, mail);
            mail.changed_people.insert(user.clone());
            mail.people.push(person);
        }
        Ok(())
    }

    fn on_presence(
        &mut self,
        (user, device): Sender,
        payload: &[u8],
        retained: bool,
        expiry: Option<Duration>,
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        let now = self.mint.now();
        let record = protocol::decode_presence(payload)?;
        if user == self.me.user && device == self.device {
            match retained {
                true => mail.rival |= self.is_rival(record),
                false => mail.presence_overwritten |= self.is_foreign_presence(record),
            }
        }
        if !self.people.may_watch(&user) {
            return Ok(());
        }
        let changed = match record {
            Some(mut record) => {
                // A will cannot tell the time, and the clock of whoever goes may be wrong; when it comes
                // live, that is now. Nobody has come or gone at a time that is still to come.
                match (record.online, retained) {
                    (true, _) => record.since = record.since.min(now),
                    (false, false) => record.since = now,
                    (false, true) if record.since > now => record.since = Timestamp::EPOCH,
                    (false, true) => {}
                }
                self.link.tells_expiry |= expiry.is_some();
                let key = (user.clone(), device);
                match record.online && retained && expiry.is_none() {
                    true => self.link.undated.insert(key),
                    false => self.link.undated.remove(&key),
                };
                let told = self.told(record, retained, expiry);
                self.people.presence.note(&user, device, record, told)
            }
            None => self.people.presence.forget(&user, device, now),
        };
        if changed {
            mail.last_seen.extend(self.note_availability(&user).map(|at| (user.clone(), at)));
            match self.people.is_online(&user) {
                true => self.on_seen(&user),
                false => self.resends.gone(&user),
            }
            mail.changed_people.insert(user);
        }
        Ok(())
    }

    fn on_card(&mut self, id: GroupId, payload: &[u8], mail: &mut Mail) -> Result<(), Refusal> {
        let Some(card) = protocol::decode_card(id, payload)? else {
            if self.groups.note_card_gone(id) {
                self.registrar.no_group(id);
                mail.gone_groups.insert(id);
            }
            return Ok(());
        };
        match self.groups.note_card(card, &self.me.user) {
            Card::Known => {}
            Card::News | Card::Outdated => self.on_group_changed(id, mail),
        }
        Ok(())
    }

    fn on_group_changed(&mut self, id: GroupId, mail: &mut Mail) {
        let Some(stored) = self.groups.get(id) else { return };
        if stored.standing != Standing::Listed {
            mail.storable.push(Storable::Group(stored.clone()));
            let members = stored.group.members().map(|(user, _)| user.clone()).collect();
            mail.storable.push(Storable::Members { group: id, members });
        }
        self.record_group(id);
        mail.changed_groups.insert(id);
    }

    fn on_live(
        &mut self,
        place: Place,
        from: UserName,
        payload: &[u8],
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        let conversation = match place {
            Place::User(to) if to == self.me.user => ConversationId::Direct(from.clone()),
            Place::Group(group) if self.groups.is_member(group) => ConversationId::Group(group),
            _ => return Err(Refusal::Topic),
        };
        if protocol::decode_typing(payload)? && from != self.me.user {
            mail.typing.push((conversation, from));
        }
        Ok(())
    }

    fn on_inbox(
        &mut self,
        to: &UserName,
        from: Sender,
        payload: &[u8],
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        if *to != self.me.user || from.0 == self.me.user {
            return Err(Refusal::Topic);
        }
        let letter = protocol::decode_letter(payload)?;
        match letter.group {
            // What was said in a group and we did not confirm comes to our inbox again.
            Some(group) => self.on_group(group, from, letter, mail),
            None => self.on_direct(from, letter, mail),
        }
    }

    fn on_direct(
        &mut self,
        (from, device): Sender,
        letter: Letter,
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        let id = letter.id;
        let conversation = ConversationId::Direct(from.clone());
        let body = match letter.content {
            Content::Text(ref text) => Body::Text(text.clone()),
            Content::Newer => Body::Unsupported,
            Content::Receipt(receipt) => {
                // That something was read is told until it is heard; that it came, whenever it comes.
                if receipt.stage == Stage::Read {
                    mail.confirmed.push((from.clone(), id));
                }
                self.on_receipt(from, receipt, mail);
                return Ok(());
            }
            Content::Missing(missing) => {
                self.on_missing(&from, missing);
                return Ok(());
            }
            // Confirmed also where there is nothing to do about it, such as after we left: it would come again.
            Content::Invitation(group) => {
                mail.confirmed.push((from.clone(), id));
                return self.on_invitation(group, from, mail);
            }
            Content::Roster(group) => {
                mail.confirmed.push((from, id));
                return self.on_roster(&group, mail);
            }
            Content::Joined | Content::Left | Content::Invited(_) => return Err(Refusal::Misplaced),
        };
        self.take(letter, conversation, (from, device), body, mail);
        Ok(())
    }

    /// Takes a message in: it is stored, counted and confirmed.
    fn take(
        &mut self,
        letter: Letter,
        conversation: ConversationId,
        (sender, device): Sender,
        body: Body,
        mail: &mut Mail,
    ) {
        mail.confirmed.push((sender.clone(), letter.id));
        if let Some(number) = letter.number {
            let (conversation, sender) = (conversation.clone(), sender.clone());
            mail.storable.push(Storable::Heard(Heard { conversation, sender, device, number }));
        }
        let message = self.message(&letter, conversation, sender, body);
        mail.storable.push(Storable::Message(message));
    }

    fn on_invitation(&mut self, group: Group, from: UserName, mail: &mut Mail) -> Result<(), Refusal> {
        let id = group.id;
        if !group.has_member(&from) {
            return Err(Refusal::NotMember);
        }
        if self.groups.note_invitation(group, from) {
            self.on_group_changed(id, mail);
        }
        Ok(())
    }

    fn on_roster(&mut self, group: &Group, mail: &mut Mail) -> Result<(), Refusal> {
        let Some(known) = self.groups.get_mut(group.id) else { return Err(Refusal::NotMember) };
        if known.group.merge(group) {
            self.on_group_changed(group.id, mail);
        }
        Ok(())
    }

    fn on_group_topic(
        &mut self,
        group: GroupId,
        from: Sender,
        payload: &[u8],
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        // What the broker echoes is nothing to us.
        if from.0 == self.me.user {
            return Ok(());
        }
        let letter = protocol::decode_letter(payload)?;
        match letter.group {
            Some(other) if other != group => Err(Refusal::Misplaced),
            _ => self.on_group(group, from, letter, mail),
        }
    }

    fn on_group(
        &mut self,
        id: GroupId,
        sender: Sender,
        letter: Letter,
        mail: &mut Mail,
    ) -> Result<(), Refusal> {
        // What still comes after we left is nothing to us.
        if !self.groups.is_member(id) {
            return Ok(());
        }
        let from = sender.0.clone();
        let Some(stored) = self.groups.get_mut(id) else { return Err(Refusal::NotMember) };
        let news = letter.membership.is_some_and(|membership| stored.group.note(&from, membership));
        let (said, known) = (letter.membership, stored.group.roster.get(&from).copied());
        let is_member = stored.group.has_member(&from);
        if news {
            self.on_group_changed(id, mail);
            if is_member {
                self.newcomers.insert(from.clone());
            }
        }
        // What counts is how the sender stood to the group when they wrote it: since then they may have
        // left or come back, and the card may have told us so before their letter came.
        let agreed = said.is_none_or(|said| known.is_some_and(|known| said.count <= known.count));
        let was_in = agreed && said.or(known).is_some_and(Membership::is_in);
        let body = match letter.content {
            // Whoever never was in has nothing to leave.
            Content::Left if agreed && said.is_some_and(|said| !said.is_in()) => Body::Left,
            Content::Left => return Err(Refusal::NotMember),
            // A letter of a newer Cooee may carry the membership where we cannot read it.
            Content::Newer => Body::Unsupported,
            _ if !was_in => return Err(Refusal::NotMember),
            Content::Text(ref text) => Body::Text(text.clone()),
            Content::Joined => {
                if is_member && self.welcomes(id, &from) {
                    mail.welcome.push((id, from.clone()));
                }
                Body::Joined
            }
            Content::Invited(ref user) => Body::Invited(user.clone()),
            Content::Invitation(_) | Content::Roster(_) | Content::Receipt(_) | Content::Missing(_) => {
                return Err(Refusal::Misplaced);
            }
        };
        self.take(letter, ConversationId::Group(id), sender, body, mail);
        Ok(())
    }

    /// Whether it falls to us to tell a newcomer who is in the group: to the owner, or where the owner
    /// left to the first member by name.
    fn welcomes(&self, id: GroupId, newcomer: &UserName) -> bool {
        let Some(stored) = self.groups.get(id) else { return false };
        let group = &stored.group;
        let mut members = group.members().map(|(user, _)| user).filter(|user| *user != newcomer);
        match group.has_member(&group.owner) {
            true => group.role(&self.me.user) == Role::Owner,
            false => members.next() == Some(&self.me.user),
        }
    }

    fn message(
        &mut self,
        letter: &Letter,
        conversation: ConversationId,
        sender: UserName,
        body: Body,
    ) -> Message {
        let received_at = self.mint.now();
        // A letter that we cannot read does not tell its time.
        let sent_at = if letter.sent_at == Timestamp::EPOCH { received_at } else { letter.sent_at };
        let thread = self.threads.entry(conversation.clone()).or_default();
        thread.stamp = thread.stamp.max(sent_at);
        // Nobody waits to hear that an event of a group was read.
        let unseen = body.counts_as_unread();
        Message {
            id: letter.id,
            conversation,
            sender,
            sent_at,
            received_at,
            body,
            delivery: None,
            late: false,
            unseen,
        }
    }

    /// Stores what a batch added up to, acknowledges it, and tells the front ends.
    pub(super) async fn settle(&mut self, mut mail: Mail) -> Result<(), Fatal> {
        if mail.name_lost {
            return Err(Fatal::NameTaken(self.me.user.clone()));
        }
        if !mail.people.is_empty() {
            self.store.save_people(mail.people).await?;
        }
        if !mail.last_seen.is_empty() {
            self.store.save_last_seen(mail.last_seen).await?;
        }
        let mut received = store::Received::default();
        if !mail.confirmed.is_empty() {
            mail.storable.extend(self.confirmations(mail.confirmed));
            self.outbox.more();
        }
        // With what it answers: that does not come again once it is acknowledged.
        for (group, newcomer) in mail.welcome {
            mail.storable.extend(self.roster(group, newcomer).map(Storable::Answer));
            self.outbox.more();
        }
        if !mail.storable.is_empty() {
            kill_point("receive: before it is stored");
            received = self.store.receive(mail.storable).await?;
            kill_point("receive: stored");
        }
        if !mail.acknowledgements.is_empty() {
            self.ask(Request::Acknowledge(mail.acknowledgements)).await;
            kill_point("receive: told to acknowledge");
        }
        if !mail.taken.is_empty() {
            self.note_taken(mail.taken).await?;
        }
        self.tell_progress(received.progress).await;
        if mail.watched_moves {
            self.tell_watched().await?;
        }
        self.repeat_read(received.seen_before).await?;
        if received.gaps {
            self.gaps.found();
        }
        self.tell_people(mail.changed_people.into_iter().collect()).await;
        for id in mail.changed_groups {
            self.tell_group(id).await;
        }
        for id in mail.gone_groups {
            self.faces.tell(Update::GroupGone(id)).await;
        }
        self.faces.tell_stored(received.fresh, None).await;
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
        if mail.presence_overwritten {
            self.publish_presence(true).await;
        }
        if mail.profile_overwritten {
            self.publish_profile().await;
        }
        if mail.rival {
            self.on_rival().await;
        }
        Ok(())
    }
}
