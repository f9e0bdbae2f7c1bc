//! Polls: asking, voting, closing.

use super::altering::can_be;
use super::{Asked, Session, Turn};
use crate::domain::{Alteration, Ballot, ConversationId, Message, Poll};
use crate::engine::{Command, Ticket};
use crate::tui::app::Action;
use crate::tui::app::overlay::{Overlay, Question};
use crate::tui::app::poll::VoteBox;
use crate::tui::app::tour::Did;

impl Session {
    /// Asks the open chat to vote.
    pub(super) fn ask_to_vote(
        &mut self,
        line: &str,
        many: bool,
        turn: &mut Turn<'_>,
    ) -> Result<(), String> {
        let poll = Poll::read(line, many)
            .map_err(|why| format!("not sent: {why}; write /poll QUESTION | ANSWER | ANSWER"))?;
        let to = self.open.clone().ok_or("not sent: choose a chat first, with F2 or /jump")?;
        if let ConversationId::Room(_) = to {
            return Err("not sent: no polls are held in open rooms".to_owned());
        }
        self.may_say(&to, turn)?;
        // Whoever asks has read what was said.
        self.kept_unread = false;
        let written = format!("/poll {}{line}", if many { "--many " } else { "" });
        let ticket = self.ticket(Asked::Poll(to.clone(), written));
        let (text, now) = (poll.text().clone(), turn.now);
        turn.send(Command::Poll { to, poll, ticket });
        self.with_chat(turn, |chat, _| chat.echo(ticket, text, now));
        self.did(Did::Sent, turn);
        Ok(())
    }

    /// A poll was not asked: what was written comes back, if nothing else is being written.
    pub(super) fn poll_refused(
        &mut self,
        ticket: Ticket,
        to: &ConversationId,
        written: &str,
        why: &str,
        turn: &mut Turn<'_>,
    ) {
        turn.error(format!("not sent: {why}"));
        let Some(chat) = self.chats.get_mut(to) else { return };
        chat.take_echo(ticket);
        if chat.draft.is_empty() {
            chat.draft.insert(written);
            self.keep_draft(to, turn);
        }
    }

    /// Opens the box in which one votes.
    pub(super) fn begin_vote(&mut self, message: &Message) -> Result<(), &'static str> {
        let vote = VoteBox::new(message.clone(), &self.me.user).ok_or("that message is no poll")?;
        if message.marks.closed {
            return Err("that poll is closed");
        }
        self.overlay = Some(Overlay::Vote(Box::new(vote)));
        Ok(())
    }

    /// Asks whether a poll is to be closed.
    pub(super) fn begin_close(&mut self, message: &Message) -> Result<(), &'static str> {
        match (&message.poll, message.is_ours(), message.marks.closed) {
            (None, ..) => Err("that message is no poll"),
            (Some(_), false, _) => Err("only who asked may close a poll"),
            (Some(_), true, true) => Err("that poll is closed already"),
            (Some(_), true, false) => {
                self.overlay = Some(Overlay::Question(Question::ClosePoll(message.id)));
                Ok(())
            }
        }
    }

    /// Votes as the command says, or opens the box in which one does.
    pub(super) fn vote_as(&mut self, numbers: &str, turn: &mut Turn<'_>) -> Result<(), String> {
        let message =
            self.poll_meant(Action::Vote).ok_or("no poll here is open, as far as it was read")?;
        if numbers.is_empty() {
            return Ok(self.begin_vote(&message)?);
        }
        let ballot = Ballot::read(numbers).map_err(|why| why.to_string())?;
        message.poll.as_ref().map_or(Ok(()), |poll| poll.takes(ballot))?;
        self.alter(message.id, Alteration::Vote(ballot), turn);
        Ok(())
    }

    /// Asks whether the poll that is meant is to be closed.
    pub(super) fn close_poll(&mut self) -> Result<(), String> {
        let message = self
            .poll_meant(Action::ClosePoll)
            .ok_or("no poll of yours is open here, as far as it was read")?;
        Ok(self.begin_close(&message)?)
    }

    /// The poll that a command means: the chosen one, else the last with which that can be done.
    fn poll_meant(&self, action: Action) -> Option<Message> {
        let chat = self.chat()?;
        let chosen = chat.selected().filter(|message| message.poll.is_some());
        chosen
            .or_else(|| chat.timeline().newest_first().find(|message| can_be(action, message)))
            .cloned()
    }

    /// Votes as the box says.
    pub(super) fn vote(&mut self, ballot: Option<Ballot>, turn: &mut Turn<'_>) {
        let Some(Overlay::Vote(vote)) = self.overlay.take() else { return };
        if let Some(ballot) = ballot {
            self.alter(vote.message.id, Alteration::Vote(ballot), turn);
        }
    }

    /// What is voted on is otherwise than it was: somebody voted, or it is over.
    pub(super) fn note_votes(&mut self, message: &Message, turn: &mut Turn<'_>) {
        let Some(Overlay::Vote(vote)) = &mut self.overlay else { return };
        if vote.message.id != message.id {
            return;
        }
        vote.message = message.clone();
        if !can_be(Action::Vote, message) {
            self.overlay = None;
            turn.news("the poll is over");
        }
    }
}
