//! Saving files that are here, where a person wants them.
//!
//! Where to is in the database until it is done: what a session could not end is done by the next.

use std::path::PathBuf;

use super::super::core::{Core, Fatal};
use super::super::update::{Notice, Update};
use super::disk::Fault;
use super::{Done, Files, aside};
use crate::domain::MessageId;
use crate::store::FileStage;

/// A file that is being saved.
pub(super) struct Saving {
    pub target: String,
    /// As what it was saved before.
    before: Option<String>,
}

impl Files {
    /// Goes on with what the last session did not end.
    pub(super) fn resume_saving(&mut self) {
        let is_to_be_saved = |stage| matches!(stage, FileStage::Here | FileStage::Shared);
        let known = self.known.iter().filter(|(_, known)| is_to_be_saved(known.stage));
        let targets = known.filter_map(|(id, known)| Some((*id, known.target.clone()?)));
        for (id, target) in targets.collect::<Vec<_>>() {
            self.save(id, target, None);
        }
    }

    fn save(&mut self, id: MessageId, target: String, before: Option<String>) {
        let Some(file) = self.known.get(&id).map(|known| known.file.clone()) else { return };
        let (disk, place) = (self.disk.clone(), PathBuf::from(&target));
        self.saving.insert(id, Saving { target, before });
        self.aside(move || Done::Saved(id, disk.save(id, &file, &place)));
    }
}

impl Core {
    /// Saves a file that is here and known.
    pub(super) async fn save(&mut self, id: MessageId, target: String) -> Result<(), Fatal> {
        let Some(known) = self.files.known.get_mut(&id) else { return Ok(()) };
        let (stage, before) = match known.stage {
            FileStage::Shared => (FileStage::Shared, None),
            FileStage::Saved => (FileStage::Here, known.target.take()),
            _ => (FileStage::Here, None),
        };
        self.set_stage(id, stage, Some(target.clone()), None).await?;
        self.files.save(id, target, before);
        Ok(())
    }

    pub(super) async fn on_saved(
        &mut self,
        id: MessageId,
        result: Result<PathBuf, Fault>,
    ) -> Result<(), Fatal> {
        let before = self.files.saving.remove(&id).and_then(|saving| saving.before);
        let Some(known) = self.files.known.get(&id) else { return Ok(()) };
        let name = known.file.name.clone();
        let is_ours = known.stage == FileStage::Shared;
        let outcome = match result {
            Ok(path) => {
                let path = path.display().to_string();
                match is_ours {
                    true => {
                        self.set_stage(id, FileStage::Shared, None, None).await?;
                        let words = format!("`{name}` is saved as {path}");
                        self.faces.tell(Update::Notice(Notice::Info(words))).await;
                    }
                    false => self.set_stage(id, FileStage::Saved, Some(path.clone()), None).await?,
                }
                Ok(path)
            }
            Err(fault) => {
                let why = fault.to_string();
                // Nothing is left of it then.
                match (matches!(fault, Fault::Altered | Fault::WrongHash), is_ours) {
                    (true, true) => {
                        let disk = self.files.disk.clone();
                        aside(move || disk.forget(id)).await;
                        self.files.serves.forget_file(id);
                        self.set_stage(id, FileStage::NotKept, None, None).await?;
                    }
                    (true, false) => self.fail_fetch(id, why.clone(), true).await?,
                    (false, true) => self.set_stage(id, FileStage::Shared, None, None).await?,
                    (false, false) if before.is_some() => {
                        self.set_stage(id, FileStage::Saved, before, None).await?;
                    }
                    (false, false) => self.set_stage(id, FileStage::Here, None, None).await?,
                }
                Err(format!("`{name}` is not saved: {why}"))
            }
        };
        self.faces.tell(Update::FileSaved { message: id, outcome }).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::disk::Disk;
    use super::*;
    use crate::domain::{Body, ConversationId, Message, MessageText, Timestamp};
    use crate::store::StoredFile;

    #[tokio::test]
    async fn what_a_session_did_not_end_is_saved_by_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let (disk, id) = (Disk::new(dir.path()), MessageId::from_bytes([1; 16]));
        let source = dir.path().join("plan.pdf");
        fs::write(&source, "valve 3 first").unwrap();
        let (sealed, file) = disk.seal(&source, 100).unwrap();
        disk.adopt(sealed, id).unwrap();
        let now = Timestamp::from_millis(0);
        let message = Message {
            file: Some(file),
            ..Message::new(
                id,
                ConversationId::Direct("bob".parse().unwrap()),
                "bob".parse().unwrap(),
                now,
                Body::Text(MessageText::new("plan.pdf").unwrap()),
            )
        };
        let stored = |stage, target: Option<&str>| {
            let target = target.map(|name| format!("{}/{name}", dir.path().display()));
            vec![StoredFile { message: message.clone(), stage, target, why: None, takers: Vec::new() }]
        };
        for (stage, name) in [(FileStage::Here, "a.pdf"), (FileStage::Shared, "b.pdf")] {
            let (_files, mut done) = Files::open(dir.path(), stored(stage, Some(name)));
            let Some(Done::Saved(_, Ok(path))) = done.recv().await else { panic!("it is not saved") };
            assert_eq!(path, dir.path().join(name));
            assert_eq!(fs::read(path).unwrap(), b"valve 3 first");
        }
        for (stage, target) in [(FileStage::Here, None), (FileStage::Saved, Some("c.pdf"))] {
            let (files, _done) = Files::open(dir.path(), stored(stage, target));
            assert!(files.saving.is_empty(), "nobody waits for that");
        }
    }
}
