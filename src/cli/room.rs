//! `cooee room …`.

use clap::Subcommand;

use super::Error;
use super::answer::{TICKET, agreed};
use super::attached::{Attached, with_session};
use super::json::{self, Record};
use super::output::print;
use super::wait::Options;
use crate::config::Config;
use crate::domain::{InvalidRoomName, RoomName};
use crate::engine;

/// The commands about open rooms. A room is written by its name, with or without `+`.
#[derive(Subcommand)]
pub enum Command {
    /// Hear what is said in a room from now on, also while you are away
    ///
    /// The broker keeps what is said while this account is signed out, as it does with messages to you. What it
    /// kept retained of before, such as the last word of a sensor, is heard at once.
    Join {
        /// Which room
        #[arg(value_name = "NAME", value_parser = name)]
        room: RoomName,
        #[command(flatten)]
        options: Options,
    },
    /// Hear it no more; what was heard stays
    Leave {
        /// Which room
        #[arg(value_name = "NAME", value_parser = name)]
        room: RoomName,
        #[command(flatten)]
        options: Options,
    },
    /// List the rooms that you are in
    List {
        #[command(flatten)]
        options: Options,
    },
}

fn name(text: &str) -> Result<RoomName, InvalidRoomName> {
    RoomName::read(text)
}

/// Does what is asked.
///
/// # Errors
/// [`Error::Unreachable`] without a connection, for the list alone does without; [`Error::Refused`], and what a
/// session brings.
pub async fn run(command: Command, config: &Config) -> Result<(), Error> {
    with_session(config, async |attached| {
        let (room, options, joined) = match command {
            Command::List { options } => return print(list(attached, options.json)).await,
            Command::Join { room, options } => (room, options, true),
            Command::Leave { room, options } => (room, options, false),
        };
        // The broker has to know before we go.
        attached.until_up(options.patience.timeout).await?;
        let ask = match joined {
            true => engine::Command::JoinRoom { room: room.clone(), ticket: TICKET },
            false => engine::Command::LeaveRoom { room: room.clone(), ticket: TICKET },
        };
        agreed(attached, ask, Some(options.patience.timeout)).await?;
        print(match (options.json, joined) {
            (true, joined) => json::line(&Record::room(&room, joined)),
            (false, true) => {
                format!(
                    "Joined {}{room}. Nothing there is encrypted, and no name is verified.\n",
                    RoomName::SIGN
                )
            }
            (false, false) => format!("Left {}{room}.\n", RoomName::SIGN),
        })
        .await
    })
    .await
}

fn list(attached: &Attached, as_json: bool) -> String {
    let line = |room: &RoomName| match as_json {
        true => json::line(&Record::room(room, true)),
        false => format!("{}{room}\n", RoomName::SIGN),
    };
    attached.rooms.iter().map(line).collect()
}
