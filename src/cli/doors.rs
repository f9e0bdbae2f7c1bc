//! `cooee group link`, and `cooee group join` with a link.

use std::str::FromStr;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Error;
use super::answer::{TICKET, agreed, answer};
use super::attached::Attached;
use super::json::{self, Record};
use super::output::note;
use super::target::GroupArgument;
use super::text::{group_label, time};
use super::wait::Options;
use crate::domain::{GroupId, GroupLink, Lifetime, Standing};
use crate::engine::{self, Update};

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
    let patience = Some(options.patience.timeout);
    if revoke {
        agreed(attached, engine::Command::RevokeGroupLink { group, ticket: TICKET }, patience).await?;
        return Ok(format!("The link into {label} lets nobody in any more.\n"));
    }
    let ask = engine::Command::MakeGroupLink { group, lasts, uses, ticket: TICKET };
    let made = |update| match update {
        Update::GroupLink { ticket: TICKET, link, ends_at, uses, .. } => Some((link, ends_at, uses)),
        _ => None,
    };
    let (link, ends_at, uses) = answer(attached, ask, patience, made).await?;
    match options.json {
        true => Ok(json::line(&Record::group_link(&link, ends_at, uses))),
        false => {
            note(&format!("lets {uses} into {label} until {}", time(ends_at)));
            Ok(format!("{link}\n"))
        }
    }
}

/// Asks to be let in, and waits for it a while.
pub(super) async fn join(
    attached: &mut Attached,
    link: &GroupLink,
    options: Options,
) -> Result<String, Error> {
    let patience = options.patience.timeout;
    let ask = engine::Command::JoinByLink { link: link.clone(), ticket: TICKET };
    let asked = |update| {
        let is_answer =
            matches!(update, Update::Agreed { ticket: TICKET } | Update::Done { ticket: TICKET, .. });
        is_answer.then_some(())
    };
    answer(attached, ask, Some(patience), asked).await?;
    let is_in = |attached: &Attached| {
        attached.groups.get(&link.group).is_some_and(|view| view.standing == Standing::Member)
    };
    let deadline = Instant::now() + patience;
    while !is_in(attached) {
        let Ok(update) = timeout_at(deadline, attached.recv()).await else { break };
        attached.take(update).await?;
    }
    Ok(match (is_in(attached), options.json) {
        (true, true) => {
            attached.groups.get(&link.group).map(|v| json::line(&Record::group(v))).unwrap_or_default()
        }
        (true, false) => format!("Joined {}.\n", group_label(&attached.groups, link.group)),
        (false, _) => return Err(Error::NotLetIn(link.host.clone())),
    })
}
