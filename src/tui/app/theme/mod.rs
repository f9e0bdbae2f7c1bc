//! How everything looks, as data: a style for each role, read from TOML (`file`), in the colours that the terminal has
//! (`depth`). Nothing is told by colour alone, so each theme has to look well and none has to be understood.

mod depth;
mod file;

use crate::domain::Colour;
use ratatui::style::{Color, Style};

pub use depth::Depth;
pub use file::ThemeProblem;

/// The themes that need no file, and what they say.
const BUILT_IN: &[(&str, &str)] = &[
    ("16", include_str!("../../../../assets/themes/16.toml")),
    ("dark", include_str!("../../../../assets/themes/dark.toml")),
    ("light", include_str!("../../../../assets/themes/light.toml")),
    ("contrast", include_str!("../../../../assets/themes/contrast.toml")),
    ("none", include_str!("../../../../assets/themes/none.toml")),
];

/// The theme that everybody has who chose none.
const DEFAULT: &str = "16";

macro_rules! roles {
    ($($(#[$doc:meta])* $role:ident = $name:literal,)*) => {
        /// What something on the screen is, by which it has its style.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Role {
            $($(#[$doc])* $role,)*
        }

        impl Role {
            /// Every role.
            pub const ALL: &[Self] = &[$(Self::$role,)*];

            /// What a theme calls it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$role => $name,)*
                }
            }
        }
    };
}

roles! {
    /// The whole screen.
    Background = "background",
    /// What others write, and ordinary words.
    Text = "text",
    /// What we write.
    Own = "own",
    /// What matters more than what is around it.
    Strong = "strong",
    /// What matters less.
    Faint = "faint",
    /// Frames and rules.
    Line = "line",
    /// A title.
    Title = "title",
    /// The title that has the keyboard.
    TitleFocused = "title_focused",
    /// What is chosen or selected.
    Chosen = "chosen",
    /// A key in the footer and in help.
    Key = "key",
    /// Somebody who is here; a connection that stands.
    Online = "online",
    /// Somebody who is not.
    Offline = "offline",
    /// How much is unread.
    Unread = "unread",
    /// The ticks of what was read.
    Read = "read",
    /// What is told and asks for nothing.
    News = "news",
    /// What is told and should be looked at.
    Warning = "warning",
    /// What is wrong.
    Wrong = "wrong",
    /// Words that were looked for.
    Found = "found",
    /// A message that mentions us.
    Mention = "mention",
    /// A code to be scanned.
    Qr = "qr",
}

/// A style for each role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    styles: [Style; Role::ALL.len()],
    /// Those of people's names; at least one.
    senders: Vec<Style>,
    /// The colours that the terminal has.
    depth: Depth,
}

impl Theme {
    /// The names of the themes that need no file.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A theme that needs no file.
    pub fn built_in(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        let (theme, problems) = Self::plain().under(text);
        debug_assert!(problems.is_empty(), "{name}: {problems:?}");
        Some(theme)
    }

    /// The theme of a file, and what is wrong with it. What can be understood of it counts.
    pub fn of_file(text: &str) -> (Self, Vec<ThemeProblem>) {
        let (base, mut problems) = file::base(text);
        let base = base.and_then(Self::built_in).or_else(|| Self::built_in(DEFAULT));
        let (theme, others) = base.unwrap_or_else(Self::plain).under(text);
        problems.extend(others);
        problems.sort_by_key(|problem| problem.line);
        (theme, problems)
    }

    /// Everything as the terminal writes by itself.
    pub fn plain() -> Self {
        Self { styles: [Style::new(); Role::ALL.len()], senders: vec![Style::new()], depth: Depth::True }
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// The style of somebody's name, by a number that is theirs.
    pub fn sender(&self, number: u64) -> Style {
        let count = u64::try_from(self.senders.len()).unwrap_or(1).max(1);
        let pick = usize::try_from(number % count).unwrap_or(0);
        self.senders.get(pick).copied().unwrap_or_default()
    }

    /// The same in the colours that a terminal has.
    pub fn in_depth(mut self, depth: Depth) -> Self {
        self.depth = depth;
        for style in self.styles.iter_mut().chain(&mut self.senders) {
            style.fg = style.fg.map(|colour| depth.nearest(colour));
            style.bg = style.bg.map(|colour| depth.nearest(colour));
        }
        self
    }
}

impl Theme {
    /// Whether anything in it has a colour.
    pub fn has_colours(&self) -> bool {
        self.styles.iter().chain(&self.senders).any(|style| style.fg.or(style.bg).is_some())
    }

    /// The colour of a part of a picture. A theme without colours has none, and of 16 none is near enough.
    pub fn pixel(&self, [r, g, b]: Colour) -> Option<Color> {
        let enough = self.has_colours() && self.depth != Depth::Sixteen;
        enough.then(|| self.depth.nearest(Color::Rgb(r, g, b)))
    }
}

impl Default for Theme {
    fn default() -> Self {
        Self::built_in(DEFAULT).unwrap_or_else(Self::plain)
    }
}

/// Whether the background of a terminal is light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shade {
    /// Dark: light text stands on it.
    Dark,
    /// Light: dark text stands on it.
    Light,
}

/// What the screen is to look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looks {
    /// What was chosen.
    pub name: String,
    /// The theme that counts now.
    pub theme: Theme,
    /// Where the terminal's background decides: the themes for a dark and for a light one.
    pub by_shade: Option<Box<(Theme, Theme)>>,
}

impl Default for Looks {
    fn default() -> Self {
        Self { name: DEFAULT.to_owned(), theme: Theme::default(), by_shade: None }
    }
}

impl Looks {
    /// The built-in theme of this name, in all its colours; without such a one, the default.
    pub fn named(name: &str) -> Self {
        let theme = Theme::built_in(name).unwrap_or_default();
        Self { name: name.to_owned(), theme, by_shade: None }
    }

    /// The background of the terminal is this.
    pub fn follow(&mut self, shade: Shade) {
        if let Some(pair) = &self.by_shade {
            self.theme = match shade {
                Shade::Dark => pair.0.clone(),
                Shade::Light => pair.1.clone(),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Modifier};

    use super::*;

    #[test]
    fn every_built_in_theme_says_how_each_role_looks_and_nothing_else() {
        for (name, text) in BUILT_IN {
            let (_, problems) = Theme::plain().under(text);
            assert_eq!(problems, [], "{name}");
            for role in Role::ALL.iter().map(|role| role.name()).chain(["sender"]) {
                let said = text.lines().any(|line| line.starts_with(&format!("{role} = ")));
                assert!(said, "{name} leaves out {role}");
            }
        }
        for role in Role::ALL {
            assert_eq!(Role::ALL[*role as usize], *role);
        }
    }

    #[test]
    fn no_built_in_theme_but_contrast_paints_the_ground_and_none_has_colours() {
        for name in Theme::names() {
            let theme = Theme::built_in(name).unwrap();
            assert_eq!(theme.style(Role::Background).bg.is_some(), name == "contrast", "{name}");
            let coloured = |style: &Style| style.fg.is_some() || style.bg.is_some();
            let any = theme.styles.iter().chain(&theme.senders).any(coloured);
            assert_eq!(any, name != "none", "{name}");
            // What is chosen shows in each of them.
            assert_ne!(theme.style(Role::Chosen), theme.style(Role::Text), "{name}");
        }
    }

    /// Contrast as WCAG 2 reckons it.
    fn contrast(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
        let channel = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        let light = |(r, g, b)| 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
        let (a, b) = (light(a), light(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn words_can_be_read_on_the_grounds_that_themes_are_for() {
        let grounds = [
            ("dark", [(0, 0, 0), (30, 30, 46)], 4.5),
            ("light", [(255, 255, 255), (245, 240, 225)], 4.5),
            ("contrast", [(0, 0, 0), (0, 0, 0)], 7.0),
        ];
        for (name, grounds, least) in grounds {
            let theme = Theme::built_in(name).unwrap();
            let words = Role::ALL.iter().filter(|role| **role != Role::Line);
            let styles = words.map(|role| theme.style(*role)).chain(theme.senders.iter().copied());
            for style in styles {
                let Some(Color::Rgb(r, g, b)) = style.fg else { continue };
                let own = match style.bg {
                    Some(Color::Rgb(r, g, b)) => [(r, g, b); 2],
                    _ => grounds,
                };
                for ground in own {
                    let found = contrast((r, g, b), ground);
                    assert!(found >= least, "{name}: {style:?} on {ground:?} has {found:.1}");
                }
            }
        }
    }

    #[test]
    fn a_name_has_its_colour_whatever_its_number() {
        let theme = Theme::default();
        assert_eq!(theme.sender(0), theme.sender(5));
        assert_ne!(theme.sender(0), theme.sender(1));
        assert!(theme.sender(u64::MAX).add_modifier.contains(Modifier::BOLD));
        assert_eq!(Theme::plain().sender(7), Style::new());
    }

    #[test]
    fn the_background_decides_where_it_was_asked_to() {
        let [dark, light] = ["dark", "light"].map(|name| Theme::built_in(name).unwrap());
        let mut looks =
            Looks { by_shade: Some(Box::new((dark.clone(), light.clone()))), ..Looks::default() };
        looks.follow(Shade::Light);
        assert_eq!(looks.theme, light);
        looks.follow(Shade::Dark);
        assert_eq!(looks.theme, dark);
        let mut fixed = Looks::default();
        fixed.follow(Shade::Light);
        assert_eq!(fixed, Looks::default());
    }
}
