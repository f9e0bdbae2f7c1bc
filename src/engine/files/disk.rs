//! The sealed files of an account, and saving them. All of it blocks: it is done aside.
//!
//! `accounts/<name>/files/` holds what was sealed and nothing else: `<message>.sealed` is whole and was checked,
//! `<message>.part` is being fetched and has holes. Their keys are in the database. Which chunks of a part are here is
//! not written down: each shows it by opening.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::NamedTempFile;

use super::held::Held;
use crate::crypto::file::{CHUNK, ContentHasher, FileCipher, Layout, new_key};
use crate::domain::{Attachment, FileName, MessageId, size_in_words};

/// How many names are tried until one is free.
const NAMES: u32 = 1_000;

const SEALED: &str = "sealed";
const PART: &str = "part";

/// Why a file cannot be sent, fetched or saved.
#[derive(Debug, thiserror::Error)]
pub(in crate::engine) enum Fault {
    #[error("{what} {path}: {source}", path = path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error("{path} is no file that could be sent: a directory or a device", path = .0.display())]
    NotAFile(PathBuf),
    #[error(
        "{path} has {}, and files of at most {} are sent: `max_send_mb` under [files] in config.toml says so",
        size_in_words(*size), size_in_words(*most), path = path.display()
    )]
    TooLarge { path: PathBuf, size: u64, most: u64 },
    #[error("{path} changed while it was read: send it again when nothing writes to it", path = .0.display())]
    Changed(PathBuf),
    #[error("{path} is there already, and nothing is written over: choose another name", path = .0.display())]
    Exists(PathBuf),
    #[error(
        "what came is not what was offered (its SHA-256 is another): it was thrown away, and nothing was saved"
    )]
    WrongHash,
    #[error("what is kept of it here was altered: it was thrown away, and nothing was saved")]
    Altered,
    #[error("this machine gave no randomness: {0}")]
    Random(String),
}

impl Fault {
    fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

/// One file in the directory.
pub(super) struct Entry {
    pub id: MessageId,
    pub size: u64,
    pub changed: SystemTime,
    /// Whether it is not all there.
    pub is_part: bool,
}

/// The directory.
#[derive(Clone)]
pub(in crate::engine) struct Disk {
    dir: PathBuf,
}

impl Disk {
    /// In the directory of an account.
    pub fn new(account: &Path) -> Self {
        Self { dir: account.join("files") }
    }

    fn path(&self, id: MessageId, ending: &str) -> PathBuf {
        self.dir.join(format!("{id}.{ending}"))
    }

    fn make(&self) -> Result<(), Fault> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.dir);
        made.map_err(Fault::io("cannot make", &self.dir))
    }

    /// Takes away all that belongs to none of these.
    pub fn sweep(&self, known: &BTreeSet<MessageId>) {
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if !id_of(&path).is_some_and(|id| known.contains(&id)) {
                let _ = fs::remove_file(path);
            }
        }
    }

    /// What is here, in the order in which it was written to.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(meta) = entry.metadata() else { continue };
            let is_part = match path.extension() {
                Some(ending) if ending == SEALED => false,
                Some(ending) if ending == PART => true,
                _ => continue,
            };
            if let Some(id) = id_of(&path) {
                let changed = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                entries.push(Entry { id, size: meta.len(), changed, is_part });
            }
        }
        entries.sort_by_key(|entry| entry.changed);
        entries
    }

    pub fn has(&self, id: MessageId) -> bool {
        self.path(id, SEALED).is_file()
    }

    /// Takes away what is kept of a file. First the part: it may become whole at any moment, and not the other way round.
    pub fn forget(&self, id: MessageId) {
        for ending in [PART, SEALED] {
            let _ = fs::remove_file(self.path(id, ending));
        }
    }

    /// Seals a file of the person's, for a message that has no id yet.
    pub fn seal(&self, source: &Path, most: u64) -> Result<(NamedTempFile, Attachment), Fault> {
        let failed = |e| Fault::io("cannot read", source)(e);
        // A pipe that nobody writes to would be waited for when it is opened.
        if !fs::metadata(source).map_err(failed)?.is_file() {
            return Err(Fault::NotAFile(source.to_owned()));
        }
        let mut input = File::open(source).map_err(failed)?;
        let size = input.metadata().map_err(failed)?.len();
        if size > most {
            return Err(Fault::TooLarge { path: source.to_owned(), size, most });
        }
        self.make()?;
        let mut sealed =
            NamedTempFile::new_in(&self.dir).map_err(Fault::io("cannot write in", &self.dir))?;
        let key = new_key().map_err(|e| Fault::Random(e.to_string()))?;
        let (layout, cipher) = (Layout::of(size), FileCipher::new(&key));
        let mut hasher = ContentHasher::default();
        let mut clear = [0; CHUNK];
        for chunk in 0..layout.chunks() {
            let clear = &mut clear[..layout.clear(chunk)];
            input.read_exact(clear).map_err(|e| match e.kind() {
                io::ErrorKind::UnexpectedEof => Fault::Changed(source.to_owned()),
                _ => failed(e),
            })?;
            hasher.add(clear);
            let bytes = cipher.seal(chunk, layout.is_last(chunk), clear);
            sealed.write_all(&bytes).map_err(Fault::io("cannot write in", &self.dir))?;
        }
        if input.read(&mut clear[..1]).map_err(failed)? > 0 {
            return Err(Fault::Changed(source.to_owned()));
        }
        sealed.as_file().sync_all().map_err(Fault::io("cannot write in", &self.dir))?;
        let name = source.file_name().unwrap_or_default().to_string_lossy();
        let attachment = Attachment { name: FileName::new(&name), size, hash: hasher.finish(), key };
        Ok((sealed, attachment))
    }

    /// What was sealed belongs to this message.
    pub fn adopt(&self, sealed: NamedTempFile, id: MessageId) -> Result<(), Fault> {
        let path = self.path(id, SEALED);
        sealed.persist(&path).map(drop).map_err(|e| Fault::io("cannot write", &path)(e.error))
    }

    /// Seals it once more for another message: the same bytes.
    pub fn copy(&self, from: MessageId) -> Result<NamedTempFile, Fault> {
        let path = self.path(from, SEALED);
        let mut copy =
            NamedTempFile::new_in(&self.dir).map_err(Fault::io("cannot write in", &self.dir))?;
        let mut input = File::open(&path).map_err(Fault::io("cannot read", &path))?;
        io::copy(&mut input, &mut copy).map_err(Fault::io("cannot copy", &path))?;
        Ok(copy)
    }

    /// A sealed chunk of a whole file.
    pub fn chunk(&self, id: MessageId, size: u64, chunk: u32) -> io::Result<Vec<u8>> {
        let range = Layout::of(size).sealed(chunk);
        let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap_or(0)];
        File::open(self.path(id, SEALED))?.read_exact_at(&mut bytes, range.start)?;
        Ok(bytes)
    }

    /// Which chunks of a part are here.
    pub fn look(&self, id: MessageId, file: &Attachment) -> Held {
        let (layout, cipher) = (Layout::of(file.size), FileCipher::new(&file.key));
        let mut held = Held::none(layout.chunks());
        let Ok(part) = File::open(self.path(id, PART)) else { return held };
        let mut bytes = vec![0; CHUNK * 2];
        for chunk in 0..layout.chunks() {
            let range = layout.sealed(chunk);
            let bytes = &mut bytes[..usize::try_from(range.end - range.start).unwrap_or(0)];
            if part.read_exact_at(bytes, range.start).is_ok()
                && cipher.open(chunk, layout.is_last(chunk), bytes).is_ok()
            {
                held.add(chunk);
            }
        }
        held
    }

    /// Keeps a chunk that came, if it is one of this file: says whether it is.
    pub fn keep(
        &self,
        id: MessageId,
        file: &Attachment,
        chunk: u32,
        sealed: &[u8],
    ) -> Result<bool, Fault> {
        let layout = Layout::of(file.size);
        if FileCipher::new(&file.key).open(chunk, layout.is_last(chunk), sealed).is_err() {
            return Ok(false);
        }
        self.make()?;
        let path = self.path(id, PART);
        let mut options = OpenOptions::new();
        let part = options.create(true).truncate(false).write(true).mode(0o600).open(&path);
        let write = part.and_then(|part| part.write_all_at(sealed, layout.sealed(chunk).start));
        write.map(|()| true).map_err(Fault::io("cannot write", &path))
    }

    /// All chunks of a part are here: it is whole if the content is what was offered, and goes if it is not.
    pub fn complete(&self, id: MessageId, file: &Attachment) -> Result<(), Fault> {
        let (part, whole) = (self.path(id, PART), self.path(id, SEALED));
        if let Err(fault) = unseal(&part, file, &mut io::sink()) {
            if matches!(fault, Fault::WrongHash) {
                self.forget(id);
            }
            return Err(fault);
        }
        let failed = Fault::io("cannot write", &whole);
        File::open(&part)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&part, &whole))
            .map_err(failed)
    }

    /// Opens a whole file into memory; what is longer than this is not opened.
    pub fn open(&self, id: MessageId, file: &Attachment, most: u64) -> Result<Vec<u8>, Fault> {
        let path = self.path(id, SEALED);
        if file.size > most {
            return Err(Fault::TooLarge { path, size: file.size, most });
        }
        let mut content = Vec::new();
        unseal(&path, file, &mut content)?;
        Ok(content)
    }

    /// What a file is called while it is being saved. It is the same each time, so that what a save left that was
    /// stopped is found again; and another for each account, for several may save the same at once.
    fn unfinished(&self, id: MessageId) -> String {
        let mut hasher = ContentHasher::default();
        hasher.add(self.dir.as_os_str().as_encoded_bytes());
        hasher.add(id.as_bytes());
        format!(".cooee-{:.32}", hasher.finish().to_string())
    }

    /// Takes away what a save left there that did not come to its end.
    pub fn clean(&self, id: MessageId, target: &Path) {
        let _ = fs::remove_file(directory(target).join(self.unfinished(id)));
    }

    /// Saves a whole file where a person wants it: as the file that they named, or in the directory that they named
    /// under its own name, or the next one that is free. Nothing is ever written over.
    pub fn save(&self, id: MessageId, file: &Attachment, target: &Path) -> Result<PathBuf, Fault> {
        let exact = names_a_file(target).then_some(target);
        let dir = directory(target);
        if exact.is_none() {
            fs::create_dir_all(target).map_err(Fault::io("cannot make", target))?;
        }
        let failed = |e| Fault::io("cannot save in", dir)(e);
        self.clean(id, target);
        // It becomes a file of that name only when all of it is there and checked.
        let mut builder = tempfile::Builder::new();
        let name = self.unfinished(id);
        // The library would tell what goes wrong with this name, which says nothing to anybody.
        let make = |path: &Path| {
            OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
        };
        let mut saved = builder.prefix(&name).rand_bytes(0).make_in(dir, make).map_err(failed)?;
        unseal(&self.path(id, SEALED), file, &mut saved).map_err(|fault| match fault {
            Fault::Io { what: WRITE, source, .. } => failed(source),
            fault => fault,
        })?;
        saved.as_file().sync_all().map_err(failed)?;
        if let Some(path) = exact {
            return saved.persist_noclobber(path).map(|_| path.to_owned()).map_err(|e| match e.error {
                e if e.kind() == io::ErrorKind::AlreadyExists => Fault::Exists(path.to_owned()),
                e => failed(e),
            });
        }
        for number in 0..NAMES {
            let path = dir.join(file.name.numbered(number));
            match saved.persist_noclobber(&path) {
                Ok(_) => return Ok(path),
                Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => saved = e.file,
                Err(e) => return Err(failed(e.error)),
            }
        }
        Err(Fault::Exists(dir.join(file.name.as_str())))
    }
}

/// Where a file is made that is saved there.
fn directory(target: &Path) -> &Path {
    match names_a_file(target) {
        true => target.parent().unwrap_or(Path::new("/")),
        false => target,
    }
}

/// Whether a person named a file to make, and not a directory to put it in.
pub(super) fn names_a_file(target: &Path) -> bool {
    !target.as_os_str().as_encoded_bytes().ends_with(b"/") && !target.is_dir()
}

/// Which message a file here belongs to.
fn id_of(path: &Path) -> Option<MessageId> {
    path.file_stem()?.to_str()?.parse().ok()
}

const WRITE: &str = "cannot write";

/// Opens a sealed file, all of it, and checks that it is what was offered.
fn unseal(path: &Path, file: &Attachment, to: &mut dyn Write) -> Result<(), Fault> {
    let failed = |e| Fault::io("cannot read", path)(e);
    let (layout, cipher) = (Layout::of(file.size), FileCipher::new(&file.key));
    let mut sealed = File::open(path).map_err(failed)?;
    let mut hasher = ContentHasher::default();
    let mut bytes = vec![0; CHUNK * 2];
    for chunk in 0..layout.chunks() {
        let range = layout.sealed(chunk);
        let bytes = &mut bytes[..usize::try_from(range.end - range.start).unwrap_or(0)];
        sealed.read_exact(bytes).map_err(failed)?;
        let clear = cipher.open(chunk, layout.is_last(chunk), bytes).map_err(|_| Fault::Altered)?;
        hasher.add(&clear);
        to.write_all(&clear).map_err(Fault::io(WRITE, path))?;
    }
    match hasher.finish() == file.hash {
        true => Ok(()),
        false => Err(Fault::WrongHash),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::domain::ContentHash;

    const ID: MessageId = MessageId::from_bytes([1; 16]);
    const OTHER: MessageId = MessageId::from_bytes([2; 16]);
    const MOST: u64 = 1_000_000;

    /// A directory with a file of so many bytes that is sealed there under `ID`.
    fn shared(size: usize) -> (tempfile::TempDir, Disk, Attachment, Vec<u8>) {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::new(dir.path());
        let content: Vec<u8> = (0..size).map(|n| (n * n / 7 % 251) as u8).collect();
        let source = dir.path().join("the plan.pdf");
        fs::write(&source, &content).unwrap();
        let (sealed, file) = disk.seal(&source, MOST).unwrap();
        disk.adopt(sealed, ID).unwrap();
        (dir, disk, file, content)
    }

    #[test]
    fn a_file_comes_out_as_it_went_in_chunk_by_chunk_and_in_any_order() {
        for size in [0, 1, CHUNK, 3 * CHUNK + 5] {
            let (dir, disk, file, content) = shared(size);
            assert_eq!((file.name.as_str(), file.size), ("the plan.pdf", size as u64));
            let chunks = Layout::of(file.size).chunks();
            for chunk in (0..chunks).rev() {
                let sealed = disk.chunk(ID, file.size, chunk).unwrap();
                assert!(disk.keep(OTHER, &file, chunk, &sealed).unwrap());
                assert!(!disk.keep(OTHER, &file, chunk + 1, &sealed).unwrap(), "in another place");
                // What is here shows by itself, also after a restart.
                assert_eq!(disk.look(OTHER, &file).count(), chunks - chunk);
            }
            disk.complete(OTHER, &file).unwrap();
            let to = dir.path().join("out/");
            fs::create_dir(&to).unwrap();
            let saved = disk.save(OTHER, &file, &to).unwrap();
            assert_eq!(saved, to.join("the plan.pdf"));
            assert_eq!(fs::read(&saved).unwrap(), content);
            assert_eq!(fs::metadata(&saved).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(disk.open(OTHER, &file, MOST).unwrap(), content);
        }
    }

    #[test]
    fn nothing_is_written_over_and_nothing_is_left_behind() {
        let (dir, disk, file, content) = shared(40_000);
        let to = dir.path().join("out");
        fs::create_dir(&to).unwrap();
        fs::write(to.join("the plan.pdf"), "mine").unwrap();
        std::os::unix::fs::symlink("/nowhere", to.join("the plan (1).pdf")).unwrap();
        assert_eq!(disk.save(ID, &file, &to).unwrap(), to.join("the plan (2).pdf"));
        let named = to.join("b.pdf");
        assert_eq!(disk.save(ID, &file, &named).unwrap(), named);
        assert!(matches!(disk.save(ID, &file, &named), Err(Fault::Exists(_))));
        assert_eq!(fs::read(to.join("the plan.pdf")).unwrap(), b"mine");
        assert_eq!(fs::read(&named).unwrap(), content);
        let wrong = Attachment { hash: ContentHash::from_bytes([0; 32]), ..file.clone() };
        assert!(matches!(disk.save(ID, &wrong, &to), Err(Fault::WrongHash)));
        let nowhere = disk.save(ID, &file, &dir.path().join("no/such.pdf")).unwrap_err().to_string();
        let place = dir.path().join("no");
        let why = "No such file or directory (os error 2)";
        assert_eq!(nowhere, format!("cannot save in {}: {why}", place.display()));
        assert_eq!(fs::read_dir(&to).unwrap().count(), 4);
        assert_eq!(
            disk.save(ID, &file, &dir.path().join("new/")).unwrap(),
            dir.path().join("new/the plan.pdf")
        );
    }

    #[test]
    fn what_a_save_left_that_was_stopped_is_taken_away() {
        let (dir, disk, file, content) = shared(40_000);
        let to = dir.path().join("out/");
        fs::create_dir(&to).unwrap();
        let left = to.join(disk.unfinished(ID));
        for again in [&to, &to.join("b.pdf")] {
            fs::write(&left, &content[..20_000]).unwrap();
            assert_eq!(fs::read(disk.save(ID, &file, again).unwrap()).unwrap(), content);
            assert!(!left.exists());
        }
        fs::write(&left, &content[..20_000]).unwrap();
        disk.clean(OTHER, &to);
        assert!(left.exists(), "that is of another file");
        disk.clean(ID, &to);
        assert!(!left.exists());
        let another = Disk::new(&dir.path().join("another"));
        assert_ne!(another.unfinished(ID), disk.unfinished(ID), "in another account");
    }

    #[test]
    fn parts_count_as_what_is_whole_does() {
        let (_dir, disk, file, _) = shared(40_000);
        assert!(disk.keep(OTHER, &file, 0, &disk.chunk(ID, file.size, 0).unwrap()).unwrap());
        let entries = disk.entries();
        let of = |id| entries.iter().find(|entry| entry.id == id).unwrap();
        assert_eq!((of(ID).is_part, of(ID).size), (false, 40_000 + 3 * 16));
        assert_eq!((of(OTHER).is_part, of(OTHER).size), (true, CHUNK as u64 + 16));
    }

    #[test]
    fn what_is_not_what_was_offered_is_thrown_away() {
        let (_dir, disk, file, _) = shared(40_000);
        let lies = Attachment { hash: ContentHash::from_bytes([0; 32]), ..file.clone() };
        for chunk in 0..3 {
            let sealed = disk.chunk(ID, file.size, chunk).unwrap();
            assert!(disk.keep(OTHER, &lies, chunk, &sealed).unwrap());
        }
        assert!(matches!(disk.complete(OTHER, &lies), Err(Fault::WrongHash)));
        assert!(!disk.has(OTHER) && disk.look(OTHER, &file).count() == 0);
        // Of another length than it says: its last chunk opens nowhere.
        let shorter = Attachment { size: 2 * CHUNK as u64, ..file.clone() };
        let sealed = disk.chunk(ID, file.size, 1).unwrap();
        assert!(!disk.keep(OTHER, &shorter, 1, &sealed).unwrap());
    }

    #[test]
    fn what_cannot_be_sent_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::new(dir.path());
        let why =
            |path: &Path, most| disk.seal(path, most).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(why(dir.path(), MOST).contains("no file that could be sent"));
        assert!(why(Path::new("/dev/zero"), MOST).contains("no file that could be sent"));
        assert!(why(&dir.path().join("x"), MOST).contains("cannot read"));
        let long = dir.path().join("long");
        fs::write(&long, [0; 2_000]).unwrap();
        assert!(why(&long, 1_999).contains("has 2 kB, and files of at most 1.9 kB are sent"));
        assert_eq!(why(&long, 2_000), "");
        assert_eq!(fs::read_dir(dir.path().join("files")).unwrap().count(), 0, "nothing stays");
    }

    #[test]
    fn what_belongs_to_nothing_is_swept_away() {
        let (dir, disk, file, _) = shared(5);
        disk.adopt(disk.copy(ID).unwrap(), OTHER).unwrap();
        assert_eq!(disk.open(OTHER, &file, 5).unwrap().len(), 5);
        assert!(matches!(disk.open(OTHER, &file, 4), Err(Fault::TooLarge { .. })));
        fs::write(dir.path().join("files/.tmp123"), "x").unwrap();
        disk.sweep(&BTreeSet::from([OTHER]));
        assert!(!disk.has(ID) && disk.has(OTHER));
        assert_eq!(disk.entries().len(), 1);
        disk.forget(OTHER);
        assert_eq!(fs::read_dir(dir.path().join("files")).unwrap().count(), 0);
    }
}
