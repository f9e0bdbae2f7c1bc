//! Sending a file: it is sealed aside, and offered when that is done.

use std::path::PathBuf;

use tempfile::NamedTempFile;

use super::super::command::Ticket;
use super::super::core::{Core, Fatal};
use super::super::faces::FaceId;
use super::disk::Fault;
use super::{Done, Known, aside};
use crate::domain::{Attachment, Body, ConversationId, MessageId, MessageText};
use crate::protocol::{Content, Speech};
use crate::store::FileStage;

/// What is to be offered once it is sealed.
pub(in crate::engine) struct Sealing {
    face: FaceId,
    ticket: Ticket,
    to: ConversationId,
    text: Option<MessageText>,
    reply: Option<MessageId>,
    forwarded: bool,
}

impl Core {
    /// Seals a file of the person's, to offer it there.
    pub(in crate::engine) async fn send_file(
        &mut self,
        face: FaceId,
        (to, reply): (ConversationId, Option<MessageId>),
        path: PathBuf,
        text: Option<MessageText>,
        ticket: Ticket,
    ) {
        if let Err(why) = self.may_offer(&to) {
            return self.refuse_ticket(face, ticket, why).await;
        }
        let (disk, most) = (self.files.disk.clone(), self.setup.files.max_send);
        let sealing = Sealing { face, ticket, to, text, reply, forwarded: false };
        self.files.aside(move || Done::Sealed(sealing, disk.seal(&path, most)));
    }

    /// Offers a file that is here, whosever it was, there too.
    pub(in crate::engine) async fn forward_file(
        &mut self,
        face: FaceId,
        message: MessageId,
        to: ConversationId,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        if let Err(why) = self.may_offer(&to) {
            self.refuse_ticket(face, ticket, why).await;
            return Ok(());
        }
        let Some(said) = self.store.message(message).await? else {
            self.refuse_ticket(face, ticket, "that message is not here any more".into()).await;
            return Ok(());
        };
        let disk = self.files.disk.clone();
        let is_here = aside(move || disk.has(message)).await == Some(true);
        let (Some(file), true) = (said.file, is_here) else {
            let why = "the file is not here: fetch it first (`/save`), then pass it on";
            self.refuse_ticket(face, ticket, why.into()).await;
            return Ok(());
        };
        let text = match said.body {
            Body::Text(text) => Some(text),
            _ => None,
        };
        let disk = self.files.disk.clone();
        let sealing = Sealing { face, ticket, to, text, reply: None, forwarded: true };
        self.files.aside(move || Done::Sealed(sealing, disk.copy(message).map(|copy| (copy, file))));
        Ok(())
    }

    fn may_offer(&self, to: &ConversationId) -> Result<(), String> {
        match to {
            ConversationId::Room(_) => {
                Err("nothing is encrypted in an open room, and no files are sent there".into())
            }
            to => self.may_write(to),
        }
    }

    /// A file is sealed: now it is offered.
    pub(super) async fn offer(
        &mut self,
        sealing: Sealing,
        result: Result<(NamedTempFile, Attachment), Fault>,
    ) -> Result<(), Fatal> {
        let Sealing { face, ticket, to, text, reply, forwarded } = sealing;
        let (sealed, file) = match result.map_err(|fault| fault.to_string()) {
            Ok(sealed) => sealed,
            Err(why) => {
                self.refuse_ticket(face, ticket, why).await;
                return Ok(());
            }
        };
        // Much may have happened meanwhile.
        if let Err(why) = self.may_offer(&to) {
            self.refuse_ticket(face, ticket, why).await;
            return Ok(());
        }
        let text = text.or_else(|| MessageText::new(file.name.as_str()).ok());
        let Some(text) = text else {
            self.refuse_ticket(face, ticket, "a file without a name".into()).await;
            return Ok(());
        };
        let body = Body::Text(text.clone());
        let speech = Speech { text, reply, forwarded, file: Some(file.clone()), poll: None };
        let letter = self.say(&to, Content::Text(speech));
        let id = letter.id;
        let disk = self.files.disk.clone();
        let adopted = aside(move || disk.adopt(sealed, id)).await;
        if let Some(Err(fault)) = adopted {
            self.refuse_ticket(face, ticket, fault.to_string()).await;
            return Ok(());
        }
        // Before the message: whoever gets that may ask at once.
        self.store.save_file(id, FileStage::Shared, None, None).await?;
        self.files.known.insert(id, Known::new(to.clone(), file, FileStage::Shared));
        self.queue(letter, to, body, Default::default(), None, Some((face, ticket))).await?;
        self.tell_file(id).await;
        self.make_room(id).await
    }
}
