//! The broker's directory: its lock, its record, its log. What is in them is explained in
//! [`super`]; this is the only place that reads and writes them.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Error;
use crate::domain::TlsFingerprint;

/// A record longer than this many bytes is not ours.
const LONGEST_RECORD: u64 = 4 * 1024;
/// How much of the end of the log is quoted, in bytes and in lines.
const TAIL: (u64, usize) = (2 * 1024, 6);

/// `<data>/broker/`.
#[derive(Clone, Debug)]
pub(super) struct Home {
    data_dir: PathBuf,
    dir: PathBuf,
}

/// Whether a broker holds the lock.
#[derive(Debug)]
pub(super) enum Presence {
    /// None does.
    Absent,
    /// One does, and has not yet written where it listens.
    Starting,
    /// One does, and wrote this.
    Present(Record),
}

/// `broker.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Made by each broker when it starts, and written to the lock file too: a record is believed while
    /// both agree.
    pub instance: uuid::Uuid,
    pub pid: u32,
    pub address: SocketAddr,
    /// Where it listens beyond this machine.
    pub network: Option<Open>,
    /// RFC 3339.
    pub started_at: String,
    pub version: String,
}

/// Where a broker listens beyond this machine, with TLS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// For `mqtts://`.
    pub mqtts: Option<SocketAddr>,
    /// For `wss://`.
    pub wss: Option<SocketAddr>,
    /// The fingerprint of the certificate that it shows.
    pub fingerprint: TlsFingerprint,
}

/// A running broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// Where it listens, for this machine alone.
    pub address: SocketAddr,
    /// Where it listens beyond this machine.
    pub network: Option<Open>,
    /// Since when it runs.
    pub started_at: jiff::Timestamp,
    /// The version of Cooee that it belongs to.
    pub version: String,
    /// How much it keeps on the disk, in bytes.
    pub state_size: u64,
}

/// The broker that runs for `data_dir`; `None` when none does, or when it is only just starting.
///
/// # Errors
/// When its directory cannot be read.
pub fn status(data_dir: &Path) -> Result<Option<Running>, Error> {
    let home = Home::of(data_dir);
    let Presence::Present(record) = home.look()? else { return Ok(None) };
    Ok(Some(Running {
        pid: record.pid,
        address: record.address,
        network: record.network,
        started_at: record.started_at.parse().unwrap_or_default(),
        version: record.version.escape_debug().to_string(),
        state_size: size_of(&home.state()),
    }))
}

impl Home {
    pub fn of(data_dir: &Path) -> Self {
        Self { data_dir: data_dir.to_owned(), dir: data_dir.join("broker") }
    }

    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    pub fn log(&self) -> PathBuf {
        self.dir.join("broker.log")
    }

    /// Where the broker keeps retained messages, sessions and queues.
    pub fn state(&self) -> PathBuf {
        self.dir.join("state")
    }

    pub fn lock(&self) -> PathBuf {
        self.dir.join("lock")
    }

    pub fn record(&self) -> PathBuf {
        self.dir.join("broker.json")
    }

    /// Whose names are whose.
    pub fn accounts(&self) -> PathBuf {
        self.dir.join("accounts.json")
    }

    /// Who may register over a network.
    pub fn invites(&self) -> PathBuf {
        self.dir.join("invites")
    }

    /// Where to listen beyond this machine.
    pub fn network(&self) -> PathBuf {
        self.dir.join("network.json")
    }

    /// The certificate that the broker made for itself.
    pub fn certificate(&self) -> PathBuf {
        self.dir.join("certificate.pem")
    }

    /// The key of that.
    pub fn key(&self) -> PathBuf {
        self.dir.join("key.pem")
    }

    fn marker(&self) -> PathBuf {
        self.dir.join("stopped")
    }

    pub fn exists(&self) -> bool {
        self.dir.exists()
    }

    /// Makes the directory, for its owner alone.
    pub fn create(&self) -> Result<(), Error> {
        let failed = |source| Error::File { doing: "make", path: self.dir.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir).map_err(failed)?;
        std::fs::set_permissions(&self.dir, Permissions::from_mode(0o700)).map_err(failed)
    }

    /// Takes the lock that a broker holds for its life, and tells in it which instance holds it. `None`
    /// when somebody else has it.
    pub fn claim(&self, instance: uuid::Uuid) -> Result<Option<File>, Error> {
        let Some(mut lock) = self.try_lock(&self.lock())? else { return Ok(None) };
        let told = lock.set_len(0).and_then(|()| lock.write_all(instance.to_string().as_bytes()));
        told.map_err(|source| Error::File { doing: "write", path: self.lock(), source })?;
        Ok(Some(lock))
    }

    /// Takes the lock that says whose turn it is to start or stop the broker. `None` when somebody else
    /// has it.
    pub fn try_turn(&self) -> Result<Option<File>, Error> {
        self.try_lock(&self.dir.join("turn"))
    }

    fn try_lock(&self, path: &Path) -> Result<Option<File>, Error> {
        let failed = |doing, source| Error::File { doing, path: path.to_owned(), source };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path)
            .map_err(|e| failed("open", e))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(failed("lock", e)),
        }
    }

    /// Whether a broker runs, and what it says of itself.
    pub fn look(&self) -> Result<Presence, Error> {
        let path = self.lock();
        let failed = |doing, source| Error::File { doing, path: path.clone(), source };
        let mut lock = match File::open(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Presence::Absent),
            opened => opened.map_err(|e| failed("open", e))?,
        };
        // Shared, and let go at once: a broker that claims the lock tries more than once.
        match lock.try_lock_shared() {
            Ok(()) => return Ok(Presence::Absent),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(e)) => return Err(failed("lock", e)),
        }
        let mut holder = String::new();
        // What cannot be read as text is no instance; the comparison below refuses it.
        let _ = (&mut lock).take(LONGEST_RECORD).read_to_string(&mut holder);
        Ok(match self.last_record() {
            Some(record) if record.instance.to_string() == holder => Presence::Present(record),
            _ => Presence::Starting,
        })
    }

    /// The last record that any broker wrote here, dead or alive.
    pub fn last_record(&self) -> Option<Record> {
        let file = File::open(self.record()).ok()?;
        serde_json::from_reader(BufReader::new(file.take(LONGEST_RECORD))).ok()
    }

    /// Replaces the record, so that a reader sees the old one or the new one.
    pub fn write_record(&self, record: &Record) -> Result<(), Error> {
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
            serde_json::to_writer_pretty(&mut file, record)?;
            file.write_all(b"\n")?;
            file.persist(self.record()).map_err(io::Error::from)
        };
        match write() {
            Ok(_) => Ok(()),
            Err(source) => Err(Error::File { doing: "write", path: self.record(), source }),
        }
    }

    /// Whether a person stopped the broker and nobody asked for it since.
    pub fn is_marked_stopped(&self) -> bool {
        self.marker().exists()
    }

    /// Remembers, or forgets, that a person stopped the broker.
    pub fn mark_stopped(&self, stopped: bool) -> Result<(), Error> {
        let path = self.marker();
        let (doing, done) = match stopped {
            true => ("write", File::create(&path).map(drop)),
            false => ("remove", std::fs::remove_file(&path)),
        };
        match done {
            Err(e) if !stopped && e.kind() == ErrorKind::NotFound => Ok(()),
            done => done.map_err(|source| Error::File { doing, path, source }),
        }
    }

    /// The log, opened to be written to at its end.
    pub fn open_log(&self) -> Result<File, Error> {
        let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(self.log());
        opened.map_err(|source| Error::File { doing: "open", path: self.log(), source })
    }

    /// The end of the log, fit to be shown.
    pub fn log_tail(&self) -> String {
        let read = || {
            let mut file = File::open(self.log())?;
            let length = file.seek(SeekFrom::End(0))?;
            file.seek(SeekFrom::Start(length.saturating_sub(TAIL.0)))?;
            let mut bytes = Vec::new();
            file.take(TAIL.0).read_to_end(&mut bytes)?;
            Ok::<_, io::Error>(bytes)
        };
        let bytes = read().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let mut lines: Vec<String> =
            text.lines().rev().take(TAIL.1).map(|line| line.escape_debug().to_string()).collect();
        lines.reverse();
        match lines.is_empty() {
            true => "(nothing)".to_owned(),
            false => lines.join("\n"),
        }
    }
}

/// The size of all files under `dir`. What disappears meanwhile is not counted.
fn size_of(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => size_of(&entry.path()),
            Ok(_) => entry.metadata().map_or(0, |m| m.len()),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(instance: uuid::Uuid) -> Record {
        Record {
            instance,
            pid: std::process::id(),
            address: ([127, 0, 0, 1], 1883).into(),
            network: None,
            started_at: "2026-11-22T10:00:00Z".into(),
            version: "0.1.0".into(),
        }
    }

    #[test]
    fn a_record_counts_only_while_its_writer_holds_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::of(dir.path());
        assert!(matches!(home.look(), Ok(Presence::Absent)));
        home.create().unwrap();
        let (old, new) = (uuid::Uuid::now_v7(), uuid::Uuid::now_v7());

        let lock = home.claim(old).unwrap().unwrap();
        assert!(matches!(home.look(), Ok(Presence::Starting)));
        home.write_record(&record(old)).unwrap();
        assert!(matches!(home.look(), Ok(Presence::Present(r)) if r == record(old)));
        assert!(home.claim(new).unwrap().is_none(), "one holder");
        drop(lock);
        assert!(matches!(home.look(), Ok(Presence::Absent)));

        let _lock = home.claim(new).unwrap().unwrap();
        assert!(matches!(home.look(), Ok(Presence::Starting)), "the old record is not believed");
    }

    #[test]
    fn a_broken_record_or_lock_file_is_no_record() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::of(dir.path());
        home.create().unwrap();
        let _lock = home.claim(uuid::Uuid::now_v7()).unwrap().unwrap();
        for junk in [&b""[..], b"{", b"[]", b"\xff\xfe", &[b' '; 10_000]] {
            std::fs::write(home.record(), junk).unwrap();
            assert!(matches!(home.look(), Ok(Presence::Starting)));
            assert_eq!(home.last_record(), None);
        }
        std::fs::write(home.lock(), b"\xff\xfe").unwrap();
        assert!(matches!(home.look(), Ok(Presence::Starting)));
    }

    #[test]
    fn the_directory_is_private_and_the_marker_can_be_set_and_cleared_twice() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::of(&dir.path().join("not/yet"));
        assert!(!home.exists());
        home.create().unwrap();
        home.create().unwrap();
        let mode = std::fs::metadata(&home.dir).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        for stopped in [true, true, false, false] {
            home.mark_stopped(stopped).unwrap();
            assert_eq!(home.is_marked_stopped(), stopped);
        }
    }

    #[test]
    fn the_end_of_the_log_is_short_and_harmless() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::of(dir.path());
        assert_eq!(home.log_tail(), "(nothing)");
        home.create().unwrap();
        let mut text = "x".repeat(100_000) + "\n";
        for n in 0..20 {
            text.push_str(&format!("\u{1b}[31mline {n}\n"));
        }
        home.open_log().unwrap().write_all(text.as_bytes()).unwrap();
        let tail = home.log_tail();
        assert_eq!(tail.lines().count(), 6);
        assert!(tail.ends_with("line 19") && !tail.contains('\u{1b}'), "{tail}");
    }
}
