//! The threads that use the library that encrypts: each is waited for before the process ends.

use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use super::file;

/// The threads of all stores, until they have ended.
static THREADS: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

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
/// end of the process, so that every file is closed in good order; and should the library that encrypts clear up
/// then after all (`file::open` tells it not to), no thread that clears up after itself gets in its way. Only its
/// handle tells that a thread is wholly gone, and waiting for that has no time limit; so it is looked at until then.
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
