//! Voting in a poll: the box in which that is done, and how a vote count looks.

use std::collections::BTreeMap;

use super::Action;
use super::glyphs::Glyphs;
use crate::domain::{Ballot, Message, Poll, UserName};

/// The box in which answers are chosen.
#[derive(Clone, Debug)]
pub struct VoteBox {
    /// What asks.
    pub message: Message,
    /// What is chosen so far.
    pub chosen: Ballot,
    /// How we voted before.
    before: Ballot,
    /// The answer that the keyboard is at, counted from 0.
    at: usize,
}

impl VoteBox {
    /// For this message, if it asks something.
    pub fn new(message: Message, me: &UserName) -> Option<Self> {
        let poll = message.poll.as_ref()?;
        let before = message.marks.votes.get(me).copied().unwrap_or_default();
        let at = poll.answers().position(|(number, _)| before.has(number)).unwrap_or(0);
        Some(Self { message, chosen: before, before, at })
    }

    /// The answer that the keyboard is at, counted from 0.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Whether one may choose several.
    pub fn is_many(&self) -> bool {
        self.message.poll.as_ref().is_some_and(Poll::is_many)
    }

    /// A character was typed: a digit picks the answer of that number, 0 none, a blank that at which the keyboard is.
    /// Says whether that is our vote.
    pub fn type_char(&mut self, c: char) -> bool {
        let number = match c {
            ' ' => self.number(self.at),
            c => c.to_digit(10).and_then(|digit| u8::try_from(digit).ok()),
        };
        match number {
            Some(0) => {
                self.chosen = Ballot::NONE;
                !self.is_many()
            }
            Some(number) if usize::from(number) <= self.count() => {
                self.at = usize::from(number) - 1;
                self.pick(number);
                c != ' ' && !self.is_many()
            }
            _ => false,
        }
    }

    /// The vote, where that is another than it was. Where one chooses one answer, it is that at which the keyboard is.
    pub fn accept(&mut self) -> Option<Ballot> {
        if !self.is_many()
            && let Some(number) = self.number(self.at)
        {
            self.pick(number);
        }
        self.changed()
    }

    /// What is chosen, where that is another than it was.
    pub fn changed(&self) -> Option<Ballot> {
        (self.chosen != self.before).then_some(self.chosen)
    }

    /// Moves the keyboard to another answer.
    pub fn act(&mut self, action: Action) {
        self.at = match action {
            Action::Up => self.at.saturating_sub(1),
            Action::Down => (self.at + 1).min(self.count().saturating_sub(1)),
            _ => self.at,
        };
    }

    fn pick(&mut self, number: u8) {
        self.chosen = match self.is_many() {
            true => self.chosen.toggled(number),
            false => Ballot::NONE.toggled(number),
        };
    }

    fn count(&self) -> usize {
        self.message.poll.as_ref().map_or(0, |poll| poll.answers().len())
    }

    fn number(&self, at: usize) -> Option<u8> {
        self.message.poll.as_ref()?.answers().nth(at).map(|(number, _)| number)
    }
}

/// Before an answer: whether it is chosen.
pub fn box_sign(chosen: bool) -> &'static str {
    if chosen { "[x]" } else { "[ ]" }
}

/// So many of all, as a bar of so many cells: some of it where there are any, and all of it for all alone.
pub fn bar(count: usize, of: usize, cells: usize, glyphs: Glyphs) -> String {
    let full = match (count, of) {
        (0, _) | (_, 0) => 0,
        (count, of) => (count * cells / of).clamp(1, cells),
    };
    let [on, off] = glyphs.share();
    on.repeat(full) + &off.repeat(cells - full)
}

/// How a poll stands, in words.
pub fn poll_words(
    poll: &Poll,
    votes: &BTreeMap<UserName, Ballot>,
    closed: bool,
    glyphs: Glyphs,
) -> String {
    let kind = match (closed, poll.is_many()) {
        (true, _) => "the poll is closed",
        (false, true) => "a poll, several answers",
        (false, false) => "a poll, one answer each",
    };
    let voted = match votes.len() {
        0 => "nobody voted".to_owned(),
        count => format!("{count} voted"),
    };
    format!("{kind}{}{voted}", glyphs.separator())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::app::testing::{message, user};

    fn voting(many: bool, before: &[u8]) -> VoteBox {
        let poll = Poll::read("Lunch? | Pizza | Soup | Nothing", many).unwrap();
        let mut message = Message { poll: Some(poll), ..message("bob", 1, "Lunch?") };
        message.marks.votes.insert(user("alice"), Ballot::new(before.iter().copied()).unwrap());
        VoteBox::new(message, &user("alice")).unwrap()
    }

    fn ballot(numbers: &[u8]) -> Option<Ballot> {
        Some(Ballot::new(numbers.iter().copied()).unwrap())
    }

    #[test]
    fn of_one_answer_a_digit_is_the_vote() {
        let mut one = voting(false, &[2]);
        assert_eq!((one.at(), one.changed()), (1, None), "nothing was chosen anew");
        assert!(one.type_char('3'));
        assert_eq!(one.changed(), ballot(&[3]));
        assert!(one.type_char('0'));
        assert_eq!(one.changed(), ballot(&[]));
        for nothing in ['4', '9', 'x'] {
            assert!(!one.type_char(nothing));
        }
        let mut one = voting(false, &[]);
        one.act(Action::Down);
        assert_eq!(one.accept(), ballot(&[2]));
        one.act(Action::Up);
        assert!(!one.type_char(' '), "only Enter sends what the keyboard is at");
        assert_eq!(one.accept(), ballot(&[1]));
    }

    #[test]
    fn of_several_each_is_marked_by_itself() {
        let mut many = voting(true, &[1]);
        assert!(!many.type_char('3') && !many.type_char('1'));
        assert_eq!(many.changed(), ballot(&[3]));
        many.act(Action::Down);
        assert!(!many.type_char(' '));
        assert_eq!(many.accept(), ballot(&[2, 3]));
        assert!(!many.type_char('0'));
        assert_eq!(many.accept(), ballot(&[]));
        many.type_char('1');
        assert_eq!(many.accept(), None, "as it was");
    }

    #[test]
    fn a_bar_tells_some_from_none_and_most_from_all() {
        let bar = |count, of| bar(count, of, 4, Glyphs::Ascii);
        assert_eq!(
            [bar(0, 0), bar(0, 9), bar(1, 99), bar(98, 99), bar(9, 9)],
            ["....", "....", "#...", "###.", "####"]
        );
    }
}
