//! Pulling files of others: what is missing is asked for, run by run, until all of it is here and checked.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use super::super::command::Ticket;
use super::super::core::{Core, Fatal};
use super::super::faces::FaceId;
use super::disk::{Fault, names_a_file};
use super::fetch::{Asked, Fetch, PATIENCE, Part};
use super::held::Held;
use super::{Done, Known, aside, bytes};
use crate::domain::{ConversationId, Message, MessageId, UserName, size_in_words};
use crate::protocol::{Chunk, Content, FileWord};
use crate::store::FileStage;

/// How many chunks may come that do not open, until it is given up.
const BAD: u32 = 8;

/// How often progress is told.
const TOLD_EVERY: Duration = Duration::from_millis(200);

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
        if self.kept().await.saturating_add(file.size) > self.setup.files.keep {
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
        let saving = self.files.saving.get(&id).map(|saving| &saving.target);
        if let (Some(now), Some(target)) = (saving, &target) {
            return Ok(match now == target {
                true => Ok(()),
                false => {
                    Err(format!("`{}` is being saved just now; once more when that is done", file.name))
                }
            });
        }
        let stage = self.files.known.get(&id).map(|known| known.stage);
        if is_here {
            if let Some(target) = target {
                let known = Known::new(message.conversation, file, FileStage::Here);
                self.files.known.entry(id).or_insert(known);
                self.save(id, target).await?;
            }
            return Ok(Ok(()));
        }
        if let Some(why) = self.is_not_let(&message.conversation, &message.sender) {
            return Ok(Err(why));
        }
        if stage == Some(FileStage::NotKept) || is_lost {
            return Ok(Err("that is a file of yours, and Cooee does not keep it any more".into()));
        }
        let known = self.files.known.entry(id);
        let known =
            known.or_insert_with(|| Known::new(message.conversation, file.clone(), FileStage::Wanted));
        // Where it was saved before is no wish to have it there again.
        let is_wish = matches!(known.stage, FileStage::Wanted | FileStage::Paused | FileStage::Failed);
        let target = target.or_else(|| known.target.take().filter(|_| is_wish));
        self.files.fetches.entry(id).or_insert_with(|| Fetch::new(message.sender, file)).restart();
        self.set_stage(id, FileStage::Wanted, target, None).await?;
        Ok(Ok(()))
    }

    /// Why somebody surely does not let us have a file that was offered there, if so.
    fn is_not_let(&self, conversation: &ConversationId, source: &UserName) -> Option<String> {
        let ConversationId::Group(id) = conversation else { return None };
        if self.groups.is_member(*id) || *source == self.me.user {
            return None;
        }
        let name = self.groups.view(*id).map(|view| format!("#{}", view.group.name));
        let group = name.unwrap_or_else(|| "the group".to_owned());
        Some(format!("you are not in {group} any more, and only members may fetch it"))
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
        let is_checked = self.files.fetches.get(&id).is_some_and(Fetch::is_checked);
        let why = match (stage, forget) {
            _ if is_checked && !forget => Some("all of it is here, and it is being checked just now"),
            _ if self.files.saving.contains_key(&id) => Some("it is being saved just now"),
            (Some(FileStage::Wanted), false) => {
                self.rest(id, None).await?;
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

    /// It rests until somebody asks again.
    async fn rest(&mut self, id: MessageId, why: Option<String>) -> Result<(), Fatal> {
        self.files.fetches.remove(&id);
        let target = self.files.known.get(&id).and_then(|known| known.target.clone());
        self.set_stage(id, FileStage::Paused, target, why).await
    }

    /// Asks for what is missing, of as many files at once as may be.
    pub(in crate::engine) async fn pull(&mut self) -> Result<(), Fatal> {
        if self.files.fetches.is_empty() {
            return Ok(());
        }
        let now = Instant::now();
        self.stop_waiting(now).await?;
        // Nobody is asked to whom nothing can be sealed: it would pile up.
        let can_answer = |source: &UserName| match *source == self.me.user {
            true => self.me.devices.len() > 1,
            false => self.people.is_online(source) && self.people.trusted(source).is_some(),
        };
        for id in self.files.turns(now, can_answer) {
            self.ask_for(id, now).await?;
        }
        Ok(())
    }

    /// Gives up waiting for what did not come in time, and asking those who never answer or may not.
    async fn stop_waiting(&mut self, now: Instant) -> Result<(), Fatal> {
        let fetches = self.files.fetches.iter_mut();
        let late = fetches.filter_map(|(id, fetch)| fetch.give_up_waiting(now).then_some(*id));
        for id in late.collect::<Vec<_>>() {
            let Some(fetch) = self.files.fetches.get(&id) else { continue };
            if !fetch.is_given_up() {
                self.tell_file(id).await;
                continue;
            }
            let who = match fetch.source == self.me.user {
                true => "no other device of yours answers".to_owned(),
                false => format!("{} does not answer", fetch.source),
            };
            self.rest(id, Some(format!("{who}; /save asks again"))).await?;
        }
        let not_let = self.files.fetches.iter().filter_map(|(id, fetch)| {
            let conversation = &self.files.known.get(id)?.conversation;
            Some((*id, self.is_not_let(conversation, &fetch.source)?))
        });
        for (id, why) in not_let.collect::<Vec<_>>() {
            self.fail_fetch(id, why, false).await?;
        }
        Ok(())
    }

    /// It is the turn of this file.
    async fn ask_for(&mut self, id: MessageId, now: Instant) -> Result<(), Fatal> {
        let Some(fetch) = self.files.fetches.get_mut(&id) else { return Ok(()) };
        let Part::Held(held) = &mut fetch.part else {
            fetch.part = Part::Looking;
            let (disk, file) = (self.files.disk.clone(), fetch.file.clone());
            self.files.aside(move || Done::Looked(id, disk.look(id, &file)));
            return Ok(());
        };
        let have = held.count();
        let Some(run) = held.missing() else { return Ok(()) };
        let source = fetch.source.clone();
        let word = FileWord::Pull { of: id, from: run.0, count: run.1, have };
        let letter = self.notice(Content::File(word));
        let draft = self.draft_to(&letter, &source).await?;
        self.store.queue(None, vec![draft], None, self.keys.changed()).await?;
        self.outbox.more();
        if let Some(fetch) = self.files.fetches.get_mut(&id) {
            (fetch.asked, fetch.turn_at) = (Some(Asked::now(letter.id, run, now)), Some(now));
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
                    // Where the broker lets anybody write in their name it may be another who sends that.
                    let why = "what comes is not the file that was offered; what came of it before stays, and \
                               /save goes on from there";
                    self.fail_fetch(id, why.into(), false).await?;
                }
                return Ok(());
            }
            Some(Err(fault)) => return self.fail_fetch(id, fault.to_string(), false).await,
            None => return Ok(()),
        }
        held.add(number);
        asked.left -= 1;
        asked.until = now + PATIENCE;
        let was_unanswered = std::mem::take(&mut fetch.barren) > 0;
        let (is_whole, have) = (held.is_whole(), bytes(held.count(), &fetch.file));
        if asked.left == 0 {
            fetch.run_came();
        }
        let is_time = was_unanswered || fetch.told.is_none_or(|told| now >= told + TOLD_EVERY);
        if let Some(known) = self.files.known.get_mut(&id) {
            known.have = have;
        }
        if is_time {
            fetch.told = Some(now);
            self.tell_file(id).await;
        }
        if is_whole {
            self.check(id);
            self.tell_file(id).await;
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
        let source = fetch.source.clone();
        self.files.fetches.remove(&id);
        match self.files.known.get(&id).and_then(|known| known.target.clone()) {
            Some(target) => self.save(id, target).await?,
            None => self.set_stage(id, FileStage::Here, None, None).await?,
        }
        if source != self.me.user {
            self.send_notice(source, Content::File(FileWord::Fetched { of: id })).await?;
        }
        self.make_room(id).await
    }

    /// A file cannot be had.
    pub(super) async fn fail_fetch(
        &mut self,
        id: MessageId,
        why: String,
        forget: bool,
    ) -> Result<(), Fatal> {
        self.files.fetches.remove(&id);
        if forget {
            let disk = self.files.disk.clone();
            aside(move || disk.forget(id)).await;
            if let Some(known) = self.files.known.get_mut(&id) {
                known.have = 0;
            }
        }
        let target = self.files.known.get(&id).and_then(|known| known.target.clone());
        self.set_stage(id, FileStage::Failed, target, Some(why)).await?;
        // What is left of it counts as all that is kept does.
        self.make_room(id).await
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
            self.fail_fetch(of, why, true).await?;
        }
        Ok(())
    }
}
