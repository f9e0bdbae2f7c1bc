//! The box that shows where a link leads before it is opened.

use super::Action;
use super::rows::{Piece, Row, Tone};
use super::wrap::wrap;
use crate::domain::{Link, MessageId};

/// Widest the box is, in cells.
pub const LINK_WIDTH: usize = 78;
/// Cells that frame and margins of the box take.
const FRAME: usize = 4;

/// The links of a message, one of which is shown whole.
#[derive(Clone, Debug)]
pub struct LinkBox {
    /// The message that has them.
    pub message: MessageId,
    links: Vec<Link>,
    selected: usize,
    /// The first row shown.
    pub top: usize,
}

/// Cells of a row and rows of the box, on a screen of this size.
pub fn link_room((columns, rows): (u16, u16)) -> (usize, usize) {
    let (columns, rows) = (usize::from(columns), usize::from(rows));
    (LINK_WIDTH.min(columns).saturating_sub(FRAME).max(1), rows.saturating_sub(4).max(1))
}

impl LinkBox {
    /// The box for these links; `None` where there is none.
    pub fn new(message: MessageId, links: Vec<Link>) -> Option<Self> {
        (!links.is_empty()).then_some(Self { message, links, selected: 0, top: 0 })
    }

    /// The link that is shown.
    pub fn chosen(&self) -> &Link {
        &self.links[self.selected]
    }

    /// What the box is about.
    pub fn title(&self) -> String {
        match self.links.len() {
            1 => "Open this link?".to_owned(),
            count => format!("Open link {} of {count}?", self.selected + 1),
        }
    }

    /// All of the link, and where it leads.
    pub fn rows(&self, width: usize) -> Vec<Row> {
        let link = self.chosen();
        let mut rows = Vec::new();
        let mut say = |words: &str, tone| {
            for range in wrap(words, width) {
                rows.push(vec![Piece { x: 0, text: words[range].trim_end().to_owned(), tone }]);
            }
        };
        say(&format!("It leads to {}", link.leads_to()), Tone::Strong);
        say(link.as_str(), Tone::Text);
        rows
    }

    /// Whether its last row is on the screen: who goes on has seen all of it.
    pub fn is_at_end(&self, size: (u16, u16)) -> bool {
        let (width, page) = link_room(size);
        self.top + page >= self.rows(width).len()
    }

    /// Another link, or other rows of this one.
    pub fn act(&mut self, action: Action, size: (u16, u16)) {
        let (width, page) = link_room(size);
        let most = self.rows(width).len().saturating_sub(page);
        let selected = self.selected;
        match action {
            Action::Up => self.selected = self.selected.saturating_sub(1),
            Action::Down => self.selected = (self.selected + 1).min(self.links.len() - 1),
            Action::PageUp => self.top = self.top.saturating_sub(page),
            Action::PageDown => self.top = (self.top + page).min(most),
            _ => {}
        }
        if self.selected != selected {
            self.top = 0;
        }
    }
}
