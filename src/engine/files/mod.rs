//! Files that people send: offered in a message, kept sealed by the sender, and pulled by whoever wants them.
//!
//! # How a file travels
//!
//! 1. *It is sealed once*, with a random key of its own ([`crypto::file`](crate::crypto::file)), into a copy in the
//!    account's directory. What is sent later is read from that copy and from nowhere else: it does not change when the
//!    person goes on editing, and no question of a peer can make us read another file.
//! 2. *The offer is a message*: its [`Attachment`] holds name, size, SHA-256 and key. So it is encrypted, numbered,
//!    confirmed and repeated as all that is said, stands in its place in the conversation, and can be answered, deleted
//!    and passed on. It costs some hundred bytes, whatever the size of the file. Nothing of the content is sent with it.
//! 3. *The receiver pulls*, when their person asks (or by themselves, up to a size that they set): a letter asks the
//!    sender for a run of at most 64 chunks (1 MiB). What comes is put in its place, what does not is asked for again,
//!    and when the run is there the next is asked for. A letter tells the sender that all of it arrived.
//! 4. *The sender answers with the chunks*, at QoS 1 to the receiver's inbox: it needs no other topic and no other
//!    access rule. They go out behind whatever letters wait, few at a time ([`window`]), so what people write does not
//!    wait for files.
//!
//! Why it is pulled: brokers queue little for somebody who is away, often 1,000 messages for all that comes to them. A
//! file of 16 MB that was pushed would take all of it and drive out letters. So chunks travel only while both are
//! online, at most one run is under way to a receiver for each of two files (more only where somebody is slow: a run
//! does not keep other files waiting for longer than half a minute), and each expires at the broker after a minute. It also means that nobody gets what they did not ask for.
//!
//! Why the chunks are not letters: they are sealed already. What the broker sees of one is from whom to whom it goes,
//! its number, and the random-looking id of the letter that asked for it; not which file it is, nor its key.
//!
//! # What is checked
//!
//! - Whoever pulls must be one of those whom the message was for when it was said, in a group still a member, and not
//!   blocked. Others are not answered. What they ask for is cut to the file; their questions replace each other, so
//!   nobody can pile them up.
//! - A chunk is taken from whom it was asked of, with the id of the question, once, in the range that was asked for,
//!   and if it opens at its place. Neither number nor length of chunks is ever taken from a peer but from the size in
//!   the offer, and that is compared with the limit before anything is asked.
//! - Content whose SHA-256 is not that of the offer is thrown away. Before that nothing becomes a file of the person's.
//! - The name in the offer is made a plain name on arrival ([`FileName`](crate::domain::FileName)); where it goes, the
//!   receiver says. Nothing is written over.
//!
//! # What survives
//!
//! A part lies sealed on the disk. After a cut, a crash or a restart of either side its chunks show themselves what is
//! here, for each opens by itself; so a power cut that lost some costs nothing but asking again. That a file is wanted,
//! rests or failed is in the database, and until it is saved also where to.
//!
//! Whoever is online and does not answer is asked eight times, then it rests until a person asks again.
//!
//! Not promised: a file whose sender never returns, took it back, or no longer keeps it. Each account keeps sealed files
//! up to a budget, parts too; beyond that those of what failed go, then the oldest, but not what was fetched and not
//! saved. A letter of a person's other device comes there too, and so do its chunks, where they are thrown away.

mod disk;
mod fetch;
mod fetching;
mod held;
mod keeping;
mod offering;
mod picture;
mod saving;
mod serving;
mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::command::Ticket;
use super::core::{Core, Fatal};
use super::faces::FaceId;
use super::mail::Sender;
use super::update::Update;
use crate::config::Config;
use crate::crypto::file::CHUNK;
use crate::domain::{Attachment, ConversationId, MessageId, Picture, UserName};
use crate::protocol::FileWord;
use crate::store::{FileStage, StoredFile};
use disk::{Disk, Fault};
use fetch::Fetch;
use held::Held;
use picture::Pictures;
use saving::Saving;
use serving::{Pull, Serves};

/// What people allow of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRules {
    /// Longest file that is sent, in bytes.
    pub max_send: u64,
    /// Longest file that is fetched.
    pub max_receive: u64,
    /// Up to which size files are fetched unasked; 0: none.
    pub auto_fetch: u64,
    /// How much is kept sealed in all.
    pub keep: u64,
    /// Where files are saved when nobody says where.
    pub downloads: PathBuf,
}

impl FileRules {
    /// What the configuration says.
    pub fn configured(config: &Config) -> Self {
        let files = &config.files;
        Self {
            max_send: files.max_send,
            max_receive: files.max_receive,
            auto_fetch: files.auto_fetch,
            keep: files.keep,
            downloads: files.downloads.clone(),
        }
    }
}

/// What became of a file here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileView {
    /// The message that carries it.
    pub message: MessageId,
    /// Where that was said.
    pub conversation: ConversationId,
    /// How far it has come.
    pub state: FileState,
}

/// How far a file has come here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// Nothing of it is here.
    Offered,
    /// It is being fetched.
    Fetching {
        /// How many bytes of it are here.
        have: u64,
    },
    /// The same, and whoever has it was asked in vain; they are asked again.
    Unanswered {
        /// How many bytes of it are here.
        have: u64,
    },
    /// The same, but it rests until somebody asks again.
    Paused {
        /// How many bytes of it are here.
        have: u64,
        /// Why, and what to do, where no person wanted that.
        why: Option<String>,
    },
    /// All of it came, and it is being checked whether it is what was offered.
    Checking,
    /// All of it is here, and it is not saved.
    Here,
    /// All of it is here, and it is being saved.
    Saving,
    /// It was saved.
    Saved {
        /// As what.
        path: String,
    },
    /// It cannot be had.
    Failed {
        /// Why, and what to do.
        why: String,
    },
    /// Ours: others may fetch it.
    Shared {
        /// How many bytes of it those have who began.
        takers: BTreeMap<UserName, u64>,
    },
    /// Ours, and not kept any more: nobody can fetch it.
    NotKept,
}

impl FileState {
    /// Whether it is being fetched.
    pub fn is_coming(&self) -> bool {
        matches!(self, Self::Fetching { .. } | Self::Unanswered { .. } | Self::Checking)
    }

    /// Whether its content is here: of one that was saved long ago, it may be that no sealed copy is any more.
    pub fn is_here(&self) -> bool {
        matches!(self, Self::Here | Self::Saving | Self::Saved { .. } | Self::Shared { .. })
    }
}

/// A file as it is known here.
struct Known {
    conversation: ConversationId,
    file: Attachment,
    stage: FileStage,
    /// Where it is to be saved; where it was, if that is its stage.
    target: Option<String>,
    why: Option<String>,
    have: u64,
    takers: BTreeMap<UserName, u64>,
}

impl Known {
    fn new(conversation: ConversationId, file: Attachment, stage: FileStage) -> Self {
        let (target, why, have, takers) = Default::default();
        Self { conversation, file, stage, target, why, have, takers }
    }

    fn of(stored: StoredFile) -> Option<(MessageId, Self)> {
        let StoredFile { message, stage, target, why, takers } = stored;
        let file = message.file?;
        let takers = takers.into_iter().map(|user| (user, file.size)).collect();
        let conversation = message.conversation;
        Some((message.id, Self { conversation, file, stage, target, why, have: 0, takers }))
    }

    fn view(&self, message: MessageId, fetch: Option<&Fetch>) -> FileView {
        let have = self.have;
        let state = match self.stage {
            FileStage::Shared => FileState::Shared { takers: self.takers.clone() },
            FileStage::Wanted => match fetch {
                Some(fetch) if fetch.is_checked() => FileState::Checking,
                Some(fetch) if fetch.is_unanswered() => FileState::Unanswered { have },
                _ => FileState::Fetching { have },
            },
            FileStage::Paused => FileState::Paused { have, why: self.why.clone() },
            FileStage::Here if self.target.is_some() => FileState::Saving,
            FileStage::Here => FileState::Here,
            FileStage::Saved => FileState::Saved { path: self.target.clone().unwrap_or_default() },
            FileStage::Failed => FileState::Failed { why: self.why.clone().unwrap_or_default() },
            FileStage::NotKept => FileState::NotKept,
        };
        FileView { message, conversation: self.conversation.clone(), state }
    }
}

/// Something that was done aside.
pub(super) enum Done {
    /// A file was sealed, to be offered there.
    Sealed(offering::Sealing, Result<(NamedTempFile, Attachment), Fault>),
    /// Which chunks of a file are here.
    Looked(MessageId, Held),
    /// All chunks of a file came: whether it is what was offered.
    Checked(MessageId, Result<(), Fault>),
    /// A file was saved.
    Saved(MessageId, Result<PathBuf, Fault>),
    /// A picture was made small, for whoever asked.
    Pictured(picture::Wanted, Result<Picture, String>),
}

/// All about files that a session holds.
pub(super) struct Files {
    disk: Disk,
    known: BTreeMap<MessageId, Known>,
    fetches: BTreeMap<MessageId, Fetch>,
    saving: BTreeMap<MessageId, Saving>,
    pictures: Pictures,
    serves: Serves,
    done: mpsc::Sender<Done>,
}

/// How many bytes so many chunks of a file have.
fn bytes(chunks: u32, file: &Attachment) -> u64 {
    (u64::from(chunks) * CHUNK as u64).min(file.size)
}

impl Files {
    /// Goes on where the last session ended. What is in the directory of the account and belongs to no message goes.
    pub fn open(account: &std::path::Path, stored: Vec<StoredFile>) -> (Self, mpsc::Receiver<Done>) {
        let disk = Disk::new(account);
        let fetches = stored.iter().filter(|file| file.stage == FileStage::Wanted);
        let fetches = fetches.filter_map(Fetch::resumed).collect();
        let known: BTreeMap<_, _> = stored.into_iter().filter_map(Known::of).collect();
        disk.sweep(&known.keys().copied().collect::<BTreeSet<_>>());
        let (done, reports) = mpsc::channel(16);
        let mut files = Self {
            disk,
            known,
            fetches,
            saving: BTreeMap::new(),
            pictures: Pictures::default(),
            serves: Serves::default(),
            done,
        };
        files.resume_saving();
        // How much of those is here is shown, also while they rest.
        for (id, known) in files.known.iter().filter(|(_, known)| known.stage == FileStage::Paused) {
            let (id, disk, file) = (*id, files.disk.clone(), known.file.clone());
            files.aside(move || Done::Looked(id, disk.look(id, &file)));
        }
        (files, reports)
    }

    /// What is told of files to whoever comes: of all of them, in parts that are not too long.
    pub fn views(&self) -> Vec<Vec<FileView>> {
        const MOST: usize = 1_000;
        let views: Vec<_> =
            self.known.iter().map(|(id, known)| known.view(*id, self.fetches.get(id))).collect();
        views.chunks(MOST).map(<[_]>::to_vec).collect()
    }

    /// The connection was lost: what was under way is asked for anew.
    pub fn restart(&mut self) {
        self.serves = Serves::default();
        self.fetches.values_mut().for_each(Fetch::restart);
    }

    /// Somebody went: nothing goes to them any more.
    pub fn gone(&mut self, user: &UserName) {
        self.serves.forget(user);
    }

    /// Somebody came: what waits for them is asked for.
    pub fn seen(&mut self, user: &UserName) {
        self.fetches.values_mut().for_each(|fetch| fetch.seen(user));
    }

    /// When something is to be done in time.
    pub fn next_due(&self) -> Option<Instant> {
        let now = Instant::now();
        self.fetches.values().filter_map(|fetch| fetch.due(now)).min()
    }

    /// Does something that blocks, aside.
    fn aside(&self, work: impl FnOnce() -> Done + Send + 'static) {
        let done = self.done.clone();
        // Where the session has ended nobody waits for it.
        spawn_blocking(move || drop(done.blocking_send(work())));
    }
}

impl Core {
    /// Something was done aside.
    pub(super) async fn on_file_done(&mut self, done: Done) -> Result<(), Fatal> {
        match done {
            Done::Sealed(sealing, result) => self.offer(sealing, result).await,
            Done::Looked(id, held) => self.on_looked(id, held).await,
            Done::Checked(id, result) => self.on_checked(id, result).await,
            Done::Saved(id, result) => self.on_saved(id, result).await,
            Done::Pictured(wanted, result) => {
                self.on_pictured(wanted, result).await;
                Ok(())
            }
        }
    }

    async fn tell_file(&mut self, id: MessageId) {
        let fetch = self.files.fetches.get(&id);
        let Some(view) = self.files.known.get(&id).map(|known| known.view(id, fetch)) else { return };
        self.faces.tell(Update::File(view)).await;
    }

    /// A file has come to this.
    async fn set_stage(
        &mut self,
        id: MessageId,
        stage: FileStage,
        target: Option<String>,
        why: Option<String>,
    ) -> Result<(), Fatal> {
        if let Some(known) = self.files.known.get_mut(&id) {
            self.store.save_file(id, stage, target.clone(), why.clone()).await?;
            (known.stage, known.target, known.why) = (stage, target, why);
            self.tell_file(id).await;
        }
        Ok(())
    }

    /// Nothing is kept of a file any more: its message was deleted, or somebody does not want it after all.
    pub(super) async fn forget_file(&mut self, id: MessageId) -> Result<(), Fatal> {
        self.files.fetches.remove(&id);
        self.files.serves.forget_file(id);
        if let Some(known) = self.files.known.remove(&id) {
            self.store.forget_file(id).await?;
            let disk = self.files.disk.clone();
            let place =
                known.target.filter(|_| matches!(known.stage, FileStage::Here | FileStage::Shared));
            aside(move || {
                disk.forget(id);
                place.iter().for_each(|place| disk.clean(id, place.as_ref()));
            })
            .await;
            let state = FileState::Offered;
            let view = FileView { message: id, conversation: known.conversation, state };
            self.faces.tell(Update::File(view)).await;
        }
        Ok(())
    }

    /// Somebody says something about fetching a file.
    pub(super) async fn on_file_word(
        &mut self,
        from: Sender,
        letter: MessageId,
        word: FileWord,
    ) -> Result<(), Fatal> {
        match word {
            FileWord::Pull { of, from: first, count, have } => {
                self.on_pull(from, Pull { of, letter, from: first, count, have }).await
            }
            FileWord::Gone { of } => self.on_file_gone(of, &from.0).await,
            FileWord::Fetched { of } => self.on_fetched(of, from.0).await,
        }
    }

    async fn agree(&mut self, face: FaceId, ticket: Ticket) {
        self.faces.answer(face, Update::Agreed { ticket }).await;
    }
}

/// Does something short that blocks, and waits for it.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    spawn_blocking(work).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ContentHash, FileKey, FileName};

    #[test]
    fn whoever_comes_is_told_of_all_files() {
        let dir = tempfile::tempdir().unwrap();
        let (mut files, _done) = Files::open(dir.path(), Vec::new());
        let (name, hash, key) =
            (FileName::new("a"), ContentHash::from_bytes([0; 32]), FileKey::from([0; 32]));
        let file = Attachment { name, size: 5, hash, key };
        for n in 0..1_001u128 {
            let conversation = ConversationId::Direct("bob".parse().unwrap());
            let known = Known::new(conversation, file.clone(), FileStage::Here);
            files.known.insert(MessageId::from_bytes(n.to_be_bytes()), known);
        }
        assert_eq!(files.views().iter().map(Vec::len).collect::<Vec<_>>(), [1_000, 1]);
    }
}
