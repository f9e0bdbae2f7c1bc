//! Links into groups: made, taken back, used.

use std::time::Duration;

use super::{Asked, Session, Turn};
use crate::domain::{GroupLink, Timestamp};
use crate::engine::Command;

/// How long a link lasts, and how many it lets in.
const LINK: (Duration, u32) = (Duration::from_secs(7 * 24 * 60 * 60), 20);

impl Session {
    /// Makes a link into the open group, or takes it back.
    pub(super) fn invite_link(&mut self, make: bool, turn: &mut Turn<'_>) -> Result<(), String> {
        let group = self.own_group()?;
        match make {
            true => {
                let (lasts, uses) = LINK;
                let ticket = self.ticket(Asked::MakeLink);
                turn.send(Command::MakeGroupLink { group, lasts, uses, ticket });
            }
            false => {
                let ticket = self.ticket(Asked::RevokeLink);
                turn.send(Command::RevokeGroupLink { group, ticket });
            }
        }
        Ok(())
    }

    /// Asks to be let into a group.
    pub(super) fn join_by_link(&mut self, text: &str, turn: &mut Turn<'_>) -> Result<(), String> {
        let link: GroupLink = text.parse().map_err(|why| format!("{why}"))?;
        let ticket = self.ticket(Asked::UseLink);
        turn.send(Command::JoinByLink { link, ticket });
        Ok(())
    }

    /// A link was made: it is copied, for nobody types it.
    pub(super) fn link_made(
        &mut self,
        link: &GroupLink,
        ends_at: Timestamp,
        uses: u32,
        turn: &mut Turn<'_>,
    ) {
        let text = link.to_string();
        turn.copy(&text);
        turn.news(format!(
            "copied: {text} ({uses} people, until {})",
            turn.setup.calendar.exact(ends_at, turn.now),
        ));
    }
}
