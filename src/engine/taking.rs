//! A letter that says something becomes a message of its conversation.

use super::core::Core;
use super::mail::{Mail, Sender};
use crate::domain::{Body, ConversationId, Marks, Message, Timestamp, UserName};
use crate::protocol::Letter;
use crate::store::{Heard, Incoming as Storable};

impl Core {
    /// Takes a message in: it is stored, counted and confirmed. One of somebody who is blocked is thrown
    /// away.
    pub(super) fn take(
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
        if self.people.is_blocked(&sender) {
            return;
        }
        let mut message = self.message(&letter, conversation, sender, body);
        message.ends_at = self.end_here(&letter, mail);
        mail.storable.push(Storable::Message(message));
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
        let told_at = self.believed(sent_at);
        let thread = self.threads.entry(conversation.clone()).or_default();
        thread.stamp = thread.stamp.max(told_at);
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
            reply: letter.content.reply(),
            forwarded: letter.content.is_forwarded(),
            file: letter.content.file(),
            poll: letter.content.poll(),
            ends_at: None,
            marks: Marks::default(),
        }
    }
}
