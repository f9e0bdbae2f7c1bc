//! The front ends that watch a session.

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::command::Ticket;
use super::update::{Stored, Update};
use crate::domain::Message;

/// Which front end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FaceId(pub u64);

impl FaceId {
    /// The front end that started the session.
    pub const FIRST: Self = Self(0);
    /// None of them.
    pub const NOBODY: Self = Self(u64::MAX);
}

struct Face {
    id: FaceId,
    updates: mpsc::Sender<Update>,
}

/// The front ends that watch a session. The first is the one that started it, and ends it when it goes.
///
/// The engine waits for the first when it is slow. It does not wait for the others: one that falls
/// behind by a whole channel is dropped, and sees its channel close.
#[derive(Default)]
pub(super) struct Faces {
    faces: Vec<Face>,
}

impl Faces {
    pub fn attach(&mut self, id: FaceId, updates: mpsc::Sender<Update>) {
        self.faces.push(Face { id, updates });
    }

    pub fn detach(&mut self, id: FaceId) {
        self.faces.retain(|face| face.id != id);
    }

    /// Tells all of them.
    pub async fn tell(&mut self, update: Update) {
        self.tell_each(|_| update.clone()).await;
    }

    /// Tells one of them.
    pub async fn answer(&mut self, id: FaceId, update: Update) {
        let Some(at) = self.faces.iter().position(|face| face.id == id) else { return };
        self.send(at, update).await;
    }

    /// What reaches one of them: for an answer that takes a while to work out.
    pub fn reach(&self, id: FaceId) -> Option<mpsc::Sender<Update>> {
        self.faces.iter().find(|face| face.id == id).map(|face| face.updates.clone())
    }

    /// Tells all of them of new messages, and the one who wrote one its ticket.
    pub async fn tell_stored(&mut self, messages: Vec<Message>, author: Option<(FaceId, Ticket)>) {
        if messages.is_empty() {
            return;
        }
        self.tell_each(|id| {
            let ticket = author.filter(|(face, _)| *face == id).map(|(_, ticket)| ticket);
            let stored = |message: &Message| Stored { message: message.clone(), ticket };
            Update::Stored(messages.iter().map(stored).collect())
        })
        .await;
    }

    /// Tells those who joined that the session ends. The first hears of it last, through what this
    /// returns: when it does, everything is written down and the account is free.
    pub async fn part(mut self, last: &Update) -> Option<mpsc::Sender<Update>> {
        for at in (1..self.faces.len()).rev() {
            self.send(at, last.clone()).await;
        }
        let first = self.faces.into_iter().next()?;
        (first.id == FaceId::FIRST).then_some(first.updates)
    }

    async fn tell_each(&mut self, update: impl Fn(FaceId) -> Update) {
        for at in (0..self.faces.len()).rev() {
            let update = update(self.faces[at].id);
            self.send(at, update).await;
        }
    }

    async fn send(&mut self, at: usize, update: Update) {
        let face = &self.faces[at];
        let gone = if at == 0 {
            face.updates.send(update).await.is_err()
        } else {
            match face.updates.try_send(update) {
                Ok(()) => false,
                Err(TrySendError::Closed(_)) => true,
                Err(TrySendError::Full(_)) => {
                    tracing::warn!(face = face.id.0, "a front end fell behind and was dropped");
                    true
                }
            }
        };
        // The first keeps its place: it is gone when it detaches, which ends the session.
        if gone && at != 0 {
            self.faces.remove(at);
        }
    }
}
