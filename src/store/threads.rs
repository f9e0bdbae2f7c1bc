//! The threads that use the library that encrypts: each is waited for before the process ends.
//!
//! At the end of the process SQLCipher overwrites and frees the memory in which every connection has its keys,
//! whoever is still at work with one (it asks for that with C's `atexit`, and cannot be told not to): a thread that
//! is just closing its file falls over that, and one that is just writing could encrypt with what is not its key. So
//! they work in [`inside`] alone, and when the process ends nobody comes in any more, and whoever is in is waited for.

use std::sync::{Mutex, Once, PoisonError, RwLock};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use super::file;

/// The threads of all stores, until they have ended.
static THREADS: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

/// Held by everybody who is [`inside`], and in the end by whoever ends the process.
static DOOR: RwLock<()> = RwLock::new(());

/// Does something with a connection, or opens one. Not from within itself.
pub(super) fn inside<T>(work: impl FnOnce() -> T) -> T {
    let _guest = DOOR.read().unwrap_or_else(PoisonError::into_inner);
    work()
}

/// From now on the door is shut before SQLCipher clears up. To be called when it has been used once: what was asked
/// for last is done first.
pub(super) fn shut_at_exit() {
    static ASKED: Once = Once::new();
    ASKED.call_once(|| {
        if !shutdown_hooks::add_shutdown_hook(shut) {
            tracing::warn!("the end of the process cannot be waited for");
        }
    });
}

/// Waits for what is being done without a limit: to leave it alone is what corrupts and crashes. What is waited for is
/// one question to a file, or its closing.
extern "C" fn shut() {
    // For good.
    std::mem::forget(DOOR.write().unwrap_or_else(PoisonError::into_inner));
}

/// Takes the threads that have ended, and this one, off the list; waits for this one.
pub(super) fn join(thread: Option<ThreadId>) {
    let mut threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    let over = |handle: &mut JoinHandle<()>| {
        handle.is_finished() || thread.is_some_and(|id| handle.thread().id() == id)
    };
    let over: Vec<JoinHandle<()>> = threads.extract_if(.., over).collect();
    drop(threads);
    // A thread that panicked has nothing to say here: whoever asked it has seen that there is no answer.
    over.into_iter().for_each(|handle| drop(handle.join()));
}

/// Waits, so long at most, until the thread of every store has ended whose handles are gone. To be called at the
/// end of the process, so that every file is closed in good order. Only its handle tells that a thread is wholly gone,
/// and waiting for that has no time limit; so it is looked at until then.
pub fn wait_for_threads(most: Duration) {
    let deadline = Instant::now() + most;
    loop {
        join(None);
        let left = THREADS.lock().unwrap_or_else(PoisonError::into_inner).len();
        if left == 0 || Instant::now() >= deadline {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Puts a thread on the list.
pub(super) fn keep(thread: JoinHandle<()>) {
    join(None);
    THREADS.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
}

/// Readies the libraries that open and encrypt files, on a thread of its own: for a process that will open one, while
/// it has other things to do. What goes wrong is told by whoever opens one.
pub fn prepare() {
    if let Ok(thread) = thread::Builder::new().name("prepare".to_owned()).spawn(file::prepare) {
        keep(thread);
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use futures::FutureExt;

    use crate::store::testing::{key, said};
    use crate::store::{Incoming, Store};

    const CHILD: &str = "COOEE_TEST_THREADS_CHILD";

    #[test]
    fn a_process_may_end_while_files_are_written_and_closed() {
        let dir = tempfile::tempdir().unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "store::threads::tests::child_that_leaves"])
            .env(CHILD, dir.path())
            .output()
            .unwrap();
        assert!(child.status.success(), "{child:?}");
        for n in 0..STORES {
            let db = super::file::open(&dir.path().join(format!("{n}/chat.db")), &key(1)).unwrap();
            let sound: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(sound, "ok");
        }
    }

    const STORES: u128 = 8;

    #[test]
    #[ignore = "the process whose end the test above looks at"]
    fn child_that_leaves() {
        let Some(dir) = std::env::var_os(CHILD) else { return };
        for n in 0..STORES {
            let path = std::path::Path::new(&dir).join(format!("{n}/chat.db"));
            let store = Store::open(&path, &key(1)).unwrap();
            for batch in 0..40 {
                let said = (0..100).map(|n| Incoming::Message(said(batch * 100 + n, "bob", 1, "words")));
                // Polled once, then dropped: it is done while this process ends.
                let _ = store.receive(said.collect()).now_or_never();
            }
        }
    }
}
