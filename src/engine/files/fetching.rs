//! Pulling files of others: what is missing is asked for, run by run, until all of it is here and checked.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use super::super::command::Ticket;
use super::super::core::{Core, Fatal};
use super::super::faces::FaceId;
use super::super::update::{Notice, Update};
use super::disk::{Fault, names_a_file};
use super::held::Held;
use super::{Done, Known, aside, bytes};
use crate::domain::{Attachment, Message, MessageId, UserName, size_in_words};
use crate::protocol::{Chunk, Content, FileWord};
use crate::store::{FileStage, StoredFile};

/// How many files are fetched at once; others wait for their turn.
const AT_ONCE: usize = 2;

/// How long the next chunk may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// The longest rest after a question that nothing came of.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// How many chunks may come that do not open, until it is given up.
const BAD: u32 = 8;

/// How often progress is told.
const TOLD_EVERY: Duration = Duration::from_millis(200);

/// A run of chunks that was asked for.
struct Asked {
    /// The letter that asked.
    pull: MessageId,
    from: u32,
    count: u32,
    /// How many are still to come.
    left: u32,
    /// Until when the next is waited for.
    until: Instant,
}

/// What is known of the part that is here.
enum Part {
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
    source: UserName,
    file: Attachment,
    part: Part,
    asked: Option<Asked>,
    rests_until: Option<Instant>,
    /// How many questions in a row nothing came of.
    barren: u32,
    bad: u32,
    told: Option<Instant>,
}

impl Fetch {
    fn new(source: UserName, file: Attachment) -> Self {
        Self {
            source,
            file,
            part: Part::Unknown,
            asked: None,
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

    pub fn due(&self) -> Option<Instant> {
        self.asked.as_ref().map(|asked| asked.until).or(self.rests_until)
    }

    /// Nothing came of what was asked for, or not all: it rests a while, unless some of it came.
    fn give_up_waiting(&mut self, now: Instant) {
        let Some(asked) = self.asked.take() else { return };
        self.barren = if asked.left < asked.count { 0 } else { self.barren + 1 };
        let rest = Duration::from_secs(2) * 2u32.saturating_pow(self.barren.min(8));
        self.rests_until = (self.barren > 0).then(|| now + rest.min(LONGEST_REST));
    }
}

impl Core {
    /// Somebody wants a file: fetches it if it is not here, and saves it there.
    pub(in crate::engine) async fn fetch_file(
        &mut self,
        face: FaceId,
        id: MessageId,
        target: Option<String>,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let target = target.unwrap_or_else(|| format!("{}/", self.setup.files.downloads.display()));
        match self.begin_fetch(id, Some(target)).await? {
            Ok(()) => self.agree(face, ticket).await,
            Err(why) => self.refuse_ticket(face, ticket, why).await,
        }
        Ok(())
    }

    /// Fetches a file that came just now, if it is small enough to be fetched unasked.
    pub(in crate::engine) async fn fetch_unasked(&mut self, message: &Message) -> Result<(), Fatal> {
        let Some(file) = &message.file else { return Ok(()) };
        // Nothing is fetched unasked where the size is 0, also what is empty.
        let is_small = self.setup.files.auto_fetch > 0 && file.size <= self.setup.files.auto_fetch;
        if message.is_ours() || !is_small {
            return Ok(());
        }
        // What came unasked stays until it is saved: no more of it than is kept at all.
        let disk = self.files.disk.clone();
        let kept = aside(move || disk.entries().iter().map(|entry| entry.size).sum()).await;
        let coming: u64 = self.files.fetches.values().map(|fetch| fetch.file.size).sum();
        if kept.unwrap_or(0) + coming + file.size > self.setup.files.keep {
            tracing::warn!("no more files are fetched unasked: `keep_mb` under [files] is used up");
            return Ok(());
        }
        if let Err(why) = self.begin_fetch(message.id, None).await? {
            tracing::info!(%why, "a file is not fetched by itself");
        }
        Ok(())
    }

    pub(super) async fn begin_fetch(
        &mut self,
        id: MessageId,
        target: Option<String>,
    ) -> Result<Result<(), String>, Fatal> {
        let Some(message) = self.store.message(id).await? else {
            return Ok(Err("that message is not here any more".into()));
        };
        let is_lost = message.is_ours() && self.is_alone_with_this_device();
        let Some(file) = message.file else { return Ok(Err("that message carries no file".into())) };
        let most = self.setup.files.max_receive;
        if file.size > most {
            return Ok(Err(format!(
                "`{}` has {}, and files of at most {} are fetched: `max_receive_mb` under [files] in config.toml \
                 says so",
                file.name,
                size_in_words(file.size),
                size_in_words(most)
            )));
        }
        let disk = self.files.disk.clone();
        let place = target.clone().map(PathBuf::from);
        let looked = aside(move || {
            let taken = place.filter(|place| names_a_file(place) && place.symlink_metadata().is_ok());
            (disk.has(id), taken)
        });
        let (is_here, taken) = looked.await.unwrap_or_default();
        if let Some(path) = taken {
            return Ok(Err(Fault::Exists(path).to_string()));
        }
        let stage = self.files.known.get(&id).map(|known| known.stage);
        if is_here {
            if let Some(target) = target {
                self.save(id, file, target);
            }
            return Ok(Ok(()));
        }
        if stage == Some(FileStage::NotKept) || is_lost {
            return Ok(Err("that is a file of yours, and Cooee does not keep it any more".into()));
        }
        let known = self.files.known.entry(id).or_insert_with(|| Known {
            conversation: message.conversation,
            file: file.clone(),
            stage: FileStage::Wanted,
            target: None,
            why: None,
            have: 0,
            takers: Default::default(),
        });
        let target = target.or_else(|| known.target.take());
        self.files.fetches.entry(id).or_insert_with(|| Fetch::new(message.sender, file)).restart();
        self.set_stage(id, FileStage::Wanted, target, None).await?;
        Ok(Ok(()))
    }

    /// What is being fetched rests, or goes on not at all.
    pub(in crate::engine) async fn stop_fetch(
        &mut self,
        face: FaceId,
        id: MessageId,
        forget: bool,
        ticket: Ticket,
    ) -> Result<(), Fatal> {
        let stage = self.files.known.get(&id).map(|known| known.stage);
        let why = match (stage, forget) {
            (Some(FileStage::Wanted), false) => {
                self.files.fetches.remove(&id);
                let target = self.files.known.get(&id).and_then(|known| known.target.clone());
                self.set_stage(id, FileStage::Paused, target, None).await?;
                None
            }
            (
                Some(FileStage::Wanted | FileStage::Paused | FileStage::Failed | FileStage::Here),
                true,
            ) => {
                self.forget_file(id).await?;
                None
            }
            (Some(FileStage::Shared), true) => {
                Some("others may fetch it as long as the message stands: delete that for everybody")
            }
            _ => Some("that file is not being fetched"),
        };
        match why {
            None => self.agree(face, ticket).await,
            Some(why) => self.refuse_ticket(face, ticket, why.into()).await,
        }
        Ok(())
    }

    /// Asks for what is missing, of as many files at once as may be.
    pub(in crate::engine) async fn pull(&mut self) -> Result<(), Fatal> {
        let now = Instant::now();
        let mut busy = 0;
        let ids: Vec<MessageId> = self.files.fetches.keys().copied().collect();
        for id in ids {
            let Some(fetch) = self.files.fetches.get_mut(&id) else { continue };
            if fetch.asked.as_ref().is_some_and(|asked| asked.until <= now) {
                fetch.give_up_waiting(now);
            }
            if fetch.rests_until.is_some_and(|until| until <= now) {
                fetch.rests_until = None;
            }
            if busy >= AT_ONCE {
                continue;
            }
            // Nobody is asked to whom nothing can be sealed: it would pile up.
            let can_answer = match fetch.source == self.me.user {
                true => self.me.devices.len() > 1,
                false => {
                    self.people.is_online(&fetch.source) && self.people.trusted(&fetch.source).is_some()
                }
            };
            match &mut fetch.part {
                Part::Unknown => {
                    fetch.part = Part::Looking;
                    let (disk, file) = (self.files.disk.clone(), fetch.file.clone());
                    self.files.aside(move || Done::Looked(id, disk.look(id, &file)));
                    busy += 1;
                }
                Part::Held(held)
                    if fetch.asked.is_none() && fetch.rests_until.is_none() && can_answer =>
                {
                    busy += 1;
                    let have = held.count();
                    let Some((from, count)) = held.missing() else { continue };
                    let source = fetch.source.clone();
                    let word = FileWord::Pull { of: id, from, count, have };
                    let letter = self.notice(Content::File(word));
                    let draft = self.draft_to(&letter, &source).await?;
                    self.store.queue(None, vec![draft], None, self.keys.changed()).await?;
                    self.outbox.more();
                    let asked =
                        Asked { pull: letter.id, from, count, left: count, until: now + PATIENCE };
                    if let Some(fetch) = self.files.fetches.get_mut(&id) {
                        fetch.asked = Some(asked);
                    }
                }
                Part::Looking | Part::Checking => busy += 1,
                // One whose sender is away takes nobody's turn.
                Part::Held(_) => busy += usize::from(fetch.asked.is_some()),
            }
        }
        Ok(())
    }

    pub(super) async fn on_looked(&mut self, id: MessageId, held: Held) -> Result<(), Fatal> {
        if let Some(known) = self.files.known.get_mut(&id) {
            known.have = bytes(held.count(), &known.file);
        }
        if let Some(fetch) = self.files.fetches.get_mut(&id) {
            let is_whole = held.is_whole();
            fetch.part = Part::Held(held);
            if is_whole {
                self.check(id);
            }
        }
        self.tell_file(id).await;
        Ok(())
    }

    /// A chunk came.
    pub(in crate::engine) async fn on_chunk(
        &mut self,
        from: &UserName,
        chunk: Chunk<'_>,
    ) -> Result<(), Fatal> {
        let now = Instant::now();
        let Chunk { pull, number, sealed } = chunk;
        let is_asked = |fetch: &Fetch| {
            fetch.source == *from && fetch.asked.as_ref().is_some_and(|asked| asked.pull == pull)
        };
        let found = self.files.fetches.iter_mut().find(|(_, fetch)| is_asked(fetch));
        // What was asked for before is nobody's fault.
        let Some((&id, fetch)) = found else { return Ok(()) };
        let (Some(asked), Part::Held(held)) = (&mut fetch.asked, &mut fetch.part) else { return Ok(()) };
        let range = asked.from..asked.from + asked.count;
        if !range.contains(&number) || held.has(number) {
            return Ok(());
        }
        let (disk, file, sealed) = (self.files.disk.clone(), fetch.file.clone(), sealed.to_vec());
        match aside(move || disk.keep(id, &file, number, &sealed)).await {
            Some(Ok(true)) => {}
            Some(Ok(false)) => {
                fetch.bad += 1;
                if fetch.bad >= BAD {
                    let why = "what comes is not the file that was offered: nothing of it is kept";
                    self.fail_fetch(id, why.into(), true).await?;
                }
                return Ok(());
            }
            Some(Err(fault)) => return self.fail_fetch(id, fault.to_string(), false).await,
            None => return Ok(()),
        }
        held.add(number);
        asked.left -= 1;
        asked.until = now + PATIENCE;
        if asked.left == 0 {
            (fetch.asked, fetch.barren) = (None, 0);
        }
        let (is_whole, have) = (held.is_whole(), bytes(held.count(), &fetch.file));
        let is_time = is_whole || fetch.told.is_none_or(|told| now >= told + TOLD_EVERY);
        if let Some(known) = self.files.known.get_mut(&id) {
            known.have = have;
        }
        if is_time {
            fetch.told = Some(now);
            self.tell_file(id).await;
        }
        if is_whole {
            self.check(id);
        }
        Ok(())
    }

    fn check(&mut self, id: MessageId) {
        let Some(fetch) = self.files.fetches.get_mut(&id) else { return };
        fetch.part = Part::Checking;
        let (disk, file) = (self.files.disk.clone(), fetch.file.clone());
        self.files.aside(move || Done::Checked(id, disk.complete(id, &file)));
    }

    pub(super) async fn on_checked(
        &mut self,
        id: MessageId,
        result: Result<(), Fault>,
    ) -> Result<(), Fatal> {
        let Some(fetch) = self.files.fetches.get_mut(&id) else { return Ok(()) };
        match result {
            Ok(()) => {}
            // The disk lost what it had: what is missing is asked for again.
            Err(Fault::Altered) => {
                fetch.part = Part::Unknown;
                return Ok(());
            }
            Err(fault) => return self.fail_fetch(id, fault.to_string(), false).await,
        }
        let (source, file) = (fetch.source.clone(), fetch.file.clone());
        self.files.fetches.remove(&id);
        let target = self.files.known.get(&id).and_then(|known| known.target.clone());
        self.set_stage(id, FileStage::Here, None, None).await?;
        if source != self.me.user {
            self.send_notice(source, Content::File(FileWord::Fetched { of: id })).await?;
        }
        if let Some(target) = target {
            self.save(id, file, target);
        }
        self.make_room(id).await
    }

    /// Saves a file that is here.
    fn save(&self, id: MessageId, file: Attachment, target: String) {
        let disk = self.files.disk.clone();
        self.files.aside(move || Done::Saved(id, disk.save(id, &file, &PathBuf::from(target))));
    }

    pub(super) async fn on_saved(
        &mut self,
        id: MessageId,
        result: Result<PathBuf, Fault>,
    ) -> Result<(), Fatal> {
        let Some(known) = self.files.known.get(&id) else { return Ok(()) };
        let (name, stage) = (known.file.name.clone(), known.stage);
        match result {
            Ok(path) => {
                let path = path.display().to_string();
                if stage == FileStage::Shared {
                    let words = format!("`{name}` is saved as {path}");
                    self.faces.tell(Update::Notice(Notice::Info(words))).await;
                    return Ok(());
                }
                self.set_stage(id, FileStage::Saved, Some(path), None).await
            }
            Err(fault) => {
                self.warn(format!("`{name}` is not saved: {fault}")).await;
                // Nothing is left of it then.
                if matches!(fault, Fault::Altered | Fault::WrongHash) {
                    self.fail_fetch(id, fault.to_string(), true).await?;
                }
                Ok(())
            }
        }
    }

    /// A file cannot be had.
    async fn fail_fetch(&mut self, id: MessageId, why: String, forget: bool) -> Result<(), Fatal> {
        self.files.fetches.remove(&id);
        if forget {
            let disk = self.files.disk.clone();
            aside(move || disk.forget(id)).await;
            if let Some(known) = self.files.known.get_mut(&id) {
                known.have = 0;
            }
        }
        let target = self.files.known.get(&id).and_then(|known| known.target.clone());
        self.set_stage(id, FileStage::Failed, target, Some(why)).await
    }

    /// Whoever offered a file does not have it any more.
    pub(in crate::engine) async fn on_file_gone(
        &mut self,
        of: MessageId,
        from: &UserName,
    ) -> Result<(), Fatal> {
        let is_source = self.files.fetches.get(&of).is_some_and(|fetch| fetch.source == *from);
        // Another device of ours may have it: whichever answers.
        if is_source && *from != self.me.user {
            let why = format!("{from} does not have it any more: ask them to send it again");
            self.fail_fetch(of, why, false).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ContentHash, FileKey, FileName};

    #[test]
    fn whoever_does_not_answer_is_asked_less_and_less_often() {
        let file = Attachment {
            name: FileName::new("a"),
            size: 5,
            hash: ContentHash::from_bytes([0; 32]),
            key: FileKey::from([0; 32]),
        };
        let mut fetch = Fetch::new("bob".parse().unwrap(), file);
        let now = Instant::now();
        let mut rests = Vec::new();
        let ask = |fetch: &mut Fetch, left| {
            let pull = MessageId::from_bytes([1; 16]);
            fetch.asked = Some(Asked { pull, from: 0, count: 5, left, until: now });
            fetch.give_up_waiting(now);
            fetch.rests_until.map_or(0, |until| (until - now).as_secs())
        };
        for _ in 0..7 {
            rests.push(ask(&mut fetch, 5));
        }
        assert_eq!(rests, [4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(ask(&mut fetch, 1), 0, "some of it came");
        ask(&mut fetch, 5);
        fetch.seen(&"eve".parse().unwrap());
        assert!(fetch.rests_until.is_some());
        fetch.seen(&"bob".parse().unwrap());
        assert_eq!(fetch.rests_until, None);
    }
}
