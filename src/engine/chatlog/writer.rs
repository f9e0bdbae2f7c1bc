//! Writes the log: at the end of files that are only ever written at their end.
//!
//! What is being written is kept in the store first, with how long the files were before. So whoever comes after a crash
//! or a full disk finds out from the file how much of it stands there, and adds the rest: nothing is missing and nothing
//! is there twice. The names of the files come from names that the network told; of those only letters and digits
//! stand in them, and what tells them apart is the id.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{Duration, sleep};

use super::Logged;
use crate::domain::{ConversationId, RoomName, clean_line};
use crate::failpoints::kill_point;
use crate::store::{LogPiece, Store};

/// Most characters of the name of a group in that of its file.
const NAME: usize = 40;

/// How the files are called.
const SUFFIX: &str = ".log";

/// What is to be written, by conversation: with what it is called, where that can change.
#[derive(Default)]
pub(super) struct Lines(BTreeMap<ConversationId, (Option<String>, String)>);

impl Lines {
    /// A line, with its end.
    pub fn add(&mut self, conversation: &ConversationId, called: Option<String>, line: &str) {
        self.0.entry(conversation.clone()).or_insert((called, String::new())).1.push_str(line);
    }
}

/// What the log is to tell next.
pub(super) struct Batch {
    /// The place in the store up to which that is.
    pub up_to: i64,
    /// The lines.
    pub lines: Lines,
}

/// Writes what was left, and then whatever comes, until nobody sends any more. What cannot be written is tried again
/// after `retry`.
pub(super) async fn run(
    (directory, retry): (PathBuf, Duration),
    store: Store,
    left: Vec<LogPiece>,
    mut batches: mpsc::Receiver<Batch>,
    tell: mpsc::Sender<Logged>,
) {
    let mut next = Next::Pieces(left);
    loop {
        match write(&directory, &store, next).await {
            Ok(()) => {
                let _ = tell.send(Logged::Written).await;
                let Some(batch) = batches.recv().await else { return };
                next = Next::Batch(batch);
            }
            Err((same, why)) => {
                let _ = tell.send(Logged::Failed(clean_line(&why))).await;
                next = same;
                // Nothing is sent meanwhile: an answer is that nobody is there any more.
                tokio::select! {
                    () = sleep(retry) => {}
                    _ = batches.recv() => return,
                }
            }
        }
    }
}

/// What is written next.
enum Next {
    /// Lines that have no place yet.
    Batch(Batch),
    /// What the store keeps, of which a part may stand there.
    Pieces(Vec<LogPiece>),
}

async fn write(directory: &Path, store: &Store, next: Next) -> Result<(), (Next, String)> {
    let in_store = |error: crate::store::Error| error.to_string();
    let pieces = match next {
        Next::Pieces(pieces) => pieces,
        Next::Batch(Batch { up_to, lines }) => {
            let (lines, placed) = aside(directory, lines, place).await;
            let pieces = match placed {
                Ok(pieces) => pieces,
                Err(why) => return Err((Next::Batch(Batch { up_to, lines }), why)),
            };
            if let Err(error) = store.keep_log_pieces(up_to, pieces.clone()).await {
                return Err((Next::Batch(Batch { up_to, lines }), in_store(error)));
            }
            kill_point("log: kept");
            pieces
        }
    };
    if pieces.is_empty() {
        return Ok(());
    }
    let (pieces, written) = aside(directory, pieces, |directory, pieces| {
        pieces.iter().try_for_each(|piece| append(directory, piece))
    })
    .await;
    kill_point("log: written");
    if let Err(why) = written {
        return Err((Next::Pieces(pieces), why));
    }
    store.forget_log_pieces().await.map_err(|error| (Next::Pieces(pieces), in_store(error)))
}

/// Does something with the disk beside the session; an error says where.
async fn aside<T: Send + 'static, R: Send + 'static>(
    directory: &Path,
    what: T,
    act: impl FnOnce(&Path, &T) -> io::Result<R> + Send + 'static,
) -> (T, Result<R, String>) {
    let owned = directory.to_owned();
    let done = spawn_blocking(move || {
        let done = act(&owned, &what).map_err(|error| format!("{}: {error}", owned.display()));
        (what, done)
    });
    match done.await {
        Ok(done) => done,
        Err(failure) => match failure.try_into_panic() {
            // It is a fault of ours, and goes on as one.
            Ok(panic) => std::panic::resume_unwind(panic),
            // The process ends, and this with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Where lines go, and how long those files are.
fn place(directory: &Path, lines: &Lines) -> io::Result<Vec<LogPiece>> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let placed = lines.0.iter().map(|(conversation, (called, text))| {
        let file = file_name(directory, conversation, called.as_deref())?;
        let length = match std::fs::metadata(directory.join(&file)) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(LogPiece { file, length, bytes: text.clone().into_bytes() })
    });
    placed.collect()
}

/// `bob.log`, `+lobby.log`, `team.0123….log`: no name of a user or room holds a dot. A group keeps the file that it
/// has, whatever it is called since.
fn file_name(
    directory: &Path,
    conversation: &ConversationId,
    called: Option<&str>,
) -> io::Result<String> {
    let id = match conversation {
        ConversationId::Direct(user) => return Ok(format!("{user}{SUFFIX}")),
        ConversationId::Room(room) => return Ok(format!("{}{room}{SUFFIX}", RoomName::SIGN)),
        ConversationId::Group(id) => id,
    };
    let end = format!(".{id}{SUFFIX}");
    for entry in std::fs::read_dir(directory)? {
        if let Some(name) = entry?.file_name().to_str().filter(|name| name.ends_with(&end)) {
            return Ok(name.to_owned());
        }
    }
    let letters = called.unwrap_or_default().chars().take(NAME);
    let name: String = letters.map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    Ok(format!("{}{end}", if name.is_empty() { "group" } else { &name }))
}

/// Writes a piece at the end of its file, or what is missing of it there.
fn append(directory: &Path, piece: &LogPiece) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let path = directory.join(&piece.file);
    let is_new = match std::fs::metadata(&path) {
        // A pipe would be waited for.
        Ok(found) if !found.is_file() => {
            return Err(io::Error::other(format!("{} is no file", piece.file)));
        }
        found => found.is_err(),
    };
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&path)?;
    let missing = missing(&mut file, piece)?;
    file.write_all(missing)?;
    file.sync_data()?;
    if is_new {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

/// What of a piece does not stand there yet: all of it, unless the file goes on from where it was with its beginning.
fn missing<'a>(file: &mut File, piece: &'a LogPiece) -> io::Result<&'a [u8]> {
    let most = piece.bytes.len() as u64;
    let mut there = Vec::new();
    file.seek(SeekFrom::Start(piece.length))?;
    file.take(most).read_to_end(&mut there)?;
    Ok(piece.bytes.strip_prefix(there.as_slice()).unwrap_or(&piece.bytes))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::domain::{DataKey, GroupId};

    fn read(dir: &Path, name: &str) -> String {
        std::fs::read_to_string(dir.join(name)).unwrap()
    }

    fn piece(length: u64, text: &str) -> LogPiece {
        LogPiece { file: "bob.log".to_owned(), length, bytes: text.as_bytes().to_vec() }
    }

    #[test]
    fn a_piece_that_stands_there_in_part_is_completed() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("new/alice");
        append(&dir, &piece(0, "one\n")).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&dir), mode(&dir.join("bob.log"))), (0o700, 0o600));
        append(&dir, &piece(0, "one\n")).unwrap();
        assert_eq!(read(&dir, "bob.log"), "one\n", "all of it stood there");
        for cut in 0..=8 {
            std::fs::write(dir.join("bob.log"), &"one\ntwo\nthree"[..4 + cut]).unwrap();
            append(&dir, &piece(4, "two\nthree\n")).unwrap();
            assert_eq!(read(&dir, "bob.log"), "one\ntwo\nthree\n", "{cut}");
        }
        // Somebody put another file there.
        for (there, then) in [("", "two\n"), ("0\n", "0\ntwo\n"), ("one\nTwo\n", "one\nTwo\ntwo\n")] {
            std::fs::write(dir.join("bob.log"), there).unwrap();
            append(&dir, &piece(4, "two\n")).unwrap();
            assert_eq!(read(&dir, "bob.log"), then);
        }
    }

    #[test]
    fn no_name_leads_out_of_the_directory_and_a_group_keeps_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let group = |n| ConversationId::Group(GroupId::from_bits(n));
        let name = |id: &ConversationId, called: &str| file_name(dir.path(), id, Some(called)).unwrap();
        let hex = |n: u32| format!("{n:032x}");
        assert_eq!(name(&group(1), "../../etc/x\u{1b}"), format!("______etc_x_.{}.log", hex(1)));
        assert_eq!(name(&group(1), "水泵 .."), format!("水泵___.{}.log", hex(1)));
        assert_eq!(name(&group(1), ""), format!("group.{}.log", hex(1)));
        assert!(name(&group(1), &"🧑‍🚀水".repeat(90)).len() < 255);
        let team = name(&group(1), "team");
        std::fs::write(dir.path().join(&team), "").unwrap();
        assert_eq!(name(&group(1), "crew"), team);
        assert_eq!(name(&group(2), "team"), format!("team.{}.log", hex(2)));
        let room = ConversationId::Room("lobby".parse().unwrap());
        assert_eq!(name(&room, ""), "+lobby.log");
        assert_eq!(name(&ConversationId::Direct("bob".parse().unwrap()), ""), "bob.log");
    }

    /// Whether the next word of the writer is that it wrote.
    async fn wrote(logged: &mut mpsc::Receiver<Logged>) -> bool {
        let deadline = Duration::from_secs(20);
        let word = tokio::time::timeout(deadline, logged.recv()).await.expect("a word in time");
        matches!(word, Some(Logged::Written))
    }

    #[tokio::test]
    async fn what_cannot_be_written_is_written_once_it_can_be() {
        let dir = tempfile::tempdir().unwrap();
        let key = DataKey::filled(|key| {
            key.fill(1);
            Ok::<_, std::convert::Infallible>(())
        });
        let store = Store::open(&dir.path().join("chat.db"), &key.unwrap()).unwrap();
        let (batches, queue) = mpsc::channel(1);
        let (tell, mut logged) = mpsc::channel(4);
        let log = dir.path().join("log");
        let place = (log.clone(), Duration::from_millis(5));
        let task = tokio::spawn(run(place, store.clone(), Vec::new(), queue, tell));
        assert!(wrote(&mut logged).await, "nothing was left");
        // Where the directory should be there is a file; then a directory where the file should be.
        std::fs::write(&log, "").unwrap();
        let mut lines = Lines::default();
        lines.add(&ConversationId::Direct("bob".parse().unwrap()), None, "one\n");
        batches.send(Batch { up_to: 1, lines }).await.unwrap();
        assert!(!wrote(&mut logged).await);
        std::fs::remove_file(&log).unwrap();
        std::fs::create_dir_all(log.join("bob.log")).unwrap();
        let in_store = async {
            while store.log_pieces().await.unwrap().is_empty() {
                wrote(&mut logged).await;
            }
        };
        in_store.await;
        std::fs::remove_dir(log.join("bob.log")).unwrap();
        while !wrote(&mut logged).await {}
        assert_eq!(read(&log, "bob.log"), "one\n");
        assert_eq!(store.log_pieces().await.unwrap(), []);
        drop(batches);
        task.await.unwrap();
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("bob.log")).unwrap();
        let error = append(dir.path(), &piece(0, "one\n")).unwrap_err().to_string();
        assert_eq!(error, "bob.log is no file");
    }
}
