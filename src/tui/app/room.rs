//! How open rooms and those who speak in them are written, and what help says of them.

use crate::domain::{RoomName, UserName};

/// An open room, as its name is written everywhere.
pub fn room_label(room: &RoomName) -> String {
    format!("{}{room}", RoomName::SIGN)
}

/// Who speaks in an open room: the name that the topic claims, never the display name of a contact who is called
/// so.
pub fn claimed_name(user: &UserName) -> String {
    format!("~{user}")
}

/// What help says of open rooms.
pub const ROOM_HELP: &[(&str, &str)] = &[
    ("+lobby", "an open room: not encrypted. Everybody on this"),
    ("", "broker can read and write there: scripts and"),
    ("", "devices too, with any MQTT client, at the topic"),
    ("", "cooee/1/open/lobby/NAME. /room lobby goes in"),
    ("~bob", "what speaks in a room and calls itself bob. No"),
    ("", "name is verified there, also not that of a contact"),
    ("not encrypted", "stands in the title of each room. Elsewhere"),
    ("", "everything is encrypted, and stays so"),
];
