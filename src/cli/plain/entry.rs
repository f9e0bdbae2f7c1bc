//! What is entered, line by line. At a terminal lines that were pasted are put together.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::commands;
use crate::cli::Error;
use crate::domain::{InvalidText, limits};

/// Lines that come closer together at a terminal were pasted: they are one message.
const PASTE: Duration = Duration::from_millis(25);

/// The lines of a terminal or a pipe.
pub(super) struct Entry {
    lines: mpsc::Receiver<Result<String, Error>>,
    /// What ended a paste. It comes next.
    ahead: Option<Result<String, Error>>,
}

impl Entry {
    pub fn new(lines: mpsc::Receiver<Result<String, Error>>) -> Self {
        Self { lines, ahead: None }
    }

    /// The next line. Nothing is lost when this is dropped before it is done.
    pub async fn next(&mut self) -> Option<Result<String, Error>> {
        match self.ahead.take() {
            Some(line) => Some(line),
            None => self.lines.recv().await,
        }
    }

    /// A line with those that came with it, where it is a text. A command among them is none of it, nor is what
    /// cannot be sent.
    ///
    /// # Errors
    /// When all of it is longer than a message may be.
    pub async fn pasted(&mut self, first: String) -> Result<String, Error> {
        let mut text = first;
        if text.trim_start().starts_with('/') {
            return Ok(text);
        }
        let mut is_cut = false;
        while let Ok(Some(line)) = timeout(PASTE, self.lines.recv()).await {
            match line {
                Ok(more) if commands::is_command(&more) => {
                    self.ahead = Some(Ok(more));
                    break;
                }
                Ok(more) if text.len() <= limits::TEXT => text.push_str(&more),
                Ok(more) => is_cut |= !more.trim().is_empty(),
                Err(error) => {
                    self.ahead = Some(Err(error));
                    break;
                }
            }
        }
        match is_cut {
            true => {
                let why = InvalidText::TooLong { limit: limits::TEXT, unit: "bytes" };
                Err(Error::Refused(format!("not sent: {why}")))
            }
            false => Ok(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is made of lines that come at once; `None`: one that is no UTF-8.
    async fn entered(lines: &[Option<&str>]) -> Vec<Result<String, String>> {
        let (sender, receiver) = mpsc::channel(lines.len());
        for line in lines {
            let wrong =
                || Error::Input { place: "line 2".to_owned(), why: "it is not UTF-8".to_owned() };
            sender.try_send(line.map(str::to_owned).ok_or_else(wrong)).unwrap();
        }
        drop(sender);
        let mut entry = Entry::new(receiver);
        let mut all = Vec::new();
        while let Some(line) = entry.next().await {
            let whole = match line {
                Ok(line) => entry.pasted(line).await,
                Err(error) => Err(error),
            };
            all.push(whole.map_err(|error| error.to_string()));
        }
        all
    }

    fn text(text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }

    #[tokio::test]
    async fn lines_that_come_at_once_are_one_text_up_to_a_command() {
        let all =
            entered(&["one\n", "\n", "/usr/bin\n", "/quit\n", "two\n", "/chat bob\n"].map(Some)).await;
        assert_eq!(
            all,
            [text("one\n\n/usr/bin\n"), text("/quit\n"), text("two\n"), text("/chat bob\n")]
        );
        let all = entered(&[" /chat bob\n", "one\n", "//quit\n"].map(Some)).await;
        assert_eq!(all, [text(" /chat bob\n"), text("one\n//quit\n")]);
    }

    #[tokio::test]
    async fn a_line_that_cannot_be_sent_is_told_within_a_paste() {
        let all = entered(&[Some("one\n"), None, Some("three\n")]).await;
        assert_eq!(all[0], text("one\n"));
        assert!(all[1].as_ref().unwrap_err().contains("line 2: it is not UTF-8"), "{all:?}");
        assert_eq!(all[2..], [text("three\n")]);
    }

    #[tokio::test]
    async fn what_is_longer_than_a_message_is_refused_and_not_kept() {
        let line = "x".repeat(1_023) + "\n";
        let fits = vec![Some(line.as_str()); 16];
        let all = entered(&[&fits[..], &[Some("\n"); 9]].concat()).await;
        assert_eq!(all[0].as_ref().unwrap().trim_end().len(), limits::TEXT - 1);
        let all =
            entered(&[&fits[..], &fits[..1], &[Some("\n"), Some("y\n"), Some("/quit\n")]].concat())
                .await;
        assert_eq!(
            all,
            [Err("not sent: it is too long: at most 16384 bytes".to_owned()), text("/quit\n")]
        );
    }
}
