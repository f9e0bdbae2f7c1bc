//! What is being written in a chat. It may be about a message: an answer to it, or what it is to say from now on.

use super::{Chat, Editor};
use crate::domain::{Message, MessageId, MessageText, Reply};

/// The message that what is being written is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// It answers that.
    Reply(Reply),
    /// It replaces what that says so far.
    Edit(MessageId, MessageText),
    /// It is the path to save the file at that this carries, whose name is this.
    Save(MessageId, String),
}

impl Chat {
    /// What is being written: not what was sent before and is only shown again.
    fn own_draft(&self) -> &Editor {
        let aside = self.history.aside().filter(|draft| !draft.is_empty());
        aside.or(self.set_aside.as_ref()).unwrap_or(&self.draft)
    }

    /// What is written was sent, or done if it is a command.
    pub fn note_sent(&mut self, text: &str) {
        let aside = self.history.note(text);
        // After an edit what was being written before comes back.
        self.draft = self.set_aside.take().or(aside).unwrap_or_default();
        (self.about, self.cleared) = (None, None);
    }

    /// Whether the draft is another than the one that the engine keeps.
    pub fn has_new_draft(&self) -> bool {
        !self.own_draft().reads(&self.kept)
    }

    /// What the engine is to keep now, if that is something new.
    pub fn take_new_draft(&mut self) -> Option<String> {
        if !self.has_new_draft() {
            return None;
        }
        self.kept = self.own_draft().text();
        Some(self.kept.clone())
    }

    /// The engine kept this for us. What is written since is not overwritten.
    pub fn note_kept_draft(&mut self, text: String) {
        if self.draft.is_empty() {
            self.draft = Editor::from(text.as_str());
        }
        self.kept = text;
    }

    /// What was not stored, and what is being written.
    pub fn into_draft(mut self) -> String {
        let unsent = self.timeline.take_echoes();
        let unsent = unsent.iter().map(|echo| echo.text.as_str());
        let draft = self.own_draft().text();
        let draft = Some(draft.as_str()).filter(|draft| !draft.is_empty());
        unsent.chain(draft).collect::<Vec<_>>().join("\n")
    }

    /// Begins to write about a message. What was being written becomes the answer; a text that is to be changed takes
    /// its place for as long as that lasts.
    pub fn begin(&mut self, about: About) {
        self.stop_about();
        let text = match &about {
            // As somebody would have to write it: a slash begins a command.
            About::Edit(_, text) if text.as_str().starts_with('/') => Some(format!("/{text}")),
            About::Edit(_, text) => Some(text.to_string()),
            About::Save(_, name) => Some(format!("~/{name}")),
            About::Reply(_) => None,
        };
        if let Some(text) = text {
            let text = Editor::from(text.as_str());
            self.set_aside = Some(std::mem::replace(&mut self.draft, text));
        }
        self.about = Some(about);
    }

    /// It is about no message any more, and was not sent; says whether it was about one.
    pub fn stop_about(&mut self) -> bool {
        if let Some(draft) = self.set_aside.take() {
            self.draft = draft;
        }
        self.about.take().is_some()
    }

    /// A message is otherwise than it was.
    pub fn replace(&mut self, message: Message) {
        self.timeline.replace(message);
    }

    /// A message is gone.
    pub fn remove(&mut self, id: MessageId) {
        self.timeline.remove(id);
    }

    /// A message was over: it is gone, and so is what was being made of it and what would bring its text back.
    pub fn forget(&mut self, id: MessageId) {
        if let Some(text) = self.timeline.forget(id) {
            self.history.forget(text.as_str());
        }
        let is_about_it = match &self.about {
            Some(About::Reply(reply)) => reply.to == id,
            Some(About::Edit(message, _) | About::Save(message, _)) => *message == id,
            None => false,
        };
        if is_about_it {
            self.stop_about();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> MessageText {
        MessageText::new(text).unwrap()
    }

    #[test]
    fn what_was_being_written_comes_back_after_an_edit() {
        let id = MessageId::from_bytes([1; 16]);
        let mut chat = Chat::default();
        chat.draft.insert("half a thought");
        chat.begin(About::Edit(id, text("old")));
        assert_eq!(chat.draft.text(), "old");
        chat.begin(About::Edit(id, text("other")));
        assert_eq!(chat.draft.text(), "other", "another one is taken up");
        assert!(chat.stop_about());
        assert_eq!((chat.draft.text().as_str(), chat.stop_about()), ("half a thought", false));
        chat.begin(About::Edit(id, text("old")));
        chat.note_sent("x");
        assert_eq!((chat.draft.text().as_str(), &chat.about), ("half a thought", &None));
        chat.begin(About::Reply(Reply::to(id)));
        assert_eq!(chat.draft.text(), "half a thought", "it becomes the answer");
        chat.note_sent("x");
        assert!(chat.draft.is_empty());
    }
}
