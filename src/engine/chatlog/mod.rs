//! What is said, written into files of plain text besides: for whoever asks for it, because it stands there in clear.
//!
//! The store notes what is to be written in the transaction that changes it, so nothing is forgotten, whatever front
//! end it came through. Here it becomes lines; a task beside the session writes them, and the session never waits for
//! it but for a moment at its end. What cannot be written stays noted, and goes there when it can be.

mod line;
mod writer;

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant, timeout_at};

use super::core::Core;
use super::update::{Notice, Update};
use crate::domain::{ConversationId, UserName};
use crate::store::{Error, Store};
use writer::{Batch, Lines};

/// How long the end of a session waits for the log.
const GOODBYE: Duration = Duration::from_secs(2);

/// How long a disk that was full has until it is tried again.
const RETRY: Duration = Duration::from_secs(30);

/// How writing goes.
pub(super) enum Logged {
    /// The batch is written.
    Written,
    /// It cannot be written, for this reason; it is tried again.
    Failed(String),
}

/// The log of a session.
pub(super) struct ChatLog {
    zone: TimeZone,
    batches: mpsc::Sender<Batch>,
    task: JoinHandle<()>,
    /// A batch is being written.
    busy: bool,
    /// That it cannot be was told.
    failed: bool,
}

/// Begins to log into a directory of this user's in `directory`, if there is one. What is said is noted for it, or is
/// not, since the session began.
pub(super) async fn start(
    directory: Option<&Path>,
    user: &UserName,
    store: &Store,
) -> Result<(Option<ChatLog>, mpsc::Receiver<Logged>), Error> {
    let (tell, logged) = mpsc::channel(4);
    let Some(directory) = directory else { return Ok((None, logged)) };
    let left = store.log_pieces().await?;
    let (batches, queue) = mpsc::channel(1);
    let directory: PathBuf = directory.join(user.as_str());
    let task = tokio::spawn(writer::run((directory, RETRY), store.clone(), left, queue, tell));
    // What the last session left is under way.
    let log = ChatLog { zone: TimeZone::system(), batches, task, busy: true, failed: false };
    Ok((Some(log), logged))
}

impl Core {
    /// Gives what is to be logged to the task that writes it, unless that is busy.
    pub(super) async fn log_chats(&mut self) -> Result<(), Error> {
        let is_idle = self.chat_log.as_ref().is_some_and(|log| !log.busy);
        if !is_idle {
            return Ok(());
        }
        let (told, up_to) = self.store.to_log().await?;
        if up_to == 0 {
            return Ok(());
        }
        let label = |conversation: &ConversationId| match conversation {
            ConversationId::Group(id) => {
                self.groups.get(*id).map(|known| known.group.name.as_str().to_owned())
            }
            ConversationId::Direct(_) | ConversationId::Room(_) => None,
        };
        let Some(log) = &mut self.chat_log else { return Ok(()) };
        let mut lines = Lines::default();
        for told in &told {
            let conversation = &told.message.conversation;
            let group = label(conversation);
            let called = group.as_ref().map_or("the group".to_owned(), |name| format!("#{name}"));
            if let Some(line) = line::line(told, &called, &log.zone) {
                lines.add(conversation, group, &line);
            }
        }
        log.busy = log.batches.send(Batch { up_to, lines }).await.is_ok();
        Ok(())
    }

    /// Writing went on, or does not.
    pub(super) async fn on_logged(&mut self, logged: Logged) {
        let Some(log) = &mut self.chat_log else { return };
        let notice = match logged {
            Logged::Written => {
                log.busy = false;
                let words = "the log of your chats is written again, with all that waited for it";
                std::mem::take(&mut log.failed).then(|| Notice::Info(words.to_owned()))
            }
            Logged::Failed(why) => {
                tracing::warn!(%why, "the log of chats cannot be written");
                let words = format!(
                    "the log of your chats cannot be written: {why}. What belongs there waits until it can be"
                );
                (!std::mem::replace(&mut log.failed, true)).then_some(Notice::Warning(words))
            }
        };
        if let Some(notice) = notice {
            self.faces.tell(Update::Notice(notice)).await;
        }
    }

    /// Writes what is still to be logged, if that does not take long; the next session writes the rest.
    pub(super) async fn close_log(&mut self, logged: &mut mpsc::Receiver<Logged>) {
        let deadline = Instant::now() + GOODBYE;
        let flushed = async {
            loop {
                while self.chat_log.as_ref().is_some_and(|log| log.busy) {
                    match logged.recv().await {
                        Some(Logged::Written) => self.on_logged(Logged::Written).await,
                        Some(Logged::Failed(_)) | None => return,
                    }
                }
                // A store that failed says so itself.
                let more = self.log_chats().await;
                if more.is_err() || self.chat_log.as_ref().is_none_or(|log| !log.busy) {
                    return;
                }
            }
        };
        let _ = timeout_at(deadline, flushed).await;
        if let Some(ChatLog { batches, task, .. }) = self.chat_log.take() {
            drop(batches);
            let _ = timeout_at(deadline, task).await;
        }
    }
}
