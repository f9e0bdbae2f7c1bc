//! What is done with the chosen message: answered, changed, taken back, passed on, marked.

use super::{Asked, Session, Turn};
use crate::domain::{
    Alteration, Body, ConversationId, FileKind, Message, MessageId, MessageKey, MessageText, Quote,
    Reaction, Reply,
};
use crate::engine::Command;
use crate::tui::app::Action;
use crate::tui::app::chat::{About, Aim};
use crate::tui::app::choice::Choice;
use crate::tui::app::overlay::{Overlay, Question};
use crate::tui::app::react::ReactBox;

impl Session {
    /// Actions that do something with the chosen message; says whether this was one.
    pub(super) fn act_on_chosen(
        &mut self,
        action: Action,
        message: &Message,
        turn: &mut Turn<'_>,
    ) -> bool {
        if self.act_on_file(action, message, turn) {
            return true;
        }
        let done = match action {
            Action::Reply => self.begin_reply(message),
            Action::Edit => self.begin_edit(message),
            Action::Delete => {
                self.overlay = Some(Overlay::Question(Question::Hide(message.id)));
                Ok(())
            }
            Action::DeleteForAll => match own_text(message) {
                Ok(_) => {
                    self.overlay = Some(Overlay::Question(Question::Delete(message.id)));
                    Ok(())
                }
                Err(why) => Err(why),
            },
            Action::React | Action::Pin if !can_be(Action::React, message) => {
                text_of(message).and(Err("what was said in an open room stays as it is"))
            }
            Action::React => text_of(message).map(|_| {
                let current = message.marks.reactions.get(&self.me.user).cloned();
                self.overlay = Some(Overlay::React(Box::new(ReactBox::new(message.clone(), current))));
            }),
            Action::Forward if message.file.is_some() => text_of(message).map(|_| {
                self.overlay = Some(Overlay::Choice(Choice::forward_file(&self.world, message.id)));
            }),
            Action::Forward => text_of(message).map(|text| {
                let choice = Choice::forward(&self.world, message.id, text.clone());
                self.overlay = Some(Overlay::Choice(choice));
            }),
            Action::Copy => text_of(message).map(|text| turn.copy(text.as_str())),
            Action::Star => {
                let starred = !message.marks.starred;
                turn.send(Command::Star { message: message.id, starred });
                Ok(())
            }
            Action::Pin => text_of(message).map(|_| {
                self.alter(message.id, Alteration::Pin(!message.marks.pinned), turn);
            }),
            Action::Vote => self.begin_vote(message),
            Action::ClosePoll => self.begin_close(message),
            Action::OpenLink => self.show_links(message),
            Action::GoToOriginal => self.go_to_original(message, turn),
            _ => return false,
        };
        if let Err(why) = done {
            turn.news(why);
        }
        true
    }

    fn begin_reply(&mut self, message: &Message) -> Result<(), &'static str> {
        if let ConversationId::Room(_) = message.conversation {
            return Err("messages of open rooms cannot be answered one by one");
        }
        text_of(message)?;
        let quote = Quote::of(message.sender.clone(), message.sent_at, &message.body);
        self.stop_choosing();
        self.writing_mut().begin(About::Reply(Reply { to: message.id, quote: Some(quote) }));
        Ok(())
    }

    fn begin_edit(&mut self, message: &Message) -> Result<(), &'static str> {
        let text = own_text(message)?.clone();
        if message.poll.is_some() {
            return Err("what is voted on stays as it was asked: close the poll, and ask anew");
        }
        self.stop_choosing();
        self.writing_mut().begin(About::Edit(message.id, text));
        Ok(())
    }

    fn go_to_original(&mut self, message: &Message, turn: &mut Turn<'_>) -> Result<(), &'static str> {
        let reply = message.reply.as_ref().ok_or("that message answers none")?;
        let quote = reply.quote.as_ref().ok_or("what it answers is not here")?;
        let key = MessageKey { sent_at: quote.sent_at, id: reply.to };
        self.with_chat(turn, |chat, window| {
            chat.choose(key);
            chat.go_to(key, Aim::Amid, window)
        });
        Ok(())
    }

    /// Asks the engine to do something with a message, for all.
    pub(super) fn alter(&mut self, message: MessageId, change: Alteration, turn: &mut Turn<'_>) {
        let ticket = self.ticket(Asked::Alter);
        turn.send(Command::Alter { message, change, ticket });
    }

    /// A sign was picked for the message of the box.
    pub(super) fn react(&mut self, sign: Option<Reaction>, turn: &mut Turn<'_>) {
        let Some(Overlay::React(react)) = self.overlay.take() else { return };
        // The same sign again takes it back, as a second press does elsewhere.
        let sign = sign.filter(|sign| react.current.as_ref() != Some(sign));
        if sign.is_some() || react.current.is_some() {
            self.alter(react.message.id, Alteration::React(sign), turn);
        }
    }

    /// Passes a text on to another chat.
    pub(super) fn forward(&mut self, text: MessageText, to: ConversationId, turn: &mut Turn<'_>) {
        self.open(to.clone(), turn);
        if let Err(why) = self.may_say(&to, turn) {
            return turn.error(why);
        }
        let ticket = self.ticket(Asked::Send(to.clone()));
        let forwarded = !matches!(to, ConversationId::Room(_));
        turn.send(Command::Send { to, text: text.clone(), reply: None, forwarded, ticket });
        let now = turn.now;
        self.with_chat(turn, |chat, _| chat.echo(ticket, text, now));
    }

    /// Messages are otherwise than they were.
    pub(super) fn altered(&mut self, messages: Vec<Message>, turn: &mut Turn<'_>) {
        for message in messages {
            self.note_votes(&message, turn);
            if let Some(Overlay::Info(info)) = &mut self.overlay
                && info.message.id == message.id
            {
                info.message = message.clone();
                info.outdate();
            }
            if let Some(chat) = self.chats.get_mut(&message.conversation) {
                // Whose words have changed has written them.
                if chat.timeline().says_otherwise(&message) {
                    chat.stopped_writing(&message.sender);
                }
                chat.replace(message);
            }
        }
    }
}

/// Whether an action makes sense for a message.
pub(super) fn can_be(action: Action, message: &Message) -> bool {
    let in_room = matches!(message.conversation, ConversationId::Room(_));
    match action {
        Action::Edit => message.poll.is_none() && own_text(message).is_ok(),
        Action::Vote => message.poll.is_some() && !message.marks.closed,
        Action::ClosePoll => can_be(Action::Vote, message) && message.is_ours(),
        Action::ViewPicture => {
            let file = message.file.as_ref();
            file.is_some_and(|file| file.name.kind() == FileKind::Picture)
        }
        Action::SaveFile | Action::SaveFileAs => message.file.is_some(),
        Action::Reply | Action::React => !in_room && text_of(message).is_ok(),
        _ => text_of(message).is_ok(),
    }
}

/// What a message says, if a person said something.
fn text_of(message: &Message) -> Result<&MessageText, &'static str> {
    match &message.body {
        Body::Text(text) => Ok(text),
        Body::Deleted => Err("that message was deleted"),
        _ => Err("that is no message of a person"),
    }
}

fn own_text(message: &Message) -> Result<&MessageText, &'static str> {
    match (message.is_ours(), &message.conversation) {
        (_, ConversationId::Room(_)) => Err("what was said in an open room stays as it is"),
        (false, _) => Err("only who wrote a message may change it or take it back"),
        (true, _) => text_of(message),
    }
}
