//! Finding words in the open chat: which messages have them, and the way from one to the next.

use super::Query;
use crate::domain::{Body, Message, MessageKey, Words};
use crate::engine::Ticket;
use crate::tui::app::chat::Bookmark;
use crate::tui::app::field::Field;

/// Up to how many hits the store counts.
const COUNTED: u64 = 100_000;

/// A way from hit to hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To this message.
    To(MessageKey),
    /// To what has to be asked for first.
    Wait,
    /// There is none further.
    End,
}

/// Which hit is looked for.
#[derive(Clone, Copy, Debug)]
enum Seek {
    /// The last that is not after this message; `None`: the last.
    From(Option<MessageKey>),
    /// The last before this message.
    Before(MessageKey),
}

/// Words that are looked for in the open chat.
#[derive(Clone, Debug)]
pub struct Find {
    query: Query,
    /// Where one was before.
    origin: Bookmark,
    /// Whether the find line has the keyboard; otherwise a message is being chosen.
    pub on_line: bool,
    hits: Vec<MessageKey>,
    total: u64,
    /// From where on more hits can be asked for.
    older: Option<i64>,
    current: Option<MessageKey>,
    seek: Option<Seek>,
    from: Option<MessageKey>,
}

impl Find {
    /// Begins with these words, at the hit that is nearest above this message, or the last.
    pub fn new(text: &str, origin: Bookmark, from: Option<MessageKey>) -> Self {
        Self {
            query: Query::new(text),
            origin,
            on_line: true,
            hits: Vec::new(),
            total: 0,
            older: None,
            current: None,
            seek: None,
            from,
        }
    }

    /// What is written.
    pub fn field(&self) -> &Field {
        &self.query.field
    }

    /// What is looked for.
    pub fn words(&self) -> &Words {
        &self.query.words
    }

    /// Where one was before.
    pub fn origin(&self) -> Bookmark {
        self.origin
    }

    /// The hit at which one is.
    pub fn current(&self) -> Option<MessageKey> {
        self.current
    }

    /// Changes what is written; says whether that did.
    pub fn edit(&mut self, edit: impl FnOnce(&mut Field) -> bool) -> bool {
        self.query.edit(edit)
    }

    /// What to ask for now: words, and before which place.
    pub fn wanted(&mut self) -> Option<(String, Option<i64>)> {
        let query = &mut self.query;
        if query.asked.is_some() {
            return None;
        }
        if query.is_answered() {
            let older = self.older.filter(|_| self.seek.is_some())?;
            return Some((query.answered.clone(), Some(older)));
        }
        let text = query.field.text().to_owned();
        if query.words.is_empty() {
            query.answered = text;
            self.forget_hits();
            return None;
        }
        Some((text, None))
    }

    fn forget_hits(&mut self) {
        self.hits.clear();
        (self.total, self.older, self.current, self.seek) = (0, None, None, None);
    }

    /// It was asked for.
    pub fn note_asked(&mut self, ticket: Ticket, words: String) {
        self.query.asked = Some((ticket, words));
    }

    /// It was refused.
    pub fn note_refused(&mut self, ticket: Ticket) {
        if self.query.take(ticket) {
            self.seek = None;
        }
    }

    /// Hits have come; says where to go.
    pub fn take(
        &mut self,
        ticket: Ticket,
        keys: Vec<MessageKey>,
        total: u64,
        older: Option<i64>,
    ) -> Option<MessageKey> {
        let goes_on = self.query.is_answered() && self.older.is_some();
        if !self.query.take(ticket) {
            return None;
        }
        match goes_on {
            true => {
                self.hits.extend(keys);
                self.hits.sort_unstable();
                self.hits.dedup();
            }
            false => {
                self.forget_hits();
                self.hits = keys;
                self.seek = Some(Seek::From(self.from));
            }
        }
        (self.total, self.older) = (total, older);
        self.sought()
    }

    /// The hit that is looked for, if it is known which it is.
    fn sought(&mut self) -> Option<MessageKey> {
        let up_to = |end: usize, hits: &[MessageKey]| end.checked_sub(1).map(|at| hits[at]);
        let found = match self.seek? {
            Seek::From(None) => self.hits.last().copied(),
            Seek::From(Some(from)) => up_to(self.hits.partition_point(|key| *key <= from), &self.hits),
            Seek::Before(key) => up_to(self.hits.partition_point(|hit| *hit < key), &self.hits),
        };
        if found.is_none() && self.older.is_some() {
            return None;
        }
        let found = match self.seek.take() {
            // There is none above: the nearest one below.
            Some(Seek::From(_)) => found.or(self.hits.first().copied()),
            _ => found,
        };
        self.current = found.or(self.current);
        found
    }

    /// To the hit above.
    pub fn older(&mut self) -> Step {
        let Some(current) = self.current else { return Step::End };
        self.seek = Some(Seek::Before(current));
        match self.sought() {
            Some(key) => Step::To(key),
            None if self.seek.is_some() => Step::Wait,
            None => Step::End,
        }
    }

    /// To the hit below.
    pub fn newer(&mut self) -> Step {
        let Some(current) = self.current else { return Step::End };
        self.seek = None;
        match self.hits.get(self.hits.partition_point(|hit| *hit <= current)) {
            Some(&key) => {
                self.current = Some(key);
                Step::To(key)
            }
            None => Step::End,
        }
    }

    /// A message was stored just now in the chat: it may be a hit.
    pub fn note_stored(&mut self, message: &Message) {
        let Body::Text(text) = &message.body else { return };
        let key = message.key();
        let is_beyond = self.older.is_some() && self.hits.first().is_some_and(|first| key < *first);
        if !self.query.is_answered() || !self.words().are_in(text.as_str()) {
            return;
        }
        if let Err(at) = self.hits.binary_search(&key) {
            self.total += 1;
            if !is_beyond {
                self.hits.insert(at, key);
            }
        }
    }

    /// How many there are and at which one is, counted from the newest.
    pub fn status(&self) -> String {
        let text = self.query.field.text();
        let place = self.current.and_then(|key| self.hits.binary_search(&key).ok());
        match place {
            _ if text.is_empty() => String::new(),
            _ if self.words().is_empty() => "no word to look for".to_owned(),
            None if !self.query.is_answered() || self.seek.is_some() => "looking…".to_owned(),
            None => "nothing found".to_owned(),
            Some(at) => {
                let more = if self.total >= COUNTED { "+" } else { "" };
                format!("{} of {}{more}", self.hits.len() - at, self.total)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::ops::Range;

    use proptest::prelude::*;

    use super::*;
    use crate::tui::app::testing::message;

    fn key(n: i64) -> MessageKey {
        message("bob", n, "pump").key()
    }

    fn keys(range: Range<i64>) -> Vec<MessageKey> {
        range.map(key).collect()
    }

    fn typed(find: &mut Find, text: &str) {
        for c in text.chars() {
            find.edit(|field| {
                field.type_char(c);
                true
            });
        }
    }

    fn asked(find: &mut Find, n: u64) -> (String, Option<i64>) {
        let wanted = find.wanted().unwrap();
        find.note_asked(Ticket(n), wanted.0.clone());
        wanted
    }

    #[test]
    fn one_question_goes_out_at_a_time_and_the_newest_words_count() {
        let mut find = Find::new("", Bookmark::default(), None);
        assert_eq!((find.wanted(), find.status().as_str()), (None, ""));
        typed(&mut find, "p");
        assert_eq!(asked(&mut find, 1), ("p".to_owned(), None));
        typed(&mut find, "ump");
        assert_eq!(find.wanted(), None, "while it is not answered");
        assert_eq!(find.take(Ticket(1), keys(0..9), 9, None), None, "of other words");
        assert_eq!(find.status(), "looking…");
        assert_eq!(asked(&mut find, 2).0, "pump");
        assert_eq!(find.take(Ticket(2), keys(0..3), 3, None), Some(key(2)));
        assert_eq!((find.wanted(), find.status().as_str()), (None, "1 of 3"));
        typed(&mut find, "x");
        asked(&mut find, 3);
        assert_eq!(find.take(Ticket(3), Vec::new(), 0, None), None);
        assert_eq!(find.status(), "nothing found");
        assert_eq!((find.older(), find.newer()), (Step::End, Step::End));
    }

    #[test]
    fn hits_are_gone_through_both_ways_and_page_by_page() {
        let mut find = Find::new("pump", Bookmark::default(), Some(key(25)));
        asked(&mut find, 1);
        assert_eq!(find.take(Ticket(1), keys(20..30), 30, Some(7)), Some(key(25)), "nearest above");
        assert_eq!(find.status(), "5 of 30");
        assert_eq!(find.newer(), Step::To(key(26)));
        for n in (20..26).rev() {
            assert_eq!(find.older(), Step::To(key(n)));
        }
        assert_eq!(find.wanted(), None);
        assert_eq!(find.older(), Step::Wait);
        assert_eq!(asked(&mut find, 2), ("pump".to_owned(), Some(7)));
        assert_eq!(find.take(Ticket(2), keys(0..20), 30, None), Some(key(19)));
        for n in (0..19).rev() {
            assert_eq!(find.older(), Step::To(key(n)));
        }
        assert_eq!((find.older(), find.status().as_str()), (Step::End, "30 of 30"));
        let said = message("bob", 40, "another PUMP");
        find.note_stored(&said);
        find.note_stored(&said);
        find.note_stored(&message("bob", 41, "valve"));
        assert_eq!(find.status(), "31 of 31");
    }

    #[test]
    fn where_nothing_is_above_it_is_looked_for_further_up_and_then_below() {
        let mut find = Find::new("pump", Bookmark::default(), Some(key(5)));
        asked(&mut find, 1);
        assert_eq!(find.take(Ticket(1), keys(20..30), 20, Some(7)), None);
        asked(&mut find, 2);
        assert_eq!(find.take(Ticket(2), keys(10..20), 20, None), Some(key(10)), "the nearest below");
    }

    /// Goes a step up, asking for pages of this size out of all hits as long as it has to.
    fn up(find: &mut Find, all: &[MessageKey], page: usize) -> Option<MessageKey> {
        match find.older() {
            Step::To(key) => Some(key),
            Step::End => None,
            Step::Wait => serve(find, all, page),
        }
    }

    fn serve(find: &mut Find, all: &[MessageKey], page: usize) -> Option<MessageKey> {
        let mut reached = None;
        while let Some((words, before)) = find.wanted() {
            find.note_asked(Ticket(1), words);
            let end = before.map_or(all.len(), |before| usize::try_from(before).unwrap());
            let from = end.saturating_sub(page);
            let older = (from > 0).then(|| i64::try_from(from).unwrap());
            reached = find.take(Ticket(1), all[from..end].to_vec(), all.len() as u64, older);
        }
        reached
    }

    proptest! {
        #[test]
        fn every_hit_is_reached_whatever_the_pages_and_the_place(
            times in prop::collection::btree_set(0i64..60, 1..40),
            page in 1usize..12,
            from in prop::option::of(0i64..60),
        ) {
            let all: Vec<_> = times.into_iter().map(key).collect::<BTreeSet<_>>().into_iter().collect();
            let mut find = Find::new("pump", Bookmark::default(), from.map(key));
            let first = serve(&mut find, &all, page);
            let above = from.map_or(all.len(), |from| all.partition_point(|hit| *hit <= key(from)));
            let start = above.saturating_sub(1);
            prop_assert_eq!(first, Some(all[start]));
            for hit in all[..start].iter().rev() {
                prop_assert_eq!(up(&mut find, &all, page), Some(*hit));
            }
            prop_assert_eq!(up(&mut find, &all, page), None);
            prop_assert_eq!(find.status(), format!("{0} of {0}", all.len()));
            for hit in &all[1..] {
                prop_assert_eq!(find.newer(), Step::To(*hit));
            }
            prop_assert_eq!(find.newer(), Step::End);
        }
    }
}
