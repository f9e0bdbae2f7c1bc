//! What the brokers at each address showed us at first use: one small JSON file.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::TlsFingerprint;

/// A file of more bytes is not ours.
const LONGEST: u64 = 1024 * 1024;

/// How the broker at an address is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Pin {
    /// By this certificate, which nobody signed.
    Fingerprint(TlsFingerprint),
    /// By a certificate that somebody trusted signed: one that nobody signed is refused there from now on.
    Signed,
}

/// The file.
#[derive(Clone, Debug)]
pub(super) struct Pins(PathBuf);

impl Pins {
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// How the broker at this place is known.
    pub fn get(&self, place: &str) -> io::Result<Option<Pin>> {
        Ok(self.read()?.remove(place))
    }

    /// Remembers it. Two processes that do so at the same time may lose one of two places; that is then seen
    /// for the first time once more.
    pub fn set(&self, place: &str, pin: Pin) -> io::Result<()> {
        let mut pins = self.read()?;
        pins.insert(place.to_owned(), pin);
        let dir = self.0.parent().unwrap_or(Path::new("."));
        // The first sign-up of all may be at a broker on a network.
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        serde_json::to_writer_pretty(&mut file, &pins)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(&self.0)?;
        Ok(())
    }

    fn read(&self) -> io::Result<BTreeMap<String, Pin>> {
        match File::open(&self.0) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(e) => Err(e),
            Ok(file) => Ok(serde_json::from_reader(BufReader::new(file.take(LONGEST)))?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_its_own_and_a_broken_file_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let pins = Pins::at(&dir.path().join("not/yet/brokers.json"));
        assert_eq!(pins.get("lan:8883").unwrap(), None);
        let mine = Pin::Fingerprint(TlsFingerprint::from_bytes([9; 32]));
        pins.set("lan:8883", mine).unwrap();
        pins.set("far:443", Pin::Signed).unwrap();
        assert_eq!(pins.get("lan:8883").unwrap(), Some(mine));
        assert_eq!(pins.get("far:443").unwrap(), Some(Pin::Signed));
        std::fs::write(pins.path(), "{").unwrap();
        assert!(pins.get("lan:8883").is_err() && pins.set("lan:8883", mine).is_err());
    }
}
