//! Finding the broker, and starting it when there is none.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::Error;
use super::home::{Home, Presence};

/// How long a broker may take from its start until it accepts connections.
pub(super) const START: Duration = Duration::from_secs(10);
/// How long a connection on this machine may take.
const CONNECT: Duration = Duration::from_secs(1);
/// How often the state of affairs is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(10);

/// Whether a broker that a person stopped is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revive {
    /// Yes: somebody starts Cooee, or asks to connect. That a person stopped it is forgotten.
    Always,
    /// No: nobody asked, a client lost its connection and tries again by itself.
    UnlessStopped,
}

/// The address of the broker that serves `data_dir`. Where none runs, it is started with `program` (the
/// `cooee` binary) and waited for, ten seconds at most. Of several that call at once, one starts it.
///
/// # Errors
/// [`Error::Stopped`] when a person stopped it and `revive` respects that; [`Error::NotReady`], with the
/// end of its log, when it does not come up.
pub async fn ensure_running(
    data_dir: &Path,
    program: &Path,
    revive: Revive,
) -> Result<SocketAddr, Error> {
    let home = Home::of(data_dir);
    let deadline = Instant::now() + START;
    // Whose turn it is to start it, and what was started.
    let mut turn = None;
    let mut child: Option<Child> = None;
    on_disk(&home, Home::create).await?;
    loop {
        match on_disk(&home, Home::look).await? {
            Presence::Present(record) if connects(record.address).await => return Ok(record.address),
            Presence::Present(_) | Presence::Starting => {}
            Presence::Absent => match &mut child {
                Some(started) => {
                    if let Ok(Some(status)) = started.try_wait() {
                        return Err(not_ready(&home, format!("ended ({status})")).await);
                    }
                }
                None if revive == Revive::UnlessStopped
                    && on_disk(&home, |home| Ok(home.is_marked_stopped())).await? =>
                {
                    return Err(Error::Stopped);
                }
                // The turn was got in an earlier round, so this look came after it: none runs.
                None if turn.is_some() => {
                    child = Some(spawn(&home, program, Life::Detached).await?);
                }
                None => turn = on_disk(&home, Home::try_turn).await?,
            },
        }
        if Instant::now() >= deadline {
            let how = format!("did not accept connections within {} s", START.as_secs());
            return Err(not_ready(&home, how).await);
        }
        sleep(LOOK).await;
    }
}

/// Whether somebody accepts connections there.
pub(super) async fn connects(address: SocketAddr) -> bool {
    matches!(timeout(CONNECT, TcpStream::connect(address)).await, Ok(Ok(_)))
}

/// How long a broker lives that is started here.
pub(super) enum Life {
    /// Until somebody stops it. It leaves our terminal by itself, first thing.
    Detached,
    /// Until we end. The keys of the terminal that make signals are for us alone.
    Tied,
}

/// Starts the broker, which says and reads nothing at our terminal.
pub(super) async fn spawn(home: &Home, program: &Path, life: Life) -> Result<Child, Error> {
    let log = on_disk(home, Home::open_log).await?;
    let failed = |source| Error::Spawn { program: program.to_owned(), source };
    // Absolute, because it starts in another directory.
    let program = std::path::absolute(program).map_err(failed)?;
    let data_dir = std::path::absolute(home.data_dir()).map_err(failed)?;
    let mut command = Command::new(&program);
    let how = match life {
        Life::Detached => {
            command.stdin(Stdio::null());
            "--detached"
        }
        Life::Tied => {
            command.stdin(Stdio::piped()).process_group(0);
            "--tied"
        }
    };
    command.args(["broker", "run", how, "--config", "/dev/null", "--data-dir"]);
    command.arg(data_dir).current_dir("/");
    // These are for clients, and none may keep the broker from starting.
    for variable in [
        "COOEE_USER",
        "COOEE_PROFILE",
        "COOEE_PASSPHRASE",
        "COOEE_NEW_PASSPHRASE",
        "COOEE_EXPORT_PASSPHRASE",
        "COOEE_BROKER",
        "COOEE_BROKER_PASSWORD",
        "COOEE_LOG_FILE",
    ] {
        command.env_remove(variable);
    }
    command.stdout(Stdio::null()).stderr(log);
    command.spawn().map_err(failed)
}

pub(super) async fn not_ready(home: &Home, how: String) -> Error {
    let tail = on_disk(home, |home| Ok(home.log_tail())).await.unwrap_or_default();
    Error::NotReady { how, log: home.log(), tail }
}

/// Runs `work` where it may block.
pub(super) async fn on_disk<T: Send + 'static>(
    home: &Home,
    work: impl FnOnce(&Home) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let home = home.clone();
    match tokio::task::spawn_blocking(move || work(&home)).await {
        Ok(done) => done,
        Err(e) => std::panic::resume_unwind(e.into_panic()),
    }
}
