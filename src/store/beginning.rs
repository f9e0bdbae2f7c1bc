//! What a session begins with, in one question: a dozen would each wake the thread of the store, and whoever asks.

use rusqlite::{Connection, Result, TransactionBehavior};

use super::handle::in_transaction;
use super::value::{Account, Beginning, Snapshot};
use super::{
    Error, Store, alerts, archive, batch, delivery, drafts, files, group_links, lifetimes, lists, log,
    outbox, people, rooms, sealed, secrets,
};
use crate::domain::Timestamp;

impl Store {
    /// Takes out what is over by now, however much it is, says whether from now on what is said is noted for a log, and
    /// reads everything that must be there at start, with what is kept under these names. `None`, and nothing is done,
    /// before the first [`save_account`](Self::save_account). Costs the same however many messages there are.
    pub async fn begin(
        &self,
        now: Timestamp,
        logs: bool,
        names: Vec<String>,
    ) -> std::result::Result<Option<Beginning>, Error> {
        let begin = move |db: &mut Connection| {
            let Some(account) = people::account(db)? else { return Ok(None) };
            let next_end = take_out(db, &account, now)?;
            let files = in_transaction(db, |db| {
                log::note(db, logs)?;
                files::files(db)
            })?;
            let (snapshot, secrets) = (snapshot(db)?, secrets::read(db, &names)?);
            Ok(Some(Beginning { account, next_end, snapshot, secrets, files }))
        };
        self.ask("read what is known", begin).await
    }

    /// Everything that must be there at start. Costs the same however many messages there are.
    pub async fn load(&self) -> std::result::Result<Snapshot, Error> {
        self.ask("read what is known", snapshot).await
    }
}

/// Before anything is shown: much may have ended while nobody looked. Tells when the next thing is over.
fn take_out(db: &mut Connection, account: &Account, now: Timestamp) -> Result<Option<Timestamp>> {
    // A clock that tells a time before there was this account is not set yet: nothing is to be learnt from it.
    if now >= account.profile.registered_at {
        lifetimes::mend(db, now)?;
    }
    let mut next = lifetimes::next(db)?;
    while next.is_some_and(|at| at <= now) {
        next = lifetimes::expire(db, now)?.next;
    }
    Ok(next)
}

fn snapshot(db: &mut Connection) -> Result<Snapshot> {
    // One look, not eleven: each would ask the file anew whether somebody wrote to it.
    let db = &db.transaction_with_behavior(TransactionBehavior::Deferred)?;
    Ok(Snapshot {
        people: people::people(db)?,
        groups: people::groups(db)?,
        rooms: rooms::all(db)?,
        summaries: batch::summaries(db)?,
        newest_own: batch::newest_own(db)?,
        threads: batch::threads(db)?,
        debtors: delivery::debtors(db)?,
        bundles: secrets::bundles(db)?,
        epoch: people::epoch(db)?,
        broker: people::broker(db)?,
        sealed: sealed::senders(db)?,
        unsealed: outbox::unsealed_for(db)?,
        alerts: alerts::all(db)?,
        lifetimes: lifetimes::all(db)?,
        archived: archive::all(db)?,
        lists: lists::all(db)?,
        group_links: group_links::links(db)?,
        knocks: group_links::knocks(db)?,
        drafts: drafts::all(db)?,
    })
}

#[cfg(test)]
mod tests {
    use crate::domain::{Message, Profile};
    use crate::store::testing::{Fixture, at, profile, said};
    use crate::store::{Account, Secret};

    fn account() -> Account {
        Account {
            profile: Profile { registered_at: at(500), ..profile("me") },
            device: "0123456789abcdef".parse().unwrap(),
            client_id: "client".to_owned(),
            credential: "credential".to_owned(),
        }
    }

    #[test]
    fn without_an_account_nothing_begins_and_nothing_is_taken_out() {
        let mut f = Fixture::new();
        f.receive(&[Message { received_at: at(5), ends_at: Some(at(6)), ..said(1, "bob", 5, "x") }]);
        assert!(f.wait(f.store.begin(at(900), false, vec![])).unwrap().is_none());
        f.restart();
        assert_eq!(f.wait(f.store.load()).unwrap().summaries.len(), 1);
    }

    #[test]
    fn a_session_begins_with_what_is_not_over_and_what_is_kept() {
        let f = Fixture::new();
        f.wait(f.store.save_account(account())).unwrap();
        let secret = Secret { name: "device".to_owned(), value: Some(vec![7]) };
        f.wait(f.store.save_secrets(vec![secret])).unwrap();
        let ends = |n: u128, received, ends| Message {
            received_at: at(received),
            ends_at: Some(at(ends)),
            ..said(n, "bob", 5, "x")
        };
        // More than one transaction takes out, one that lives on, and one that came while the clock was ahead.
        let over = crate::store::limits::ROWS as u128 + 1;
        let mut all: Vec<Message> = (1..=over).map(|n| ends(n, 5, 6)).collect();
        all.extend([ends(over + 1, 5, 2_000), ends(over + 2, 90_000, 90_100)]);
        f.receive(&all);
        let names = vec!["identity".to_owned(), "device".to_owned()];
        let begun = f.wait(f.store.begin(at(1_000), false, names)).unwrap().unwrap();
        assert_eq!(begun.account, account());
        assert_eq!(begun.secrets, [None, Some(vec![7])]);
        assert_eq!(begun.next_end, Some(at(1_100)), "of what came while the clock was ahead");
        let [summary] = &begun.snapshot.summaries[..] else { panic!("one conversation") };
        assert_eq!(summary.unread, 2);
        assert_eq!(f.wait(f.store.expire(at(2_000))).unwrap().gone.len(), 2);
    }

    #[test]
    fn a_clock_that_is_not_set_teaches_nothing() {
        let f = Fixture::new();
        f.wait(f.store.save_account(account())).unwrap();
        let ends = Message { received_at: at(900), ends_at: Some(at(1_900)), ..said(1, "bob", 5, "x") };
        f.receive(&[ends]);
        let begun = f.wait(f.store.begin(at(499), false, vec![])).unwrap().unwrap();
        assert_eq!(begun.next_end, Some(at(1_900)));
        let begun = f.wait(f.store.begin(at(500), false, vec![])).unwrap().unwrap();
        assert_eq!(begun.next_end, Some(at(1_500)));
    }
}
