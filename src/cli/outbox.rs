//! `cooee outbox …`.

use std::time::Duration;

use clap::Subcommand;
use tokio::time::{Instant, timeout_at};

use super::Error;
use super::answer::answer;
use super::attached::{Attached, with_session};
use super::json::{self, Record};
use super::output::print;
use super::table::aligned;
use super::text::{delivery_word, group_label, hop_words, room_label, time};
use crate::config::Config;
use crate::domain::{Body, ConversationId, MessageId};
use crate::engine::{Command as Ask, Link, OUTBOX_SHOWN, Update, Waiting};

/// How long the connection may take, so that it can be told who is online.
const CONNECTING: Duration = Duration::from_secs(3);

/// How many characters of a text are shown.
const PREVIEW: usize = 40;

/// The commands about what is not confirmed yet.
#[derive(Subcommand)]
pub enum Command {
    /// List what is not confirmed by everybody it is for, and what each letter waits for
    List {
        /// Print JSON, one object a line (see `cooee listen --help`)
        #[arg(long)]
        json: bool,
    },
    /// Send again what failed: all of it, or these
    Retry {
        /// Which: the id as `outbox list` shows it, or its beginning
        #[arg(value_name = "ID")]
        ids: Vec<String>,
    },
    /// Give letters up: they do not go out again, and their messages show as failed
    Drop {
        /// Which: the id as `outbox list` shows it, or its beginning
        #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
        ids: Vec<String>,
        /// All that is in the outbox
        #[arg(long)]
        all: bool,
    },
}

/// Does what a command says.
///
/// # Errors
/// [`Error::NotWaiting`] for an id that is not there, and what a session brings.
pub async fn run(command: Command, config: &Config) -> Result<(), Error> {
    with_session(config, async |attached| {
        let text = match command {
            Command::List { json } => {
                know_who_is_online(attached).await?;
                let answer = ask(attached, Ask::Outbox).await?;
                if json { lines(&answer, attached) } else { table(&answer, attached) }
            }
            Command::Retry { ids } => {
                let letters = find(attached, &ids).await?;
                let answer = ask(attached, Ask::Retry(letters)).await?;
                format!("{} to be sent again\n", letters_in_words(answer.changed))
            }
            Command::Drop { ids, all } => {
                let mut dropped = 0;
                let mut letters =
                    if all { everything(attached).await? } else { find(attached, &ids).await? };
                while !letters.is_empty() {
                    dropped += ask(attached, Ask::GiveUp(letters)).await?.changed;
                    letters = if all { everything(attached).await? } else { Vec::new() };
                }
                format!("{} given up\n", letters_in_words(dropped))
            }
        };
        print(text).await
    })
    .await
}

/// The answer to a question about the outbox.
pub(super) struct Answer {
    /// What waits.
    pub waiting: Vec<Waiting>,
    total: u64,
    changed: u64,
}

/// Asks something about the outbox.
pub(super) async fn ask(attached: &mut Attached, question: Ask) -> Result<Answer, Error> {
    answer(attached, question, None, |update| match update {
        Update::Outbox { waiting, total, changed } => Some(Answer { waiting, total, changed }),
        _ => None,
    })
    .await
}

/// Waits a moment for the connection: without it nobody counts as online, and all waits for it.
async fn know_who_is_online(attached: &mut Attached) -> Result<(), Error> {
    let deadline = Instant::now() + CONNECTING;
    while attached.link == Link::Connecting
        && let Ok(update) = timeout_at(deadline, attached.recv()).await
    {
        attached.take(update).await?;
    }
    match attached.link {
        Link::Up => attached.settle().await,
        _ => Ok(()),
    }
}

async fn everything(attached: &mut Attached) -> Result<Vec<MessageId>, Error> {
    Ok(ask(attached, Ask::Outbox).await?.waiting.iter().map(|waiting| waiting.id).collect())
}

/// The letters of these ids, or beginnings of ids.
async fn find(attached: &mut Attached, ids: &[String]) -> Result<Vec<MessageId>, Error> {
    let mut letters = Vec::new();
    let known = if ids.is_empty() { Vec::new() } else { everything(attached).await? };
    for wanted in ids {
        // Beyond what is listed an id is taken as it is.
        let whole = wanted.parse::<MessageId>().ok();
        let begins = |id: &&MessageId| id.to_string().starts_with(&wanted.to_lowercase());
        let found: Vec<MessageId> = known.iter().filter(begins).copied().collect();
        match (whole, &found[..]) {
            (Some(id), _) | (None, &[id]) => letters.push(id),
            (None, []) => return Err(Error::NotWaiting(wanted.clone())),
            (None, more) => {
                return Err(Error::Refused(format!("`{wanted}` begins {} ids", more.len())));
            }
        }
    }
    Ok(letters)
}

fn lines(answer: &Answer, attached: &Attached) -> String {
    answer.waiting.iter().map(|w| json::line(&Record::waiting(w, &attached.groups))).collect()
}

fn table(answer: &Answer, attached: &Attached) -> String {
    let mut rows = Vec::with_capacity(answer.waiting.len());
    for waiting in &answer.waiting {
        let to = match &waiting.to {
            ConversationId::Direct(user) => format!("@{user}"),
            ConversationId::Group(id) => group_label(&attached.groups, *id),
            ConversationId::Room(room) => room_label(room),
        };
        let written = waiting.id.minted_at().map(time).unwrap_or_default();
        let state = delivery_word(waiting.delivery).to_owned();
        rows.push([
            waiting.id.to_string(),
            written,
            to,
            state,
            hop_words(&waiting.waits_for),
            preview(waiting),
        ]);
    }
    let mut text = aligned(&rows);
    if answer.total > OUTBOX_SHOWN as u64 {
        text.push_str(&format!("and {} more\n", answer.total - OUTBOX_SHOWN as u64));
    }
    text
}

fn preview(waiting: &Waiting) -> String {
    match waiting.message.as_ref().map(|message| &message.body) {
        Some(Body::Text(text)) => {
            let line = text.as_str().lines().next().unwrap_or_default();
            match line.char_indices().nth(PREVIEW) {
                Some((end, _)) => format!("{}…", &line[..end]),
                None => line.to_owned(),
            }
        }
        Some(_) => "(a word about the group)".to_owned(),
        None => "(a notice)".to_owned(),
    }
}

fn letters_in_words(count: u64) -> String {
    match count {
        1 => "1 letter".to_owned(),
        n => format!("{n} letters"),
    }
}
