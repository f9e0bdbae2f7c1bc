//! Where the broker listens beyond this machine: `<data>/broker/network.json`. It is kept there and not in
//! anybody's configuration, because whoever finds no broker starts it, and it must be the same one then.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Error;
use super::accounts::replace;
use super::home::Home;

/// A file of more bytes is not ours.
const LONGEST: u64 = 64 * 1024;

/// Where to listen, always with TLS, and what to show there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// For `mqtts://`.
    pub mqtts: Option<SocketAddr>,
    /// For `wss://`.
    pub wss: Option<SocketAddr>,
    /// The operator's certificate, with its chain, in PEM; else the broker makes one for itself.
    pub certificate: Option<PathBuf>,
    /// The key of that certificate.
    pub key: Option<PathBuf>,
}

impl Network {
    /// Whether it listens on no network at all.
    pub fn is_closed(&self) -> bool {
        self.mqtts.is_none() && self.wss.is_none()
    }

    /// What the broker of this data directory uses when it starts.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn load(data_dir: &Path) -> Result<Self, Error> {
        let path = Home::of(data_dir).network();
        let failed = |source| Error::File { doing: "read", path: path.clone(), source };
        let file = match File::open(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            opened => opened.map_err(failed)?,
        };
        serde_json::from_reader(BufReader::new(file.take(LONGEST))).map_err(|e| failed(e.into()))
    }

    /// Keeps it for the next start.
    ///
    /// # Errors
    /// When the file cannot be written, or a certificate has no key.
    pub fn save(&self, data_dir: &Path) -> Result<(), Error> {
        if self.certificate.is_some() != self.key.is_some() {
            return Err(Error::HalfACertificate);
        }
        let home = Home::of(data_dir);
        home.create()?;
        let bytes = serde_json::to_vec_pretty(self).map_err(std::io::Error::from);
        let written = bytes.and_then(|bytes| replace(&home.network(), &bytes));
        written.map_err(|source| Error::File { doing: "write", path: home.network(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_and_a_broken_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Network::load(dir.path()).unwrap().is_closed());
        let network = Network { mqtts: Some(([0, 0, 0, 0], 8883).into()), ..Network::default() };
        network.save(dir.path()).unwrap();
        assert_eq!(Network::load(dir.path()).unwrap(), network);
        assert!(!network.is_closed());
        let half = Network { certificate: Some("/c.pem".into()), ..Network::default() };
        assert!(matches!(half.save(dir.path()), Err(Error::HalfACertificate)));
        std::fs::write(dir.path().join("broker/network.json"), "{").unwrap();
        assert!(Network::load(dir.path()).unwrap_err().to_string().contains("network.json"));
    }
}
