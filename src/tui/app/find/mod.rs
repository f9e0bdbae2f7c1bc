//! Finding words: in the open chat, where one goes from hit to hit, and in all chats, in a list.
//!
//! Both ask for one thing at a time, and for the newest words once that has come: however fast somebody types, no
//! question waits behind another.

mod everywhere;
mod excerpt;
mod here;
mod list;
mod marked;

pub use everywhere::{FOUND_PAGE, FindAll};
pub use excerpt::excerpt;
pub use here::{Find, Step};
pub use list::{FoundLine, FoundList};
pub use marked::Marked;

use super::field::Field;
use crate::domain::Words;
use crate::engine::Ticket;

/// What somebody looks for, and what was asked about it.
#[derive(Clone, Debug)]
struct Query {
    field: Field,
    words: Words,
    /// What was asked and not answered yet.
    asked: Option<(Ticket, String)>,
    /// The words that the answer here is for.
    answered: String,
}

impl Query {
    fn new(text: &str) -> Self {
        let field = Field::from(text);
        Self { words: Words::new(text), field, asked: None, answered: String::new() }
    }

    fn edit(&mut self, edit: impl FnOnce(&mut Field) -> bool) -> bool {
        let edited = edit(&mut self.field);
        if edited {
            self.words = Words::new(self.field.text());
        }
        edited
    }

    /// Whether what is here is the answer to what is written.
    fn is_answered(&self) -> bool {
        self.answered == self.field.text()
    }

    /// Takes in that an answer came: whether it is to what is written.
    fn take(&mut self, ticket: Ticket) -> bool {
        let Some((_, text)) = self.asked.take_if(|(asked, _)| *asked == ticket) else { return false };
        let fits = text == self.field.text();
        if fits {
            self.answered = text;
        }
        fits
    }
}
