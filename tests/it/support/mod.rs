//! What the tests of more than one part share: brokers, people, and waiting with a deadline.

pub mod breakers;
pub mod clock;
pub mod cluster;
pub mod desk;
pub mod desktop;
pub mod external;
pub mod person;
pub mod proxy;
pub mod puppet;
pub mod recorder;
pub mod terminal;
pub mod vandal;
pub mod world;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use cooee::mqtt::{Address, Dial, DialError, Dialer, Login};
use cooee::store::Store;

/// How long anything may take before a test gives up. Generous: it is spent only by a test that fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The password of somebody in the tests who has no account with a credential of its own.
pub const CREDENTIAL: &str = "nobody in the tests has to guess this one";

/// Dials this address, for those who speak MQTT without Cooee.
pub struct To(pub Address);

impl To {
    /// This port of 127.0.0.1. Brokers with logins know us as this user.
    pub fn new(port: u16, user: &str, password: &str) -> Self {
        let login = Login { user: user.to_owned(), password: password.to_owned(), own: false };
        Self(Address { login: Some(login), ..Address::plain("127.0.0.1", port) })
    }
}

impl Dialer for To {
    async fn dial(&mut self, _: bool) -> Result<Dial, DialError> {
        Ok(Dial { address: self.0.clone(), will: None, epoch: 0 })
    }
}

/// The credential of whoever signed up in this data directory under this name.
pub async fn credential(data_dir: &Path, user: &str) -> Option<String> {
    let database = data_dir.join("accounts").join(user).join("chat.db");
    if !database.exists() {
        return None;
    }
    let key = world::data_key(data_dir, user);
    let store = Store::open(&database, &key).unwrap();
    let account = store.account().await.unwrap();
    store.close().await.unwrap();
    account.map(|account| account.credential)
}

/// Waits until a file says what is awaited. The CSV files follow what a session tells, a moment later.
pub async fn until_file(path: &Path, shown: impl Fn(&str) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        if shown(&text) {
            return;
        }
        assert!(Instant::now() < deadline, "{} does not say it in time:\n{text}", path.display());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
