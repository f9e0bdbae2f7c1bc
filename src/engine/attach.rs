//! Joining a session that another process runs: commands and updates as JSON lines over a Unix socket.
//!
//! So one account runs in one process, and a script can still send from it while the messenger is open.
//! The socket lies in the account's directory, which is readable by its owner alone. What goes over it is
//! between two processes of the same version and no stable format.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use futures::{SinkExt, StreamExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::codec::{Framed, LinesCodec};

use super::command::Command;
use super::core::Input;
use super::faces::FaceId;
use super::session::{CHANNEL, Session, face};
use super::update::Update;

/// Longest line that is read: a page of 500 messages of 16 KiB, escaped, fits.
const LINE: usize = 64 * 1024 * 1024;

/// Most processes that may have joined at once.
const VISITORS: u64 = 64;

/// The open door; closes when dropped.
pub(super) struct Door {
    path: PathBuf,
    listening: JoinHandle<()>,
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
    let listening = tokio::spawn(async move {
        let mut visitors: Vec<JoinHandle<()>> = Vec::new();
        let mut next = FaceId::FIRST.0;
        while let Ok((stream, _)) = listener.accept().await {
            visitors.retain(|visitor| !visitor.is_finished());
            if visitors.len() as u64 >= VISITORS {
                continue;
            }
            next += 1;
            let session = face(FaceId(next), &inputs).await;
            visitors.push(tokio::spawn(host(stream, session)));
        }
    });
    Some(Door { path: path.to_owned(), listening })
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

/// Joins the session behind this socket.
pub(super) async fn connect(path: &Path) -> io::Result<Session> {
    let stream = UnixStream::connect(path).await?;
    let (mut sink, mut lines) = Framed::new(stream, LinesCodec::new_with_max_length(LINE)).split();
    let (commands, mut commands_rx) = mpsc::channel::<Command>(64);
    let (updates_tx, updates) = mpsc::channel(CHANNEL);
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
