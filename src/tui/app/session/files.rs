//! Files: sent by their path, fetched and saved by the message that carries them.

use super::{Asked, Session, Turn};
use crate::domain::{ConversationId, FileKind, Message, MessageId, Picture};
use crate::engine::{Command, FileState, FileView, Ticket};
use crate::tui::app::chat::About;
use crate::tui::app::editor::Editor;
use crate::tui::app::graphics::{Graphic, Order, Plate};
use crate::tui::app::overlay::{Overlay, Question};
use crate::tui::app::pasting::{LargePaste, PastedFile};
use crate::tui::app::picture::{PictureBox, Shape};
use crate::tui::app::{Action, Effect};

/// Where the file of a message is to be saved.
#[derive(Clone, Debug)]
pub(super) struct SavingAs {
    chat: ConversationId,
    message: MessageId,
    /// As a person wrote it.
    path: String,
    /// What was being written besides.
    draft: String,
}

impl Session {
    /// Sends a file to the open chat, by its path as a person wrote it.
    pub(super) fn send_file(&mut self, path: &str, turn: &mut Turn<'_>) -> Result<(), String> {
        let command = self.offer_file(path, turn)?;
        turn.send_written(command);
        Ok(())
    }

    /// Sends the file that was found by what was pasted: that one, and no other that its path might be read as.
    pub(super) fn send_found(&mut self, found: &PastedFile, turn: &mut Turn<'_>) -> Result<(), String> {
        let command = self.offer_file(&found.path, turn)?;
        turn.send(command);
        Ok(())
    }

    fn offer_file(&mut self, path: &str, turn: &mut Turn<'_>) -> Result<Command, String> {
        let to = self.open.clone().ok_or("not sent: choose a chat first, with F2 or /jump")?;
        if let ConversationId::Room(_) = to {
            return Err(
                "not sent: nothing is encrypted in an open room, and no files are sent there".into()
            );
        }
        self.may_say(&to, turn)?;
        self.kept_unread = false;
        let ticket = self.ticket(Asked::SendFile(to.clone(), path.to_owned()));
        turn.news("sealing the file; it is offered when that is done");
        Ok(Command::SendFile { to, path: path.into(), text: None, reply: None, ticket })
    }

    /// Passes a file that is here on to another chat.
    pub(super) fn forward_file(&mut self, message: MessageId, to: ConversationId, turn: &mut Turn<'_>) {
        self.open(to.clone(), turn);
        if let Err(why) = self.may_say(&to, turn) {
            return turn.error(why);
        }
        let ticket = self.ticket(Asked::SendFile(to.clone(), String::new()));
        turn.send(Command::ForwardFile { message, to, ticket });
    }

    /// A file was not sent: what was written to send it comes back.
    pub(super) fn file_refused(
        &mut self,
        to: &ConversationId,
        path: &str,
        why: &str,
        turn: &mut Turn<'_>,
    ) {
        turn.error(format!("not sent: {why}"));
        if let Some(chat) =
            self.chats.get_mut(to).filter(|chat| chat.draft.is_empty() && !path.is_empty())
        {
            chat.draft.insert(&format!("/send {path}"));
        }
    }

    /// The message that a command about a file means: the chosen one, else the last of others that carries one.
    fn message_with_file(&self) -> Result<Message, String> {
        let chat = self.chat().ok_or("open the chat in which the file was sent")?;
        let chosen = chat.selected().filter(|message| message.file.is_some());
        let last = || chat.timeline().with_files().find(|message| !message.is_ours());
        chosen
            .or_else(last)
            .cloned()
            .ok_or_else(|| "no file was sent here, as far as it was read".to_owned())
    }

    /// Saves a file, and fetches it before if it is not here.
    pub(super) fn save_file(&mut self, target: &str, turn: &mut Turn<'_>) -> Result<(), String> {
        let message = self.message_with_file()?;
        self.fetch(message.id, (!target.is_empty()).then(|| target.to_owned()), turn);
        Ok(())
    }

    /// Lets the file rest that is being fetched; where it rests, throws away what is here of it.
    pub(super) fn stop_file(&mut self, turn: &mut Turn<'_>) -> Result<(), String> {
        let is_fetched = |message: &&Message| self.world.file(message.id).is_coming();
        let chosen = self.chat().and_then(|chat| chat.selected()).is_some();
        let fetched =
            self.chat().and_then(|chat| chat.timeline().with_files().find(is_fetched)).cloned();
        let message = match fetched.filter(|_| !chosen) {
            Some(message) => message,
            None => self.message_with_file()?,
        };
        let forget = !self.world.file(message.id).is_coming();
        let ticket = self.ticket(Asked::File);
        turn.send(Command::StopFile { message: message.id, forget, ticket });
        Ok(())
    }

    fn fetch(&mut self, message: MessageId, target: Option<String>, turn: &mut Turn<'_>) {
        let ticket = self.ticket(Asked::Fetch(message));
        turn.send_written(Command::FetchFile { message, target, ticket });
    }

    /// Actions that do something with the file of the chosen message; says whether this was one.
    pub(super) fn act_on_file(
        &mut self,
        action: Action,
        message: &Message,
        turn: &mut Turn<'_>,
    ) -> bool {
        if !matches!(
            action,
            Action::ViewPicture | Action::SaveFile | Action::SaveFileAs | Action::StopFile
        ) {
            return false;
        }
        let Some(file) = &message.file else {
            turn.news("that message carries no file");
            return true;
        };
        match action {
            Action::ViewPicture if file.name.kind() != FileKind::Picture => {
                turn.news("that file is no picture that can be shown here; it can be saved");
            }
            Action::ViewPicture => {
                let shown = PictureBox::new(message.id, file.name.to_string());
                self.overlay = Some(Overlay::Picture(Box::new(shown)));
            }
            Action::SaveFile => self.fetch(message.id, None, turn),
            Action::SaveFileAs => {
                let about = About::Save(message.id, file.name.to_string());
                self.stop_choosing();
                self.writing_mut().begin(about);
            }
            _ => {
                if let Err(why) = self.stop_file(turn) {
                    turn.error(why);
                }
            }
        }
        true
    }

    /// Asks for the picture that lies over the screen, in the size that there is room for.
    pub(super) fn settle_picture(&mut self, turn: &mut Turn<'_>) {
        let Some(Overlay::Picture(shown)) = &mut self.overlay else { return };
        let room = PictureBox::room(turn.size, turn.raster);
        if (shown.asked, shown.raster) == (room, turn.raster) {
            return;
        }
        (shown.asked, shown.raster, shown.picture) = (room, turn.raster, None);
        let message = shown.message;
        let ticket = self.ticket(Asked::Picture(message, room));
        turn.send(Command::ShowPicture { message, width: room.0, height: room.1, ticket });
    }

    /// The box that waits for this picture in this size. Another one may lie over the screen by now, or none.
    fn picture_box(&mut self, message: MessageId, size: (u16, u16)) -> Option<&mut PictureBox> {
        match &mut self.overlay {
            Some(Overlay::Picture(shown)) => {
                Some(shown.as_mut()).filter(|shown| (shown.message, shown.asked) == (message, size))
            }
            _ => None,
        }
    }

    /// Whether a picture lies over the screen, or is to.
    pub fn shows_picture(&self) -> bool {
        matches!(self.overlay, Some(Overlay::Picture(_)))
    }

    /// A picture is here, as small as it was asked for.
    pub(super) fn take_picture(&mut self, ticket: Ticket, picture: Picture, turn: &mut Turn<'_>) {
        let (message, room) = match self.asked.remove(&ticket) {
            Some(Asked::Picture(message, room)) => (message, room),
            Some(Asked::Thumbnail(message, room)) => {
                return self.keep_thumbnail((message, room), Some(&picture), turn);
            }
            _ => return,
        };
        let Some(shown) = self.picture_box(message, room) else { return };
        match shown.raster {
            Some(raster) => {
                let plate = Plate { order: Order { message, room, raster }, picture };
                turn.effects.push(Effect::Engrave(Box::new(plate)));
            }
            None => shown.picture = Some(Shape::Cells(picture)),
        }
    }

    /// A picture is as the terminal takes it.
    pub fn take_graphic(
        &mut self,
        order: Order,
        outcome: Result<Graphic, Vec<String>>,
        turn: &mut Turn<'_>,
    ) {
        let waits = self.picture_box(order.message, order.room).filter(|shown| order.is_for(shown));
        match (waits, outcome) {
            (Some(shown), Ok(graphic)) => shown.picture = Some(Shape::Graphic(graphic)),
            (Some(_), Err(why)) => {
                self.picture_refused((order.message, order.room), &why.concat(), turn);
            }
            (None, _) => {}
        }
    }

    /// It is not here, and is being fetched.
    pub(super) fn picture_is_fetched(&mut self, message: MessageId, size: (u16, u16)) {
        if let Some(shown) = self.picture_box(message, size) {
            shown.words = "being fetched; it shows when it is here";
        }
    }

    /// It cannot be shown.
    pub(super) fn picture_refused(
        &mut self,
        (message, size): (MessageId, (u16, u16)),
        why: &str,
        turn: &mut Turn<'_>,
    ) {
        if self.picture_box(message, size).is_some() {
            self.overlay = None;
            turn.error(format!("not shown: {why}"));
        }
    }

    /// Files have come further: a picture that waits for its file may be shown now.
    pub(super) fn note_files(&mut self, views: Vec<FileView>, turn: &Turn<'_>) {
        if let Some(Overlay::Picture(shown)) = &mut self.overlay
            && shown.picture.is_none()
            && let Some(view) = views.iter().find(|view| view.message == shown.message)
        {
            match &view.state {
                FileState::Here | FileState::Saving | FileState::Saved { .. } => shown.asked = (0, 0),
                FileState::Failed { .. } | FileState::Paused { why: Some(_), .. } => {
                    shown.words = "it cannot be had; the line below the message says why"
                }
                _ => {}
            }
        }
        self.note_states(views, turn);
    }

    /// The path was written to which a file is to be saved.
    pub(super) fn save_as(&mut self, message: MessageId, path: &str, turn: &mut Turn<'_>) {
        let path = path.trim();
        if path.is_empty() {
            return turn.error(
                "not saved: write where to, such as ~/plan.pdf or a directory with / at its end",
            );
        }
        self.writing_mut().stop_about();
        let draft = self.writing_mut().draft.text();
        self.saving_as =
            self.open.clone().map(|chat| SavingAs { chat, message, path: path.to_owned(), draft });
        self.fetch(message, Some(path.to_owned()), turn);
    }

    /// It is not saved there: the path is to be mended, where nothing else has been begun.
    pub(super) fn not_saved(&mut self, message: MessageId) {
        let Some(saving) = self.saving_as.take_if(|saving| saving.message == message) else { return };
        let is_open = self.open.as_ref() == Some(&saving.chat) && self.card().is_none();
        let writing = self.writing_mut();
        if is_open && writing.draft.reads(&saving.draft) && writing.about.is_none() {
            writing.begin(About::Save(message, String::new()));
            writing.draft = Editor::from(saving.path.as_str());
        }
    }

    /// The path of a file was pasted: whether it is to be sent is asked, where it could be.
    pub fn paste_file(&mut self, pasted: PastedFile, turn: &mut Turn<'_>) {
        let is_room = matches!(self.open, None | Some(ConversationId::Room(_)));
        let is_free = self.overlay.is_none() && self.card().is_none() && self.find_line().is_none();
        let is_empty = self.writing().is_some_and(|chat| chat.draft.is_empty() && chat.about.is_none());
        match is_free && is_empty && !is_room {
            true => self.overlay = Some(Overlay::Question(Question::SendFile(pasted))),
            false => self.paste(pasted.pasted, turn),
        }
    }

    /// It is not to be sent: then it is text.
    pub(super) fn paste_path(&mut self, pasted: &PastedFile, turn: &mut Turn<'_>) {
        let text = crate::domain::clean_block(&pasted.pasted.text);
        self.insert_paste(&LargePaste::new(text, pasted.pasted.cut), turn);
    }
}
