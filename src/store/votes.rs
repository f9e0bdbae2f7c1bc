//! The votes of one person in one poll, as they stand in the row of them.
//!
//! The last ones are kept, not the last alone: of them that counts which stood when the poll was closed, and whoever
//! voted once more before they knew has not lost the vote that they had. Which are kept does not depend on the order in which they come.

use rusqlite::Result;
use rusqlite::types::Type;

use super::row::{json, to_json};
use crate::domain::{Ballot, MessageId, Timestamp};

/// Most votes of one person in one poll that are kept.
const KEPT: usize = 8;

/// When somebody voted, by which letter: the order of votes.
pub(super) type Key = (Timestamp, MessageId);

/// Votes of one person, the newest first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Votes(Vec<(Timestamp, MessageId, Ballot)>);

impl Votes {
    /// As they stand in the column.
    pub(super) fn read(text: &str, column: usize) -> Result<Self> {
        let votes: Vec<_> = json(text, column)?;
        let wrong = || rusqlite::Error::InvalidColumnType(column, "votes".into(), Type::Text);
        if votes.is_empty() { Err(wrong()) } else { Ok(Self(votes)) }
    }

    /// The text of the column.
    pub(super) fn text(&self) -> Result<String> {
        to_json(&self.0)
    }

    /// Takes a vote in; says whether that changes anything.
    pub(super) fn add(&mut self, (at, letter): Key, ballot: Ballot) -> bool {
        let place = self.0.partition_point(|known| (known.0, known.1) > (at, letter));
        let is_known = self.0.get(place).is_some_and(|known| (known.0, known.1) == (at, letter));
        if is_known || place == KEPT {
            return false;
        }
        self.0.insert(place, (at, letter, ballot));
        self.0.truncate(KEPT);
        true
    }

    /// The key of the newest.
    pub(super) fn newest(&self) -> Option<Key> {
        self.0.first().map(|vote| (vote.0, vote.1))
    }

    /// The vote that counts, where the poll may have been closed; no answers where there is none.
    pub(super) fn counting(&self, closed: Option<Key>) -> Ballot {
        let stood = |vote: &&(_, _, Ballot)| closed.is_none_or(|closed| (vote.0, vote.1) < closed);
        self.0.iter().find(stood).map_or(Ballot::NONE, |vote| vote.2)
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = (Key, Ballot)> + '_ {
        self.0.iter().map(|vote| ((vote.0, vote.1), vote.2))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;
    use crate::domain::{
        Alteration, Body, ConversationId, GroupId, Marks, Message, MessageText, PageAt, Poll, Reaction,
        UserName,
    };
    use crate::store::testing::{Fixture, at, draft, id, ours, said, user};
    use crate::store::{Altered, Incoming};

    /// The conversation of a test.
    fn team(number: u128) -> ConversationId {
        ConversationId::Group(GroupId::from_bits(number))
    }

    fn ballot(numbers: &[u8]) -> Ballot {
        Ballot::new(numbers.iter().copied()).unwrap()
    }

    fn vote(numbers: &[u8]) -> Alteration {
        Alteration::Vote(ballot(numbers))
    }

    /// A poll of bob's with three answers.
    fn lunch(number: u128, place: ConversationId, many: bool) -> Message {
        let poll = Poll::read("Lunch? | Pizza | Soup | Nothing", many).unwrap();
        let text = poll.text().as_str();
        Message { conversation: place, poll: Some(poll.clone()), ..said(number, "bob", 1, text) }
    }

    fn by(author: &str, letter: u128, of: u128, change: Alteration) -> Altered {
        let (conversation, author, letter_id) = (team(1), user(author), id(letter));
        let at = at(i64::try_from(letter).unwrap());
        Altered { conversation, of: id(of), author, at, letter: letter_id, change, ends_at: None }
    }

    fn take(f: &Fixture, all: impl IntoIterator<Item = Altered>) -> Vec<Message> {
        let incoming = |altered| Incoming::Altered { altered, recipients: Vec::new() };
        f.wait(f.store.receive(all.into_iter().map(incoming).collect())).unwrap().altered
    }

    fn stands(f: &Fixture, place: ConversationId) -> Vec<Message> {
        f.wait(f.store.page(place, PageAt::Newest, 9)).unwrap().messages
    }

    fn votes(f: &Fixture) -> Vec<(String, Vec<u8>)> {
        let all = stands(f, team(1)).remove(0).marks.votes;
        all.into_iter().map(|(user, ballot)| (user.to_string(), ballot.into())).collect()
    }

    fn voted(all: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
        all.iter().map(|(user, numbers)| ((*user).to_owned(), numbers.to_vec())).collect()
    }

    #[test]
    fn the_last_vote_of_each_counts_and_can_be_taken_back() {
        let mut f = Fixture::new();
        // They voted before the poll is here.
        let early = [by("ann", 12, 1, vote(&[1])), by("bob", 11, 1, vote(&[2]))];
        assert_eq!(take(&f, early), []);
        let fresh = f.receive(&[lunch(1, team(1), false)]).fresh;
        assert_eq!(fresh[0].marks.votes.len(), 2);
        take(&f, [by("ann", 14, 1, vote(&[3])), by("ann", 13, 1, vote(&[2]))]);
        assert_eq!(votes(&f), voted(&[("ann", &[3]), ("bob", &[2])]));
        let told = take(&f, [by("bob", 15, 1, vote(&[]))]);
        assert_eq!(told[0].marks.votes.len(), 1);
        assert_eq!(take(&f, [by("bob", 15, 1, vote(&[1]))]), [], "the same again");
        f.restart();
        assert_eq!(votes(&f), voted(&[("ann", &[3])]));
        let mine = by("me", 16, 1, vote(&[1]));
        let queued = f.wait(f.store.alter(mine, vec![draft("to/team", 16)], vec![])).unwrap();
        assert_eq!(queued.altered.unwrap().marks.votes.len(), 2);
    }

    #[test]
    fn what_is_no_vote_there_counts_for_nothing() {
        let f = Fixture::new();
        f.receive(&[lunch(1, team(1), false), lunch(2, team(1), true)]);
        f.receive(&[Message { conversation: team(1), ..said(3, "bob", 9, "Lunch?\n1. Pizza") }]);
        let elsewhere = Altered { conversation: team(2), ..by("eve", 20, 1, vote(&[1])) };
        let told = take(
            &f,
            [
                by("eve", 21, 1, vote(&[4])),
                by("fay", 22, 1, vote(&[1, 2])),
                by("gus", 23, 3, vote(&[1])),
                elsewhere,
                by("eve", 24, 1, Alteration::Close),
                by("bob", 25, 3, Alteration::Close),
                by("bob", 26, 1, Alteration::Edit(MessageText::new("Dinner?").unwrap())),
            ],
        );
        assert_eq!(told, []);
        assert_eq!(votes(&f), []);
        // Where several answers may be chosen they are.
        take(&f, [by("fay", 27, 2, vote(&[1, 3])), by("gus", 28, 2, vote(&[1, 12]))]);
        let all = stands(&f, team(1));
        assert_eq!(all[1].marks.votes, [(user("fay"), ballot(&[1, 3]))].into());
        assert!(all[0].body == lunch(1, team(1), false).body && !all[0].marks.closed);
    }

    #[test]
    fn what_stood_when_it_was_closed_is_the_result() {
        let f = Fixture::new();
        f.receive(&[lunch(1, team(1), false)]);
        take(&f, [by("ann", 11, 1, vote(&[1])), by("eve", 12, 1, vote(&[1]))]);
        // Ann votes once more before she hears of it, and Eve because she does.
        take(&f, [by("ann", 31, 1, vote(&[3]))]);
        let told = take(&f, [by("bob", 30, 1, Alteration::Close)]);
        assert!(told[0].marks.closed);
        take(&f, [by("eve", 32, 1, vote(&[2])), by("zoe", 33, 1, vote(&[2]))]);
        take(&f, [by("bob", 40, 1, Alteration::Close)]);
        assert_eq!(votes(&f), voted(&[("ann", &[1]), ("eve", &[1])]));
        // One that was on its way still counts.
        take(&f, [by("gus", 29, 1, vote(&[2]))]);
        assert_eq!(votes(&f).len(), 3);
    }

    #[test]
    fn nothing_is_left_of_votes_in_what_is_deleted() {
        let f = Fixture::new();
        f.receive(&[lunch(1, team(1), false), lunch(2, team(1), false)]);
        take(&f, [by("ann", 11, 1, vote(&[1])), by("ann", 12, 2, vote(&[1]))]);
        take(&f, [by("bob", 13, 1, Alteration::Delete), by("ann", 14, 1, vote(&[2]))]);
        f.wait(f.store.hide(id(2))).unwrap();
        let [deleted] = &stands(&f, team(1))[..] else { panic!("one is hidden") };
        assert_eq!((&deleted.body, &deleted.poll), (&Body::Deleted, &None));
        assert_eq!(deleted.marks, Marks::default());
        let left = "SELECT count(*) FROM message WHERE poll IS NOT NULL OR votes IS NOT NULL";
        let left: i64 = f.connection().query_row(left, [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0);
    }

    #[test]
    fn ten_thousand_votes_of_one_are_few_rows() {
        let f = Fixture::new();
        f.receive(&[lunch(1, team(1), true)]);
        let flood = (100..10_100).map(|n| by("eve", n, 1, vote(&[u8::try_from(n % 3).unwrap() + 1])));
        take(&f, flood);
        assert_eq!(votes(&f), voted(&[("eve", &[u8::try_from(10_099 % 3).unwrap() + 1])]));
        let size = "SELECT count(*), max(length(value)) FROM alteration";
        let (rows, longest): (i64, i64) =
            f.connection().query_row(size, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert!(rows == 1 && longest < 1_000, "{rows} rows of {longest}");
    }

    #[test]
    fn polls_move_to_another_device_with_all_that_was_voted() {
        let from = Fixture::new();
        from.receive(&[lunch(1, team(1), false)]);
        take(&from, [by("ann", 11, 1, vote(&[1])), by("ann", 31, 1, vote(&[2]))]);
        let to = Fixture::new();
        let (kept, _) = from.wait(from.store.history(0)).unwrap();
        to.wait(to.store.restore(kept.clone())).unwrap();
        to.wait(to.store.restore(kept)).unwrap();
        assert_eq!(stands(&to, team(1)), stands(&from, team(1)));
        for f in [&from, &to] {
            take(f, [by("bob", 20, 1, Alteration::Close)]);
            assert_eq!(votes(f), voted(&[("ann", &[1])]), "the vote before is known there too");
        }
    }

    #[test]
    fn a_poll_of_ours_stands_as_it_was_asked() {
        let f = Fixture::new();
        let poll = Poll::read("Lunch? | Pizza | Soup", true).unwrap();
        let asked = Message { poll: Some(poll), ..ours(1, "bob", 5, "Lunch?\n1. Pizza\n2. Soup") };
        f.wait(f.store.queue(Some(asked.clone()), vec![draft("to/bob", 1)], None, vec![])).unwrap();
        assert_eq!(f.wait(f.store.message(id(1))).unwrap().unwrap().poll, asked.poll);
    }

    /// What a poll comes to by its definition.
    fn defined(steps: &[(u8, u8, u128)]) -> (BTreeMap<UserName, Ballot>, bool) {
        let key = |step: &&(u8, u8, u128)| letter_of(step);
        let by_asker = steps.iter().filter(|(author, kind, _)| (*author, *kind) == (0, 5));
        let closed = by_asker.map(letter_of).min();
        let mut votes = BTreeMap::new();
        for (number, author) in (0..).zip(AUTHORS) {
            let cast = steps.iter().filter(|(by, kind, _)| *by == number && *kind < 5);
            let stood = cast.filter(|step| closed.is_none_or(|closed| letter_of(step) < closed));
            if let Some((_, kind, _)) = stood.max_by_key(key)
                && (1..=3).contains(kind)
            {
                votes.insert(user(author), ballot(&[*kind]));
            }
        }
        (votes, closed.is_some())
    }

    const AUTHORS: [&str; 3] = ["bob", "eve", "fay"];

    /// The letter of a step: the same for the same step, and another for each other one.
    fn letter_of((author, kind, n): &(u8, u8, u128)) -> u128 {
        n * 100 + u128::from(*kind) * 10 + u128::from(*author) + 10
    }

    /// In whatever order a poll, its votes and its end come, and however often, it comes to what is defined.
    #[test]
    fn the_order_of_arrival_makes_no_difference() {
        let f = Fixture::new();
        let mut runner = TestRunner::new(Config::with_cases(64));
        let case = Cell::new(0_u128);
        // Who, what (0: none of the answers; 1 to 3 an answer; 4 one that there is not; 5: it is closed; 6 a sign), when.
        let step = (0..3_u8, 0..7_u8, 1..8_u128);
        let law = |(steps, order): (Vec<(u8, u8, u128)>, Vec<prop::sample::Index>)| {
            for shuffled in [false, true] {
                case.set(case.get() + 1);
                let (base, place) = (case.get() << 32, team(case.get()));
                let mut all = vec![Incoming::Message(lunch(base, place.clone(), false))];
                all.extend(steps.iter().map(|step| {
                    let change = match step.1 {
                        0 => vote(&[]),
                        5 => Alteration::Close,
                        6 => Alteration::React(Some(Reaction::new("!").unwrap())),
                        number => vote(&[number]),
                    };
                    let altered = by(AUTHORS[usize::from(step.0)], letter_of(step), base, change);
                    let altered = Altered { conversation: place.clone(), ..altered };
                    Incoming::Altered { altered, recipients: Vec::new() }
                }));
                if shuffled {
                    for (at, other) in order.iter().enumerate() {
                        let len = all.len();
                        all.swap(at % len, other.index(len));
                    }
                    all.extend(all.clone());
                }
                for incoming in all {
                    f.wait(f.store.receive(vec![incoming])).unwrap();
                }
                let Marks { votes, closed, .. } = stands(&f, place).remove(0).marks;
                prop_assert_eq!((votes, closed), defined(&steps));
            }
            Ok(())
        };
        let steps = prop::collection::vec(step, 0..9);
        let order = prop::collection::vec(any::<prop::sample::Index>(), 12);
        runner.run(&(steps, order), law).unwrap();
    }

    proptest! {
        #[test]
        fn which_votes_are_kept_does_not_depend_on_the_order(
            keys in prop::collection::vec((0..6_i64, 0..6_u128), 0..40),
            order in prop::collection::vec(any::<prop::sample::Index>(), 40),
        ) {
            let votes = |keys: &[(i64, u128)]| {
                let mut votes = Votes::default();
                for (ms, letter) in keys {
                    votes.add((at(*ms), id(*letter)), Ballot::NONE);
                }
                votes
            };
            let mut other = keys.clone();
            for (at, with) in order.iter().enumerate().filter(|_| !keys.is_empty()) {
                let len = other.len();
                other.swap(at % len, with.index(len));
            }
            let kept = votes(&keys);
            prop_assert_eq!(&kept, &votes(&other));
            prop_assert!(kept.0.len() <= KEPT && kept.0.is_sorted_by(|a, b| (a.0, a.1) > (b.0, b.1)));
            if !keys.is_empty() {
                prop_assert_eq!(&Votes::read(&kept.text().unwrap(), 0).unwrap(), &kept);
            }
        }
    }
}
