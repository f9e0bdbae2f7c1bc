//! Asking, voting and closing in lines.

use super::{Talk, What};
use crate::cli::attached::Attached;
use crate::domain::{Alteration, Ballot, Body, Message, Poll};
use crate::engine::Command;

impl Talk {
    /// Asks the open chat to vote.
    pub(super) async fn ask_to_vote(
        &mut self,
        line: &str,
        many: bool,
        attached: &Attached,
    ) -> Result<(), String> {
        let to = self.chat_to_say(attached)?;
        let poll = Poll::read(line, many)
            .map_err(|why| format!("not sent: {why}; write /poll QUESTION | ANSWER | ANSWER"))?;
        let what = What::Say(poll.question().to_owned());
        self.ask(what, attached, |ticket| Command::Poll { to, poll, ticket }).await;
        Ok(())
    }

    /// Votes in the last poll here that is open, or the last one that has these words.
    pub(super) async fn vote(&mut self, rest: &str, attached: &Attached) -> Result<(), String> {
        let is_number = |c: char| c.is_ascii_digit() || matches!(c, ' ' | ',');
        let (numbers, words) = rest.split_at(rest.find(|c| !is_number(c)).unwrap_or(rest.len()));
        let ballot = Ballot::read(numbers).map_err(|why| why.to_string())?;
        let words = words.to_lowercase();
        let message = self.last_poll(|message| {
            let Body::Text(text) = &message.body else { return false };
            !message.marks.closed && text.as_str().to_lowercase().contains(&words)
        })?;
        self.alter(message, Alteration::Vote(ballot), attached).await;
        Ok(())
    }

    /// Ends our last poll here.
    pub(super) async fn close_poll(&mut self, attached: &Attached) -> Result<(), String> {
        let message = self.last_poll(|message| message.is_ours() && !message.marks.closed)?;
        self.alter(message, Alteration::Close, attached).await;
        Ok(())
    }

    fn last_poll(
        &self,
        is_meant: impl Fn(&Message) -> bool,
    ) -> Result<crate::domain::MessageId, String> {
        self.chat()?;
        let mut polls = self.recent.iter().rev().filter(|message| message.poll.is_some());
        let found = polls.find(|message| is_meant(message)).map(|message| message.id);
        found.ok_or_else(|| {
            "there is no such poll among the last messages here: /history 100 goes further back"
                .to_owned()
        })
    }
}
