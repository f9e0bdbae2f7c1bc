//! Commands about messages, and the letters that carry them.

use std::time::Duration;

use tokio::time::Instant;

use super::command::{Command, Ticket};
use super::core::{Core, Fatal};
use super::faces::FaceId;
use super::update::{Notice, TYPING_LASTS, Update};
use crate::domain::{
    Body, ConversationId, Delivery, GroupId, JoinPolicy, Marks, Message, Timestamp, Trust, UserName,
    limits,
};
use crate::failpoints::kill_point;
use crate::mqtt::{Publish, Request};
use crate::protocol::{Content, Letter, Place, Speech, Stand, Topic, encode_typing};
use crate::store::{Changed, Draft, Found, Hits};

/// How long the broker may hold back a typing notice.
const TYPING_EXPIRY: Duration = Duration::from_secs(10);

impl Core {
    pub(super) async fn on_command(&mut self, face: FaceId, command: Command) -> Result<(), Fatal> {
        match command {
            Command::Send { to: ConversationId::Room(_), reply: Some(_), ticket, .. } => {
                let why = "messages of open rooms cannot be answered one by one";
                self.refuse_ticket(face, ticket, why.to_owned()).await;
                Ok(())
            }
            Command::Send { to: ConversationId::Room(room), text, ticket, .. } => {
                self.speak(face, room, text, ticket).await
            }
            Command::Send { to, text, reply, forwarded, ticket } => {
                let speech = Speech { text, reply, forwarded, file: None, poll: None };
                self.send_speech(face, to, speech, ticket).await
            }
            Command::Poll { to: ConversationId::Room(_), ticket, .. } => {
                let why = "nothing is encrypted in an open room, and no polls are held there";
                self.refuse_ticket(face, ticket, why.to_owned()).await;
                Ok(())
            }
            Command::Poll { to, poll, ticket } => self.send_speech(face, to, poll.into(), ticket).await,
            Command::SendFile { to, path, text, reply, ticket } => {
                self.send_file(face, (to, reply), path, text, ticket).await;
                Ok(())
            }
            Command::ForwardFile { message, to, ticket } => {
                self.forward_file(face, message, to, ticket).await
            }
            Command::FetchFile { message, target, ticket } => {
                self.fetch_file(face, message, target, ticket).await
            }
            Command::ShowPicture { message, width, height, ticket } => {
                self.show_picture(face, message, (width, height), ticket, false).await
            }
            Command::Thumbnail { message, width, height, ticket } => {
                self.show_picture(face, message, (width, height), ticket, true).await
            }
            Command::StopFile { message, forget, ticket } => {
                self.stop_fetch(face, message, forget, ticket).await
            }
            Command::Alter { message, change, ticket } => {
                self.alter(face, message, change, ticket).await
            }
            Command::Star { message, starred } => self.star(face, message, starred).await,
            Command::Alerts(conversation, alerts) => self.set_alerts(conversation, alerts).await,
            Command::SetLifetime { conversation, lifetime, ticket } => {
                self.set_lifetime(face, conversation, lifetime, ticket).await
            }
            Command::SaveList { list, ticket } => self.save_list(face, list, ticket).await,
            Command::Archive { conversation, archived } => self.archive(conversation, archived).await,
            Command::Hide(message) => self.hide(message).await,
            Command::Marked(pinned_in) => self.show_marked(face, pinned_in).await,
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
                let summary = self.store.mark_read(conversation.clone()).await?;
                if summary.is_some() {
                    self.tell_summary(summary).await;
                    self.note_read(conversation);
                }
                Ok(())
            }
            Command::Find { words, within, at, limit, ticket } => {
                let found = self.store.search(&words, within, at, limit).await?;
                let Found { messages, edge, more } = found;
                self.faces.answer(face, Update::Found { ticket, messages, edge, more }).await;
                Ok(())
            }
            Command::Hits { words, conversation, before, ticket } => {
                let Hits { keys, total, older } = self.store.hits(&words, conversation, before).await?;
                self.faces.answer(face, Update::Hits { ticket, keys, total, older }).await;
                Ok(())
            }
            Command::MarkUnread { conversation, ticket } => {
                self.mark_unread(face, conversation, ticket).await
            }
            Command::Typing(conversation) => {
                self.tell_typing(conversation).await;
                Ok(())
            }
            Command::KeepDraft { conversation, text } => {
                self.keep_draft(conversation, text).await;
                Ok(())
            }
            Command::CreateGroup { name, policy, ticket } => {
                self.create_group(face, name, policy, ticket).await
            }
            Command::JoinGroup { group, ticket } => self.join_group(face, group, ticket).await,
            Command::LeaveGroup { group, ticket } => self.leave_group(face, group, ticket).await,
            Command::ChangeGroup { group, change, ticket } => {
                self.change_group(face, group, change, ticket).await
            }
            Command::MakeGroupLink { group, lasts, uses, ticket } => {
                self.make_group_link(face, group, (lasts, uses), ticket).await
            }
            Command::RevokeGroupLink { group, ticket } => {
                self.revoke_group_link(face, group, ticket).await
            }
            Command::JoinByLink { link, ticket } => self.join_by_link(face, link, ticket).await,
            Command::JoinRoom { room, ticket } => self.join_room(face, room, ticket).await,
            Command::LeaveRoom { room, ticket } => self.leave_room(face, room, ticket).await,
            Command::Seen { letters, .. } => self.see(letters).await,
            Command::Info(id) => self.tell_info(face, id).await,
            Command::Letter(id) => self.tell_letter(face, id).await,
            Command::Outbox => self.tell_outbox(face, 0).await,
            Command::Retry(letters) => self.retry(face, letters).await,
            Command::GiveUp(letters) => self.give_up(face, letters).await,
            Command::Verify { user, verified, ticket } => {
                self.verify(face, user, verified, ticket).await
            }
            Command::AcceptKey { user, ticket } => self.accept_key(face, user, ticket).await,
            Command::Keys(user) => {
                self.show_keys(face, user);
                Ok(())
            }
            Command::Compare { user, ticket } => self.compare(face, user, ticket).await,
            Command::SameEmoji { user, same, ticket } => self.same_emoji(face, user, same, ticket).await,
            Command::EndComparison(user) => self.end_comparison(user).await,
            Command::Block { user, blocked, ticket } => self.block(face, user, blocked, ticket).await,
            Command::ConnectNow => {
                self.ask(Request::ConnectNow).await;
                Ok(())
            }
        }
    }

    /// A draft that cannot be kept is no reason to end the session in which it is being written.
    async fn keep_draft(&mut self, conversation: ConversationId, text: String) {
        if text.len() > limits::TEXT {
            return tracing::warn!("a draft is longer than a message may be");
        }
        if let Err(error) = self.store.keep_draft(conversation, text).await {
            let words = format!("what you write is not kept over the end of Cooee: {error}");
            tracing::warn!("{words}");
            self.faces.tell(Update::Notice(Notice::Warning(words))).await;
        }
    }

    pub(super) async fn refuse_ticket(&mut self, face: FaceId, ticket: Ticket, why: String) {
        self.faces.answer(face, Update::Refused { ticket, why }).await;
    }

    async fn mark_unread(
        &mut self,
        face: FaceId,
        conversation: ConversationId,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let summary = self.store.mark_unread(conversation).await?;
        if summary.is_none() {
            let why = "nobody else has said anything there";
            self.refuse_ticket(face, ticket, why.into()).await;
            return Ok(());
        }
        self.tell_summary(summary).await;
        self.faces.answer(face, Update::Agreed { ticket }).await;
        Ok(())
    }

    async fn send_speech(
        &mut self,
        face: FaceId,
        to: ConversationId,
        speech: Speech,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        if let Err(why) = self.may_write(&to) {
            self.refuse_ticket(face, ticket, why).await;
            return Ok(());
        }
        if let Some(id) = speech.reply
            && self.store.message(id).await?.is_none_or(|message| message.conversation != to)
        {
            let why = "the message that it answers is not in this conversation any more";
            self.refuse_ticket(face, ticket, why.to_owned()).await;
            return Ok(());
        }
        let text = speech.text.clone();
        let letter = self.say(&to, Content::Text(speech));
        self.queue(letter, to, Body::Text(text), Default::default(), None, Some((face, ticket))).await
    }

    /// Whether we may write there; if not, why, and what to do.
    pub(super) fn may_write(&self, to: &ConversationId) -> Result<(), String> {
        match to {
            ConversationId::Direct(user) if *user == self.me.user => {
                Err("that is you: choose somebody else to write to".into())
            }
            ConversationId::Direct(user) if self.people.is_blocked(user) => Err(format!(
                "you have blocked `{user}`: take that back first, with `/unblock {user}` or \
                 `cooee contacts unblock {user}`"
            )),
            ConversationId::Direct(user) if self.people.trust(user) == Trust::Changed => Err(format!(
                "another key stands for `{user}` now: they may have signed up anew, or somebody pretends to be \
                 them. Ask them, then accept it or leave it"
            )),
            ConversationId::Direct(user) if self.people.is_known(user) => Ok(()),
            ConversationId::Direct(user) if self.summaries.contains_key(to) => {
                tracing::debug!(%user, "writing to somebody who is not registered any more");
                Ok(())
            }
            ConversationId::Direct(user) => Err(format!("nobody here is called `{user}`")),
            ConversationId::Group(id) if self.groups.is_member(*id) => Ok(()),
            ConversationId::Group(id) => {
                let known = self.groups.get(*id);
                let is_closed = known.is_some_and(|known| known.group.policy == JoinPolicy::Invite);
                Err(match is_closed {
                    true => "you are not in this group: its owner or an admin may ask you in",
                    false => "you are not in this group: join it first",
                }
                .into())
            }
            // Anybody may, whether they are in or not.
            ConversationId::Room(_) => Ok(()),
        }
    }

    /// A letter that is part of a conversation. It is not written before anything that was read there, has the
    /// next number, and in a group it says how we stand to it.
    pub(super) fn say(&mut self, to: &ConversationId, content: Content) -> Letter {
        let (id, now) = self.mint.message();
        let thread = self.threads.entry(to.clone()).or_default();
        // After it, and not at the same time: what is said last counts.
        thread.stamp = now.max(thread.stamp.plus(Duration::from_millis(1)));
        thread.number += 1;
        let (sent_at, number) = (thread.stamp, Some(thread.number));
        let group = match to {
            ConversationId::Group(group) => Some(*group),
            ConversationId::Direct(_) | ConversationId::Room(_) => None,
        };
        let known = group.and_then(|group| self.groups.get(group));
        let stand = known
            .map(|known| Stand { count: known.ledger().count(&self.eyes().me()), state: known.state() });
        let life = self.lifetime(to).filter(|_| content.fades());
        Letter { id, sent_at, group, number, stand, life, content }
    }

    /// What a time counts for that somebody tells: their clock may be ahead by a day, and not more.
    pub(super) fn believed(&self, at: Timestamp) -> Timestamp {
        at.min(self.mint.now().plus(limits::AHEAD))
    }

    /// A letter that is no part of a conversation.
    pub(super) fn notice(&mut self, content: Content) -> Letter {
        let (id, sent_at) = self.mint.message();
        Letter { id, sent_at, group: None, number: None, stand: None, life: None, content }
    }

    /// The members of a group, ourselves left out.
    pub(super) fn others_in(&self, group: GroupId) -> Vec<UserName> {
        let members = self.groups.get(group).into_iter().flat_map(|known| known.group.members.keys());
        members.filter(|user| **user != self.me.user).cloned().collect()
    }

    /// Stores a letter of ours as a message, with what goes out before and after it and how it changes the group,
    /// in one transaction; then tells the front ends.
    pub(super) async fn queue(
        &mut self,
        letter: Letter,
        to: ConversationId,
        body: Body,
        [before, after]: [Vec<Draft>; 2],
        changed: Option<Changed>,
        author: Option<(FaceId, Ticket)>,
    ) -> Result<(), Fatal> {
        // First the copy: our other devices have to know of it before they hear what became of it.
        let mut drafts = before;
        drafts.extend(self.copy_for_us(&letter, &to).await?);
        drafts.extend(self.drafts(&letter, &to).await?);
        drafts.extend(after);
        let message = Message {
            id: letter.id,
            conversation: to,
            sender: self.me.user.clone(),
            sent_at: letter.sent_at,
            received_at: self.mint.now(),
            body,
            delivery: Some(Delivery::Queued),
            late: false,
            unseen: false,
            reply: letter.content.reply(),
            forwarded: letter.content.is_forwarded(),
            file: letter.content.file(),
            poll: letter.content.poll(),
            ends_at: self.end_of(&letter),
            marks: Marks::default(),
        };
        self.lifetimes.note(message.ends_at);
        let moved = changed.as_ref().map(|changed| changed.group.id);
        kill_point("send: before it is stored");
        let queued = self.store.queue(Some(message), drafts, changed, self.keys.changed()).await?;
        kill_point("send: stored");
        self.outbox.more();
        // Before the message: whoever shows that has to know the group.
        if let Some(id) = moved {
            self.group_moved(id).await;
        }
        self.tell_progress(queued.progress).await;
        self.note_lifetimes(queued.message.as_slice()).await?;
        self.bring_back(queued.message.as_slice()).await?;
        self.faces.tell_stored(queued.message.into_iter().collect(), author).await;
        self.tell_summary(queued.summary).await;
        Ok(())
    }

    /// Sends a letter to somebody that is no part of a conversation.
    pub(super) async fn send_notice(&mut self, to: UserName, content: Content) -> Result<(), Fatal> {
        let letter = self.notice(content);
        let draft = self.draft_to(&letter, &to).await?;
        self.store.queue(None, vec![draft], None, self.keys.changed()).await?;
        self.outbox.more();
        Ok(())
    }

    /// Tells the others that we are writing: while connected, and not more often than it lasts.
    async fn tell_typing(&mut self, conversation: ConversationId) {
        let is_blocked =
            matches!(&conversation, ConversationId::Direct(user) if self.people.is_blocked(user));
        if is_blocked || !(self.setup.typing && self.link.is_up()) {
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
            // Nobody there has asked to be told.
            ConversationId::Room(_) => return,
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
