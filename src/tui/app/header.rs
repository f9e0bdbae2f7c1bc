//! What the first row of the screen says: who we are, the tabs of our groups and rooms, the link.

use ratatui::layout::Rect;

use super::Setup;
use super::beside::Beside;
use super::room::room_label;
use super::session::Session;
use super::text::{fit, width};
use crate::domain::ConversationId;
use crate::engine::Link;

/// Longest name of a tab, in cells.
const NAME: usize = 16;
/// From these widths on there is room for the time of the next attempt, and for all words about it.
const TIMED: (u16, u16) = (32, 60);
/// From this width on there is room for the broker's address.
const ROOMY: u16 = 100;

/// One tab with its place on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab {
    /// The group or open room.
    pub place: ConversationId,
    /// Its name and how much is unread in it.
    pub label: String,
    /// Whether it is the open chat.
    pub open: bool,
    /// Where it stands.
    pub area: Rect,
}

impl Session {
    /// How much is unread in other chats than the open one, where no list on the screen tells.
    fn unread_elsewhere(&self) -> u32 {
        let tells = self.regions.titles.iter().any(|title| title.height > 0);
        let here = self.open_id().map_or(0, |id| self.unread(id));
        if tells { 0 } else { self.world.unread_in_all().saturating_sub(here) }
    }

    /// Who we are, and whether others can reach us.
    pub fn who(&self, setup: &Setup) -> String {
        let name = if self.regions.framed { "cooee  " } else { "" };
        let elsewhere = self.unread_elsewhere();
        let unread = if elsewhere > 0 { format!(" {elsewhere} new") } else { String::new() };
        format!("{name}{} {}{unread}", self.me.user, setup.glyphs.presence(self.link == Link::Up))
    }

    /// The state of the connection in words, for a screen of so many columns.
    pub fn link_words(&self, setup: &Setup, columns: u16) -> String {
        let words = match &self.link {
            Link::Up => "connected".to_owned(),
            Link::Connecting => "connecting…".to_owned(),
            Link::Down { .. } if columns < ROOMY => "offline".to_owned(),
            Link::Down { reason, .. } => format!("offline: {}", fit(reason, usize::from(columns / 3))),
        };
        let next = match (&self.link, self.retry_at) {
            (Link::Down { .. }, Some(at)) => {
                let next = if columns < TIMED.1 { "next" } else { "next try" };
                format!(", {next} {}", setup.calendar.clock_with_seconds(at))
            }
            (Link::Down { .. }, None) => ", waiting for the broker".to_owned(),
            _ => String::new(),
        };
        match columns {
            ..ROOMY if columns < TIMED.0 => words,
            ..ROOMY => format!("{words}{next}"),
            _ => format!("{}{}{words}{next}", self.broker, setup.glyphs.separator()),
        }
    }

    /// Where the header names the other accounts of this window.
    pub fn beside_area(&self, setup: &Setup, beside: &Beside) -> Rect {
        let header = self.regions.header;
        let cells = |text: &str| u16::try_from(width(text)).unwrap_or(u16::MAX);
        let x = (header.x + 2).saturating_add(cells(&self.who(setup)));
        Rect { x, width: cells(&beside.words(header.width)), ..header }
    }

    /// The tabs that have room in the header, in the order of their names. When there is not room for
    /// all, they begin so that the open one is among them.
    pub fn tabs(&self, setup: &Setup, beside: &Beside) -> Vec<Tab> {
        let header = self.regions.header;
        if header.height == 0 {
            return Vec::new();
        }
        let others = width(&beside.words(header.width));
        let start = usize::from(header.x) + width(&self.who(setup)) + 3;
        let start = start + others + usize::from(others > 0);
        let end =
            usize::from(header.right()).saturating_sub(width(&self.link_words(setup, header.width)) + 3);
        let mut tabs: Vec<Tab> = self.world.tabs().map(|place| self.tab(place)).collect();
        let gap = width(setup.glyphs.bar());
        let open = tabs.iter().position(|tab| tab.open).unwrap_or(0);
        // As many as fit before the open one.
        let mut room = end.saturating_sub(start);
        let fits = |tab: &&Tab| {
            let wide = width(&tab.label) + gap;
            let fits = wide <= room;
            room = room.saturating_sub(wide);
            fits
        };
        let before = tabs.iter().take(open + 1).rev().take_while(fits).count();
        tabs.drain(..(open + 1).saturating_sub(before.max(1)).min(tabs.len()));
        let mut x = start;
        tabs.retain_mut(|tab| {
            let wide = width(&tab.label);
            let fits = x + wide <= end;
            let cell = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
            tab.area = Rect::new(cell(x), header.y, cell(wide), 1);
            x += if fits { wide + gap } else { end };
            fits
        });
        tabs
    }

    fn tab(&self, place: &ConversationId) -> Tab {
        let name = match place {
            ConversationId::Group(id) => format!("#{}", self.world.group_name(*id)),
            ConversationId::Room(room) => room_label(room),
            ConversationId::Direct(user) => self.world.name(user).into_owned(),
        };
        let name = fit(&name, NAME + 1);
        let label = match self.unread(place) {
            0 => name.into_owned(),
            n => format!("{name} {n}"),
        };
        let open = self.open_id() == Some(place);
        Tab { place: place.clone(), label, open, area: Rect::default() }
    }
}
