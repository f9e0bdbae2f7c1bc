//! Questions that people vote on.
//!
//! A poll is asked by a message that says the question and the answers in lines, for whoever cannot show more of it.
//! Who votes says so with a letter of their own, as with anything else that is done with a message
//! ([`Alteration`](super::Alteration)).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::{InvalidText, MessageText, UserName, clean_line, limits};

/// A question with its answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Asked")]
pub struct Poll {
    #[serde(rename = "q")]
    question: String,
    #[serde(rename = "a")]
    answers: Vec<String>,
    #[serde(default, rename = "m", skip_serializing_if = "std::ops::Not::not")]
    many: bool,
    #[serde(skip)]
    text: MessageText,
}

/// A poll as somebody tells it.
#[derive(Deserialize)]
struct Asked {
    q: String,
    a: Vec<String>,
    #[serde(default)]
    m: bool,
}

impl TryFrom<Asked> for Poll {
    type Error = InvalidPoll;

    fn try_from(asked: Asked) -> Result<Self, Self::Error> {
        Self::new(&asked.q, &asked.a, asked.m)
    }
}

/// Why something is no poll.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPoll {
    /// Of the question.
    #[error("the question: {0}")]
    Question(InvalidText),
    /// Of the answer with this number.
    #[error("answer {0}: {1}")]
    Answer(usize, InvalidText),
    /// So many answers.
    #[error("a poll has 2 to {max} answers, and this one {0}", max = limits::POLL_ANSWERS)]
    Count(usize),
    /// This answer is there twice.
    #[error("`{0}` is there twice")]
    Twice(String),
}

impl Poll {
    /// What stands between a question and its answers where they are written on one line.
    pub const BETWEEN: char = '|';

    /// Cleans and checks a poll. `many`: whoever votes may choose several answers. Counts and lengths are looked at
    /// before anything is cleaned.
    ///
    /// # Errors
    /// Where it is none.
    pub fn new(question: &str, answers: &[impl AsRef<str>], many: bool) -> Result<Self, InvalidPoll> {
        if !(2..=limits::POLL_ANSWERS).contains(&answers.len()) {
            return Err(InvalidPoll::Count(answers.len()));
        }
        let question = line(question, limits::POLL_QUESTION).map_err(InvalidPoll::Question)?;
        let mut clean: Vec<String> = Vec::with_capacity(answers.len());
        for (number, answer) in (1..).zip(answers) {
            let answer = line(answer.as_ref(), limits::POLL_ANSWER)
                .map_err(|why| InvalidPoll::Answer(number, why))?;
            if clean.contains(&answer) {
                return Err(InvalidPoll::Twice(answer));
            }
            clean.push(answer);
        }
        let mut text = question.clone();
        for (number, answer) in (1..).zip(&clean) {
            text.push_str(&format!("\n{number}. {answer}"));
        }
        let text = MessageText::new(&text).map_err(InvalidPoll::Question)?;
        Ok(Self { question, answers: clean, many, text })
    }

    /// Reads a poll that is written on one line: `question | answer | answer`.
    ///
    /// # Errors
    /// Where it is none.
    pub fn read(line: &str, many: bool) -> Result<Self, InvalidPoll> {
        let mut parts = line.split(Self::BETWEEN);
        let question = parts.next().unwrap_or_default();
        // One more than there may be is enough to refuse it.
        let answers: Vec<&str> = parts.take(limits::POLL_ANSWERS + 1).collect();
        Self::new(question, &answers, many)
    }

    /// What is asked.
    pub fn question(&self) -> &str {
        &self.question
    }

    /// The answers with their numbers, which begin with 1.
    pub fn answers(&self) -> impl ExactSizeIterator<Item = (u8, &str)> {
        self.answers.iter().enumerate().map(|(at, answer)| (number(at), answer.as_str()))
    }

    /// Whether one may choose several answers.
    pub fn is_many(&self) -> bool {
        self.many
    }

    /// All of it in lines, for whoever cannot show more of it.
    pub fn text(&self) -> &MessageText {
        &self.text
    }

    /// Whether one may vote so.
    ///
    /// # Errors
    /// In words, where one may not.
    pub fn takes(&self, ballot: Ballot) -> Result<(), String> {
        let count = self.answers.len();
        match ballot.numbers().find(|number| usize::from(*number) > count) {
            Some(number) => Err(format!("there is no answer {number}: that poll has {count}")),
            None if !self.many && ballot.numbers().count() > 1 => {
                Err("in that poll one chooses one answer".to_owned())
            }
            None => Ok(()),
        }
    }

    /// How many chose each answer, in their order.
    pub fn count(&self, votes: &BTreeMap<UserName, Ballot>) -> Vec<usize> {
        let chose = |number| votes.values().filter(|ballot| ballot.has(number)).count();
        self.answers().map(|(number, _)| chose(number)).collect()
    }
}

fn number(at: usize) -> u8 {
    u8::try_from(at + 1).unwrap_or(u8::MAX)
}

fn line(text: &str, limit: usize) -> Result<String, InvalidText> {
    if text.len() > limit {
        return Err(InvalidText::TooLong { limit, unit: "bytes" });
    }
    let clean = clean_line(text);
    // What takes no room cannot be seen.
    if clean.width() == 0 { Err(InvalidText::Empty) } else { Ok(clean) }
}

/// Which answers of a poll somebody chose, by their numbers; none of them: they take their vote back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<u8>", into = "Vec<u8>")]
pub struct Ballot(u16);

/// A number that no answer of any poll has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("answers are numbered from 1 to {max}", max = limits::POLL_ANSWERS)]
pub struct InvalidBallot;

impl Ballot {
    /// No answer.
    pub const NONE: Self = Self(0);

    /// The answers of these numbers.
    ///
    /// # Errors
    /// Where no poll has an answer of such a number.
    pub fn new(numbers: impl IntoIterator<Item = u8>) -> Result<Self, InvalidBallot> {
        let mut bits = 0;
        for number in numbers {
            if !(1..=limits::POLL_ANSWERS).contains(&usize::from(number)) {
                return Err(InvalidBallot);
            }
            bits |= 1 << number;
        }
        Ok(Self(bits))
    }

    /// Reads numbers with blanks or commas between them; 0 alone is none of them.
    ///
    /// # Errors
    /// Where it says something else.
    pub fn read(text: &str) -> Result<Self, InvalidBallot> {
        let words = text.split([' ', ',']).filter(|word| !word.is_empty());
        let numbers: Vec<u8> =
            words.map(str::parse).collect::<Result<_, _>>().map_err(|_| InvalidBallot)?;
        match numbers[..] {
            [] => Err(InvalidBallot),
            [0] => Ok(Self::NONE),
            _ => Self::new(numbers),
        }
    }

    /// The numbers of the answers, the least first.
    pub fn numbers(self) -> impl Iterator<Item = u8> {
        (1..=number(limits::POLL_ANSWERS - 1)).filter(move |number| self.has(*number))
    }

    /// Whether the answer of this number is one of them.
    pub fn has(self, number: u8) -> bool {
        1_u16.checked_shl(number.into()).is_some_and(|bit| self.0 & bit != 0)
    }

    /// The same, but for the answer of this number.
    #[must_use]
    pub fn toggled(self, number: u8) -> Self {
        match Self::new([number]) {
            Ok(Self(bit)) => Self(self.0 ^ bit),
            Err(InvalidBallot) => self,
        }
    }

    /// Whether it is none of them.
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

impl TryFrom<Vec<u8>> for Ballot {
    type Error = InvalidBallot;

    fn try_from(numbers: Vec<u8>) -> Result<Self, Self::Error> {
        Self::new(numbers)
    }
}

impl From<Ballot> for Vec<u8> {
    fn from(ballot: Ballot) -> Self {
        ballot.numbers().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn poll(line: &str) -> Result<Poll, InvalidPoll> {
        Poll::read(line, false)
    }

    #[test]
    fn a_line_is_a_question_and_its_answers() {
        let lunch = poll(" Lunch? | Pizza\u{1b}[31m |泵 \n| Go hungry ").unwrap();
        assert_eq!(lunch.question(), "Lunch?");
        assert!(lunch.answers().eq([(1, "Pizza[31m"), (2, "泵"), (3, "Go hungry")]));
        assert_eq!(lunch.text().as_str(), "Lunch?\n1. Pizza[31m\n2. 泵\n3. Go hungry");
        let json = r#"{"q":"Lunch?","a":["Pizza","Soup"],"m":true}"#;
        let many = Poll::read("Lunch?|Pizza|Soup", true).unwrap();
        assert_eq!((serde_json::to_string(&many).unwrap(), many.is_many()), (json.to_owned(), true));
        assert_eq!(serde_json::from_str::<Poll>(json).unwrap(), many);
    }

    #[test]
    fn what_is_no_poll_is_refused_with_its_reason() {
        use InvalidPoll::{Answer, Count, Question, Twice};
        let empty = InvalidText::Empty;
        for (line, why) in [
            ("", Count(0)),
            ("Lunch?", Count(0)),
            ("Lunch? | Pizza", Count(1)),
            (" | a | b", Question(empty.clone())),
            ("Lunch? | a | \u{202e}\u{301}", Answer(2, empty)),
            ("Lunch? | a | b |  a", Twice("a".to_owned())),
        ] {
            assert_eq!(poll(line), Err(why), "{line:?}");
        }
        let all = |count: usize| (0..count).map(|n| format!("|{n}")).collect::<String>();
        assert!(poll(&format!("?{}", all(12))).is_ok());
        assert_eq!(poll(&format!("?{}", all(13))), Err(Count(13)));
        assert_eq!(poll(&format!("?{}", all(9_000))), Err(Count(13)), "no more is looked at");
        let (most, answer) = ("x".repeat(limits::POLL_QUESTION), "x".repeat(limits::POLL_ANSWER));
        assert!(poll(&format!("{most}|a|{answer}")).is_ok());
        assert!(matches!(poll(&format!("x{most}|a|b")), Err(Question(_))));
        assert!(matches!(poll(&format!("?|a|x{answer}")), Err(Answer(2, _))));
        for wrong in [r#"{"q":"?","a":["a"]}"#, r#"{"q":"","a":["a","b"]}"#, r#"{"a":["a","b"]}"#] {
            assert!(serde_json::from_str::<Poll>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_longest_poll_is_a_message() {
        let answers: Vec<String> = (0..limits::POLL_ANSWERS)
            .map(|n| format!("{n:02}{}", "x".repeat(limits::POLL_ANSWER - 2)))
            .collect();
        assert!(Poll::new(&"x".repeat(limits::POLL_QUESTION), &answers, true).is_ok());
    }

    #[test]
    fn votes_are_counted_by_answer() {
        let lunch = poll("Lunch? | Pizza | Soup | Nothing").unwrap();
        let votes = [("ann", 1), ("bob", 3), ("eve", 1)]
            .map(|(user, number)| (user.parse().unwrap(), Ballot::new([number]).unwrap()));
        assert_eq!(lunch.count(&votes.into()), [2, 0, 1]);
        assert_eq!(lunch.takes(Ballot::NONE), Ok(()));
        assert!(lunch.takes(Ballot::read("4").unwrap()).unwrap_err().contains("has 3"));
        assert!(lunch.takes(Ballot::read("1 2").unwrap()).unwrap_err().contains("one answer"));
        let many = Poll::read("Lunch? | Pizza | Soup", true).unwrap();
        assert_eq!(many.takes(Ballot::read("1,2").unwrap()), Ok(()));
    }

    #[test]
    fn a_ballot_has_numbers_that_answers_may_have() {
        let read = |text| Ballot::read(text).map(Vec::from);
        assert_eq!(read("3, 1 12"), Ok(vec![1, 3, 12]));
        assert_eq!(read("0"), Ok(vec![]));
        for wrong in ["", " ,", "0 1", "13", "-1", "256", "one", "1.5"] {
            assert_eq!(read(wrong), Err(InvalidBallot), "{wrong}");
        }
        assert!(serde_json::from_str::<Ballot>("[0]").is_err());
        assert!(serde_json::from_str::<Ballot>("[1,255]").is_err());
        let flood = format!("[{}1]", "3,".repeat(9_000));
        assert_eq!(serde_json::from_str::<Ballot>(&flood).map(Vec::from).unwrap(), [1, 3]);
    }

    proptest! {
        #[test]
        fn a_ballot_is_read_as_it_was_written(numbers in prop::collection::vec(1..=12_u8, 0..20), at: u8) {
            let ballot = Ballot::new(numbers.iter().copied()).unwrap();
            let json = serde_json::to_string(&ballot).unwrap();
            prop_assert_eq!(serde_json::from_str::<Ballot>(&json).unwrap(), ballot);
            prop_assert_eq!(ballot.toggled(at).toggled(at), ballot);
            prop_assert_eq!(ballot.has(at), numbers.contains(&at));
        }

        #[test]
        fn no_line_makes_it_panic(line in "\\PC{0,60}") {
            if let Ok(poll) = poll(&line) {
                prop_assert_eq!(Poll::new(poll.question(), &poll.answers, false).unwrap(), poll.clone());
                prop_assert!(poll.text().as_str().lines().count() == poll.answers.len() + 1);
            }
        }
    }
}
