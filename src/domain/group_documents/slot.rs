//! The one document of an author that is kept, or two if they contradict each other.

use super::document::{Document, Held};

/// The document of the highest version of one author.
///
/// Joining two slots takes the greater version, and of one version the two greatest contents. That is a
/// maximum, so no order and no repetition makes a difference; and both halves of a contradiction stay at
/// hand, so whoever is sent them sees it too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    best: Held<Document>,
    /// Another content that was signed as the same version.
    second: Option<Held<Document>>,
}

impl Slot {
    pub fn new(best: Held<Document>) -> Self {
        Self { best, second: None }
    }

    /// The one that counts.
    pub fn document(&self) -> &Document {
        &self.best.content
    }

    /// Whether the author signed two contents as one version.
    pub fn contradicts_itself(&self) -> bool {
        self.second.is_some()
    }

    pub fn held(&self) -> impl Iterator<Item = &Held<Document>> {
        [Some(&self.best), self.second.as_ref()].into_iter().flatten()
    }

    /// Takes in another document of the same author; says whether anything changed.
    pub fn insert(&mut self, new: Held<Document>) -> bool {
        let version = |held: &Held<Document>| held.content.version;
        if version(&new) != version(&self.best) {
            let newer = version(&new) > version(&self.best);
            if newer {
                *self = Self::new(new);
            }
            return newer;
        }
        for held in [Some(&mut self.best), self.second.as_mut()].into_iter().flatten() {
            // One content may have been signed several times: the choice must be the same for everybody.
            if held.content == new.content {
                let greater = new.bytes > held.bytes;
                if greater {
                    *held = new;
                }
                return greater;
            }
        }
        let (best, other) = if new.content > self.best.content {
            (new, self.best.clone())
        } else {
            (self.best.clone(), new)
        };
        let replaces = self.second.as_ref().is_none_or(|second| other.content > second.content);
        if replaces {
            *self = Self { best, second: Some(other) };
        }
        replaces
    }
}
