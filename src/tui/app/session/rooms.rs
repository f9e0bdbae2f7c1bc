//! Open rooms: going in and out, and the banner that always stands there.

use super::{Asked, Session, Turn};
use crate::domain::{ConversationId, RoomName};
use crate::engine::Command;
use crate::tui::app::room::room_label;

impl Session {
    /// The open room, if a room is open.
    pub fn open_room(&self) -> Option<&RoomName> {
        match self.open.as_ref()? {
            ConversationId::Room(room) => Some(room),
            ConversationId::Direct(_) | ConversationId::Group(_) => None,
        }
    }

    /// Goes into a room, or opens it where we are in already.
    pub(super) fn enter_room(&mut self, name: &str, turn: &mut Turn<'_>) -> Result<(), String> {
        let room = RoomName::read(name).map_err(|why| why.to_string())?;
        match self.world.is_in_room(&room) {
            true => self.open(ConversationId::Room(room), turn),
            false => {
                let ticket = self.ticket(Asked::Room(room.clone(), true));
                turn.send(Command::JoinRoom { room, ticket });
            }
        }
        Ok(())
    }

    pub(super) fn leave_room(&mut self, room: RoomName, turn: &mut Turn<'_>) -> Result<(), String> {
        if !self.world.is_in_room(&room) {
            return Err(format!("you are not in {}", room_label(&room)));
        }
        let ticket = self.ticket(Asked::Room(room.clone(), false));
        turn.send(Command::LeaveRoom { room, ticket });
        Ok(())
    }

    /// We are in a room, or not any more.
    pub(super) fn room_moved(&mut self, room: RoomName, joined: bool, turn: &mut Turn<'_>) {
        let label = room_label(&room);
        match joined {
            true => {
                self.open(ConversationId::Room(room), turn);
                turn.news(format!("you are in {label} now"));
            }
            false => turn.news(format!("you are not in {label} any more; /room {room} goes back")),
        }
    }

    /// Why nothing is said in the open room: we left it.
    pub(super) fn outside_room(&self) -> Option<String> {
        let room = self.open_room().filter(|room| !self.world.is_in_room(room))?;
        Some(format!("not sent: you left {}; /room {room} goes back", room_label(room)))
    }

    /// What always stands above the composer in an open room, the longest first.
    pub(super) fn room_banner() -> Vec<String> {
        let all = [
            "Open room: not encrypted; names are not verified. Everybody on this broker can read and write here, \
             under any name.",
            "Open room: not encrypted; names are not verified.",
            "Not encrypted; names not verified.",
            "Not encrypted.",
        ];
        all.map(str::to_owned).to_vec()
    }
}
