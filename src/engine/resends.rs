//! Who owes us receipts, and when what they did not confirm goes to them again.
//!
//! The broker's word is no promise: brokers drop past their queue limits, lose what they took in a crash, and
//! lose a queue to another login with the same client id. So what the broker took goes to the inbox of a
//! recipient again, the same bytes, until they confirm it: when they are seen online, and while they are, with
//! waits that grow. Their receipts set the pace: no more than [`AT_ONCE`] letters are on their way without one.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::UserName;

/// Most letters that go to one recipient again at once.
pub(super) const AT_ONCE: usize = 64;

/// How long somebody who came online has for what the broker kept for them.
const GRACE: Duration = Duration::from_secs(3);

/// How long a receipt may take of somebody who is online. Doubled with every time that none comes.
const FIRST: Duration = Duration::from_secs(5);

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(600);

/// How long after a receipt another one may take, while the broker brings them what it has.
const QUIET: Duration = Duration::from_secs(2);

/// Most publishes that the broker may owe us an answer for before more go out again.
const UNANSWERED: usize = 128;

/// Somebody who owes us receipts.
#[derive(Debug)]
struct Debtor {
    /// When what they did not confirm goes to them; `None` until they are seen.
    due: Option<Instant>,
    wait: Duration,
    /// Letters that went to them again and are not confirmed.
    on_their_way: usize,
}

impl Default for Debtor {
    fn default() -> Self {
        Self { due: None, wait: FIRST, on_their_way: 0 }
    }
}

/// Everybody who owes us receipts.
#[derive(Default)]
pub(super) struct Resends {
    debtors: BTreeMap<UserName, Debtor>,
    unanswered: usize,
}

impl Resends {
    pub fn new(debtors: Vec<UserName>) -> Self {
        let debtors = debtors.into_iter().map(|user| (user, Debtor::default())).collect();
        Self { debtors, unanswered: 0 }
    }

    /// They have to confirm something that the broker took.
    pub fn owe(&mut self, user: UserName, is_online: bool, now: Instant) {
        let debtor = self.debtors.entry(user).or_default();
        if is_online {
            debtor.due.get_or_insert(now + debtor.wait);
        }
    }

    /// They came online, or we did and they are.
    pub fn seen(&mut self, user: &UserName, now: Instant) {
        if let Some(debtor) = self.debtors.get_mut(user) {
            *debtor = Debtor { due: Some(now + GRACE), ..Debtor::default() };
        }
    }

    /// They may not have got what was just sent. Where something is under way to them their receipts set the
    /// pace: a hundred messages to somebody who does not answer must not go a hundred times each.
    pub fn hurry(&mut self, user: &UserName, now: Instant) {
        if let Some(debtor) = self.debtors.get_mut(user)
            && debtor.on_their_way == 0
        {
            debtor.due = Some(debtor.due.map_or(now, |due| due.min(now)));
        }
    }

    /// They tell that they miss something. However often they do, it goes no more often than every [`QUIET`].
    pub fn missed(&mut self, user: &UserName, now: Instant) {
        if let Some(debtor) = self.debtors.get_mut(user) {
            let soon = if debtor.on_their_way == 0 { now } else { now + QUIET };
            debtor.due = Some(debtor.due.map_or(soon, |due| due.min(soon)));
            debtor.wait = FIRST;
        }
    }

    /// They are not online any more.
    pub fn gone(&mut self, user: &UserName) {
        if let Some(debtor) = self.debtors.get_mut(user) {
            *debtor = Debtor::default();
        }
    }

    /// Receipts of so many letters came.
    pub fn confirmed(&mut self, user: &UserName, letters: usize, now: Instant) {
        let Some(debtor) = self.debtors.get_mut(user) else { return };
        let was_under_way = debtor.on_their_way > 0;
        debtor.on_their_way = debtor.on_their_way.saturating_sub(letters);
        debtor.wait = FIRST;
        let next = was_under_way && debtor.on_their_way <= AT_ONCE / 2;
        debtor.due = Some(if next { now } else { now + QUIET });
    }

    /// Whose turn it is, if it is anybody's and the broker keeps up: who waits longest.
    pub fn next(&self, now: Instant) -> Option<UserName> {
        let waits = |(user, debtor): (_, &Debtor)| debtor.due.map(|due| (due, user));
        let (due, user) = self.debtors.iter().filter_map(waits).min()?;
        (due <= now && self.unanswered < UNANSWERED).then(|| UserName::clone(user))
    }

    /// When the next turn is.
    pub fn next_due(&self) -> Option<Instant> {
        let due = self.debtors.values().filter_map(|debtor| debtor.due).min();
        due.filter(|_| self.unanswered < UNANSWERED)
    }

    /// When the next turn of this one is.
    pub fn due(&self, user: &UserName) -> Option<Instant> {
        self.debtors.get(user)?.due
    }

    /// So many letters went to them again; none means that they owe nothing any more.
    pub fn sent(&mut self, user: &UserName, letters: usize, now: Instant) {
        if letters == 0 {
            self.debtors.remove(user);
            return;
        }
        self.unanswered += letters;
        if let Some(debtor) = self.debtors.get_mut(user) {
            // Those of the last time that still count are no reason to wait for ever.
            debtor.on_their_way = debtor.on_their_way.min(AT_ONCE / 2) + letters;
            debtor.due = Some(now + debtor.wait);
            debtor.wait = (debtor.wait * 2).min(LONGEST);
        }
    }

    /// The broker answered one of them.
    pub fn answered(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
    }

    /// The connection is lost: nothing is under way, and nobody is to be reached.
    pub fn restart(&mut self) {
        self.unanswered = 0;
        for debtor in self.debtors.values_mut() {
            *debtor = Debtor::default();
        }
    }

    /// Everybody who owes something.
    pub fn debtors(&self) -> impl Iterator<Item = &UserName> {
        self.debtors.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bob() -> UserName {
        "bob".parse().unwrap()
    }

    #[test]
    fn nothing_goes_again_to_somebody_who_is_away() {
        let now = Instant::now();
        let mut resends = Resends::new(vec![bob()]);
        resends.owe(bob(), false, now);
        assert_eq!((resends.next(now + LONGEST), resends.next_due()), (None, None));
        resends.seen(&bob(), now);
        assert_eq!(resends.next(now), None, "the broker comes first");
        assert_eq!(resends.next(now + GRACE), Some(bob()));
        resends.gone(&bob());
        assert_eq!(resends.next(now + LONGEST), None);
    }

    #[test]
    fn waits_grow_without_a_receipt_and_begin_anew_with_one() {
        let mut now = Instant::now();
        let mut resends = Resends::default();
        resends.owe(bob(), true, now);
        let mut waits = Vec::new();
        for _ in 0..9 {
            let due = resends.next_due().unwrap();
            waits.push((due - now).as_secs());
            now = due;
            resends.sent(&bob(), 1, now);
            resends.answered();
        }
        assert_eq!(waits, [5, 5, 10, 20, 40, 80, 160, 320, 600]);
        resends.confirmed(&bob(), 1, now);
        assert_eq!(resends.next_due(), Some(now), "the next ones may go");
        resends.sent(&bob(), 1, now);
        assert_eq!(resends.next_due(), Some(now + FIRST));
        resends.sent(&bob(), 0, now);
        assert_eq!((resends.next_due(), resends.debtors().count()), (None, 0));
    }

    #[test]
    fn receipts_set_the_pace() {
        let now = Instant::now();
        let mut resends = Resends::default();
        resends.owe(bob(), true, now);
        // What the broker kept comes to them, and their receipts to us: no need to send it again.
        for n in 1..10 {
            let now = now + Duration::from_secs(n);
            resends.confirmed(&bob(), 100, now);
            assert_eq!(resends.next_due(), Some(now + QUIET));
        }
        resends.sent(&bob(), AT_ONCE, now);
        resends.confirmed(&bob(), 10, now);
        assert_eq!(resends.next(now), None, "most are still on their way");
        resends.confirmed(&bob(), 30, now);
        assert_eq!(resends.next(now), Some(bob()));
    }

    #[test]
    fn whoever_waits_longest_is_next() {
        let now = Instant::now();
        let ann: UserName = "ann".parse().unwrap();
        let mut resends = Resends::new(vec![ann.clone(), bob()]);
        resends.seen(&bob(), now);
        let now = now + GRACE;
        resends.seen(&ann, now);
        for _ in 0..3 {
            resends.hurry(&ann, now + QUIET);
            assert_eq!(resends.next(now + QUIET), Some(bob()), "whatever ann asks for");
        }
    }

    #[test]
    fn what_is_under_way_is_not_hurried() {
        let now = Instant::now();
        let mut resends = Resends::new(vec![bob()]);
        resends.hurry(&bob(), now);
        assert_eq!(resends.next(now), Some(bob()));
        resends.sent(&bob(), 3, now);
        for _ in 0..100 {
            resends.hurry(&bob(), now);
        }
        assert_eq!(resends.next(now), None);
        resends.missed(&bob(), now);
        resends.missed(&bob(), now + QUIET / 2);
        assert_eq!((resends.next(now), resends.next(now + QUIET)), (None, Some(bob())));
    }

    #[test]
    fn a_broker_that_does_not_answer_gets_no_more() {
        let now = Instant::now();
        let mut resends = Resends::new(vec![bob(), "ann".parse().unwrap()]);
        for user in ["ann", "bob"] {
            resends.hurry(&user.parse().unwrap(), now);
            resends.sent(&user.parse().unwrap(), AT_ONCE, now);
        }
        resends.confirmed(&bob(), AT_ONCE, now);
        assert_eq!((resends.next(now), resends.next_due()), (None, None));
        resends.answered();
        assert_eq!(resends.next(now), Some(bob()));
        resends.restart();
        assert_eq!(resends.next(now + LONGEST), None);
    }
}
