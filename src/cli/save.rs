//! `cooee save`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Error;
use super::attached::{Attached, Heard, with_session};
use super::history::{conversation_of, load};
use super::json::{self, Record};
use super::output::print;
use super::progress::Progress;
use super::target::{InvalidTarget, Target};
use super::wait;
use crate::config::Config;
use crate::domain::{Message, MessageId, PageAt};
use crate::engine::{Command, FileState, Ticket, Update};

/// How many messages are looked through for the last file.
const LOOKED_AT: usize = 500;

/// How long one may still come that waits at the broker.
const WAITING: Duration = Duration::from_secs(5);

const HELP: &str = "\
A file comes from whoever sent it, so their Cooee has to be online; what is here of it stays, and the next \
`cooee save` goes on from there. What came is checked against what was offered, and saved under a name that is \
free: nothing is ever written over. Prints the path.

  cooee save bob                                      # the last file in the chat with bob
  cooee save '#team' ~/plans/                         # into a directory
  cooee save 0193523c-1a00-7000-8000-000000000001 plan.pdf";

/// Fetch and save a file that somebody sent.
#[derive(clap::Args)]
#[command(after_long_help = HELP)]
pub struct Save {
    /// The id of the message (see `cooee listen --json`), or the chat whose last file is meant: a user name, or `#` and
    /// the name of a group
    what: What,
    /// Where to: a name that is free, or a directory; without it where downloads go (`files.downloads`)
    path: Option<PathBuf>,
    /// Print what was saved as a line of JSON (see `cooee listen --help`)
    #[arg(long)]
    json: bool,
    /// How long to wait for the next part of it: seconds, or such as `10s`, `2m`
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = wait::duration)]
    timeout: Duration,
}

/// A message, or the last one of a chat that carries a file.
#[derive(Clone)]
enum What {
    Message(MessageId),
    LastOf(Target),
}

impl FromStr for What {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(id) => Ok(Self::Message(id)),
            Err(_) => text.parse().map(Self::LastOf),
        }
    }
}

/// Fetches and saves it, and waits for that.
///
/// # Errors
/// [`Error::Refused`] where it cannot be had, [`Error::NotFetched`] after the timeout, and what a session brings.
pub async fn run(command: Save, config: &Config) -> Result<(), Error> {
    let target = command.path.as_deref().map(text_of).transpose()?;
    with_session(config, async |attached| {
        let message = match &command.what {
            What::Message(id) => *id,
            What::LastOf(target) => last_file(attached, target).await?,
        };
        let path = save(attached, message, target, command.timeout).await?;
        let line = match command.json {
            true => json::line(&Record::saved(message, &path)),
            false => format!("{path}\n"),
        };
        print(line).await
    })
    .await
}

/// A path that the session can be asked for: whole, because that may run elsewhere.
pub(super) fn text_of(path: &std::path::Path) -> Result<String, Error> {
    let ends_with_slash = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let Some(text) = whole.to_str() else { return Err(Error::Usage("the path is not UTF-8")) };
    let slash = if ends_with_slash && !text.ends_with('/') { "/" } else { "" };
    Ok(format!("{text}{slash}"))
}

/// The last file that somebody else sent in a chat.
async fn last_file(attached: &mut Attached, target: &Target) -> Result<MessageId, Error> {
    let conversation = conversation_of(attached, target).await?;
    let page = load(attached, &conversation, PageAt::Newest, LOOKED_AT).await?;
    let is_theirs = |message: &&Message| message.file.is_some() && !message.is_ours();
    if let Some(last) = page.messages.iter().rfind(is_theirs) {
        return Ok(last.id);
    }
    // It may wait at the broker, for an account that was not signed in.
    attached.hurry().await;
    let until = Instant::now() + WAITING;
    while let Ok(update) = timeout_at(until, attached.recv()).await {
        if let Heard::Update(Update::Stored(stored)) = attached.take(update).await? {
            let mut there = stored.iter().map(|s| &s.message).filter(|m| m.conversation == conversation);
            if let Some(message) = there.find(is_theirs) {
                return Ok(message.id);
            }
        }
    }
    Err(Error::Refused(format!("nobody sent a file there, in the last {LOOKED_AT} messages")))
}

async fn save(
    attached: &mut Attached,
    message: MessageId,
    target: Option<String>,
    patience: Duration,
) -> Result<String, Error> {
    attached.hurry().await;
    let ask = || Command::FetchFile { message, target: target.clone(), ticket: Ticket(1) };
    attached.ask(ask()).await;
    let mut progress = Progress::default();
    let mut agreed = false;
    let mut until = Instant::now() + patience;
    loop {
        let update = match timeout_at(until, attached.recv()).await {
            Ok(update) => update,
            Err(_) => return Err(Error::NotFetched),
        };
        match attached.take(update).await? {
            Heard::Again => {
                agreed = false;
                attached.ask(ask()).await;
            }
            Heard::Update(Update::Refused { ticket: Ticket(1), why }) => {
                return Err(Error::Refused(why));
            }
            Heard::Update(Update::Agreed { ticket: Ticket(1) }) => agreed = true,
            // What was told before is what became of it earlier.
            Heard::Update(Update::FileSaved { message: saved, outcome })
                if saved == message && agreed =>
            {
                return outcome.map_err(Error::Refused);
            }
            Heard::Update(Update::File(view)) if view.message == message => match view.state {
                FileState::Failed { why } if agreed => return Err(Error::Refused(why)),
                FileState::Paused { why: Some(why), .. } if agreed => return Err(Error::Refused(why)),
                FileState::Fetching { have } => {
                    until = Instant::now() + patience;
                    progress.show(&BTreeMap::from([("fetched".to_owned(), have)]));
                }
                FileState::Checking | FileState::Saving => until = Instant::now() + patience,
                _ => {}
            },
            // Notices are about anything, and nothing of what became of this.
            Heard::Update(_) => {}
        }
    }
}
