//! Lines that tell a person something which belongs to no message.

use std::collections::VecDeque;
use std::time::Duration;

use super::wrap::wrap;
use crate::domain::Timestamp;

/// How long news stays.
const NEWS_LASTS: Duration = Duration::from_secs(6);
/// How long the refusal of something just done stays.
const ERROR_LASTS: Duration = Duration::from_secs(12);
/// Most rows that one takes on the screen.
pub const ROWS: usize = 3;
/// How many may wait; the oldest goes first.
const MOST: usize = 8;

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It goes by itself after a while.
    News,
    /// What was asked could not be done; it goes after a longer while, or with Esc.
    Error,
    /// Something to mend; it stays until Esc.
    Warning,
    /// What one may do next; it stays until Esc.
    Hint,
}

impl Weight {
    fn lasts(self) -> Option<Duration> {
        match self {
            Self::News => Some(NEWS_LASTS),
            Self::Error => Some(ERROR_LASTS),
            Self::Warning | Self::Hint => None,
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How much it matters.
    pub weight: Weight,
    /// What it says.
    pub text: String,
    at: Timestamp,
    until: Option<Timestamp>,
    of_files: bool,
}

/// The lines that wait to be read, the newest on top.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    lines: VecDeque<Line>,
    /// What is told where nothing else is.
    standing: Option<Line>,
}

impl Notices {
    /// Puts a line on top. One that is there already is not repeated; and what goes by itself does not come back once
    /// something newer of its kind, or an error, was told in its place.
    pub fn push(&mut self, weight: Weight, text: impl Into<String>, now: Timestamp) {
        let text = text.into();
        let is_over = |line: &Line| match (line.weight, weight) {
            (Weight::News, Weight::News | Weight::Error) | (Weight::Error, Weight::Error) => {
                line.at < now
            }
            _ => false,
        };
        self.lines.retain(|line| line.text != text && !is_over(line));
        if self.lines.len() >= MOST {
            self.lines.pop_front();
        }
        let until = weight.lasts().map(|lasts| now.plus(lasts));
        self.lines.push_back(Line { weight, text, at: now, until, of_files: false });
    }

    /// Puts a line on top that tells what is wrong with a file of the person's.
    pub fn push_of_files(&mut self, text: String, now: Timestamp) {
        self.push(Weight::Warning, text, now);
        if let Some(line) = self.lines.back_mut() {
            line.of_files = true;
        }
    }

    /// The files of the person's were read again: what was wrong with them is not any more, or is told anew.
    pub fn forget_files(&mut self) {
        self.lines.retain(|line| !line.of_files);
    }

    /// Tells what became of a link.
    pub fn link_opened(&mut self, outcome: Result<String, String>, now: Timestamp) {
        let words = match outcome {
            Ok(program) => format!("`{program}` opens the link"),
            Err(why) => {
                format!("not opened, for {why}; copied to the clipboard, where the terminal allows it")
            }
        };
        self.push(Weight::News, words, now);
    }

    /// Tells why the program of the person's did not copy something.
    pub fn not_copied(&mut self, why: &str, now: Timestamp) {
        let words = format!("not copied: {why}. The terminal was asked instead, which may allow it");
        self.push(Weight::Error, words, now);
    }

    /// Tells this wherever there is nothing else to tell, until it is told otherwise. It is not put away by hand.
    pub fn stand(&mut self, text: Option<String>) {
        self.standing = text.map(|text| Line {
            weight: Weight::Hint,
            text,
            at: Timestamp::EPOCH,
            until: None,
            of_files: false,
        });
    }

    /// The line to show.
    pub fn top(&self) -> Option<&Line> {
        self.lines.back().or(self.standing.as_ref())
    }

    /// What to show, in words that say how much it matters, how many more wait, and that the key `next` shows them.
    pub fn words(&self, next: Option<&str>) -> Option<String> {
        let line = self.top()?;
        let kind = match line.weight {
            Weight::News | Weight::Hint => "",
            Weight::Error => "error: ",
            Weight::Warning => "warning: ",
        };
        let more = match (self.lines.len().saturating_sub(1), next) {
            (0, _) => String::new(),
            (n, Some(key)) => format!(" ({key}: {n} more)"),
            (n, None) => format!(" ({n} more)"),
        };
        Some(format!("{kind}{}{more}", line.text))
    }

    /// How many rows that takes on a screen of so many columns: at most `ROWS`.
    pub fn rows(&self, columns: usize, next: Option<&str>) -> usize {
        self.words(next).map_or(0, |words| wrap(&words, columns.saturating_sub(2)).len().min(ROWS))
    }

    /// Takes the top line away; says whether there was one.
    pub fn dismiss(&mut self) -> bool {
        self.lines.pop_back().is_some()
    }

    /// Takes away what was said about the last attempt, because there is a new one.
    pub fn forget_errors(&mut self) {
        self.lines.retain(|line| line.weight != Weight::Error);
    }

    /// Takes away what has been shown long enough; says whether that changed anything.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let before = self.lines.len();
        self.lines.retain(|line| line.until.is_none_or(|until| now < until));
        self.lines.len() != before
    }

    /// When the next line goes by itself.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.lines.iter().filter_map(|line| line.until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_goes_and_warnings_stay() {
        let at = Timestamp::from_millis;
        let mut notices = Notices::default();
        notices.push(Weight::Warning, "disk full", at(0));
        notices.push(Weight::News, "bob signed up", at(0));
        assert_eq!(notices.words(Some("Esc")).unwrap(), "bob signed up (Esc: 1 more)");
        assert_eq!((notices.rows(80, None), notices.rows(12, None)), (1, 3));
        assert_eq!(notices.deadline(), Some(at(6_000)));
        assert!(!notices.expire(at(5_999)));
        assert!(notices.expire(at(6_000)));
        assert_eq!(notices.top().unwrap().text, "disk full");
        assert_eq!(
            (notices.deadline(), notices.words(None)),
            (None, Some("warning: disk full".to_owned()))
        );
        assert!(notices.dismiss() && !notices.dismiss());
    }

    #[test]
    fn what_is_over_does_not_come_back() {
        let at = Timestamp::from_millis;
        let mut notices = Notices::default();
        notices.push_of_files("keymap.toml, line 4".to_owned(), at(0));
        notices.push(Weight::Error, "no such command", at(0));
        notices.push(Weight::News, "bob signed up", at(1));
        notices.push(Weight::News, "carol signed up", at(1));
        assert_eq!(notices.lines.len(), 4, "what comes at once is all told");
        notices.push(Weight::News, "copied", at(2));
        assert_eq!(notices.words(None).unwrap(), "copied (2 more)", "an error is not hidden by news");
        notices.push(Weight::Error, "not sent", at(3));
        assert_eq!(notices.words(None).unwrap(), "error: not sent (1 more)");
        notices.forget_files();
        assert!(notices.dismiss() && !notices.dismiss());
    }

    #[test]
    fn what_stands_is_told_where_nothing_else_is() {
        let mut notices = Notices::default();
        notices.stand(Some("press it".to_owned()));
        assert_eq!((notices.words(None).unwrap().as_str(), notices.rows(80, None)), ("press it", 1));
        notices.push(Weight::News, "bob signed up", Timestamp::EPOCH);
        assert_eq!(notices.words(None).unwrap(), "bob signed up");
        assert!(notices.dismiss() && !notices.dismiss(), "it stays");
        assert_eq!(notices.words(None).unwrap(), "press it");
        notices.stand(None);
        assert_eq!(notices.words(None), None);
    }

    #[test]
    fn lines_are_bounded_and_not_repeated() {
        let mut notices = Notices::default();
        for n in 0..100 {
            notices.push(Weight::Warning, format!("{}", n % 50), Timestamp::EPOCH);
        }
        assert_eq!(notices.lines.len(), MOST);
        notices.push(Weight::Warning, "49", Timestamp::EPOCH);
        assert_eq!(notices.lines.len(), MOST);
    }
}
