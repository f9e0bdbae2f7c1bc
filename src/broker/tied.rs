//! A broker that lives no longer than whoever started it, however that ends.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use super::Error;
use super::home::{Home, Presence};
use super::start::{LOOK, Life, START, connects, not_ready, on_disk, spawn};

/// How long the end may take before the process is killed.
const END: Duration = Duration::from_secs(10);

/// A broker that ends with us: it holds the other end of a pipe, which the kernel closes when we die. So it ends also
/// after `kill -9`.
#[derive(Debug)]
pub struct Tied {
    child: Child,
    address: SocketAddr,
}

impl Tied {
    /// Starts one for `data_dir`, which has none, with `program` (the `cooee` binary), and waits until it accepts
    /// connections, ten seconds at most.
    ///
    /// # Errors
    /// [`Error::NotReady`], with the end of its log, when it does not come up.
    pub async fn start(data_dir: &Path, program: &Path) -> Result<Self, Error> {
        let home = Home::of(data_dir);
        on_disk(&home, Home::create).await?;
        let mut child = spawn(&home, program, Life::Tied).await?;
        let deadline = Instant::now() + START;
        loop {
            if let Presence::Present(record) = on_disk(&home, Home::look).await?
                && connects(record.address).await
            {
                return Ok(Self { child, address: record.address });
            }
            if let Ok(Some(status)) = child.try_wait() {
                return Err(not_ready(&home, format!("ended ({status})")).await);
            }
            if Instant::now() >= deadline {
                let how = format!("did not accept connections within {} s", START.as_secs());
                return Err(not_ready(&home, how).await);
            }
            sleep(LOOK).await;
        }
    }

    /// Where it listens, for this machine alone.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it, and returns when it is gone.
    pub async fn end(mut self) {
        drop(self.child.stdin.take());
        if timeout(END, self.child.wait()).await.is_err() {
            tracing::warn!("the broker did not end in time, and is killed");
            let _ = self.child.kill().await;
        }
    }
}
