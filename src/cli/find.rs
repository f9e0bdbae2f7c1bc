//! `cooee find`.

use super::Error;
use super::attached::{Attached, Heard, with_session};
use super::history::conversation_of;
use super::json::{self, Record};
use super::output::{note, print};
use super::target::Target;
use super::text;
use crate::config::Config;
use crate::domain::{ConversationId, FindAt, Message, Words};
use crate::engine::{self, Ticket, Update};

/// How much the engine gives at once.
const PAGE: usize = 500;

/// Print the messages that have all of these words, in the order in which they came.
#[derive(clap::Args)]
pub struct Find {
    /// What to look for: case and accents do not matter, and a word finds longer ones that begin with it
    #[arg(required = true)]
    words: Vec<String>,
    /// Only in this conversation: a user name, or `#` and the name of a group, or `+` and the name of an open room
    #[arg(long = "in", value_name = "NAME")]
    within: Option<Target>,
    /// Only the last N of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Print JSON, one object a line (see `cooee listen --help`)
    #[arg(long)]
    json: bool,
}

/// Prints them, page by page: however many there are, few of them are in memory.
///
/// # Errors
/// [`Error::Refused`] where there is no word to look for; those of finding a conversation, and what a session
/// brings.
pub async fn run(command: &Find, config: &Config) -> Result<(), Error> {
    let words = command.words.join(" ");
    if Words::new(&words).is_empty() {
        let why = format!("`{words}` has no word to look for: write letters, digits or emoji");
        return Err(Error::Refused(why));
    }
    with_session(config, async |attached| {
        let within = match &command.within {
            Some(target) => Some(conversation_of(attached, target).await?),
            None => None,
        };
        let search = Search { words, within };
        let mut at = match command.limit {
            None => FindAt::After(0),
            Some(limit) => search.start_of_last(attached, limit as usize).await?,
        };
        let mut left = command.limit.map_or(usize::MAX, |limit| limit as usize);
        let mut any = false;
        loop {
            let page = search.page(attached, at, PAGE.min(left)).await?;
            left -= page.messages.len().min(left);
            any |= !page.messages.is_empty();
            let line = |message: &Message| match command.json {
                true => json::line(&Record::message(message, &attached.groups)),
                false => text::line(message, &attached.groups, true),
            };
            print(page.messages.iter().map(line).collect()).await?;
            match page.edge {
                Some(edge) if page.more && left > 0 => at = FindAt::After(edge),
                _ => break,
            }
        }
        if !any && !command.json {
            note("nothing was found");
        }
        Ok(())
    })
    .await
}

struct Search {
    words: String,
    within: Option<ConversationId>,
}

struct Page {
    messages: Vec<Message>,
    /// The place of the last of them.
    edge: Option<i64>,
    more: bool,
}

impl Search {
    /// Where to begin so that the last `limit` follow.
    async fn start_of_last(&self, attached: &mut Attached, limit: usize) -> Result<FindAt, Error> {
        let mut missing = limit;
        let mut at = FindAt::Newest;
        loop {
            let page = self.page(attached, at, missing.min(PAGE)).await?;
            missing -= page.messages.len().min(missing);
            match page.edge {
                Some(edge) if page.more && missing > 0 => at = FindAt::Before(edge),
                Some(edge) => return Ok(FindAt::After(edge - 1)),
                None => return Ok(FindAt::After(0)),
            }
        }
    }

    async fn page(&self, attached: &mut Attached, at: FindAt, limit: usize) -> Result<Page, Error> {
        let Self { words, within } = self;
        let command = || engine::Command::Find {
            words: words.clone(),
            within: within.clone(),
            at,
            limit,
            ticket: Ticket(1),
        };
        attached.ask(command()).await;
        loop {
            let update = attached.recv().await;
            match attached.take(update).await? {
                Heard::Update(Update::Found { messages, edge, more, .. }) => {
                    return Ok(Page { messages, edge, more });
                }
                Heard::Update(_) => {}
                Heard::Again => attached.ask(command()).await,
            }
        }
    }
}
