//! Joining a session that another process runs: commands and updates as JSON lines over a Unix socket.
//!
//! So one account runs in one process, and a script can still send from it while the messenger is open.
//! The socket lies in the account's directory, which is readable by its owner alone. What goes over it is
//! between two processes of the same version and no stable format.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_util::codec::{Framed, LinesCodec};

use super::command::Command;
use super::core::Input;
use super::faces::FaceId;
use super::session::{CHANNEL, Session, face};
use super::update::Update;

/// Longest line that is read: a page of 500 messages of 16 KiB, escaped, fits.
const LINE: usize = 64 * 1024 * 1024;

/// Most processes that may have joined at once.
const VISITORS: usize = 64;

/// How long those who joined may take to hear that the session ended.
const FAREWELL: Duration = Duration::from_secs(1);

/// The open door; closes when dropped.
pub(super) struct Door {
    path: PathBuf,
    /// Goes when the door closes.
    open: Option<oneshot::Sender<()>>,
    listening: JoinHandle<()>,
}

impl Door {
    /// Lets nobody in any more, and waits until those who joined have heard all that they were told.
    pub async fn close(mut self) {
        self.open = None;
        if timeout(FAREWELL, &mut self.listening).await.is_err() {
            tracing::warn!("somebody who joined does not listen");
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.listening.abort();
        let _ = fs::remove_file(&self.path);
    }
}

/// Lets other processes in. Where that cannot be (a path that is too long for a socket), the session
/// runs all the same, and nobody can join it.
pub(super) fn serve(path: &Path, inputs: mpsc::Sender<(FaceId, Input)>) -> Option<Door> {
    // We hold the account's lock, so whatever lies there is of a process that died.
    let _ = fs::remove_file(path);
    let listener = match UnixListener::bind(path) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "nobody can join this session");
            return None;
        }
    };
    let (open, closed) = oneshot::channel();
    let listening = tokio::spawn(let_in(listener, inputs, closed));
    Some(Door { path: path.to_owned(), open: Some(open), listening })
}

async fn let_in(
    listener: UnixListener,
    inputs: mpsc::Sender<(FaceId, Input)>,
    mut closed: oneshot::Receiver<()>,
) {
    let mut visitors = JoinSet::new();
    let mut next = FaceId::FIRST.0;
    loop {
        let stream = tokio::select! {
            Ok((stream, _)) = listener.accept() => stream,
            // Collected as they go, so that only those who are here count.
            Some(_) = visitors.join_next() => continue,
            _ = &mut closed => break,
        };
        if visitors.len() < VISITORS {
            next += 1;
            let session = face(FaceId(next), &inputs).await;
            visitors.spawn(host(stream, session));
        }
    }
    drop((listener, inputs));
    while visitors.join_next().await.is_some() {}
}

/// Passes lines to and fro for one visitor.
async fn host(stream: UnixStream, session: Session) {
    let Session { commands, mut updates } = session;
    let (mut sink, mut lines) = Framed::new(stream, LinesCodec::new_with_max_length(LINE)).split();
    loop {
        tokio::select! {
            update = updates.recv() => {
                let Some(update) = update else { return };
                let Ok(line) = serde_json::to_string(&update) else { return };
                let last = matches!(update, Update::Stopped(_));
                if sink.send(line).await.is_err() || last {
                    return;
                }
            }
            line = lines.next() => {
                let Some(Ok(line)) = line else { return };
                match serde_json::from_str::<Command>(&line) {
                    Ok(command) => if commands.send(command).await.is_err() { return },
                    Err(error) => {
                        tracing::warn!(%error, "a visitor sent what is no command");
                        return;
                    }
                }
            }
        }
    }
}

/// Joins the session behind this socket. A session that ends before it has said its first word is none.
pub(super) async fn connect(path: &Path) -> io::Result<Session> {
    let stream = UnixStream::connect(path).await?;
    let (mut sink, mut lines) = Framed::new(stream, LinesCodec::new_with_max_length(LINE)).split();
    let (commands, mut commands_rx) = mpsc::channel::<Command>(64);
    let (updates_tx, updates) = mpsc::channel(CHANNEL);
    let welcome = lines.next().await.and_then(Result::ok);
    let welcome = welcome.and_then(|line| serde_json::from_str::<Update>(&line).ok());
    let _ = updates_tx.try_send(welcome.ok_or(io::ErrorKind::ConnectionAborted)?);
    tokio::spawn(async move {
        while let Some(command) = commands_rx.recv().await {
            let Ok(line) = serde_json::to_string(&command) else { return };
            if sink.send(line).await.is_err() {
                return;
            }
        }
        let _ = sink.close().await;
    });
    tokio::spawn(async move {
        while let Some(Ok(line)) = lines.next().await {
            match serde_json::from_str::<Update>(&line) {
                Ok(update) => {
                    if updates_tx.send(update).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the session speaks another version");
                    return;
                }
            }
        }
    });
    Ok(Session { commands, updates })
}
