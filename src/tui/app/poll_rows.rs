//! What stands below the question of a poll: its answers, each with how many chose it.

use super::poll::{bar, box_sign, poll_words};
use super::rows::{Piece, Row, Tone, Typesetter, put_words};
use super::text::width;
use super::wrap::{visible_width, wrap};
use crate::domain::{Ballot, Message};

/// Cells of a bar, and of one where there is little room.
const BARS: [usize; 2] = [8, 4];
/// A row of less room has the short bar.
const ROOMY: usize = 48;
/// An answer with less room beside its bar stands below it.
const NARROW: usize = 12;

impl Typesetter<'_> {
    /// The answers of a poll, and how it stands.
    pub(super) fn poll(&self, message: &Message, rows: &mut Vec<Row>) {
        let Some(poll) = &message.poll else { return };
        let votes = &message.marks.votes;
        let ours = votes.get(self.world.me()).copied().unwrap_or(Ballot::NONE);
        let room = self.width.saturating_sub(4);
        let cells = BARS[usize::from(room < ROOMY)];
        let counts = poll.count(votes);
        let digits = |most: usize| most.to_string().len();
        let (number_cells, count_cells) =
            (digits(counts.len()), digits(counts.iter().copied().max().unwrap_or(0)));
        let tone = if message.is_ours() { Tone::Own } else { Tone::Text };
        let mut block: Vec<Row> = Vec::new();
        for ((number, answer), count) in poll.answers().zip(counts) {
            let chosen = ours.has(number);
            let sign = box_sign(chosen);
            let bar = bar(count, votes.len(), cells, self.glyphs);
            let facts = format!(" {number:>number_cells$} {bar} {count:>count_cells$}");
            let sign_tone = if chosen { Tone::Strong } else { Tone::Faint };
            let mut head = vec![
                Piece { x: 0, text: sign.to_owned(), tone: sign_tone },
                Piece { x: width(sign), text: facts.clone(), tone: Tone::Faint },
            ];
            let beside = width(sign) + width(&facts) + 2;
            let x = match room.saturating_sub(beside) < NARROW {
                true => {
                    block.push(std::mem::take(&mut head));
                    2
                }
                false => beside,
            };
            let found = self.found.map_or_else(Vec::new, |words| words.places(answer));
            let found: Vec<_> = found.into_iter().map(|place| (place, Tone::Found)).collect();
            for range in wrap(answer, room.saturating_sub(x)) {
                let mut row = std::mem::take(&mut head);
                put_words(&mut row, (answer, range), x, tone, &found);
                block.push(row);
            }
        }
        let words = poll_words(poll, votes, message.marks.closed, self.glyphs);
        for range in wrap(&words, room) {
            block.push(vec![Piece {
                x: 0,
                text: words[range].trim_end().to_owned(),
                tone: Tone::Faint,
            }]);
        }
        let end = |piece: &Piece| piece.x + visible_width(&piece.text);
        let wide = block.iter().flatten().map(end).max().unwrap_or(0);
        let indent = match message.is_ours() {
            true => self.width.saturating_sub(2 + wide),
            false => 2,
        };
        block.iter_mut().flatten().for_each(|piece| piece.x += indent);
        rows.append(&mut block);
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::super::timeline::Item;
    use super::*;
    use crate::domain::{Poll, Timestamp, Words};
    use crate::tui::app::testing::{message, user};
    use crate::tui::app::{Calendar, Glyphs, World};

    fn rows(message: &Message, width: usize, found: Option<&Words>) -> Vec<Row> {
        let (world, calendar) = (World::new(user("alice")), Calendar::new(TimeZone::UTC));
        let (glyphs, now) = (Glyphs::Unicode, Timestamp::from_millis(1_000));
        let setter = Typesetter {
            world: &world,
            calendar: &calendar,
            glyphs,
            width,
            unread: None,
            now,
            found,
            thumbnails: None,
        };
        setter.rows(None, Item::Message(message))
    }

    fn drawn(message: &Message, width: usize) -> Vec<String> {
        let rows = rows(message, width, None).into_iter().skip(1);
        let line = |row: Row| {
            row.into_iter().fold(String::new(), |line, piece| {
                let gap = piece.x - super::width(&line);
                line + &" ".repeat(gap) + &piece.text
            })
        };
        rows.map(|row| line(row).trim_end().to_owned()).collect()
    }

    fn asked(by: &str, line: &str, votes: &[(&str, &[u8])]) -> Message {
        let poll = Poll::read(line, true).unwrap();
        let mut message = message(by, 60_000, poll.text().as_str());
        message.poll = Some(poll);
        let vote = |(voter, numbers): &(&str, &[u8])| {
            (user(voter), Ballot::new(numbers.iter().copied()).unwrap())
        };
        message.marks.votes = votes.iter().map(vote).collect();
        message
    }

    #[test]
    fn answers_have_bars_and_ours_are_marked() {
        let votes: [(&str, &[u8]); 2] = [("alice", &[2]), ("bob", &[1, 2])];
        let lunch = asked("bob", "Lunch? | Pizza | A very long answer that needs rows | 泵", &votes);
        assert_eq!(
            drawn(&lunch, 60),
            [
                " bob  00:01  Lunch?",
                "  [ ] 1 ████░░░░ 1  Pizza",
                "  [x] 2 ████████ 2  A very long answer that needs rows",
                "  [ ] 3 ░░░░░░░░ 0  泵",
                "  a poll, several answers · 2 voted",
            ]
        );
        let narrow = drawn(&lunch, 24);
        assert_eq!(narrow[1..5], ["  Lunch?", "  [ ] 1 ██░░ 1", "    Pizza", "  [x] 2 ████ 2"]);
        let mut closed = asked("alice", "Lunch? | Pizza | Soup", &[]);
        closed.marks.closed = true;
        assert_eq!(
            drawn(&closed, 44)[1..],
            [
                "         [ ] 1 ░░░░ 0  Pizza",
                "         [ ] 2 ░░░░ 0  Soup",
                "         the poll is closed · nobody voted",
            ]
        );
    }

    #[test]
    fn words_that_are_looked_for_stand_out_in_answers_too() {
        let lunch = asked("bob", "Lunch? | Pizza pie | Soup", &[]);
        let words = Words::new("pizza");
        let rows = rows(&lunch, 60, Some(&words));
        let found: Vec<_> =
            rows.iter().flatten().filter(|piece| piece.tone == Tone::Found).map(|p| &p.text).collect();
        assert_eq!(found, ["Pizza"]);
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_the_screen(text in "\\PC{1,60}", ours: bool, width in 20usize..100) {
            let Ok(poll) = Poll::new("?", &[format!("a{text}"), "b".to_owned()], false) else {
                return Ok(());
            };
            let by = if ours { "alice" } else { "bob" };
            let message = Message { poll: Some(poll), ..message(by, 0, "x") };
            for row in drawn(&message, width) {
                prop_assert!(visible_width(&row) <= width, "{row:?}");
            }
        }
    }
}
