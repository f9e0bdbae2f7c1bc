//! What the tests of this layer share: a store in a directory of its own, and values to put into it.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::{Changed, Draft, Incoming, Store, StoredGroup};
use crate::domain::{
    Body, ConversationId, DataKey, Delivery, DisplayName, GroupId, IdentityKey, Message, MessageId,
    MessageText, Profile, Standing, Timestamp, UserName,
};

/// A store in a directory of its own, which goes with it.
pub(super) struct Fixture {
    pub(super) store: Store,
    pub(super) dir: TempDir,
    runtime: Runtime,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("chat.db");
        Self::at(dir, &path)
    }

    /// The store of this file; the directory goes with the fixture.
    pub(super) fn at(dir: TempDir, path: &Path) -> Self {
        let store = Store::open(path, &key(1)).unwrap();
        Self { store, dir, runtime: Builder::new_current_thread().build().unwrap() }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.dir.path().join("chat.db")
    }

    /// Another connection to the file, past the store.
    pub(super) fn connection(&self) -> rusqlite::Connection {
        super::file::open(&self.path(), &key(1)).unwrap()
    }

    /// Waits for an answer.
    pub(super) fn wait<T>(&self, answer: impl Future<Output = T>) -> T {
        self.runtime.block_on(answer)
    }

    /// Closes the file and opens it again.
    pub(super) fn restart(&mut self) {
        self.wait(self.store.clone().close()).unwrap();
        self.store = Store::open(&self.path(), &key(1)).unwrap();
    }

    pub(super) fn receive(&self, messages: &[Message]) -> super::Received {
        let incoming = messages.iter().cloned().map(Incoming::Message).collect();
        self.wait(self.store.receive(incoming)).unwrap()
    }
}

/// One key or another.
pub(super) fn key(number: u8) -> DataKey {
    let fill = |key: &mut [u8; 32]| {
        key.fill(number);
        Ok::<_, std::convert::Infallible>(())
    };
    DataKey::filled(fill).unwrap()
}

pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(super) fn user(name: &str) -> UserName {
    name.parse().unwrap()
}

pub(super) fn direct(name: &str) -> ConversationId {
    ConversationId::Direct(user(name))
}

pub(super) fn id(number: u128) -> MessageId {
    MessageId::from_bytes(number.to_be_bytes())
}

/// A message of another: with this id, said to us by this user, at this time by their clock.
pub(super) fn said(number: u128, by: &str, sent_at: i64, text: &str) -> Message {
    let body = Body::Text(MessageText::new(text).unwrap());
    Message {
        received_at: at(9_999_999),
        unseen: true,
        ..Message::new(id(number), direct(by), user(by), at(sent_at), body)
    }
}

/// A message of ours, to this user.
pub(super) fn ours(number: u128, to: &str, sent_at: i64, text: &str) -> Message {
    let delivery = Some(Delivery::Queued);
    Message { conversation: direct(to), delivery, unseen: false, ..said(number, "me", sent_at, text) }
}

/// A draft of the letter of this number, which nobody has to confirm.
pub(super) fn draft(topic: &str, letter: u128) -> Draft {
    Draft {
        topic: topic.to_owned(),
        clear: topic.as_bytes().to_vec(),
        payload: None,
        letter: id(letter),
        to: direct("bob"),
        recipients: Vec::new(),
        number: None,
        ends_at: None,
    }
}

pub(super) fn profile(name: &str) -> Profile {
    Profile {
        user: user(name),
        identity: IdentityKey::from_bytes([7; 32]),
        version: 1,
        display_name: DisplayName::new(&format!("{name} 水 👍")).unwrap(),
        mobile: None,
        registered_at: at(1_000),
        devices: Vec::new(),
    }
}

pub(super) fn group(number: u128) -> StoredGroup {
    StoredGroup {
        id: GroupId::from_bits(number),
        signed: vec![b"{\"a\":\"team 'x'\"}".as_slice().into(), b"{\"b\":2}".as_slice().into()],
        standing: Standing::Invited(user("ann")),
        unsubscribe: false,
    }
}

/// The same, as something that we did left it: bob alone is in.
pub(super) fn changed(number: u128) -> Changed {
    Changed { group: group(number), members: vec![user("bob")] }
}
