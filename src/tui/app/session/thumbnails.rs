//! Pictures in the rows of the open chat: asked for when they are on the screen, one at a time, and shown when they are
//! here.

use super::{Asked, Session, Turn};
use crate::domain::{Message, MessageId, Picture};
use crate::engine::{Command, FileView};
use crate::tui::app::Glyphs;
use crate::tui::app::chat::{Chat, Window};
use crate::tui::app::thumbnail::{Thumbnail, Thumbnails, has_picture};

impl Session {
    /// The picture that a message carries, if it is to be shown.
    pub fn thumbnail(&self, message: MessageId) -> Option<&Thumbnail> {
        self.thumbnails.shown()?.get(message)
    }

    /// They are shown where they were not turned off, and there are colours and signs enough.
    pub(super) fn settle_thumbnails(&mut self, turn: &Turn<'_>) {
        let can_show = turn.setup.glyphs == Glyphs::Unicode && turn.theme.pixel([0; 3]).is_some();
        let on = turn.setup.thumbnails && can_show;
        if on != self.thumbnails.shown().is_some() {
            self.in_place(turn, |session| session.thumbnails.turn(on));
        }
    }

    /// A frame of this state is on the screen: asks for a picture that is missing in it, unless one is being waited for.
    pub fn ask_thumbnail(&mut self, turn: &mut Turn<'_>) {
        let messages = self.regions.messages;
        let room = Thumbnails::room(usize::from(messages.width), turn.size.1);
        let room = room.filter(|_| messages.height > 0 && self.card().is_none());
        let Some(room) = room.filter(|_| self.thumbnails.shown().is_some()) else { return };
        let is_waiting = self.asked.values().any(|asked| matches!(asked, Asked::Thumbnail(..)));
        // Mostly nothing is missing, and then nothing is laid out to know it.
        let near = self.pictures(turn, |chat, window| chat.near(window).collect());
        if is_waiting || self.thumbnails.look(&near, room).is_none() {
            return;
        }
        let in_view = self.pictures(turn, |chat, window| chat.in_view(window).collect());
        if let Some(message) = self.thumbnails.look(&in_view, room) {
            let ticket = self.ticket(Asked::Thumbnail(message, room));
            turn.send(Command::Thumbnail { message, width: room.0, height: room.1, ticket });
        }
    }

    /// Those of some messages of the open chat that carry pictures.
    fn pictures(
        &self,
        turn: &Turn<'_>,
        some: impl for<'a> FnOnce(&'a Chat, &Window<'_>) -> Vec<&'a Message>,
    ) -> Vec<MessageId> {
        let window = self.window(turn.setup, turn.now);
        let messages = self.chat().map_or_else(Vec::new, |chat| some(chat, &window));
        let carrying = messages.into_iter().filter(|message| has_picture(message, &self.world));
        carrying.map(|message| message.id).collect()
    }

    /// A picture has come; or there is none, and then the line of its file is all there is of it.
    pub(super) fn keep_thumbnail(
        &mut self,
        (message, room): (MessageId, (u16, u16)),
        picture: Option<&Picture>,
        turn: &Turn<'_>,
    ) {
        // It may be gone meanwhile, and nothing is kept of what is.
        if self.thumbnails.shown().is_some() && self.world.file(message).is_here() {
            let shown = picture.and_then(|picture| Thumbnail::new(picture, room, turn.theme));
            self.in_place(turn, |session| session.thumbnails.keep(message, room, shown));
        }
    }

    /// Files have come further. Of one that is not here any more no picture is shown, and one that is here anew is asked for
    /// anew.
    pub(super) fn note_states(&mut self, views: Vec<FileView>, turn: &Turn<'_>) {
        let is_new = |view: &&FileView| self.world.file(view.message).is_here() != view.state.is_here();
        let changed: Vec<_> = views.iter().filter(is_new).map(|view| view.message).collect();
        if changed.is_empty() {
            return self.world.note_files(views);
        }
        self.in_place(turn, |session| {
            changed.into_iter().for_each(|message| session.thumbnails.forget(message));
            session.world.note_files(views);
        });
    }

    /// Changes something by which messages become taller or less tall. What somebody looks at stays where it is.
    fn in_place(&mut self, turn: &Turn<'_>, change: impl FnOnce(&mut Self)) {
        let landmark = self.chat().and_then(|chat| chat.landmark(&self.window(turn.setup, turn.now)));
        change(self);
        let Some(landmark) = landmark else { return };
        let Some(chat) = self.open.as_ref().and_then(|id| self.chats.get_mut(id)) else { return };
        let (find, thumbnails) = (self.find.as_ref(), &self.thumbnails);
        let window = super::window(
            &self.world,
            &self.regions,
            Some(&*chat),
            find,
            thumbnails,
            turn.setup,
            turn.now,
        );
        chat.keep(&landmark, &window);
    }
}
