//! What the stores hold in the end, beside what was said.

use std::collections::{BTreeMap, BTreeSet};

use cooee::domain::{ConversationId, Delivery, GroupId, Message};

use super::script::{Line, PEOPLE};
use crate::support::desk::message;
use crate::support::person::{Person, Screen, text};

/// What is wrong in the histories of all people together.
#[derive(Default)]
pub struct Verdict {
    /// Who lacks what.
    pub lost: Vec<String>,
    /// What somebody has twice, or was told of twice.
    pub doubled: Vec<String>,
    /// What stands below something that its sender wrote later.
    pub disordered: Vec<String>,
    /// What nobody said, or not there.
    pub strange: Vec<String>,
    /// What the sender does not know to have arrived.
    pub unconfirmed: Vec<String>,
    /// How often a message came after a later one of its sender. The history puts it in its place.
    pub overtaken: usize,
}

/// Whether a front end was told that a message of ours has come as far as it should in the end.
pub fn is_through(screen: &Screen, message: &Message) -> bool {
    screen.sent.get(&message.id).is_some_and(|delivery| *delivery >= Delivery::Delivered)
}

impl Verdict {
    /// Reads all that everybody has.
    pub async fn of(people: &mut [Person], script: &[Line], group: GroupId) -> Self {
        let mut verdict = Self::default();
        for (reader, person) in people.iter_mut().enumerate() {
            let mut said: BTreeMap<ConversationId, BTreeSet<String>> = BTreeMap::new();
            for line in script {
                if let Some(conversation) = line.conversation(reader, group) {
                    said.entry(conversation).or_default().insert(line.text());
                }
            }
            for (conversation, said) in said {
                let history = person.history(&conversation).await;
                verdict.compare(PEOPLE[reader], said, &history);
            }
            verdict.look_back(PEOPLE[reader], &person.screen);
        }
        verdict
    }

    /// Compares a history with what was said there.
    fn compare(&mut self, reader: &str, mut missing: BTreeSet<String>, history: &[Message]) {
        let mut seen = BTreeSet::new();
        let mut newest = BTreeMap::new();
        for message in history {
            let Some(words) = text(message) else { continue };
            let label = || format!("{reader} has `{words}` of {}", message.sender);
            let is_new = seen.insert(words);
            if !is_new {
                self.doubled.push(label());
            } else if !missing.remove(words) || !words.starts_with(message.sender.as_str()) {
                self.strange.push(label());
            }
            if newest.insert(&message.sender, number(words)) > Some(number(words)) {
                self.disordered.push(label());
            }
        }
        self.lost.extend(missing.iter().map(|words| format!("{reader} lacks `{words}`")));
    }

    /// Looks at what a front end was told, in the order of being told.
    fn look_back(&mut self, reader: &str, screen: &Screen) {
        let mut seen = BTreeSet::new();
        let mut newest = BTreeMap::new();
        for message in &screen.stored {
            let Some(words) = text(message) else { continue };
            if !seen.insert(message.id) {
                self.doubled.push(format!("{reader} was told twice of `{words}`"));
            }
            if message.is_ours() && !is_through(screen, message) {
                self.unconfirmed.push(format!("{reader} does not know of `{words}`"));
            }
            let newest = newest.entry((&message.conversation, &message.sender)).or_default();
            self.overtaken += usize::from(number(words) < *newest);
            *newest = number(words).max(*newest);
        }
    }
}

/// The how manieth of its sender in its conversation a text says it is.
fn number(words: &str) -> usize {
    words.rsplit(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

#[test]
fn every_kind_of_wrong_is_seen() {
    let group = ConversationId::Group(GroupId::from_bits(1));
    let said = ["bob group 1", "bob group 2", "bob group 3", "carol group 1"];
    let said: BTreeSet<String> = said.map(str::to_owned).into();
    let verdict = |history: &[(&str, &str)]| {
        let messages = history.iter().zip(0..);
        let messages: Vec<_> =
            messages.map(|((from, words), n)| message(&group, from, n, words)).collect();
        let mut verdict = Verdict::default();
        verdict.compare("alice", said.clone(), &messages);
        let Verdict { lost, doubled, disordered, strange, .. } = verdict;
        [lost.len(), doubled.len(), disordered.len(), strange.len()]
    };
    let [first, second, third] =
        ["bob group 1", "bob group 2", "bob group 3"].map(|words| ("bob", words));
    let of_carol = ("carol", "carol group 1");
    assert_eq!(verdict(&[first, of_carol, second, third]), [0; 4]);
    assert_eq!(verdict(&[first, third]), [2, 0, 0, 0]);
    assert_eq!(verdict(&[first, second, second, third, of_carol]), [0, 1, 0, 0]);
    assert_eq!(verdict(&[second, first, third, of_carol]), [0, 0, 1, 0]);
    assert_eq!(verdict(&[first, second, third, of_carol, ("bob", "eh")]), [0, 0, 1, 1]);
    assert_eq!(
        verdict(&[first, second, third, ("bob", "carol group 1")]),
        [0, 0, 1, 1],
        "of somebody else"
    );
}
