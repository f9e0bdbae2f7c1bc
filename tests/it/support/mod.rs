//! What the tests of more than one part share: brokers, people, and waiting with a deadline.

pub mod clock;
pub mod cluster;
pub mod desk;
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

use cooee::mqtt::{Address, Dial, DialError, Dialer};

/// How long anything may take before a test gives up. Generous: it is spent only by a test that fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Dials this port of 127.0.0.1, for those who speak MQTT without an account.
pub struct To(pub u16);

impl Dialer for To {
    async fn dial(&mut self, _: bool) -> Result<Dial, DialError> {
        let address = Address { host: "127.0.0.1".into(), port: self.0, tls: false, login: None };
        Ok(Dial { address, will: None, epoch: 0 })
    }
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
