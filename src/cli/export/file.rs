//! The file that something is exported into.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::Error;

/// A file that takes its place when it is whole. Where it does not come to that, nothing is left of it.
pub(super) struct Place {
    path: PathBuf,
    file: NamedTempFile,
    force: bool,
}

impl Place {
    /// Begins a file for this path. One that is there already is replaced where that is wanted, and nothing that is
    /// no file ever is.
    pub fn open(path: PathBuf, force: bool) -> Result<Self, Error> {
        // Behind a link stands the file that is meant.
        let path = path.canonicalize().unwrap_or(path);
        match fs::symlink_metadata(&path) {
            Ok(about) if !about.is_file() => {
                return Err(Error::Refused(format!("{} is no file: name another", path.display())));
            }
            Ok(_) if !force => return Err(exists(&path)),
            _ => {}
        }
        let file = tempfile::Builder::new().prefix(".cooee-export-").tempfile_in(directory(&path));
        let file = file.map_err(|source| failed(&path, source))?;
        Ok(Self { path, file, force })
    }

    /// Writes more of it.
    pub fn write(&mut self, text: &str) -> Result<(), Error> {
        self.file.write_all(text.as_bytes()).map_err(|source| failed(&self.path, source))
    }

    /// It is whole: it takes its place.
    pub fn keep(self) -> Result<PathBuf, Error> {
        let Self { path, file, force } = self;
        file.as_file().sync_all().map_err(|source| failed(&path, source))?;
        let kept = match force {
            true => file.persist(&path),
            false => file.persist_noclobber(&path),
        };
        kept.map_err(|e| match e.error.kind() {
            // Somebody made it meanwhile.
            ErrorKind::AlreadyExists => exists(&path),
            _ => failed(&path, e.error),
        })?;
        let sync = fs::File::open(directory(&path)).and_then(|directory| directory.sync_all());
        sync.map_err(|source| failed(&path, source))?;
        Ok(path)
    }
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn exists(path: &Path) -> Error {
    Error::Refused(format!(
        "{} is there already: name another file, or say --force to replace it",
        path.display()
    ))
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::Write { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_when_it_is_whole_and_never_in_the_place_of_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("chat.txt");
        let names =
            || fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>();
        let mut place = Place::open(path.clone(), false).unwrap();
        place.write("half").unwrap();
        assert!(!path.exists());
        drop(place);
        assert!(names().is_empty(), "{:?}", names());

        let mut place = Place::open(path.clone(), false).unwrap();
        place.write("whole").unwrap();
        fs::write(&path, "another's").unwrap();
        assert!(place.keep().unwrap_err().to_string().contains("is there already"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "another's");
        assert!(Place::open(path.clone(), false).is_err());

        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut place = Place::open(link.clone(), true).unwrap();
        place.write("new").unwrap();
        place.keep().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert!(link.is_symlink());
        assert_eq!(names().len(), 2);

        let no_file = Place::open(dir.path().to_owned(), true).map(drop);
        assert!(no_file.unwrap_err().to_string().contains("is no file"));
        let nowhere = Place::open(dir.path().join("no/where"), true).map(drop).unwrap_err();
        assert!(nowhere.to_string().starts_with("cannot write "), "{nowhere}");
    }
}
