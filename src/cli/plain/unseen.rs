//! What somebody has not read yet who has it read out.

use std::collections::VecDeque;

use crate::domain::MessageId;

/// So many messages are said to be read at once, the last ones.
const MOST: usize = 1_000;

/// Messages of others that stand above the line that is typed next.
pub(super) struct Unseen {
    letters: VecDeque<MessageId>,
    most: usize,
}

impl Unseen {
    /// None yet. Without a prompt nobody ever says that they have read something.
    pub fn new(has_prompt: bool) -> Self {
        Self { letters: VecDeque::new(), most: if has_prompt { MOST } else { 0 } }
    }

    /// One more was printed.
    pub fn push(&mut self, letter: MessageId) {
        self.letters.push_back(letter);
        if self.letters.len() > self.most {
            self.letters.pop_front();
        }
    }

    /// All of them, which count as read now.
    pub fn take(&mut self) -> Vec<MessageId> {
        std::mem::take(&mut self.letters).into()
    }

    /// None of them matters any more.
    pub fn clear(&mut self) {
        self.letters.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_kept_and_none_where_nobody_reads_them() {
        let letters: Vec<_> = (0..MOST + 5).map(|n| MessageId::derived(&n.to_be_bytes())).collect();
        let mut unseen = Unseen::new(true);
        letters.iter().for_each(|letter| unseen.push(*letter));
        assert_eq!(unseen.take(), letters[5..]);
        assert_eq!(unseen.take(), []);
        let mut piped = Unseen::new(false);
        letters.iter().for_each(|letter| piped.push(*letter));
        assert_eq!(piped.take(), []);
    }
}
