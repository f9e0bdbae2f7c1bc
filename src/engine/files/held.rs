//! Which chunks of a file are here.

use crate::protocol::limits;

/// The chunks of one file that are here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Held {
    chunks: Vec<bool>,
    count: u32,
    /// All before this one are here.
    first: usize,
}

impl Held {
    /// None of so many.
    pub fn none(chunks: u32) -> Self {
        Self { chunks: vec![false; chunks as usize], count: 0, first: 0 }
    }

    /// Another one is here. Says whether that is news.
    pub fn add(&mut self, chunk: u32) -> bool {
        let Some(held) = self.chunks.get_mut(chunk as usize) else { return false };
        let is_news = !std::mem::replace(held, true);
        self.count += u32::from(is_news);
        is_news
    }

    pub fn has(&self, chunk: u32) -> bool {
        self.chunks.get(chunk as usize).copied().unwrap_or(false)
    }

    /// How many are here.
    pub fn count(&self) -> u32 {
        self.count
    }

    pub fn is_whole(&self) -> bool {
        self.count as usize == self.chunks.len()
    }

    /// The first run of chunks that are missing, as many as may be asked for at once: its beginning and its length.
    pub fn missing(&mut self) -> Option<(u32, u32)> {
        while *self.chunks.get(self.first)? {
            self.first += 1;
        }
        let run = self.chunks[self.first..].iter().take(limits::PULL as usize);
        let count = run.take_while(|held| !**held).count();
        Some((u32::try_from(self.first).ok()?, u32::try_from(count).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_missing_is_asked_for_in_runs() {
        let mut held = Held::none(200);
        assert_eq!(held.missing(), Some((0, limits::PULL)));
        assert!(held.add(3) && !held.add(3) && !held.add(200));
        assert_eq!(held.missing(), Some((0, 3)));
        for chunk in 0..3 {
            held.add(chunk);
        }
        assert_eq!(held.missing(), Some((4, limits::PULL)));
        for chunk in 4..199 {
            held.add(chunk);
        }
        assert_eq!((held.missing(), held.is_whole()), (Some((199, 1)), false));
        assert!(held.add(199) && held.has(199) && !held.has(200));
        assert_eq!((held.missing(), held.is_whole(), held.count()), (None, true, 200));
    }

    proptest! {
        #[test]
        fn whoever_asks_for_what_is_missing_gets_all_of_it(
            chunks in 1u32..500, had in prop::collection::vec(0u32..600, 0..100), lost in 0u32..10,
        ) {
            let mut held = Held::none(chunks);
            for chunk in had {
                held.add(chunk);
            }
            let mut asked = 0;
            while let Some((from, count)) = held.missing() {
                prop_assert!((1..=limits::PULL).contains(&count) && from + count <= chunks);
                asked += 1;
                prop_assert!(asked < 5_000);
                for chunk in from..from + count {
                    prop_assert!(!held.has(chunk));
                    // Some are lost the first time.
                    if (chunk + asked) % 11 >= lost {
                        held.add(chunk);
                    }
                }
            }
            prop_assert!(held.is_whole());
        }
    }
}
