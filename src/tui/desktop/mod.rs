//! Shows calls on the desktop over D-Bus, one for each chat: the newest replaces the one before.
//!
//! Nothing of it runs before the first call. Whoever calls never waits: a task talks to the bus, and gives back what it
//! could not show in time, for the terminal to show.

#[cfg(all(feature = "desktop", unix, not(target_os = "macos")))]
mod bus;
#[cfg(not(all(feature = "desktop", unix, not(target_os = "macos"))))]
#[path = "left_out.rs"]
mod bus;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::app::Alert;
use bus::Bus;

/// How many calls may wait for the bus. There is one a second at most.
const WAITING: usize = 8;

/// From when on a bus counts as one that does not answer.
const SLOW: Duration = Duration::from_secs(1);

/// How long one that does not answer is left alone.
const REST: Duration = Duration::from_secs(30);

/// The way to the desktop.
#[derive(Debug)]
pub struct Desktop {
    calls: Option<mpsc::Sender<Alert>>,
    back: mpsc::Sender<Alert>,
    unshown: mpsc::Receiver<Alert>,
}

impl Desktop {
    /// Nothing is done before the first call.
    pub fn new() -> Self {
        let (back, unshown) = mpsc::channel(WAITING);
        Self { calls: None, back, unshown }
    }

    /// Has a call shown. It is given back, now or later by [`Self::unshown`], where that is not possible.
    pub fn show(&mut self, alert: Alert) -> Result<(), Alert> {
        let calls = self.calls.get_or_insert_with(|| {
            let (calls, wanted) = mpsc::channel(WAITING);
            tokio::spawn(work(wanted, self.back.clone()));
            calls
        });
        calls.try_send(alert).map_err(mpsc::error::TrySendError::into_inner)
    }

    /// The next call that could not be shown.
    pub async fn unshown(&mut self) -> Alert {
        match self.unshown.recv().await {
            Some(alert) => alert,
            // We hold a sender ourselves.
            None => std::future::pending().await,
        }
    }
}

async fn work(mut wanted: mpsc::Receiver<Alert>, back: mpsc::Sender<Alert>) {
    let mut bus = Bus::default();
    let mut rests_until = None;
    while let Some(alert) = wanted.recv().await {
        // What waited meanwhile is not to wait for the same silence.
        let began = Instant::now();
        let rests = rests_until.is_some_and(|until| Instant::now() < until);
        let shown = match rests {
            true => false,
            false => match bus.show(&alert).await {
                Ok(()) => true,
                Err(why) => {
                    tracing::warn!(
                        why,
                        "the desktop shows nothing over D-Bus; the terminal does instead"
                    );
                    // One that says no at once costs nobody anything.
                    rests_until = (began.elapsed() >= SLOW).then(|| Instant::now() + REST);
                    false
                }
            },
        };
        if !shown && back.send(alert).await.is_err() {
            return;
        }
    }
}
