//! Our other devices: what one says shows on the others, and what was read on one is read on all.
//!
//! The others get it as letters to ourselves, sealed like any other. They are confirmed by nobody: what the
//! broker loses of them is not sent again.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::core::{Core, Fatal};
use super::mail::{Mail, Refusal};
use crate::crypto::signed::Kind;
use crate::domain::{
    Body, ConversationId, Delivery, DeviceId, DeviceKeys, Marks, Message, Timestamp, UserName,
};
use crate::protocol::{self, Content, Copy, Letter, ReadUpTo, SignedDocument};
use crate::store::{Altered, Draft, Incoming as Storable};

/// How long a read mark waits for others of the same conversation.
const GATHER: Duration = Duration::from_secs(1);

/// What was read and our other devices do not know yet.
#[derive(Default)]
pub(super) struct ReadMarks {
    marks: BTreeMap<ConversationId, Timestamp>,
    due: Option<Instant>,
}

impl ReadMarks {
    /// When to tell them.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }
}

impl Core {
    /// The keys of a device: of somebody we know, or another one of ours.
    pub(super) fn device_of(&self, user: &UserName, device: DeviceId) -> Option<DeviceKeys> {
        let known = match *user == self.me.user {
            true => self.me.device(device).filter(|_| device != self.device),
            false => self.people.device(user, device),
        };
        known.copied()
    }

    pub(super) fn is_alone_with_this_device(&self) -> bool {
        self.me.devices.iter().all(|keys| keys.id == self.device)
    }

    /// What brings something that we say to our other devices, if we have any.
    pub(super) async fn copy_for_us(
        &mut self,
        letter: &Letter,
        to: &ConversationId,
    ) -> Result<Option<Draft>, Fatal> {
        if self.is_alone_with_this_device() {
            return Ok(None);
        }
        let copy = Copy { to: to.clone(), letter: letter.clone() };
        let copy = self.notice(Content::Copy(Box::new(copy)));
        let me = self.me.user.clone();
        self.draft_to(&copy, &me).await.map(Some)
    }

    /// Another device of ours said something. What it signed about a group came before, or is in it.
    pub(super) fn on_copy(&mut self, Copy { to, letter }: Copy, mail: &mut Mail) -> Result<(), Refusal> {
        // What was said in the open comes to us as to anybody.
        if let ConversationId::Room(_) = to {
            return Err(Refusal::Misplaced);
        }
        let ends_at = self.end_here(&letter, mail);
        let mut learn = |signed: SignedDocument| match &to {
            ConversationId::Group(id) => self.learn(*id, &[signed], mail),
            ConversationId::Direct(_) | ConversationId::Room(_) => Err(Refusal::Misplaced),
        };
        let (reply, forwarded) = (letter.content.reply(), letter.content.is_forwarded());
        let (file, poll) = (letter.content.file(), letter.content.poll());
        let body = match letter.content {
            Content::Text(speech) => Body::Text(speech.text),
            Content::Altered(protocol::Altered { of, change }) => {
                let (author, at) = (self.me.user.clone(), self.believed(letter.sent_at));
                let recipients = self.recipients_of(&to);
                let altered =
                    Altered { conversation: to, of, author, at, letter: letter.id, change, ends_at };
                self.note_altered(altered, recipients, mail);
                return Ok(());
            }
            Content::Joined(signed) => {
                // A member says that they came; of the owner's documents the first says that the group was made.
                let is_made = signed.kind == Kind::Group.tag();
                learn(signed)?;
                if is_made { Body::Created } else { Body::Joined }
            }
            Content::Left(signed) => {
                learn(signed)?;
                Body::Left
            }
            Content::Changed(change, signed) => {
                signed.map_or(Ok(()), learn)?;
                Body::Changed(change)
            }
            Content::Lifetime(lifetime) if matches!(to, ConversationId::Direct(_)) => {
                Body::Lifetime(lifetime)
            }
            Content::Newer => Body::Unsupported,
            _ => return Err(Refusal::Misplaced),
        };
        let recipients = self.recipients_of(&to);
        let told_at = self.believed(letter.sent_at);
        let thread = self.threads.entry(to.clone()).or_default();
        thread.stamp = thread.stamp.max(told_at);
        let message = Message {
            id: letter.id,
            conversation: to,
            sender: self.me.user.clone(),
            sent_at: letter.sent_at,
            received_at: self.mint.now(),
            body,
            delivery: Some(Delivery::Sent),
            late: false,
            unseen: false,
            reply,
            forwarded,
            file,
            poll,
            ends_at,
            marks: Marks::default(),
        };
        mail.storable.push(Storable::Said { message, recipients });
        Ok(())
    }

    /// Whom what we say there is for.
    fn recipients_of(&self, to: &ConversationId) -> Vec<UserName> {
        match to {
            ConversationId::Direct(user) => vec![user.clone()],
            ConversationId::Group(group) => self.others_in(*group),
            ConversationId::Room(_) => Vec::new(),
        }
    }

    /// Something was read here: our other devices are told before long.
    pub(super) fn note_read(&mut self, conversation: ConversationId) {
        if self.is_alone_with_this_device() {
            return;
        }
        let last = self.summaries.get(&conversation).and_then(|summary| summary.last.as_ref());
        if let Some(last) = last {
            self.marks.marks.insert(conversation, last.sent_at);
            self.marks.due.get_or_insert(Instant::now() + GATHER);
        }
    }

    /// Tells our other devices what was read, when it is time.
    pub(super) async fn tell_read(&mut self, now: Instant) -> Result<(), Fatal> {
        if self.marks.due.take_if(|due| *due <= now).is_none() {
            return Ok(());
        }
        let me = self.me.user.clone();
        for (conversation, at) in std::mem::take(&mut self.marks.marks) {
            self.send_notice(me.clone(), Content::ReadUpTo(ReadUpTo { conversation, at })).await?;
        }
        Ok(())
    }

    /// Something was read on other devices of ours.
    pub(super) async fn read_elsewhere(&mut self, read: Vec<ReadUpTo>) -> Result<(), Fatal> {
        for ReadUpTo { conversation, at } in read {
            // Of a room that this device is not in there is nothing to read.
            if let ConversationId::Room(room) = &conversation
                && !self.rooms.is_in(room)
            {
                continue;
            }
            let summary = self.store.mark_read_up_to(conversation, at).await?;
            self.tell_summary(summary).await;
        }
        Ok(())
    }
}
