//! The handle that the rest of Cooee holds, and the thread behind it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, ThreadId};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::value::{
    Account, Changed, Draft, Gap, Incoming, Kept, KnownPerson, LastSeen, Moved, OutboxRow, Page,
    Progress, Queued, Received, Secret, StoredGroup, Tracked, limits,
};
use super::{
    Error, batch, delivery, file, gaps, moving, outbox, page, people, quarantine, secrets, seen,
    threads, tracking,
};
use crate::domain::{
    ConversationId, DataKey, GroupId, Message, MessageId, PageAt, Profile, Summary, Timestamp, UserName,
};

/// What one account remembers. Cheap to clone; all clones speak with the same thread.
///
/// Questions are answered in the order in which they were asked. A future that is dropped once it was
/// polled takes nothing back: what it asked for may still be done. When all handles are gone, or one is
/// [closed](Store::close), the thread does what was asked before, closes the file and ends.
#[derive(Clone, Debug)]
pub struct Store {
    path: Arc<PathBuf>,
    jobs: mpsc::Sender<Job>,
    thread: ThreadId,
}

enum Job {
    Run(Box<dyn FnOnce(&mut Connection) + Send>),
    Close(oneshot::Sender<rusqlite::Result<()>>),
}

impl Store {
    /// Opens the file, making it (mode 0600) and its directory (mode 0700) where they are missing, and
    /// brings its schema up to date. Everything in it is encrypted with this key. Blocks for some milliseconds.
    ///
    /// Refuses a file of another key, one of a newer Cooee, one that is damaged or not encrypted, and one that
    /// cannot be opened.
    pub fn open(path: &Path, key: &DataKey) -> Result<Self, Error> {
        let (jobs, queue) = mpsc::channel(limits::WAITING);
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let (file, key) = (path.to_owned(), key.clone());
        // Opened by the thread itself: the library that encrypts keeps something for each thread that it was
        // used on, and this is the one that is waited for at the end.
        let run = move || match threads::inside(|| file::open(&file, &key)) {
            Ok(db) => {
                let _ = tell.send(Ok(()));
                work(Opened(Some(db)), queue);
            }
            Err(error) => {
                let _ = tell.send(Err(error));
            }
        };
        let failed = |source| Error::Open { path: path.to_owned(), source };
        let handle = thread::Builder::new().name("store".to_owned()).spawn(run).map_err(failed)?;
        let thread = handle.thread().id();
        threads::keep(handle);
        let gone = || failed(std::io::Error::other("the thread of the store ended"));
        if let Err(error) = told.recv().unwrap_or_else(|_| Err(gone())) {
            threads::join(Some(thread));
            return Err(error);
        }
        Ok(Self { path: Arc::new(path.to_owned()), jobs, thread })
    }

    /// Waits until all that was asked before is done, the file is closed and the thread has ended. Other handles get
    /// [`Error::Closed`] from then on; closing again does nothing.
    pub async fn close(self) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        if self.jobs.send(Job::Close(reply)).await.is_err() {
            return Ok(());
        }
        // No answer: somebody else closed it first.
        let closed = answer.await.unwrap_or(Ok(()));
        let thread = self.thread;
        let _ = tokio::task::spawn_blocking(move || threads::join(Some(thread))).await;
        closed.map_err(|source| Error::sqlite("close the history", &self.path, source))
    }

    /// Who we are; `None` before the first [`save_account`](Self::save_account).
    pub async fn account(&self) -> Result<Option<Account>, Error> {
        self.ask("read the account", |db| people::account(db)).await
    }

    /// Says who we are, in place of what was said before.
    pub async fn save_account(&self, account: Account) -> Result<(), Error> {
        self.ask("save the account", move |db| people::save_account(db, &account)).await
    }

    /// What we tell about ourselves changed.
    pub async fn save_profile(&self, profile: Profile) -> Result<(), Error> {
        self.ask("save the account", move |db| people::save_profile(db, &profile)).await
    }

    /// An epoch for a new connection: greater than every one before, and no less than `now` in
    /// milliseconds.
    pub async fn next_epoch(&self, now: Timestamp) -> Result<u64, Error> {
        self.ask("count the connection", move |db| people::next_epoch(db, now)).await
    }

    /// We are connected to this broker.
    pub async fn note_broker(&self, broker: String) -> Result<(), Error> {
        self.ask("note the broker", move |db| people::note_broker(db, &broker)).await
    }

    /// Takes these people in; replaces the profiles of those known before.
    pub async fn save_people(&self, people: Vec<KnownPerson>) -> Result<(), Error> {
        self.ask("save contacts", move |db| people::save_people(db, &people)).await
    }

    /// Remembers when these users last were connected. Nothing is remembered of strangers.
    pub async fn save_last_seen(&self, seen: Vec<LastSeen>) -> Result<(), Error> {
        self.ask("save who was seen", move |db| people::save_last_seen(db, &seen)).await
    }

    /// Takes a group in, in place of what was known of it.
    pub async fn save_group(&self, group: StoredGroup) -> Result<(), Error> {
        self.ask("save a group", move |db| people::save_group(db, &group)).await
    }

    /// Forgets a group. Its messages stay.
    pub async fn forget_group(&self, group: GroupId) -> Result<(), Error> {
        self.ask("forget a group", move |db| people::forget_group(db, group)).await
    }

    /// Stores what came in, all of it or nothing. A message whose id is known already, in whatever
    /// conversation, is left out; one whose id another has used gets one of its own.
    pub async fn receive(&self, incoming: Vec<Incoming>) -> Result<Received, Error> {
        self.ask("store what came in", move |db| batch::receive(db, incoming)).await
    }

    /// Stores what is to be sent, all of it or nothing: a message of ours if there is one, the drafts
    /// as outbox rows in this order, the group that changes by it if there is one, and the keys that sealed
    /// it as they are now.
    ///
    /// If the id of the message is known already, it was queued before: nothing is written, and the
    /// answer is empty.
    pub async fn queue(
        &self,
        message: Option<Message>,
        drafts: Vec<Draft>,
        changed: Option<Changed>,
        secrets: Vec<Secret>,
    ) -> Result<Queued, Error> {
        let queue =
            move |db: &mut Connection| outbox::queue(db, message, &drafts, changed.as_ref(), &secrets);
        self.ask("store what is to be sent", queue).await
    }

    /// The outbox rows after this sequence number (0: from the start) that are to be published, in order;
    /// at most `limit`, and at most [`limits::ROWS`].
    pub async fn due(&self, after_seq: i64, limit: usize) -> Result<Vec<OutboxRow>, Error> {
        self.ask("read the outbox", move |db| outbox::due(db, after_seq, bounded(limit))).await
    }

    /// The broker took these rows: they leave the outbox when their recipients have confirmed them. Unknown
    /// sequence numbers are passed over.
    ///
    /// Not forced to the disk: after a power cut they go out again, and are stored once.
    pub async fn taken(&self, rows: Vec<i64>) -> Result<Moved, Error> {
        let take = move |db: &mut Connection| {
            file::unforced(db, |db| in_transaction(db, |db| delivery::taken(db, &rows)))
        };
        self.ask("note what was sent", take).await
    }

    /// The broker refused this row, and would again: it stays, as failed.
    pub async fn refused(&self, row: i64, why: String) -> Result<Moved, Error> {
        let refuse =
            move |db: &mut Connection| in_transaction(db, |db| delivery::refused(db, row, &why));
        self.ask("note what was refused", refuse).await
    }

    /// What the broker took and this recipient did not confirm, the least tried first; at most `limit`. They
    /// count as tried once more; what was tried [`limits::ATTEMPTS`] times is given up instead, and told.
    ///
    /// Not forced to the disk: an attempt that is not counted is made once more.
    pub async fn resend(
        &self,
        member: UserName,
        limit: usize,
    ) -> Result<(Vec<OutboxRow>, Vec<Progress>), Error> {
        let resend = move |db: &mut Connection| {
            let resend = |db: &Connection| delivery::resend(db, &member, bounded(limit));
            file::unforced(db, |db| in_transaction(db, resend))
        };
        self.ask("read what was not confirmed", resend).await
    }

    /// Puts letters that failed back among those to be published; all of them where none is named.
    pub async fn retry(&self, letters: Vec<MessageId>) -> Result<Moved, Error> {
        let retry = move |db: &mut Connection| in_transaction(db, |db| delivery::retry(db, &letters));
        self.ask("try again", retry).await
    }

    /// Takes letters out of the outbox that not everybody has confirmed: they failed, for this reason.
    pub async fn give_up(&self, letters: Vec<MessageId>, why: String) -> Result<Moved, Error> {
        let give_up =
            move |db: &mut Connection| in_transaction(db, |db| delivery::give_up(db, &letters, &why));
        self.ask("give up", give_up).await
    }

    /// All that is known of a letter of ours.
    pub async fn tracked(&self, letter: MessageId) -> Result<Option<Tracked>, Error> {
        self.ask("read about a message", move |db| tracking::tracked(db, letter)).await
    }

    /// What is in the outbox, in the order of sending, at most `limit`; and how much there is in all.
    pub async fn waiting(&self, limit: usize) -> Result<(Vec<Tracked>, u64), Error> {
        self.ask("read the outbox", move |db| tracking::waiting(db, bounded(limit))).await
    }

    /// Which messages of others that are as these letters told them were not on the screen yet, with their senders.
    /// Of one that was edited since, its older letter says nothing.
    pub async fn unseen(&self, letters: Vec<MessageId>) -> Result<Vec<(UserName, MessageId)>, Error> {
        self.ask("look what was seen", move |db| seen::unseen(db, &letters)).await
    }

    /// These messages of others were on the screen, as these letters told them; the drafts that tell their senders go
    /// into the outbox with that.
    ///
    /// Not forced to the disk, as with [`mark_read`](Self::mark_read): they are seen again then.
    pub async fn see(
        &self,
        letters: Vec<MessageId>,
        drafts: Vec<Draft>,
        secrets: Vec<Secret>,
    ) -> Result<(), Error> {
        let see = move |db: &mut Connection| {
            let see = |db: &Connection| {
                seen::see(db, &letters)?;
                drafts.iter().try_for_each(|draft| outbox::insert(db, draft).map(drop))?;
                secrets::save(db, &secrets)
            };
            file::unforced(db, |db| in_transaction(db, see))
        };
        self.ask("note what was seen", see).await
    }

    /// Of whom numbers are missing.
    pub async fn missing_of(&self) -> Result<Vec<UserName>, Error> {
        self.ask("look for what is missing", |db| gaps::senders(db)).await
    }

    /// What is missing of these senders, to ask them for it; counts that. What was asked for
    /// [`limits::ASKED`] times is forgotten.
    pub async fn ask_for_missing(&self, senders: Vec<UserName>) -> Result<Vec<Gap>, Error> {
        self.ask("look for what is missing", move |db| gaps::ask(db, &senders)).await
    }

    /// Forgets which numbers were heard in a conversation.
    pub async fn forget_heard(&self, conversation: ConversationId) -> Result<(), Error> {
        self.ask("forget what was heard", move |db| gaps::forget(db, &conversation)).await
    }

    /// Part of a conversation: at most `limit` messages (at least one, at most [`limits::ROWS`]). Costs
    /// the same wherever it lies. Of an unknown conversation it is empty.
    pub async fn page(
        &self,
        conversation: ConversationId,
        at: PageAt,
        limit: usize,
    ) -> Result<Page, Error> {
        let read = move |db: &mut Connection| page::page(db, &conversation, at, bounded(limit));
        self.ask("read messages", read).await
    }

    /// Marks all messages that have arrived there as read. `None` when nothing was unread.
    ///
    /// Alone of all that is written, this is not forced to the disk: a power cut may make messages unread
    /// again. It is done for every message that comes into the open conversation, and would delay the
    /// next one by as long as it takes to store it.
    pub async fn mark_read(&self, conversation: ConversationId) -> Result<Option<Summary>, Error> {
        let mark =
            move |db: &mut Connection| file::unforced(db, |db| batch::mark_read(db, conversation));
        self.ask("mark messages as read", mark).await
    }

    /// Marks all messages there as read that were written up to this time; `None` when that changed nothing.
    /// Not forced to the disk either.
    pub async fn mark_read_up_to(
        &self,
        conversation: ConversationId,
        at: Timestamp,
    ) -> Result<Option<Summary>, Error> {
        let mark = move |db: &mut Connection| {
            file::unforced(db, |db| batch::mark_read_up_to(db, conversation, at))
        };
        self.ask("mark messages as read", mark).await
    }

    /// The messages of all conversations that arrived after this place (0: from the start), in the order of
    /// their arrival, at most [`limits::ROWS`]; and the place to go on from. For what moves to another device.
    pub async fn history(&self, after: i64) -> Result<(Vec<Kept>, i64), Error> {
        self.ask("read messages", move |db| moving::history(db, after)).await
    }

    /// Takes in messages that another device of ours kept, in their places, all of them or nothing. Those whose
    /// id is known already are left out.
    pub async fn restore(&self, messages: Vec<Kept>) -> Result<(), Error> {
        self.ask("store messages", move |db| moving::restore(db, &messages)).await
    }

    /// Takes in where the unread lines stand, and the latest times that anybody wrote on a message.
    pub async fn restore_marks(&self, marks: Vec<(Summary, Timestamp)>) -> Result<(), Error> {
        self.ask("store unread marks", move |db| moving::restore_marks(db, &marks)).await
    }

    /// How many rows are in quarantine, at most [`limits::QUARANTINE_ROWS`].
    pub async fn quarantined(&self) -> Result<u32, Error> {
        self.ask("count what is in quarantine", |db| quarantine::count(db)).await
    }

    /// Has the thread do something and waits for the answer. `action` completes "cannot …".
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        action: &'static str,
        question: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let closed = || Error::Closed { action, path: self.path.to_path_buf() };
        let (reply, answer) = oneshot::channel();
        let run = move |db: &mut Connection| {
            // Nobody may be waiting any more; what was asked for is done all the same.
            let _ = reply.send(question(db));
        };
        self.jobs.send(Job::Run(Box::new(run))).await.map_err(|_| closed())?;
        let answer = answer.await.map_err(|_| closed())?;
        answer.map_err(|source| Error::sqlite(action, &self.path, source))
    }
}

pub(super) fn in_transaction<T>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = rusqlite::Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    let done = work(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

pub(super) fn bounded(limit: usize) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX).clamp(1, limits::ROWS)
}

/// The open file, which is closed where that may be done, whatever becomes of the thread.
struct Opened(Option<Connection>);

impl Opened {
    fn close(&mut self) -> rusqlite::Result<()> {
        let close = |db: Connection| db.close().map_err(|(_, error)| error);
        threads::inside(|| self.0.take().map_or(Ok(()), close))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::warn!(%error, "the history was not closed in good order");
        }
    }
}

/// The thread's work, until it is told to close or nobody holds a handle.
fn work(mut db: Opened, mut jobs: mpsc::Receiver<Job>) {
    while let Some(job) = jobs.blocking_recv()
        && let Some(open) = &mut db.0
    {
        // A disk that is slow, for the benchmark of what that does to a person.
        fail::fail_point!("store::slow");
        match job {
            Job::Run(run) => threads::inside(|| run(open)),
            Job::Close(reply) => {
                // The queue is dropped after the file is closed: who finds it closed may open it again.
                let _ = reply.send(db.close());
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use futures::FutureExt;
    use futures::future::join_all;

    use super::*;
    use crate::store::testing::{Fixture, at, direct, draft, group, id, key, ours, said};

    #[test]
    fn more_questions_than_fit_wait_for_room_and_keep_their_order() {
        let f = Fixture::new();
        let asked = (0..20 * limits::WAITING).map(|_| f.store.next_epoch(at(0)));
        let epochs: Vec<u64> = f.wait(join_all(asked)).into_iter().map(Result::unwrap).collect();
        let expected: Vec<u64> = (0..).take(20 * limits::WAITING).collect();
        assert_eq!(epochs, expected);
    }

    #[test]
    fn what_was_asked_for_is_done_though_nobody_waits_and_no_handle_is_left() {
        let Fixture { store, dir, .. } = Fixture::new();
        let path = dir.path().join("chat.db");
        for n in 0..40 {
            let asked = store.receive(vec![Incoming::Message(said(n, "bob", 1, "x"))]);
            // Polled once, then dropped.
            let _ = asked.now_or_never();
        }
        drop(store);
        let f = Fixture::at(dir, &path);
        let deadline = Instant::now() + Duration::from_secs(20);
        while f.wait(f.store.page(direct("bob"), PageAt::Newest, 50)).unwrap().messages.len() < 40 {
            assert!(Instant::now() < deadline, "the thread ended before its work was done");
        }
    }

    #[test]
    fn closing_finishes_the_work_and_says_so_to_others() {
        let f = Fixture::new();
        let (queued, closed) = f.wait(async {
            let last = f.store.receive(vec![Incoming::Message(said(1, "bob", 1, "x"))]);
            tokio::join!(last, f.store.clone().close())
        });
        assert_eq!(queued.unwrap().fresh.len(), 1);
        closed.unwrap();
        assert!(!f.path().with_file_name("chat.db-wal").exists(), "all is in the one file");
        let error = f.wait(f.store.load()).unwrap_err();
        assert!(matches!(error, Error::Closed { .. }), "{error}");
        f.wait(f.store.clone().close()).unwrap();
        let again = Store::open(&f.path(), &key(1)).unwrap();
        assert_eq!(f.wait(again.load()).unwrap().summaries[0].unread, 1);
    }

    #[test]
    fn a_thread_that_dies_leaves_nobody_waiting() {
        let f = Fixture::new();
        let died = f.wait(f.store.ask::<()>("fall over", |_| panic!("on purpose")));
        assert!(matches!(died, Err(Error::Closed { .. })));
        assert!(matches!(f.wait(f.store.load()), Err(Error::Closed { .. })));
        f.wait(f.store.clone().close()).unwrap();
    }

    #[test]
    fn a_file_that_may_not_be_written_to_is_said() {
        let f = Fixture::new();
        let forbid = |db: &mut Connection| db.pragma_update(None, "query_only", true);
        f.wait(f.store.ask("forbid writing", forbid)).unwrap();
        let error = f.wait(f.store.save_group(group(1))).unwrap_err();
        assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
        assert!(error.to_string().starts_with("cannot save a group: /"), "{error}");
    }

    #[test]
    fn a_file_that_another_program_holds_is_said() {
        let f = Fixture::new();
        let mut other = f.connection();
        let _held = other.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
        let hurry = |db: &mut Connection| db.busy_timeout(Duration::ZERO);
        f.wait(f.store.ask("hurry", hurry)).unwrap();
        let error = f.wait(f.store.save_group(group(1))).unwrap_err();
        assert!(matches!(error, Error::Busy { .. }), "{error}");
    }

    const BATCH: u128 = 40;
    const CHILD_PATH: &str = "COOEE_TEST_STORE_CHILD";

    fn number(batch: u128, n: u128) -> u128 {
        (batch << 32) + n
    }

    #[test]
    fn what_was_answered_survives_kill_9_and_no_batch_is_torn() {
        let mut f = Fixture::new();
        let mut answered: Vec<u128> = Vec::new();
        for round in 1..=4 {
            f.wait(f.store.clone().close()).unwrap();
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--ignored", "--exact", "--nocapture", "store::handle::tests::child_that_writes"])
                .env(CHILD_PATH, f.path())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
            let mut batches =
                lines.filter_map(|line| line.strip_prefix("answered ")?.parse::<u128>().ok());
            answered.extend(batches.by_ref().take(round * 5));
            // In the middle of a commit: while the log grows.
            let log = || std::fs::metadata(f.path().with_file_name("chat.db-wal")).unwrap().len();
            let (before, deadline) = (log(), Instant::now() + Duration::from_secs(20));
            while log() == before {
                assert!(Instant::now() < deadline, "the child stopped writing");
            }
            child.kill().unwrap();
            child.wait().unwrap();
            answered.extend(batches);

            f.store = Store::open(&f.path(), &key(1)).unwrap();
            assert!(answered.len() >= round * 5);
            for batch in &answered {
                let kept = id(number(*batch, BATCH));
                let known = move |db: &mut Connection| {
                    let both =
                        "SELECT 1 FROM message m JOIN outbox o ON o.letter = m.id WHERE m.id = ?1";
                    db.prepare(both)?.exists([kept])
                };
                assert!(f.wait(f.store.ask("look", known)).unwrap(), "batch {batch} is gone");
            }
            let [messages, outbox, unread, indexed] = f.wait(f.store.ask("check", counts)).unwrap();
            assert_eq!((unread % 40, indexed), (0, messages), "whole batches, all of them indexed");
            assert_eq!(messages - unread, outbox, "each message of ours with its row");
        }
    }

    fn counts(db: &mut Connection) -> rusqlite::Result<[i64; 4]> {
        let sound: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        assert_eq!(sound, "ok");
        let counts = "SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM outbox),
            (SELECT unread FROM conversation),
            (SELECT count(*) FROM message_search WHERE message_search MATCH 'words')";
        db.query_row(counts, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))
    }

    #[test]
    #[ignore = "the process that the test above kills"]
    fn child_that_writes() {
        let Some(path) = std::env::var_os(CHILD_PATH) else { return };
        let path = Path::new(&path);
        let f = Fixture::at(tempfile::tempdir_in(path.parent().unwrap()).unwrap(), path);
        let unread = f.wait(f.store.load()).unwrap().summaries.first().map_or(0, |s| s.unread);
        for batch in u128::from(unread) / BATCH.. {
            let messages: Vec<_> =
                (0..BATCH).map(|n| said(number(batch, n), "bob", 1, "some words")).collect();
            assert_eq!(f.receive(&messages).fresh.len(), messages.len());
            let mine = number(batch, BATCH);
            let message = ours(mine, "bob", 1, "my words");
            f.wait(f.store.queue(Some(message), vec![draft("a", mine)], None, vec![])).unwrap();
            println!("answered {batch}");
        }
    }
}
