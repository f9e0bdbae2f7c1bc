//! What was sent from one composer, to be sent again or otherwise: the history of a shell.
//!
//! While one goes through it the draft is set aside and comes back at the end, or after something from the history
//! was sent. What is changed in a recalled text stays changed until then.

use std::collections::{BTreeMap, VecDeque};

use super::editor::Editor;

/// Most texts that are remembered.
const MOST: usize = 100;

/// What was sent from one composer.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The oldest first.
    sent: VecDeque<String>,
    /// Which is recalled, and the draft that was set aside for it.
    recalled: Option<(usize, Editor)>,
    /// What was recalled and changed.
    changed: BTreeMap<usize, String>,
}

impl History {
    /// This was sent: the next time it is recalled first. Gives back the draft that was set aside, if one was.
    pub fn note(&mut self, text: &str) -> Option<Editor> {
        if self.sent.back().is_none_or(|last| last != text) {
            self.sent.push_back(text.to_owned());
        }
        if self.sent.len() > MOST {
            self.sent.pop_front();
        }
        self.changed.clear();
        self.recalled.take().map(|(_, draft)| draft)
    }

    /// This is not brought back any more; what is shown just now stays.
    pub fn forget(&mut self, text: &str) {
        let shown = self.recalled.as_ref().map(|(at, _)| *at);
        let goes = |at: usize, sent: &String| sent == text && Some(at) != shown;
        let before = |at: usize| (0..at).filter(|&other| goes(other, &self.sent[other])).count();
        let moved = shown.map(before).unwrap_or(0);
        let changed = std::mem::take(&mut self.changed).into_iter();
        let changed = changed.filter(|(at, _)| !goes(*at, &self.sent[*at]));
        self.changed = changed.map(|(at, text)| (at - before(at), text)).collect();
        let kept = self.sent.iter().enumerate().filter(|(at, sent)| !goes(*at, sent));
        self.sent = kept.map(|(_, sent)| sent.clone()).collect();
        if let Some((at, _)) = &mut self.recalled {
            *at -= moved;
        }
    }

    /// The draft that is set aside.
    pub fn aside(&self) -> Option<&Editor> {
        self.recalled.as_ref().map(|(_, draft)| draft)
    }

    /// Puts the text before the one that is shown into the composer; says whether there is one.
    pub fn earlier(&mut self, composer: &mut Editor) -> bool {
        let at = self.recalled.as_ref().map_or(self.sent.len(), |(at, _)| *at);
        let Some(before) = at.checked_sub(1) else { return false };
        let draft = self.leave(composer);
        self.show(before, draft, composer);
        true
    }

    /// Puts the text after the one that is shown into the composer, and after the last one the draft; says whether
    /// there is one.
    pub fn later(&mut self, composer: &mut Editor) -> bool {
        let Some(next) = self.recalled.as_ref().map(|(at, _)| at + 1) else { return false };
        let draft = self.leave(composer);
        match next < self.sent.len() {
            true => self.show(next, draft, composer),
            false => *composer = draft,
        }
        true
    }

    /// Remembers what is shown; returns the draft.
    fn leave(&mut self, composer: &mut Editor) -> Editor {
        match self.recalled.take() {
            None => std::mem::take(composer),
            Some((at, draft)) => {
                if !composer.reads(&self.sent[at]) {
                    self.changed.insert(at, composer.text());
                }
                draft
            }
        }
    }

    fn show(&mut self, at: usize, draft: Editor, composer: &mut Editor) {
        let text = self.changed.remove(&at).unwrap_or_else(|| self.sent[at].clone());
        *composer = Editor::from(text.as_str());
        self.recalled = Some((at, draft));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn history(texts: &[&str]) -> History {
        let mut history = History::default();
        texts.iter().for_each(|text| assert!(history.note(text).is_none()));
        history
    }

    #[test]
    fn the_texts_come_in_order_and_the_draft_comes_back() {
        let mut history = history(&["one", "two", "two"]);
        let mut composer = Editor::from("draft");
        assert!(!history.later(&mut composer));
        for (goes, shown) in [(true, "two"), (true, "one"), (false, "one")] {
            assert_eq!(history.earlier(&mut composer), goes);
            assert!(composer.reads(shown));
        }
        assert!(history.aside().is_some_and(|draft| draft.reads("draft")));
        for (goes, shown) in [(true, "two"), (true, "draft"), (false, "draft")] {
            assert_eq!(history.later(&mut composer), goes);
            assert!(composer.reads(shown));
        }
    }

    #[test]
    fn what_is_changed_stays_until_something_is_sent() {
        let mut history = history(&["one", "two"]);
        let mut composer = Editor::from("draft");
        history.earlier(&mut composer);
        composer.insert("!");
        history.earlier(&mut composer);
        history.later(&mut composer);
        assert!(composer.reads("two!"));
        let back = history.note(&composer.take()).unwrap();
        assert!(back.reads("draft"));
        composer = back;
        for shown in ["two!", "two", "one"] {
            history.earlier(&mut composer);
            assert!(composer.reads(shown), "{shown}: {}", composer.text());
        }
    }

    proptest! {
        #[test]
        fn wherever_one_goes_the_draft_is_there_at_the_end(
            texts in prop::collection::vec("[a-c]{1,2}", 0..150),
            steps in prop::collection::vec(any::<bool>(), 0..300),
        ) {
            let mut history = History::default();
            texts.iter().for_each(|text| drop(history.note(text)));
            prop_assert!(history.sent.len() <= MOST);
            let mut composer = Editor::from("draft");
            for back in steps {
                if back { history.earlier(&mut composer) } else { history.later(&mut composer) };
            }
            while history.later(&mut composer) {}
            prop_assert_eq!(composer.text(), "draft");
        }
    }
}
