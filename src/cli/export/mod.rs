//! `cooee export`: one conversation, wholly, in a form that other programs read.
//!
//! It is read page by page and written as it comes, so that little of it is in memory. A file is written beside its
//! place and takes it when it is whole: whoever looks sees all of it or nothing.

mod file;
mod form;

use std::path::PathBuf;

use super::Error;
use super::attached::with_session;
use super::history::{conversation_of, load};
use super::output::print;
use super::target::Target;
use crate::config::Config;
use crate::domain::PageAt;
use file::Place;
use form::{Form, Writer};

/// How much the engine gives at once.
const PAGE: usize = 500;

/// Write a whole conversation, oldest message first.
#[derive(clap::Args)]
pub struct Export {
    /// A user name, or `#` and the name of a group (quote it: the shell takes # for a comment), or `+` and the name
    /// of an open room
    with: Target,
    /// As what; by default what the name of FILE says, else text
    #[arg(long, value_enum)]
    format: Option<Form>,
    /// Into this file, readable by you alone; to standard output where none is named
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Also where FILE is there already
    #[arg(long, requires = "output")]
    force: bool,
}

/// Writes it.
///
/// # Errors
/// [`Error::Refused`] where the file is there already, [`Error::Write`] where it cannot be written; those of
/// finding a conversation, and what a session brings.
pub async fn run(command: Export, config: &Config) -> Result<(), Error> {
    let Export { with, format, output, force } = command;
    let format = format.unwrap_or_else(|| Form::of(output.as_deref()));
    let mut place = output.map(|path| Place::open(path, force)).transpose()?;
    let count = with_session(config, async |attached| {
        let conversation = conversation_of(attached, &with).await?;
        let writer = Writer::new(format, &conversation, &attached.groups);
        put(&mut place, writer.head()).await?;
        let (mut at, mut count) = (PageAt::Oldest, 0);
        loop {
            let page = load(attached, &conversation, at, PAGE).await?;
            count += page.messages.len();
            let text = page.messages.iter().map(|message| writer.message(message, &attached.groups));
            put(&mut place, text.collect()).await?;
            match page.messages.last() {
                Some(last) if page.more => at = PageAt::After(last.key()),
                _ => return Ok(count),
            }
        }
    })
    .await?;
    let Some(place) = place else { return Ok(()) };
    let path = place.keep()?;
    let messages = if count == 1 { "message" } else { "messages" };
    print(format!("Exported {count} {messages} to {}.\n", path.display())).await
}

async fn put(place: &mut Option<Place>, text: String) -> Result<(), Error> {
    match place {
        Some(place) => place.write(&text),
        None => print(text).await,
    }
}
