//! What the tests of more than one part share: brokers, people, and waiting with a deadline.

pub mod desk;
pub mod mosquitto;
pub mod person;
pub mod proxy;
pub mod terminal;
pub mod world;

use std::time::Duration;

/// How long anything may take before a test gives up. Generous: it is spent only by a test that fails.
pub const PATIENCE: Duration = Duration::from_secs(30);
