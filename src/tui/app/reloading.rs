//! What changes while the program runs, and what has to be mended: keys, looks, alerts.

use super::notices::Weight;
use super::text::counted;
use super::theme::Looks;
use super::{App, Reloaded};

/// Most warnings that are told at the start.
const MOST_WARNINGS: usize = 5;

impl App {
    /// Tells what has to be mended, the first on top; what does not fit is counted.
    pub fn warn(&mut self, mut warnings: Vec<String>) {
        let more = warnings.len().saturating_sub(MOST_WARNINGS);
        warnings.truncate(MOST_WARNINGS);
        if more > 0 {
            warnings.push(format!("{} more are wrong with it", counted(more, "thing")));
        }
        for warning in warnings.into_iter().rev() {
            self.notices.push_of_files(warning, self.now);
        }
    }

    /// A theme was asked for, and this came of it.
    pub(super) fn themed(&mut self, outcome: Result<Box<Looks>, Vec<String>>) {
        match outcome {
            Ok(looks) => {
                let name = &looks.name;
                let words = format!(
                    "the theme is {name} until Cooee ends; `theme = \"{name}\"` in config.toml keeps it"
                );
                self.looks = *looks;
                self.notices.push(Weight::News, words, self.now);
            }
            Err(problems) => self.warn(problems),
        }
    }

    /// What may change while the program runs was read again; or nothing changes, where something in it is wrong.
    pub(super) fn reloaded(&mut self, outcome: Result<Box<Reloaded>, Vec<String>>) {
        self.notices.forget_files();
        match outcome {
            Ok(reloaded) => {
                let Reloaded { keymap, looks, pictures, thumbnails, alerts, later, .. } = *reloaded;
                (self.keymap, self.looks, self.setup.alerts) = (keymap, looks, alerts);
                self.setup.graphics.choose(pictures);
                self.setup.thumbnails = thumbnails;
                let mut words = "config.toml, keymap.toml and the theme were read again".to_owned();
                if !later.is_empty() {
                    words += &format!("; from the next start on: {}", later.join(", "));
                }
                self.notices.push(Weight::News, words, self.now);
            }
            Err(problems) => {
                self.notices.push(Weight::Error, "nothing was changed".to_owned(), self.now);
                self.warn(problems);
            }
        }
    }

    /// Tells something that stays until it is put away; `{quit}` in it stands for the key that quits.
    pub fn greet(&mut self, greeting: &str) {
        self.notices.push(Weight::Hint, self.keymap.filled(greeting), self.now);
    }
}
