//! Answering those who pull files of ours.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::super::core::{Core, Fatal};
use super::super::mail::Sender;
use super::super::outgoing::Token;
use super::window::Window;
use super::{aside, bytes};
use crate::crypto::file::Layout;
use crate::domain::{ConversationId, MessageId, UserName};
use crate::mqtt::{Outcome, Publish, Request};
use crate::protocol::{Chunk, Content, FileWord, Topic, encode_chunk};
use crate::store::FileStage;

/// Most questions that are being answered at once; more are asked again.
const MOST: usize = 64;

/// How long the broker may hold a chunk back: whoever went away meanwhile asks again.
const EXPIRY: Duration = Duration::from_secs(60);

/// A run of chunks that somebody asked for.
struct Serve {
    to: Sender,
    of: MessageId,
    pull: MessageId,
    next: u32,
    end: u32,
}

/// What is being sent, and how much of it is under way.
#[derive(Default)]
pub(super) struct Serves {
    queue: VecDeque<Serve>,
    window: Window,
}

impl Serves {
    /// Somebody asks: in place of what they asked of the same file before.
    fn push(&mut self, serve: Serve) {
        self.queue.retain(|other| (&other.to, other.of) != (&serve.to, serve.of));
        if self.queue.len() < MOST {
            self.queue.push_back(serve);
        }
    }

    pub fn forget(&mut self, user: &UserName) {
        self.queue.retain(|serve| serve.to.0 != *user);
    }

    pub fn forget_file(&mut self, id: MessageId) {
        self.queue.retain(|serve| serve.of != id);
    }
}

/// What somebody asks for.
pub(in crate::engine) struct Pull {
    pub of: MessageId,
    /// The letter that asks.
    pub letter: MessageId,
    pub from: u32,
    pub count: u32,
    pub have: u32,
}

impl Core {
    /// Somebody asks for chunks of a file.
    pub(in crate::engine) async fn on_pull(&mut self, from: Sender, pull: Pull) -> Result<(), Fatal> {
        let Pull { of, letter, from: first, count, have } = pull;
        if !self.may_pull(of, &from.0).await? {
            tracing::warn!(user = %from.0, "asks for a file that they were not sent");
            return Ok(());
        }
        let known = self.files.known.get_mut(&of).filter(|known| known.stage == FileStage::Shared);
        let Some(known) = known else {
            // Another device of ours may have it.
            if from.0 == self.me.user {
                return Ok(());
            }
            return self.send_notice(from.0, Content::File(FileWord::Gone { of })).await;
        };
        let chunks = Layout::of(known.file.size).chunks();
        let end = first.saturating_add(count).min(chunks);
        if first < end {
            if from.0 != self.me.user {
                let have = bytes(have.min(chunks - 1), &known.file);
                let size = known.file.size;
                // Of what is empty nobody has a part: they have it when they say so.
                if have < size {
                    let taken = known.takers.entry(from.0.clone()).or_default();
                    // Whoever has it all, and lost it, does not make that undone.
                    *taken = have.max(if *taken == size { *taken } else { 0 });
                }
            }
            self.files.serves.push(Serve { to: from, of, pull: letter, next: first, end });
            self.tell_file(of).await;
        }
        Ok(())
    }

    /// Whether a file of ours was offered to this user, and they may still have it.
    async fn may_pull(&mut self, of: MessageId, user: &UserName) -> Result<bool, Fatal> {
        if *user == self.me.user {
            return Ok(true);
        }
        if self.people.is_blocked(user) || !self.store.was_for(of, user.clone()).await? {
            return Ok(false);
        }
        Ok(match self.files.known.get(&of).map(|known| &known.conversation) {
            Some(ConversationId::Group(id)) => self.others_in(*id).contains(user),
            _ => true,
        })
    }

    /// Somebody has all of a file of ours.
    pub(in crate::engine) async fn on_fetched(
        &mut self,
        of: MessageId,
        user: UserName,
    ) -> Result<(), Fatal> {
        if user == self.me.user || !self.may_pull(of, &user).await? {
            return Ok(());
        }
        if let Some(known) = self.files.known.get_mut(&of) {
            known.takers.insert(user.clone(), known.file.size);
            self.store.note_taker(of, user).await?;
            self.tell_file(of).await;
        }
        Ok(())
    }

    /// Sends chunks that were asked for, as far as the window allows: of each file in turn.
    pub(in crate::engine) async fn serve(&mut self) -> Result<(), Fatal> {
        while self.files.serves.window.has_room() {
            let Some(mut serve) = self.files.serves.queue.pop_front() else { break };
            let Some(known) = self.files.known.get(&serve.of) else { continue };
            let (disk, of, size, next) =
                (self.files.disk.clone(), serve.of, known.file.size, serve.next);
            let Some(Ok(sealed)) = aside(move || disk.chunk(of, size, next)).await else {
                tracing::error!(message = %serve.of, "a file of ours cannot be read any more");
                self.files.serves.forget_file(of);
                self.set_stage(of, FileStage::NotKept, None, None).await?;
                self.send_notice(serve.to.0, Content::File(FileWord::Gone { of })).await?;
                continue;
            };
            let (to, from) = (serve.to.0.clone(), self.me.user.clone());
            let topic = self.topic(&Topic::Inbox { to, from, device: self.device });
            let payload = encode_chunk(&Chunk { pull: serve.pull, number: next, sealed: &sealed });
            let token = Some(Token::Chunk.into());
            let publish = Publish { topic, payload, retain: false, expiry: Some(EXPIRY), token };
            self.files.serves.window.sent(Instant::now());
            self.ask(Request::Publish(publish)).await;
            serve.next += 1;
            if serve.next < serve.end {
                self.files.serves.queue.push_back(serve);
            }
        }
        Ok(())
    }

    /// The broker answered a chunk. What it did not take is asked for again.
    pub(in crate::engine) fn on_chunk_published(&mut self, outcome: &Outcome) {
        self.files.serves.window.answered(Instant::now());
        if let Outcome::Refused(why) = outcome {
            tracing::warn!(%why, "the broker refuses a part of a file");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DeviceId;

    fn serve(user: &str, of: u8, next: u32) -> Serve {
        let to = (user.parse().unwrap(), DeviceId::from_bits(1));
        let pull = MessageId::from_bytes([99; 16]);
        Serve { to, of: MessageId::from_bytes([of; 16]), pull, next, end: next + 5 }
    }

    #[test]
    fn nobody_piles_up_questions() {
        let mut serves = Serves::default();
        for next in 0..1_000 {
            serves.push(serve("bob", 1, next));
        }
        assert_eq!(serves.queue.len(), 1);
        assert_eq!(serves.queue[0].next, 999, "the last one counts");
        for file in 0..=255 {
            serves.push(serve("bob", file, 0));
        }
        assert_eq!(serves.queue.len(), MOST);
        serves.forget_file(MessageId::from_bytes([7; 16]));
        assert_eq!(serves.queue.len(), MOST - 1);
        serves.push(serve("carol", 7, 0));
        serves.forget(&"bob".parse().unwrap());
        assert_eq!(serves.queue.len(), 1);
    }
}
