//! `cooee group link`, and `cooee group join` with a link.

use std::str::FromStr;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Error;
use super::attached::{Attached, Heard};
use super::json::{self, Record};
use super::output::note;
use super::target::GroupArgument;
use super::text::{group_label, time};
use super::wait::Options;
use crate::domain::{GroupId, GroupLink, Lifetime, Standing};
use crate::engine::{self, Ticket, Update};

/// A way into a group: its name, or a link.
#[derive(Clone, Debug)]
pub enum Entrance {
    /// A group that is listed, or that we are invited into.
    Group(GroupArgument),
    /// A link into one.
    Link(Box<GroupLink>),
}

impl FromStr for Entrance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if GroupLink::is_meant(text) {
            return text.parse().map(|link| Self::Link(Box::new(link))).map_err(|why| format!("{why}"));
        }
        text.parse().map(Self::Group).map_err(|why| format!("{why}"))
    }
}

/// How long a link lasts.
pub(super) fn lasts(text: &str) -> Result<Duration, String> {
    let lasts = Lifetime::parse(text).ok().flatten().map(Lifetime::duration);
    lasts.ok_or_else(|| format!("`{text}` is no time: write hours or days, such as 12h or 7d"))
}

/// Makes a link, or takes it back. Returns what is to be printed.
pub(super) async fn link(
    attached: &mut Attached,
    group: GroupId,
    (lasts, uses): (Duration, u32),
    revoke: bool,
    options: Options,
) -> Result<String, Error> {
    let label = group_label(&attached.groups, group);
    let ask = |ticket| match revoke {
        true => engine::Command::RevokeGroupLink { group, ticket },
        false => engine::Command::MakeGroupLink { group, lasts, uses, ticket },
    };
    match answer(attached, options, ask).await? {
        Update::GroupLink { link, ends_at, uses, .. } if options.json => {
            Ok(json::line(&Record::group_link(&link, ends_at, uses)))
        }
        Update::GroupLink { link, ends_at, uses, .. } => {
            note(&format!("lets {uses} into {label} until {}", time(ends_at)));
            Ok(format!("{link}\n"))
        }
        _ => Ok(format!("The link into {label} lets nobody in any more.\n")),
    }
}

/// Asks to be let in, and waits for it a while.
pub(super) async fn join(
    attached: &mut Attached,
    link: &GroupLink,
    options: Options,
) -> Result<String, Error> {
    let ask = |ticket| engine::Command::JoinByLink { link: link.clone(), ticket };
    answer(attached, options, ask).await?;
    let is_in = |attached: &Attached| {
        attached.groups.get(&link.group).is_some_and(|view| view.standing == Standing::Member)
    };
    let deadline = Instant::now() + options.patience.timeout;
    while !is_in(attached) {
        let Ok(update) = timeout_at(deadline, attached.recv()).await else { break };
        attached.take(update).await?;
    }
    Ok(match (is_in(attached), options.json) {
        (true, true) => {
            attached.groups.get(&link.group).map(|v| json::line(&Record::group(v))).unwrap_or_default()
        }
        (true, false) => format!("Joined {}.\n", group_label(&attached.groups, link.group)),
        (false, _) => {
            note(&format!(
                "asked: you come in when {} is here, and Cooee runs on both sides",
                link.host
            ));
            String::new()
        }
    })
}

async fn answer(
    attached: &mut Attached,
    options: Options,
    command: impl Fn(Ticket) -> engine::Command,
) -> Result<Update, Error> {
    let ticket = Ticket(1);
    let deadline = Instant::now() + options.patience.timeout;
    attached.ask(command(ticket)).await;
    loop {
        let Ok(update) = timeout_at(deadline, attached.recv()).await else {
            return Err(Error::Unreachable("it did not answer in time".to_owned()));
        };
        match attached.take(update).await? {
            Heard::Again => attached.ask(command(ticket)).await,
            Heard::Update(Update::Refused { ticket: answered, why }) if answered == ticket => {
                return Err(Error::Refused(why));
            }
            Heard::Update(
                update @ (Update::Agreed { ticket: answered }
                | Update::Done { ticket: answered, .. }
                | Update::GroupLink { ticket: answered, .. }),
            ) if answered == ticket => return Ok(update),
            Heard::Update(_) => {}
        }
    }
}
