//! Paths that are looked at beside the loop: a disk may be slow, and one that is not there any more may never answer.

use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tokio::time::{Instant, timeout_at};

use super::app::{Event, Pasted};
use super::{path_names, paths};
use crate::engine::Command;

/// How long what is typed after a paste waits until it shows whether that is a path: then it is text.
const PATIENCE: Duration = Duration::from_millis(500);

/// A paste that may be the path of a file.
struct Paste {
    look: JoinHandle<Event>,
    pasted: Pasted,
    until: Instant,
}

/// What came of a look.
#[derive(Debug)]
pub enum Looked {
    /// This was pasted.
    Pasted(Event),
    /// A command with its path whole.
    Written(Command),
    /// This is what there is that begins as a path.
    Listed(Event),
}

/// What is being looked at.
#[derive(Default)]
pub struct Looking {
    paste: Option<Paste>,
    /// A look that took too long, and goes on: a second one would only wait beside it.
    stuck: Option<JoinHandle<Event>>,
    written: JoinSet<Command>,
    /// A look for what begins as a path.
    listing: Option<JoinHandle<Event>>,
    /// What is to be looked for when that is done: a directory that does not answer holds up one thread, not many.
    next_listing: Option<String>,
}

impl Looking {
    /// Something was pasted: what to make of it, or nothing as long as the disk is asked.
    pub fn paste(&mut self, pasted: Pasted) -> Option<Event> {
        self.paste_as(pasted, paths::pasted)
    }

    fn paste_as(
        &mut self,
        pasted: Pasted,
        look: impl FnOnce(Pasted) -> Event + Send + 'static,
    ) -> Option<Event> {
        let is_stuck = self.stuck.as_ref().is_some_and(|look| !look.is_finished());
        if is_stuck || !paths::may_be_path(&pasted.text) {
            return Some(Event::Paste(pasted));
        }
        let copy = pasted.clone();
        let (look, until) = (spawn_blocking(move || look(copy)), Instant::now() + PATIENCE);
        self.paste = Some(Paste { look, pasted, until });
        None
    }

    /// Whether a paste is looked at: what is typed after it comes after it.
    pub fn holds_input(&self) -> bool {
        self.paste.is_some()
    }

    /// What comes of it next. Nothing is lost when this is dropped before it is done.
    pub async fn next(&mut self) -> Looked {
        let Self { paste, stuck, written, listing, next_listing } = self;
        tokio::select! {
            event = pasted(paste, stuck) => Looked::Pasted(event),
            command = resolved(written) => Looked::Written(command),
            event = listed(listing, next_listing) => Looked::Listed(event),
        }
    }

    /// Looks for what is there and begins as this path.
    pub fn list(&mut self, written: String) {
        match self.listing {
            Some(_) => self.next_listing = Some(written),
            None => self.listing = Some(list(written)),
        }
    }

    /// Makes the path whole that a person wrote in a command.
    pub fn write(&mut self, command: Command) {
        self.written.spawn_blocking(move || paths::resolved(command));
    }

    /// The session went for which commands were: they are for no other.
    pub fn forget_written(&mut self) {
        self.written = JoinSet::new();
    }
}

async fn pasted(waiting: &mut Option<Paste>, stuck: &mut Option<JoinHandle<Event>>) -> Event {
    let Some(paste) = waiting else { return std::future::pending().await };
    let looked = timeout_at(paste.until, &mut paste.look).await;
    let paste = waiting.take();
    match (looked, paste) {
        (Ok(Ok(event)), _) => event,
        (Ok(Err(error)), _) => std::panic::resume_unwind(error.into_panic()),
        (Err(_), Some(Paste { look, pasted, .. })) => {
            *stuck = Some(look);
            Event::Paste(pasted)
        }
        (Err(_), None) => std::future::pending().await,
    }
}

fn list(written: String) -> JoinHandle<Event> {
    spawn_blocking(move || Event::PathsListed { names: path_names::names(&written), written })
}

async fn listed(listing: &mut Option<JoinHandle<Event>>, next: &mut Option<String>) -> Event {
    let Some(look) = listing else { return std::future::pending().await };
    let looked = look.await;
    *listing = next.take().map(list);
    looked.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

async fn resolved(written: &mut JoinSet<Command>) -> Command {
    match written.join_next().await {
        Some(Ok(command)) => command,
        Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::domain::MessageId;
    use crate::engine::Ticket;

    fn text(text: &str) -> Pasted {
        Pasted { text: text.to_owned(), ..Pasted::default() }
    }

    fn is_text(event: Option<Event>, wanted: &str) -> bool {
        matches!(event, Some(Event::Paste(pasted)) if pasted.text == wanted)
    }

    async fn pasted(looking: &mut Looking) -> Option<Event> {
        match looking.next().await {
            Looked::Pasted(event) => Some(event),
            Looked::Written(_) | Looked::Listed(_) => None,
        }
    }

    #[tokio::test]
    async fn a_disk_that_does_not_answer_makes_a_path_text_and_holds_nothing_up_for_long() {
        let mut looking = Looking::default();
        assert!(is_text(looking.paste(text("see /tmp")), "see /tmp"));
        assert!(!looking.holds_input());
        let (release, held) = mpsc::channel::<()>();
        let stuck = move |pasted: Pasted| {
            let _ = held.recv();
            Event::Paste(pasted)
        };
        assert!(looking.paste_as(text("/gone/a"), stuck).is_none());
        assert!(looking.holds_input());
        assert!(is_text(pasted(&mut looking).await, "/gone/a"));
        assert!(!looking.holds_input());
        // Another one does not wait beside it.
        assert!(is_text(looking.paste(text("/gone/b")), "/gone/b"));
        drop(release);
        let look = looking.stuck.as_mut().unwrap();
        look.await.unwrap();
        assert!(looking.paste(text("/no/such")).is_none());
        assert!(is_text(pasted(&mut looking).await, "/no/such"));
    }

    #[tokio::test]
    async fn the_newest_question_is_answered_last_and_those_between_are_not_asked() {
        let mut looking = Looking::default();
        for written in ["/no/a", "/no/b", "/no/c"] {
            looking.list(written.to_owned());
        }
        for expected in ["/no/a", "/no/c"] {
            match looking.next().await {
                Looked::Listed(Event::PathsListed { written, .. }) => assert_eq!(written, expected),
                other => panic!("{other:?}"),
            }
        }
        assert!(looking.listing.is_none());
    }

    #[tokio::test]
    async fn a_path_is_made_whole_beside() {
        let mut looking = Looking::default();
        let (message, target) = (MessageId::from_bytes([1; 16]), Some("'/tmp/a #2'".to_owned()));
        looking.write(Command::FetchFile { message, target, ticket: Ticket(1) });
        let target = match looking.next().await {
            Looked::Written(Command::FetchFile { target, .. }) => target,
            other => panic!("{other:?}"),
        };
        assert_eq!(target.as_deref(), Some("/tmp/a #2"));
    }
}
