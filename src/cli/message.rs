//! `cooee message …`: what is done with a message after it was said.

use std::time::Duration;

use clap::Subcommand;
use tokio::time::{Instant, timeout_at};

use super::Error;
use super::answer::{TICKET, answer};
use super::attached::{Attached, with_session};
use super::input;
use super::json::{self, Record};
use super::output::print;
use super::wait::Options;
use crate::config::Config;
use crate::domain::{
    Alteration, Ballot, Delivery, InvalidBallot, Message, MessageId, MessageText, Reaction,
};
use crate::engine::{Command as Ask, Link, Update};

/// How often it is asked whether the broker has it: only of messages is that told.
const ASKING: Duration = Duration::from_millis(50);

/// The commands about messages that were said. Each takes the id that `--json` shows of a message.
#[derive(Subcommand)]
pub enum Command {
    /// Say a message of your own otherwise
    Edit {
        /// Which
        id: MessageId,
        /// What it is to say; `-` reads it from standard input
        #[arg(required = true)]
        text: Vec<String>,
        #[command(flatten)]
        options: Options,
    },
    /// Take a message of your own back, for everybody
    Delete {
        /// Which
        id: MessageId,
        #[command(flatten)]
        options: Options,
    },
    /// Answer a message with a sign, in place of the one before
    React {
        /// Which
        id: MessageId,
        /// The sign: one character as a person sees it, such as 👍
        #[arg(value_parser = Reaction::new, required_unless_present = "undo")]
        sign: Option<Reaction>,
        /// Take yours back
        #[arg(long, conflicts_with = "sign")]
        undo: bool,
        #[command(flatten)]
        options: Options,
    },
    /// Vote in a poll, in place of what you voted before
    Vote {
        /// Which
        id: MessageId,
        /// The numbers of the answers
        #[arg(required_unless_present = "undo")]
        numbers: Vec<u8>,
        /// Take your vote back
        #[arg(long, conflicts_with = "numbers")]
        undo: bool,
        #[command(flatten)]
        options: Options,
    },
    /// End a poll of your own: nobody can vote any more
    Close {
        /// Which
        id: MessageId,
        #[command(flatten)]
        options: Options,
    },
    /// Pin a message where everybody in the conversation finds it
    Pin {
        /// Which
        id: MessageId,
        /// Take it down
        #[arg(long)]
        undo: bool,
        #[command(flatten)]
        options: Options,
    },
}

/// Does what is asked, and waits until the broker has what tells the others of it.
///
/// # Errors
/// [`Error::Refused`], [`Error::NotConfirmed`] after the timeout, [`Error::Input`] for a text that cannot be sent, and
/// what a session brings.
pub async fn run(command: Command, config: &Config) -> Result<(), Error> {
    with_session(config, async |attached| {
        let (id, change, options) = command.read().await?;
        let deadline = Instant::now() + options.patience.timeout;
        attached.hurry().await;
        let (letter, message) = alter(attached, id, change, options.patience.timeout).await?;
        loop {
            match how_far(attached, letter).await? {
                Some(Delivery::Failed) => {
                    return Err(Error::Refused(
                        "the broker refuses it: see `cooee outbox list`".to_owned(),
                    ));
                }
                Some(Delivery::Queued) if Instant::now() < deadline => {}
                Some(Delivery::Queued) => {
                    return Err(Error::NotConfirmed { count: 1, why: why_not(attached) });
                }
                _ => break,
            }
            if let Ok(update) = timeout_at(Instant::now() + ASKING, attached.recv()).await {
                attached.take(update).await?;
            }
        }
        match (options.json, message) {
            (true, Some(message)) => {
                print(json::line(&Record::message(&message, &attached.groups))).await
            }
            _ => Ok(()),
        }
    })
    .await
}

impl Command {
    async fn read(self) -> Result<(MessageId, Alteration, Options), Error> {
        Ok(match self {
            Self::Edit { id, text, options } => (id, Alteration::Edit(read_text(&text).await?), options),
            Self::Delete { id, options } => (id, Alteration::Delete, options),
            Self::React { id, sign, options, .. } => (id, Alteration::React(sign), options),
            Self::Vote { id, numbers, options, .. } => {
                let wrong = |why: InvalidBallot| Error::Input {
                    place: "the vote".to_owned(),
                    why: why.to_string(),
                };
                (id, Alteration::Vote(Ballot::new(numbers).map_err(wrong)?), options)
            }
            Self::Close { id, options } => (id, Alteration::Close, options),
            Self::Pin { id, undo, options } => (id, Alteration::Pin(!undo), options),
        })
    }
}

async fn read_text(words: &[String]) -> Result<MessageText, Error> {
    let mut pieces = match words == ["-"] {
        true => input::whole(std::io::stdin()),
        false => input::words(words),
    };
    match pieces.recv().await {
        Some(piece) => Ok(piece?.text),
        None => Err(Error::Usage("there is no text: `cooee message delete` takes a message back")),
    }
}

/// Has it done; the letter that tells the others, and the message as it is then.
async fn alter(
    attached: &mut Attached,
    id: MessageId,
    change: Alteration,
    patience: Duration,
) -> Result<(MessageId, Option<Message>), Error> {
    let mut altered = None;
    let ask = Ask::Alter { message: id, change, ticket: TICKET };
    answer(attached, ask, Some(patience), |update| match update {
        Update::Altered(messages) => {
            altered = messages.into_iter().find(|message| message.id == id).or(altered.take());
            None
        }
        Update::Told { ticket: TICKET, letter } => Some((letter, altered.take())),
        _ => None,
    })
    .await
}

/// How far a letter has come; `None`: everybody has it.
async fn how_far(attached: &mut Attached, letter: MessageId) -> Result<Option<Delivery>, Error> {
    answer(attached, Ask::Letter(letter), None, |update| match update {
        Update::Letter { id, delivery } if id == letter => Some(delivery),
        _ => None,
    })
    .await
}

fn why_not(attached: &Attached) -> String {
    match &attached.link {
        Link::Down { reason, .. } => format!("no connection to the broker: {reason}"),
        Link::Connecting => "the broker does not answer".to_owned(),
        Link::Up => "the broker has not taken it".to_owned(),
    }
}
