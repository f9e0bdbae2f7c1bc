//! A file that is being fetched: what of it was asked for, how that went, and whose turn is next.

use std::time::Duration;

use tokio::time::Instant;

use super::Files;
use super::held::Held;
use crate::domain::{Attachment, MessageId, UserName};
use crate::store::StoredFile;

/// How many files are fetched at once; others wait for their turn.
const AT_ONCE: usize = 2;

/// How long the next chunk may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// How long a run may keep others waiting: what comes of a slower one is taken, beside that of the next.
const TURN: Duration = Duration::from_secs(30);

/// The longest rest after a question that nothing came of.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// After how many questions in a row that nothing came of nobody is asked any more.
const BARREN: u32 = 8;

/// A run of chunks that was asked for.
pub(super) struct Asked {
    /// The letter that asked.
    pub pull: MessageId,
    pub from: u32,
    pub count: u32,
    /// How many are still to come.
    pub left: u32,
    /// When that was.
    pub at: Instant,
    /// Until when the next is waited for.
    pub until: Instant,
}

impl Asked {
    /// Asked for just now.
    pub fn now(pull: MessageId, (from, count): (u32, u32), at: Instant) -> Self {
        Self { pull, from, count, left: count, at, until: at + PATIENCE }
    }
}

/// What is known of the part that is here.
pub(super) enum Part {
    /// Nobody has looked.
    Unknown,
    /// Somebody is looking.
    Looking,
    /// These chunks are here.
    Held(Held),
    /// All are, and it is being checked whether it is what was offered.
    Checking,
}

/// A file that is being fetched.
pub(super) struct Fetch {
    pub source: UserName,
    pub file: Attachment,
    pub part: Part,
    pub asked: Option<Asked>,
    /// When it had its turn last.
    pub turn_at: Option<Instant>,
    pub rests_until: Option<Instant>,
    /// How many questions in a row nothing came of.
    pub barren: u32,
    /// How many chunks came that do not open, since a run came that does.
    pub bad: u32,
    /// When it was told how far it is.
    pub told: Option<Instant>,
}

impl Fetch {
    pub fn new(source: UserName, file: Attachment) -> Self {
        Self {
            source,
            file,
            part: Part::Unknown,
            asked: None,
            turn_at: None,
            rests_until: None,
            barren: 0,
            bad: 0,
            told: None,
        }
    }

    /// One that an earlier session began.
    pub fn resumed(stored: &StoredFile) -> Option<(MessageId, Self)> {
        let file = stored.message.file.clone()?;
        Some((stored.message.id, Self::new(stored.message.sender.clone(), file)))
    }

    pub fn restart(&mut self) {
        (self.asked, self.rests_until, self.barren) = (None, None, 0);
    }

    pub fn seen(&mut self, user: &UserName) {
        if self.source == *user {
            (self.rests_until, self.barren) = (None, 0);
        }
    }

    pub fn is_checked(&self) -> bool {
        matches!(self.part, Part::Checking)
    }

    /// Whether its source was asked in vain.
    pub fn is_unanswered(&self) -> bool {
        self.barren > 0
    }

    /// Whether there is no use in asking any more.
    pub fn is_given_up(&self) -> bool {
        self.barren >= BARREN
    }

    /// When there is something to be done, after this.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        let Some(asked) = &self.asked else { return self.rests_until };
        let turn_ends = Some(asked.at + TURN).filter(|end| *end > now);
        turn_ends.into_iter().chain([asked.until]).min()
    }

    /// All that was asked for came.
    pub fn run_came(&mut self) {
        (self.asked, self.barren, self.bad) = (None, 0, 0);
    }

    /// Stops waiting for what was asked for and did not come in time: says whether it did so now. It rests a while,
    /// unless some of it came.
    pub fn give_up_waiting(&mut self, now: Instant) -> bool {
        self.rests_until.take_if(|until| *until <= now);
        let Some(asked) = self.asked.take_if(|asked| asked.until <= now) else { return false };
        self.barren = if asked.left < asked.count { 0 } else { self.barren + 1 };
        let rest = Duration::from_secs(2) * 2u32.saturating_pow(self.barren.min(8));
        self.rests_until = (self.barren > 0).then(|| now + rest.min(LONGEST_REST));
        true
    }

    /// Whether others wait for it.
    fn is_busy(&self, now: Instant) -> bool {
        match self.part {
            Part::Unknown => false,
            Part::Looking | Part::Checking => true,
            Part::Held(_) => self.asked.as_ref().is_some_and(|asked| now < asked.at + TURN),
        }
    }

    fn can_go_on(&self, can_answer: impl FnOnce(&UserName) -> bool) -> bool {
        match self.part {
            Part::Unknown => true,
            Part::Looking | Part::Checking => false,
            // One whose sender is away takes nobody's turn.
            Part::Held(_) => {
                self.asked.is_none() && self.rests_until.is_none() && can_answer(&self.source)
            }
        }
    }
}

impl Files {
    /// Whose turn it is: of those who wait, who had theirs the longest time ago.
    pub fn turns(&self, now: Instant, can_answer: impl Fn(&UserName) -> bool) -> Vec<MessageId> {
        let busy = self.fetches.values().filter(|fetch| fetch.is_busy(now)).count();
        let waiting = self.fetches.iter().filter(|(_, fetch)| fetch.can_go_on(&can_answer));
        let mut waiting: Vec<_> = waiting.map(|(id, fetch)| (fetch.turn_at, *id)).collect();
        waiting.sort_unstable();
        waiting.into_iter().take(AT_ONCE.saturating_sub(busy)).map(|(_, id)| id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ContentHash, FileKey, FileName};

    fn fetch() -> Fetch {
        let file = Attachment {
            name: FileName::new("a"),
            size: 5,
            hash: ContentHash::from_bytes([0; 32]),
            key: FileKey::from([0; 32]),
        };
        Fetch { part: Part::Held(Held::none(100)), ..Fetch::new("bob".parse().unwrap(), file) }
    }

    fn id(n: u8) -> MessageId {
        MessageId::from_bytes([n; 16])
    }

    /// It is asked for five chunks, of which so many do not come.
    fn ask(fetch: &mut Fetch, left: u32, now: Instant) -> u64 {
        fetch.asked = Some(Asked { left, ..Asked::now(id(1), (0, 5), now) });
        let late = now + PATIENCE;
        assert!(!fetch.give_up_waiting(late - Duration::from_millis(1)) && fetch.give_up_waiting(late));
        fetch.rests_until.map_or(0, |until| (until - late).as_secs())
    }

    #[test]
    fn whoever_does_not_answer_is_asked_less_and_less_often() {
        let (mut fetch, now) = (fetch(), Instant::now());
        let rests: Vec<_> = (0..7).map(|_| ask(&mut fetch, 5, now)).collect();
        assert_eq!(rests, [4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(ask(&mut fetch, 1, now), 0, "some of it came");
        ask(&mut fetch, 5, now);
        fetch.seen(&"eve".parse().unwrap());
        assert!(fetch.rests_until.is_some());
        fetch.seen(&"bob".parse().unwrap());
        assert_eq!(fetch.rests_until, None);
    }

    #[test]
    fn whoever_never_answers_is_not_asked_for_ever() {
        let (mut fetch, now) = (fetch(), Instant::now());
        for n in 1..BARREN {
            ask(&mut fetch, 5, now);
            assert!(fetch.is_unanswered() && !fetch.is_given_up(), "after {n}");
        }
        ask(&mut fetch, 5, now);
        assert!(fetch.is_given_up());
        ask(&mut fetch, 4, now);
        assert!(!fetch.is_given_up() && !fetch.is_unanswered());
    }

    #[test]
    fn forged_chunks_count_only_until_a_run_comes() {
        let mut fetch = fetch();
        fetch.bad = 7;
        fetch.run_came();
        assert_eq!(fetch.bad, 0);
    }

    #[test]
    fn all_have_their_turn_however_slow_others_are() {
        let dir = tempfile::tempdir().unwrap();
        let (mut files, _done) = Files::open(dir.path(), Vec::new());
        files.fetches = (1..=5).map(|n| (id(n), fetch())).collect();
        let anybody = |_: &UserName| true;
        let mut now = Instant::now();
        let mut turns = Vec::new();
        for _ in 0..5 {
            for turn in files.turns(now, anybody) {
                let fetch = files.fetches.get_mut(&turn).unwrap();
                (fetch.asked, fetch.turn_at) = (Some(Asked::now(id(9), (0, 64), now)), Some(now));
                turns.push(turn);
            }
            assert_eq!(files.turns(now, anybody), [], "two at once");
            // One is through with its run soon; of the other something comes, again and again, but ever so slowly.
            let first = turns[turns.len() - 2];
            files.fetches.get_mut(&first).unwrap().run_came();
            now += Duration::from_millis(1);
            let next = files.turns(now, anybody);
            assert_eq!(next.len(), 1);
            assert!(turns.len() >= 5 || !turns.contains(&next[0]), "others come first");
            let due = files.next_due().unwrap();
            for fetch in files.fetches.values_mut() {
                fetch.asked.iter_mut().for_each(|asked| asked.until += TURN);
            }
            assert!(due <= now + TURN);
            now += TURN;
        }
        for n in 1..=5 {
            assert!(turns.contains(&id(n)), "{turns:?}");
        }
        // Those who cannot answer take nobody's turn.
        files.fetches.values_mut().for_each(Fetch::restart);
        assert_eq!(files.turns(now, |_| false), []);
        assert_eq!(files.turns(now, anybody).len(), 2);
    }
}
