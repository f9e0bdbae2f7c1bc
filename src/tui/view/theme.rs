//! Which role of the theme each thing on the screen has.

use ratatui::style::{Color, Modifier, Style};

use crate::domain::Colour;
use crate::tui::app::{Emphasis, Role, Theme, Tone, Weight};

/// Gives everything its style.
#[derive(Clone, Copy, Debug)]
pub struct Styles<'a>(&'a Theme);

impl<'a> Styles<'a> {
    /// Those of this theme.
    pub fn new(theme: &'a Theme) -> Self {
        Self(theme)
    }

    /// The ground, and what is on it that has no style of its own.
    pub fn background(self) -> Style {
        self.0.style(Role::Background)
    }

    /// The colour of a part of a picture, where there are enough of them.
    pub fn pixel(self, colour: Colour) -> Option<Color> {
        self.0.pixel(colour)
    }

    /// Ordinary words.
    pub fn plain(self) -> Style {
        self.0.style(Role::Text)
    }

    /// What matters more than what is around it.
    pub fn strong(self) -> Style {
        self.0.style(Role::Strong)
    }

    /// What matters less.
    pub fn faint(self) -> Style {
        self.0.style(Role::Faint)
    }

    /// Frames and rules.
    pub fn line(self) -> Style {
        self.0.style(Role::Line)
    }

    /// A title; the one that has the keyboard stands out.
    pub fn title(self, has_keyboard: bool) -> Style {
        self.0.style(if has_keyboard { Role::TitleFocused } else { Role::Title })
    }

    /// The chosen entry of the list that has the keyboard.
    pub fn chosen(self) -> Style {
        self.0.style(Role::Chosen)
    }

    /// Someone who can be reached, or not.
    pub fn presence(self, online: bool) -> Style {
        self.0.style(if online { Role::Online } else { Role::Offline })
    }

    /// A count of unread messages.
    pub fn unread(self) -> Style {
        self.0.style(Role::Unread)
    }

    /// A key in the footer.
    pub fn key(self) -> Style {
        self.0.style(Role::Key)
    }

    /// What is wrong.
    pub fn wrong(self) -> Style {
        self.0.style(Role::Wrong)
    }

    /// A code to be scanned, whose light squares are drawn: light on dark whatever the terminal's colours.
    /// Without colours the terminal is taken for a dark one.
    pub fn code(self) -> Style {
        self.0.style(Role::Qr)
    }

    /// A line that has to be told.
    pub fn notice(self, weight: Weight) -> Style {
        self.0.style(match weight {
            Weight::News | Weight::Hint => Role::News,
            Weight::Error => Role::Wrong,
            Weight::Warning => Role::Warning,
        })
    }

    /// What stands out among words. Code and what mentions us have a shape of their own too, for there may be no colours.
    fn emphatic(self, base: Style, emphasis: Emphasis) -> Style {
        let Emphasis { bold, italic, struck, code, mention, link } = emphasis;
        let mut modifier = Modifier::empty();
        modifier.set(Modifier::BOLD, bold || mention);
        modifier.set(Modifier::ITALIC, italic);
        modifier.set(Modifier::CROSSED_OUT, struck);
        modifier.set(Modifier::UNDERLINED, code || mention || link);
        let style = match mention {
            true => base.patch(self.0.style(Role::Mention)),
            false => base,
        };
        style.add_modifier(modifier)
    }

    /// A piece of a message.
    pub fn tone(self, tone: Tone) -> Style {
        match tone {
            Tone::Text | Tone::Picture(..) => self.plain(),
            Tone::Own => self.0.style(Role::Own),
            Tone::Marked(emphasis, ours) => {
                let base = self.tone(if ours { Tone::Own } else { Tone::Text });
                self.emphatic(base, emphasis)
            }
            Tone::Sender(n) => self.0.sender(n),
            Tone::Faint | Tone::Event => self.faint(),
            Tone::Strong | Tone::Chosen => self.strong(),
            Tone::Read => self.0.style(Role::Read),
            Tone::Unread => self.unread(),
            Tone::Found => self.0.style(Role::Found),
            Tone::Wrong => self.wrong(),
        }
    }
}
