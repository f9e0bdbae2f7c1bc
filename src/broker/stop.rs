//! Stopping the broker of a data directory.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::Error;
use super::home::{Home, Presence, Record};

/// How long it may take to write everything down: the library takes five seconds at most for its part.
const STOP: Duration = Duration::from_secs(15);
/// How long a broker may take from its start until it says which process it is.
const NAME: Duration = Duration::from_secs(10);
/// How long somebody else may take to start or stop it.
const TURN: Duration = Duration::from_secs(12);
/// How often the state of affairs is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// What [`stop`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Nothing ran.
    NothingRan,
    /// This process ran, and is gone.
    Process(u32),
}

/// Stops the broker that serves `data_dir` and returns when it has written everything down and is gone.
/// Clients that try again by themselves do not start it again ([`super::Revive`]). It blocks.
///
/// # Errors
/// When its files cannot be used or it does not stop in time.
pub fn stop(data_dir: &Path) -> Result<Stopped, Error> {
    let home = Home::of(data_dir);
    if !home.exists() {
        return Ok(Stopped::NothingRan);
    }
    // With the turn in hand nobody else is starting it. Who hangs with the turn must not save it.
    let mut turn = None;
    wait(TURN, || {
        turn = home.try_turn()?;
        Ok(turn.is_some())
    })?;
    home.mark_stopped(true)?;

    let mut running: Option<Record> = None;
    let known = wait(NAME, || {
        Ok(match home.look()? {
            Presence::Absent => true,
            Presence::Starting => false,
            Presence::Present(record) => {
                running = Some(record);
                true
            }
        })
    })?;
    if !known {
        return Err(Error::Nameless { lock: home.lock(), seconds: NAME.as_secs() });
    }
    let Some(record) = running else { return Ok(Stopped::NothingRan) };
    // Looked at a moment ago, with the lock held: this is the process of the broker.
    let pid = i32::try_from(record.pid).ok().and_then(Pid::from_raw);
    let told = match pid {
        Some(pid) => kill_process(pid, Signal::TERM).or_else(|e| match e {
            rustix::io::Errno::SRCH => Ok(()),
            e => Err(e),
        }),
        None => Err(rustix::io::Errno::INVAL),
    };
    told.map_err(|e| Error::File {
        doing: "stop the process in",
        path: home.record(),
        source: e.into(),
    })?;
    let gone = wait(STOP, || match home.look()? {
        Presence::Present(now) => Ok(now.instance != record.instance),
        Presence::Starting | Presence::Absent => Ok(true),
    })?;
    match gone {
        true => Ok(Stopped::Process(record.pid)),
        false => Err(Error::StillRunning { pid: record.pid, seconds: STOP.as_secs() }),
    }
}

/// Waits until `done`; `false` when it is not within `limit`.
fn wait(limit: Duration, mut done: impl FnMut() -> Result<bool, Error>) -> Result<bool, Error> {
    let deadline = Instant::now() + limit;
    loop {
        if done()? {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        sleep(LOOK);
    }
}
