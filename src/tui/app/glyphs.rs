//! The signs that stand for states. Each is told apart by its shape, never by colour alone.

use super::text::width;
use crate::domain::Delivery;

/// Which signs the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    /// A terminal and a locale for UTF-8.
    Unicode,
    /// ASCII only: no UTF-8 locale, or a Linux console without the signs in its font.
    Ascii,
}

impl Glyphs {
    /// Someone who can be reached, or cannot.
    pub fn presence(self, online: bool) -> &'static str {
        match (self, online) {
            (Self::Unicode, true) => "●",
            (Self::Unicode, false) => "○",
            (Self::Ascii, true) => "*",
            (Self::Ascii, false) => "-",
        }
    }

    /// How far a message of ours has come: each of another shape or word, because some people see no
    /// colours and some terminals have none.
    pub fn delivery(self, delivery: Delivery) -> &'static str {
        match (self, delivery) {
            (Self::Unicode, Delivery::Failed) => "! failed",
            (Self::Unicode, Delivery::Queued) => "◷ queued",
            (Self::Unicode, Delivery::Sent) => "✓",
            (Self::Unicode, Delivery::Delivered) => "✓✓",
            (Self::Unicode, Delivery::Read) => "✓✓ read",
            (Self::Ascii, Delivery::Failed) => "failed",
            (Self::Ascii, Delivery::Queued) => "queued",
            (Self::Ascii, Delivery::Sent) => "sent",
            (Self::Ascii, Delivery::Delivered) => "delivered",
            (Self::Ascii, Delivery::Read) => "read",
        }
    }

    /// Cells that the widest of these signs takes.
    pub fn widest_delivery(self) -> usize {
        let all =
            [Delivery::Failed, Delivery::Queued, Delivery::Sent, Delivery::Delivered, Delivery::Read];
        all.into_iter().map(|delivery| width(self.delivery(delivery))).max().unwrap_or(0)
    }

    /// The entry that is open or chosen.
    pub fn pointer(self) -> &'static str {
        match self {
            Self::Unicode => "▸",
            Self::Ascii => ">",
        }
    }

    /// Before what is quoted.
    pub fn quote(self) -> &'static str {
        match self {
            Self::Unicode => "┌",
            Self::Ascii => "|",
        }
    }

    /// The rule of a day line or an unread line.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Unicode => "─",
            Self::Ascii => "-",
        }
    }

    /// Between two things on one line.
    pub fn separator(self) -> &'static str {
        match self {
            Self::Unicode => " · ",
            Self::Ascii => " | ",
        }
    }

    /// A cell of a bar that is full, and one that is not.
    pub fn share(self) -> [&'static str; 2] {
        match self {
            Self::Unicode => ["█", "░"],
            Self::Ascii => ["#", "."],
        }
    }

    /// Between two tabs.
    pub fn bar(self) -> &'static str {
        match self {
            Self::Unicode => " │ ",
            Self::Ascii => " | ",
        }
    }
}
