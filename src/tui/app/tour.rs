//! A tour of a minute: a few things to do, one after the other, told where there is nothing else to tell.
//!
//! It begins by itself once, after a sign-up here, and whenever somebody asks for it. It takes no key and holds nobody
//! up: a step is done when what it asks for is done, in whatever way.

use super::Action;

/// Something that a person did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// What an action says.
    Act(Action),
    /// Sent a message.
    Sent,
    /// Chose a message.
    Chose,
}

struct Step {
    /// What to do; `{action}` stands for the key of that action.
    words: &'static str,
    /// What does it.
    done: &'static [Did],
}

const STEPS: &[Step] = &[
    Step {
        words: "{help} shows all keys, and hides them again. {back} ends the tour.",
        done: &[Did::Act(Action::Help)],
    },
    Step {
        words: "{next-pane} goes to the next pane, {show-conversation} back to writing.",
        done: &[
            Did::Act(Action::NextPane),
            Did::Act(Action::PreviousPane),
            Did::Act(Action::ShowContacts),
            Did::Act(Action::ShowOnline),
            Did::Act(Action::ShowGroups),
        ],
    },
    Step {
        words: "{jump} finds anybody and any group by a few letters; {back} closes it.",
        done: &[Did::Act(Action::Jump)],
    },
    Step {
        words: "open a chat, write, and send with {send}. Nobody here? {new-group} makes a group.",
        done: &[Did::Sent],
    },
    Step {
        words: "{next-unread} opens what is unread, one chat after the other.",
        done: &[Did::Act(Action::NextUnread)],
    },
    Step {
        words: "{choose-message} chooses a message: {reply} answers it, {react} reacts to it.",
        done: &[Did::Chose],
    },
];

/// What is told when all of it was done; `{action}` as in a step.
pub const END: &str = "That was the tour. {help} shows all keys, /tour begins it again.";

/// How far somebody has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tour {
    at: usize,
}

impl Tour {
    /// What to do next; `{action}` stands for the key of that action.
    pub fn words(self) -> String {
        let words = STEPS.get(self.at).map_or("", |step| step.words);
        format!("Tour {}/{}: {words}", self.at + 1, STEPS.len())
    }

    /// Where the tour is after this was done; `None`: at its end.
    pub fn after(self, did: Did) -> Option<Self> {
        let step = STEPS.get(self.at)?;
        let at = self.at + usize::from(step.done.contains(&did));
        (at < STEPS.len()).then_some(Self { at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::app::Keymap;
    use crate::tui::app::wrap::wrap;

    #[test]
    fn every_step_names_keys_that_there_are_and_fits_a_small_window() {
        let keymap = Keymap::built_in().unwrap();
        let mut tour = Some(Tour::default());
        let mut steps = 0;
        while let Some(at) = tour {
            let words = keymap.filled(&at.words());
            assert!(!words.contains(['{', '}']), "{words}");
            for name in at.words().split('{').skip(1) {
                let name = name.split('}').next().unwrap();
                assert!(Action::from_name(name).is_some(), "{name} in {words}");
            }
            assert!(wrap(&words, 38).len() <= 3, "{words}");
            assert_eq!(at.after(Did::Act(Action::Redraw)), tour, "something else is no step");
            steps += 1;
            tour = at.after(STEPS[at.at].done[0]);
        }
        assert_eq!(steps, STEPS.len());
        assert!(!keymap.filled(END).contains('{'));
    }
}
