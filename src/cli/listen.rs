//! `cooee listen`.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Error;
use super::attached::{Attached, Heard, with_session};
use super::json::{self, Record};
use super::output::{note, print};
use super::{text, wait};
use crate::config::Config;
use crate::domain::Message;
use crate::engine::{Link, Notice, Update};

/// Print messages as they come.
#[derive(clap::Args)]
#[command(after_long_help = json::HELP)]
pub struct Listen {
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
    /// Tell a message again when it was edited, deleted, answered with a sign or pinned: as it is then
    #[arg(long)]
    changes: bool,
    /// Stop after so many messages and events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// Stop after this time: seconds, or such as `10s`, `2m`; exit code 5 if fewer than --count came
    #[arg(long, value_name = "TIME", value_parser = wait::duration)]
    timeout: Option<Duration>,
}

/// Prints what comes until the count is reached, the time is over, or it is interrupted.
///
/// # Errors
/// [`Error::Interrupted`]; [`Error::Lost`] when messages may be missing; when the time is over,
/// [`Error::Unreachable`] or [`Error::TooFew`] where that is why nothing more came.
pub async fn run(command: &Listen, config: &Config) -> Result<(), Error> {
    with_session(config, async |attached| command.run(attached).await).await
}

impl Listen {
    async fn run(&self, attached: &mut Attached) -> Result<(), Error> {
        let end = self.timeout.map(|timeout| Instant::now() + timeout);
        let wanted = self.count.map_or(usize::MAX, |count| count as usize);
        let mut came = 0;
        let mut told_down = false;
        while came < wanted {
            let update = match end {
                None => attached.recv().await,
                Some(end) => match timeout_at(end, attached.recv()).await {
                    Ok(update) => update,
                    Err(_) => return self.time_is_over(attached, came),
                },
            };
            match attached.take(update).await? {
                Heard::Update(Update::Stored(stored)) => {
                    let now = &stored[..stored.len().min(wanted - came)];
                    print(now.iter().map(|s| self.line(attached, &s.message, false)).collect()).await?;
                    came += now.len();
                }
                Heard::Update(Update::Altered(messages)) if self.changes => {
                    let now = &messages[..messages.len().min(wanted - came)];
                    print(now.iter().map(|m| self.line(attached, m, true)).collect()).await?;
                    came += now.len();
                }
                Heard::Update(Update::Link(Link::Down { reason, .. })) if !told_down => {
                    told_down = true;
                    note(&format!("no connection, trying again: {reason}"));
                }
                Heard::Update(Update::Link(Link::Up)) if told_down => {
                    told_down = false;
                    note("connected again");
                }
                Heard::Update(
                    Update::Notice(Notice::Warning(words))
                    | Update::FileSaved { outcome: Err(words), .. },
                ) => note(&words),
                Heard::Update(_) | Heard::Again => {}
            }
        }
        Ok(())
    }

    fn line(&self, attached: &Attached, message: &Message, changed: bool) -> String {
        match self.json {
            true => json::line(&Record::told(message, &attached.groups, changed)),
            false if changed => text::changed(message, &attached.groups),
            false => text::line(message, &attached.groups, false),
        }
    }

    fn time_is_over(&self, attached: &Attached, came: usize) -> Result<(), Error> {
        match (&attached.link, self.count) {
            (Link::Down { reason, .. }, _) => Err(Error::Unreachable(reason.clone())),
            (_, Some(wanted)) => Err(Error::TooFew { came, wanted: wanted as usize }),
            (_, None) => Ok(()),
        }
    }
}
