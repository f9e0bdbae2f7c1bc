//! Themes as people write them; what is wrong in one is said, with its line, and left out.

use std::ops::Range;

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{BUILT_IN, Role, Theme};
use crate::domain::clean_line;
use crate::tui::app::keymap::{SUGGESTIONS, in_order, nearest};
use crate::tui::app::lines::Lines;

/// What is wrong with a theme, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ThemeProblem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what to do about it.
    pub what: String,
}

/// Most styles of people's names.
const SENDERS: usize = 16;

/// Words that give text a shape.
const SHAPES: &[(&str, Modifier)] = &[
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
    ("crossed-out", Modifier::CROSSED_OUT),
];

fn problem(lines: &Lines, span: &Range<usize>, what: &str) -> ThemeProblem {
    ThemeProblem { line: lines.at(span.start), what: clean_line(what) }
}

/// The theme that a file begins with.
pub(super) fn base(text: &str) -> (Option<&'static str>, Vec<ThemeProblem>) {
    let Ok(table) = DeTable::parse(text) else { return (None, Vec::new()) };
    let Some(value) = table.get_ref().get("base") else { return (None, Vec::new()) };
    let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let wanted = match value.get_ref() {
        DeValue::String(name) => name.as_ref(),
        _ => "",
    };
    match names.iter().find(|known| **known == wanted) {
        Some(known) => (Some(*known), Vec::new()),
        None => {
            let near = nearest(wanted, names.iter().copied());
            let what = format!("`base` is one of \"{}\"{near}", names.join("\", \""));
            (None, vec![problem(&Lines::of(text), &value.span(), &what)])
        }
    }
}

impl Theme {
    /// This theme under what a file says, and what is wrong with that.
    pub(super) fn under(mut self, text: &str) -> (Self, Vec<ThemeProblem>) {
        let lines = Lines::of(text);
        let table = match DeTable::parse(text) {
            Ok(table) => table,
            Err(error) => {
                let what = format!("the theme cannot be read: {}", error.message());
                return (self, vec![problem(&lines, &error.span().unwrap_or(0..0), &what)]);
            }
        };
        let mut problems = Vec::new();
        for (name, value) in in_order(table.get_ref()) {
            let span = name.span();
            let name = name.get_ref().as_ref();
            let known = Role::ALL.iter().find(|role| role.name() == name);
            let outcome = match (name, known) {
                ("base", _) => Ok(()),
                ("sender", _) => senders(value).map(|senders| self.senders = senders),
                (_, Some(role)) => one(name, value).map(|style| self.styles[*role as usize] = style),
                (_, None) => {
                    let names = Role::ALL.iter().map(|role| role.name()).chain(["base", "sender"]);
                    let near = match problems.len() < SUGGESTIONS {
                        true => nearest(name, names),
                        false => String::new(),
                    };
                    Err((span, format!("`{name}` is nothing that has a style{near}")))
                }
            };
            if let Err((span, what)) = outcome {
                problems.push(problem(&lines, &span, &what));
            }
        }
        problems.sort_by_key(|problem| problem.line);
        (self, problems)
    }
}

type Wrong = (Range<usize>, String);

fn one(name: &str, value: &Spanned<DeValue<'_>>) -> Result<Style, Wrong> {
    match value.get_ref() {
        DeValue::String(words) => style(words).map_err(|why| (value.span(), format!("`{name}`: {why}"))),
        _ => Err((value.span(), format!("`{name}` needs words in quotes, such as \"bold red\""))),
    }
}

fn senders(value: &Spanned<DeValue<'_>>) -> Result<Vec<Style>, Wrong> {
    let DeValue::Array(all) = value.get_ref() else {
        return Err((
            value.span(),
            "`sender` needs a list, such as [\"cyan\", \"bold green\"]".to_owned(),
        ));
    };
    let styles = all.iter().map(|item| one("sender", item)).collect::<Result<Vec<_>, _>>()?;
    match styles.len() {
        1..=SENDERS => Ok(styles),
        _ => Err((value.span(), format!("`sender` needs from 1 to {SENDERS} styles"))),
    }
}

/// The style that these words say.
fn style(words: &str) -> Result<Style, String> {
    let mut style = Style::new();
    let mut behind = false;
    for word in words.split_whitespace() {
        if word == "on" && !behind {
            behind = true;
        } else if let Some((_, shape)) = SHAPES.iter().find(|(name, _)| *name == word) {
            style = style.add_modifier(*shape);
        } else {
            let colour = colour(word)?;
            let place = if behind { &mut style.bg } else { &mut style.fg };
            if place.replace(colour).is_some() {
                return Err(format!("`{word}` is one colour too many: write \"COLOUR on COLOUR\""));
            }
        }
    }
    match behind && style.bg.is_none() {
        true => Err("a colour is missing behind `on`".to_owned()),
        false => Ok(style),
    }
}

fn colour(word: &str) -> Result<Color, String> {
    if word == "default" {
        return Ok(Color::Reset);
    }
    word.parse().map_err(|_| {
        let colours = [
            "black",
            "red",
            "green",
            "yellow",
            "blue",
            "magenta",
            "cyan",
            "gray",
            "dark-gray",
            "white",
            "light-red",
            "light-green",
            "light-yellow",
            "light-blue",
            "light-magenta",
            "light-cyan",
            "default",
        ];
        let shapes = SHAPES.iter().map(|(name, _)| *name);
        let near = nearest(word, colours.into_iter().chain(shapes));
        format!(
            "`{word}` is neither a colour (a name, 0 to 255, #rrggbb) nor bold, dim or the like{near}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_words() {
        let said = |words: &str| style(words).unwrap();
        assert_eq!(said(""), Style::new());
        assert_eq!(
            said("bold light-red"),
            Style::new().fg(Color::LightRed).add_modifier(Modifier::BOLD)
        );
        assert_eq!(
            said("#102030 on 17"),
            Style::new().fg(Color::Rgb(16, 32, 48)).bg(Color::Indexed(17))
        );
        assert_eq!(said("on default"), Style::new().bg(Color::Reset));
        for wrong in ["rde", "red green", "on", "red on", "#12345", "256", "on on red", "on red on blue"]
        {
            assert!(style(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_theme_in_which_all_is_wrong_is_read_in_no_time() {
        let text: String = (0..9_000).map(|n| format!("a{n}=1\n")).collect();
        let begun = std::time::Instant::now();
        let problems = Theme::of_file(&text).1;
        assert!(begun.elapsed().as_secs() < 3, "{:?}", begun.elapsed());
        assert_eq!((problems.len(), problems[8_999].line), (9_000, 9_000));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_the_rest_counts() {
        let text = "base = \"none\"\nonlien = \"green\"\nwrong = \"rde\"\nread = 3\nsender = []\nown = \"blue\"\n";
        let (theme, problems) = Theme::of_file(text);
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(told[0], "line 2: `onlien` is nothing that has a style; did you mean `online`?");
        assert!(told[1].starts_with("line 3: `wrong`: `rde` is neither") && told[1].ends_with("`red`?"));
        assert!(told[2].starts_with("line 4: `read` needs words"), "{told:?}");
        assert!(told[3].starts_with("line 5: `sender` needs from 1 to 16"), "{told:?}");
        assert_eq!(told.len(), 4);
        assert_eq!(theme.style(Role::Own).fg, Some(Color::Blue));
        assert_eq!(theme.style(Role::Online), Style::new(), "from `none`");

        let (theme, problems) = Theme::of_file("base = \"drak\"");
        assert!(problems[0].to_string().ends_with("did you mean `dark`?"), "{problems:?}");
        assert_eq!(theme, Theme::default());
        for text in ["\u{1b}[31m = 1", "own = \"\u{7}\"", "[[[", "own = \"\"\nown = \"\""] {
            let problems = Theme::of_file(text).1;
            assert!(problems.len() == 1 && !problems[0].what.contains(char::is_control), "{problems:?}");
        }
    }
}
