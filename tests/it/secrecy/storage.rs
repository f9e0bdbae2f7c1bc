//! A store in a directory of its own.

use cooee::crypto::vault;
use cooee::store::{Incoming, Received, Store};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// A store in a directory of its own, which goes with it.
pub struct Storage {
    store: Store,
    runtime: Runtime,
    _dir: TempDir,
}

impl Storage {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("chat.db"), &vault::new_key().unwrap()).unwrap();
        Self { store, runtime: Builder::new_current_thread().build().unwrap(), _dir: dir }
    }

    pub fn receive(&self, incoming: Vec<Incoming>) -> Received {
        self.runtime.block_on(self.store.receive(incoming)).unwrap()
    }
}
