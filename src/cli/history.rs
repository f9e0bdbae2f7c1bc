//! `cooee history`.

use super::Error;
use super::attached::{Attached, Heard, with_session};
use super::json::{self, Record};
use super::output::print;
use super::target::{Purpose, Target};
use super::text;
use crate::config::Config;
use crate::domain::{Body, ConversationId, Message, PageAt};
use crate::engine::{self, Update};

/// How much the engine gives at once.
const PAGE: usize = 500;

/// Print a conversation, oldest message first.
#[derive(clap::Args)]
pub struct History {
    /// A user name, or `#` and the name of a group (quote it: the shell takes # for a comment), or `+` and the name
    /// of an open room
    with: Target,
    /// Print JSON, one object a line (see `cooee listen --help`)
    #[arg(long)]
    json: bool,
    /// Only the newest N messages and events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Only messages whose text holds TEXT, whatever the case; among the newest N with --limit
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
}

/// Prints it, page by page: however long it is, little of it is in memory.
///
/// # Errors
/// [`Error::Nobody`], [`Error::NoGroup`], [`Error::Ambiguous`], and what a session brings.
pub async fn run(command: &History, config: &Config) -> Result<(), Error> {
    with_session(config, async |attached| {
        let with = conversation_of(attached, &command.with).await?;
        let mut at = match command.limit {
            None => PageAt::Oldest,
            Some(limit) => start_of_newest(attached, &with, limit as usize).await?,
        };
        let search = command.search.as_ref().map(|text| text.to_lowercase());
        // Bounded here too: more may come meanwhile.
        let mut left = command.limit.map_or(usize::MAX, |limit| limit as usize);
        loop {
            let page = load(attached, &with, at, PAGE.min(left)).await?;
            left -= page.messages.len().min(left);
            let wanted = page.messages.iter().filter(|m| search.as_ref().is_none_or(|s| holds(m, s)));
            let line = |message: &Message| match command.json {
                true => json::line(&Record::message(message, &attached.groups)),
                false => text::line(message, &attached.groups, true),
            };
            print(wanted.map(line).collect()).await?;
            match page.messages.last() {
                Some(last) if page.more && left > 0 => at = PageAt::After(last.key()),
                _ => return Ok(()),
            }
        }
    })
    .await
}

/// Finds the conversation. Those whom only the CSV files know come a moment later.
pub(super) async fn conversation_of(
    attached: &mut Attached,
    with: &Target,
) -> Result<ConversationId, Error> {
    let conversation = with.resolve(&attached.groups, Purpose::Read)?;
    if let ConversationId::Room(room) = &conversation
        && !attached.rooms.contains(room)
        && !attached.conversations.contains(&conversation)
    {
        let why = format!("nothing was heard in +{room}: `cooee room join {room}` listens there");
        return Err(Error::Refused(why));
    }
    if let ConversationId::Direct(user) = &conversation
        && !attached.conversations.contains(&conversation)
    {
        attached.settle().await?;
        if !attached.people.contains_key(user) && !attached.conversations.contains(&conversation) {
            return Err(Error::Nobody(user.clone()));
        }
    }
    Ok(conversation)
}

fn holds(message: &Message, lower_case: &str) -> bool {
    matches!(&message.body, Body::Text(text) if text.as_str().to_lowercase().contains(lower_case))
}

/// Where to begin so that `limit` messages follow: after the one before them, if there is one.
async fn start_of_newest(
    attached: &mut Attached,
    with: &ConversationId,
    limit: usize,
) -> Result<PageAt, Error> {
    let mut missing = limit + 1;
    let mut at = PageAt::Newest;
    loop {
        let page = load(attached, with, at, missing.min(PAGE)).await?;
        missing -= page.messages.len().min(missing);
        match page.messages.first() {
            Some(first) if missing == 0 => return Ok(PageAt::After(first.key())),
            Some(first) if page.messages.len() == PAGE => at = PageAt::Before(first.key()),
            _ => return Ok(PageAt::Oldest),
        }
    }
}

/// Part of a conversation.
pub(super) struct Page {
    /// The messages, oldest first.
    pub messages: Vec<Message>,
    /// Newer ones exist.
    pub more: bool,
}

/// Reads part of a conversation.
pub(super) async fn load(
    attached: &mut Attached,
    with: &ConversationId,
    at: PageAt,
    limit: usize,
) -> Result<Page, Error> {
    let command = || engine::Command::Load { conversation: with.clone(), at, limit };
    attached.ask(command()).await;
    loop {
        let update = attached.recv().await;
        match attached.take(update).await? {
            Heard::Update(Update::Page { messages, more_after, .. }) => {
                return Ok(Page { messages, more: more_after });
            }
            Heard::Update(_) => {}
            Heard::Again => attached.ask(command()).await,
        }
    }
}
