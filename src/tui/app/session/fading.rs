//! Messages that disappear: how long they live in a chat, and what is left of those that are over.

use super::{Asked, Session, Turn};
use crate::domain::{ConversationId, Lifetime, MessageId};
use crate::engine::Command;
use crate::tui::app::choice::{Choice, Purpose};
use crate::tui::app::overlay::{Overlay, Question};

impl Session {
    /// Sets how long messages of the open chat live, or tells it where nothing is said.
    pub(super) fn disappear(&mut self, text: &str, turn: &mut Turn<'_>) -> Result<(), String> {
        let conversation = self.open.clone().ok_or("open the chat that this is about")?;
        if text.is_empty() {
            turn.news(match self.world.lifetime(&conversation) {
                Some(lifetime) => {
                    format!(
                        "messages here disappear after {}; /disappear off ends that",
                        lifetime.words()
                    )
                }
                None => "messages here stay; /disappear 1h, 1d, 7d or 30d".to_owned(),
            });
            return Ok(());
        }
        let lifetime = Lifetime::parse(text)?;
        let ticket = self.ticket(Asked::Lifetime(lifetime));
        turn.send(Command::SetLifetime { conversation, lifetime, ticket });
        Ok(())
    }

    /// It was set.
    pub(super) fn lifetime_is_set(lifetime: Option<Lifetime>, turn: &mut Turn<'_>) {
        turn.news(match lifetime {
            Some(lifetime) => {
                format!("what is said here from now on disappears after {}", lifetime.words())
            }
            None => "what is said here from now on stays".to_owned(),
        });
    }

    /// What always stands above the composer where messages disappear.
    pub fn fading_words(&self) -> Option<String> {
        let lifetime = self.world.lifetime(self.open_id()?)?;
        Some(format!("messages disappear after {}", lifetime.words()))
    }

    /// These messages were over: nothing here shows them any more.
    pub(super) fn gone(&mut self, gone: Vec<(ConversationId, MessageId)>) {
        for (conversation, id) in gone {
            if let Some(chat) = self.chats.get_mut(&conversation) {
                chat.forget(id);
            }
            self.thumbnails.forget(id);
            let is_about_it = match &mut self.overlay {
                Some(Overlay::Info(info)) => info.message.id == id,
                Some(Overlay::React(react)) => react.message.id == id,
                Some(Overlay::Vote(vote)) => vote.message.id == id,
                Some(Overlay::Question(
                    Question::Hide(message) | Question::Delete(message) | Question::ClosePoll(message),
                )) => *message == id,
                Some(Overlay::Links(links)) => links.message == id,
                Some(Overlay::Picture(picture)) => picture.message == id,
                Some(Overlay::Choice(Choice {
                    purpose: Purpose::Forward(message, _) | Purpose::ForwardFile(message),
                    ..
                })) => *message == id,
                Some(Overlay::Find(all)) => {
                    all.forget(id);
                    false
                }
                Some(Overlay::Marked(marked)) => {
                    marked.forget(id);
                    false
                }
                _ => false,
            };
            if is_about_it {
                self.overlay = None;
            }
        }
    }
}
