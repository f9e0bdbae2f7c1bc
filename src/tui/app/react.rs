//! Answering a message with a sign: some are a key away, any other is typed or pasted.

use super::Action;
use super::field::Field;
use super::glyphs::Glyphs;
use crate::domain::{Message, Reaction};

/// Signs that a digit picks, and what each is called where they cannot be shown.
pub const SIGNS: [(&str, &str); 6] = [
    ("👍", "thumbs up"),
    ("❤️", "heart"),
    ("😂", "laughing"),
    ("😮", "surprised"),
    ("😢", "sad"),
    ("🙏", "thanks"),
];

/// The box in which a sign is picked.
#[derive(Clone, Debug)]
pub struct ReactBox {
    /// What is answered.
    pub message: Message,
    /// Our sign so far.
    pub current: Option<Reaction>,
    /// A sign that is typed.
    pub field: Field,
    /// What was wrong with it.
    pub complaint: Option<String>,
}

impl ReactBox {
    /// For this message, which may have a sign of ours.
    pub fn new(message: Message, current: Option<Reaction>) -> Self {
        Self { message, current, field: Field::default(), complaint: None }
    }

    /// A character was typed: a digit picks at once, 0 takes our sign back. `Some`: that is what we want.
    pub fn type_char(&mut self, c: char) -> Option<Option<Reaction>> {
        self.complaint = None;
        let digit = c.to_digit(10).filter(|_| self.field.text().is_empty());
        match digit.and_then(|digit| usize::try_from(digit).ok()) {
            Some(0) => Some(None),
            Some(at @ 1..=6) => Reaction::new(SIGNS[at - 1].0).ok().map(Some),
            _ => {
                self.field.type_char(c);
                None
            }
        }
    }

    /// Takes what is typed.
    pub fn accept(&mut self) -> Option<Option<Reaction>> {
        let text = self.field.text();
        let code = text.strip_prefix(':').map(|code| code.strip_suffix(':').unwrap_or(code));
        let emoji = code.and_then(emojis::get_by_shortcode);
        match Reaction::new(emoji.map_or(text, |emoji| emoji.as_str())) {
            Ok(sign) => Some(Some(sign)),
            Err(_) => {
                self.complaint =
                    Some("a sign is one character, such as an emoji, or its :shortcode:".to_owned());
                None
            }
        }
    }

    /// Edits what is typed.
    pub fn act(&mut self, action: Action) {
        self.complaint = None;
        self.field.act(action);
    }
}

/// A sign as the terminal can show it.
pub fn sign_words(sign: &Reaction, glyphs: Glyphs) -> String {
    let name = SIGNS.iter().find(|(known, _)| *known == sign.as_str()).map(|(_, name)| *name);
    match (glyphs, name) {
        (Glyphs::Unicode, _) => sign.to_string(),
        (Glyphs::Ascii, Some(name)) => name.to_owned(),
        (Glyphs::Ascii, None) if sign.as_str().is_ascii() => sign.to_string(),
        (Glyphs::Ascii, None) => "a sign".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::app::testing::message;

    #[test]
    fn a_digit_picks_and_anything_else_is_typed() {
        let mut react = ReactBox::new(message("bob", 1, "hi"), None);
        assert_eq!(react.type_char('1'), Some(Some(Reaction::new("👍").unwrap())));
        assert_eq!(react.type_char('0'), Some(None));
        assert_eq!(react.type_char('9'), None, "there is no ninth: it is typed");
        assert_eq!(react.type_char('1'), None);
        assert_eq!((react.accept(), react.complaint.is_some()), (None, true), "two characters");
        react.act(Action::DeleteBefore);
        assert_eq!(react.accept(), Some(Some(Reaction::new("9").unwrap())));
        react.act(Action::DeleteBefore);
        ":tada:".chars().for_each(|c| assert_eq!(react.type_char(c), None));
        assert_eq!(react.accept(), Some(Some(Reaction::new("🎉").unwrap())));
    }

    #[test]
    fn a_sign_is_told_in_words_where_it_cannot_be_shown() {
        let thumb = Reaction::new("👍").unwrap();
        assert_eq!(sign_words(&thumb, Glyphs::Unicode), "👍");
        assert_eq!(sign_words(&thumb, Glyphs::Ascii), "thumbs up");
        assert_eq!(sign_words(&Reaction::new("泵").unwrap(), Glyphs::Ascii), "a sign");
    }
}
