//! Files in the line mode: sent by their path, and saved; what becomes of them is said in a line where it ends, or has
//! to wait.

use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::{Talk, What};
use crate::cli::attached::Attached;
use crate::config::paths::{absolute, whole, written};
use crate::domain::{Message, MessageId};
use crate::engine::{Command, FileState, FileView};

/// A file that is to be saved.
pub(super) struct Saving {
    /// What it is called.
    name: String,
    /// Why it waits, as far as that was said.
    waits: Option<String>,
    /// When it last came further.
    moved_at: Instant,
}

impl Talk {
    /// Sends the file at this path, as a person wrote it, to the open chat.
    pub(super) async fn send_file(&mut self, path: &str, attached: &Attached) -> Result<(), String> {
        let to = self.chat_to_say(attached)?;
        let what = What::Say(format!("/send {path}"));
        let path = aside(path, |path| absolute(&written(path))).await?;
        let command = |ticket| Command::SendFile { to, path, text: None, reply: None, ticket };
        self.ask(what, attached, command).await;
        Ok(())
    }

    /// Saves the last file of another in the open chat, and fetches it before if it is not here.
    pub(super) async fn save_file(&mut self, target: &str, attached: &Attached) -> Result<(), String> {
        let (message, name) = self.last_file()?;
        let target = match target {
            "" => None,
            target => Some(aside(target, whole).await?),
        };
        let what = What::Save(message);
        self.ask(what, attached, |ticket| Command::FetchFile { message, target, ticket }).await;
        self.saving.insert(message, Saving { name, waits: None, moved_at: Instant::now() });
        Ok(())
    }

    /// Lets the file rest that is being fetched; where none is, throws away what is here of the last.
    pub(super) async fn stop_file(&mut self, attached: &Attached) -> Result<(), String> {
        let is_coming =
            |message: &Message| attached.files.get(&message.id).is_some_and(FileState::is_coming);
        let coming = self.theirs().find(|message| is_coming(message)).and_then(named);
        let forget = coming.is_none();
        let (message, name) = coming.map_or_else(|| self.last_file(), Ok)?;
        let what = What::Do(match forget {
            true => format!("nothing is left here of {name}"),
            false => format!("{name} rests: /save goes on with it, /stop throws it away"),
        });
        self.saving.remove(&message);
        self.ask(what, attached, |ticket| Command::StopFile { message, forget, ticket }).await;
        Ok(())
    }

    /// The last file of another among the messages that are remembered.
    fn last_file(&self) -> Result<(MessageId, String), String> {
        self.chat()?;
        self.theirs().find_map(named).ok_or_else(|| {
            "nobody else sent a file among the last messages here: /history 100 goes further back"
                .to_owned()
        })
    }

    /// What others said in the open chat and is remembered, the last first.
    fn theirs(&self) -> impl Iterator<Item = &Message> {
        self.recent.iter().rev().filter(|message| !message.is_ours())
    }

    /// It is begun.
    pub(super) fn saving_began(&mut self, message: MessageId) {
        if let Some(Saving { name, .. }) = self.saving.get(&message) {
            let words = format!("fetching {name}");
            self.line(&words);
        }
    }

    /// It is not even begun.
    pub(super) fn saving_refused(&mut self, message: MessageId) {
        self.saving.remove(&message);
    }

    /// A file has come further.
    pub(super) fn file_moved(&mut self, view: &FileView) {
        let Some(saving) = self.saving.get_mut(&view.message) else { return };
        let name = saving.name.clone();
        let waits = match &view.state {
            FileState::Failed { why } => {
                self.saving.remove(&view.message);
                return self.refuse(format!("{name} cannot be had: {why}"));
            }
            FileState::Paused { why: Some(why), .. } => why.clone(),
            FileState::Unanswered { .. } => {
                "whoever has it does not answer yet; they are asked again".to_owned()
            }
            _ => {
                saving.moved_at = Instant::now();
                return;
            }
        };
        if saving.waits.as_ref() != Some(&waits) {
            saving.waits = Some(waits.clone());
            self.line(&format!("{name} waits: {waits}"));
        }
    }

    /// How saving one ended.
    pub(super) fn file_saved(&mut self, message: MessageId, outcome: Result<String, String>) {
        match (self.saving.remove(&message), outcome) {
            (Some(saving), Ok(path)) => self.line(&format!("{} is saved as {path}", saving.name)),
            (Some(_), Err(why)) => self.refuse(why),
            // Another front end asked for it.
            (None, Ok(_)) => {}
            (None, Err(why)) => self.line(&why),
        }
    }

    /// Whether a pipe has files to wait for; for a person they go on with the next session.
    pub(super) fn waits_for_files(&self) -> bool {
        self.files_moved_at().is_some()
    }

    /// When those last came further.
    pub(super) fn files_moved_at(&self) -> Option<Instant> {
        let moved = self.saving.values().map(|saving| saving.moved_at);
        moved.max().filter(|_| !self.is_person)
    }
}

/// The file that a message carries, by the message and what it is called.
fn named(message: &Message) -> Option<(MessageId, String)> {
    Some((message.id, message.file.as_ref()?.name.to_string()))
}

/// Reads a path as a person wrote it. It asks the disk, so it may take its time.
async fn aside<T: Send + 'static>(
    said: &str,
    read: impl FnOnce(&str) -> T + Send + 'static,
) -> Result<T, String> {
    let said = said.to_owned();
    spawn_blocking(move || read(&said)).await.map_err(|error| error.to_string())
}
