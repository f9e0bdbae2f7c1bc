//! Colours and emphasis. Only the 16 colours that people set up for their own terminal are used, on its
//! own background, so that light and dark ones work; nothing is told by colour alone.

use ratatui::style::{Color, Modifier, Style};

use crate::tui::app::{Emphasis, Tone, Weight};

/// Colours for senders, all readable on light and dark backgrounds.
const SENDERS: [Color; 5] = [Color::Cyan, Color::Magenta, Color::Green, Color::Blue, Color::Yellow];

/// Gives everything its style.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    colours: bool,
}

impl Theme {
    /// With colours, or with emphasis alone.
    pub fn new(colours: bool) -> Self {
        Self { colours }
    }

    fn coloured(self, colour: Color) -> Style {
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }

    /// Ordinary words.
    pub fn plain(self) -> Style {
        Style::new()
    }

    /// What matters more than what is around it.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What matters less.
    pub fn faint(self) -> Style {
        match self.colours {
            true => Style::new().fg(Color::DarkGray),
            false => Style::new().add_modifier(Modifier::DIM),
        }
    }

    /// Frames and rules.
    pub fn line(self) -> Style {
        self.faint()
    }

    /// A title; the one that has the keyboard stands out.
    pub fn title(self, has_keyboard: bool) -> Style {
        match has_keyboard {
            true => self.strong().add_modifier(Modifier::REVERSED),
            false => self.strong(),
        }
    }

    /// The chosen entry of the list that has the keyboard.
    pub fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Someone who can be reached.
    pub fn presence(self, online: bool) -> Style {
        if online { self.coloured(Color::Green) } else { self.faint() }
    }

    /// A count of unread messages.
    pub fn unread(self) -> Style {
        self.coloured(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    /// A key in the footer.
    pub fn key(self) -> Style {
        self.strong()
    }

    /// What is wrong.
    pub fn wrong(self) -> Style {
        self.coloured(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// Words that are looked for.
    pub fn found(self) -> Style {
        match self.colours {
            true => Style::new().fg(Color::Black).bg(Color::Yellow),
            false => Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        }
    }

    /// A code to be scanned, whose light squares are drawn: light on dark whatever the terminal's colours.
    /// Without colours the terminal is taken for a dark one.
    pub fn code(self) -> Style {
        match self.colours {
            true => Style::new().fg(Color::White).bg(Color::Black),
            false => Style::new(),
        }
    }

    /// A line that has to be told.
    pub fn notice(self, weight: Weight) -> Style {
        match weight {
            Weight::News | Weight::Hint => self.strong(),
            Weight::Error => self.wrong(),
            Weight::Warning => self.unread(),
        }
    }

    /// What stands out among words. Code and what mentions us have a shape of their own too, for there may be no colours.
    fn emphatic(self, base: Style, emphasis: Emphasis) -> Style {
        let Emphasis { bold, italic, struck, code, mention } = emphasis;
        let mut modifier = Modifier::empty();
        modifier.set(Modifier::BOLD, bold || mention);
        modifier.set(Modifier::ITALIC, italic);
        modifier.set(Modifier::CROSSED_OUT, struck);
        modifier.set(Modifier::UNDERLINED, code || mention);
        let style = match mention {
            true => base.patch(self.coloured(Color::Yellow)),
            false => base,
        };
        style.add_modifier(modifier)
    }

    /// A piece of a message.
    pub fn tone(self, tone: Tone) -> Style {
        match tone {
            Tone::Text => self.plain(),
            Tone::Own => self.coloured(Color::Cyan),
            Tone::Marked(emphasis, ours) => {
                let base = self.tone(if ours { Tone::Own } else { Tone::Text });
                self.emphatic(base, emphasis)
            }
            Tone::Sender(n) => {
                let colours = u64::try_from(SENDERS.len()).unwrap_or(1);
                let pick = usize::try_from(n % colours).unwrap_or(0);
                self.coloured(SENDERS[pick]).add_modifier(Modifier::BOLD)
            }
            Tone::Faint | Tone::Event => self.faint(),
            Tone::Strong | Tone::Chosen => self.strong(),
            Tone::Read => self.coloured(Color::Cyan),
            Tone::Unread => self.unread(),
            Tone::Found => self.found(),
            Tone::Wrong => self.wrong(),
        }
    }
}
