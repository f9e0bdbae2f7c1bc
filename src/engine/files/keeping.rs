//! How much is kept of files, and what goes when that is too much.

use super::super::core::{Core, Fatal};
use super::aside;
use crate::domain::MessageId;
use crate::store::FileStage;

impl Core {
    /// How many bytes are kept: of what is whole, of parts that rest or failed, and all that is still to come of what is
    /// being fetched.
    pub(super) async fn kept(&mut self) -> u64 {
        let disk = self.files.disk.clone();
        let entries = aside(move || disk.entries()).await.unwrap_or_default();
        let fetches = &self.files.fetches;
        let there = entries.iter().filter(|entry| !entry.is_part || !fetches.contains_key(&entry.id));
        let coming: u64 = fetches.values().map(|fetch| fetch.file.size).sum();
        there.map(|entry| entry.size).sum::<u64>().saturating_add(coming)
    }

    /// Keeps what is sealed within its budget; this one stays. What is left of those that failed goes first, then the
    /// oldest, but nothing that somebody fetched and did not save, nor what still comes.
    pub(super) async fn make_room(&mut self, stays: MessageId) -> Result<(), Fatal> {
        let disk = self.files.disk.clone();
        let mut entries = aside(move || disk.entries()).await.unwrap_or_default();
        let stage = |core: &Self, id| core.files.known.get(&id).map(|known| known.stage);
        entries.sort_by_key(|entry| stage(self, entry.id) != Some(FileStage::Failed));
        let mut total: u64 = entries.iter().map(|entry| entry.size).sum();
        for entry in entries {
            if total <= self.setup.files.keep {
                break;
            }
            let stage = stage(self, entry.id);
            let may_go = match entry.is_part {
                true => matches!(stage, None | Some(FileStage::Failed)),
                false => matches!(stage, None | Some(FileStage::Shared | FileStage::Saved)),
            };
            if entry.id == stays || self.files.saving.contains_key(&entry.id) || !may_go {
                continue;
            }
            let disk = self.files.disk.clone();
            aside(move || disk.forget(entry.id)).await;
            total = total.saturating_sub(entry.size);
            if let Some(known) = self.files.known.get_mut(&entry.id) {
                known.have = 0;
            }
            if stage == Some(FileStage::Shared) {
                self.files.serves.forget_file(entry.id);
                self.set_stage(entry.id, FileStage::NotKept, None, None).await?;
            }
        }
        Ok(())
    }
}
