//! The certificate that the broker shows on a network: the operator's, or one that it makes for itself.
//!
//! Its own is signed by nobody, so clients know it by its fingerprint, which an invite carries. They take it
//! for what it is by the name in it ([`OWN_CERTIFICATE`]) and keep the fingerprint at first use.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

use super::Error;
use super::accounts::replace;
use super::home::Home;
use super::network::Network;
use crate::domain::TlsFingerprint;
use crate::protocol::OWN_CERTIFICATE;

/// What the broker shows.
pub(super) struct Shown {
    pub fingerprint: TlsFingerprint,
    pub config: Arc<ServerConfig>,
}

/// Reads the files of the operator, or ours, which are made where they are missing.
pub(super) fn load(home: &Home, network: &Network) -> Result<Shown, Error> {
    let (certificate, key) = match (&network.certificate, &network.key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        _ => own(home)?,
    };
    let chain = read_chain(&certificate)?;
    let private = PrivateKeyDer::from_pem_file(&key)
        .map_err(|e| Error::Certificate { path: key.clone(), why: e.to_string() })?;
    let fingerprint = TlsFingerprint::from_bytes(Sha256::digest(&chain[0]).into());
    let wrong = |e: rustls::Error| Error::Certificate { path: certificate.clone(), why: e.to_string() };
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(wrong)?;
    Ok(Shown { fingerprint, config: Arc::new(config) })
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = |why: String| Error::Certificate { path: path.to_owned(), why };
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = read.map_err(|e| wrong(e.to_string()))?;
    match chain.is_empty() {
        true => Err(wrong("there is no certificate in it".to_owned())),
        false => Ok(chain),
    }
}

/// Our own, kept for as long as the directory is: a new one would be refused by everybody.
fn own(home: &Home) -> Result<(PathBuf, PathBuf), Error> {
    let (certificate, key) = (home.certificate(), home.key());
    if !certificate.exists() || !key.exists() {
        let wrong =
            |e: rcgen::Error| Error::Certificate { path: certificate.clone(), why: e.to_string() };
        let pair = KeyPair::generate().map_err(wrong)?;
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).map_err(wrong)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, OWN_CERTIFICATE);
        let made = params.self_signed(&pair).map_err(wrong)?;
        // The key first: a certificate without its key is made anew, and nobody has seen it yet.
        for (path, text) in [(&key, pair.serialize_pem()), (&certificate, made.pem())] {
            replace(path, text.as_bytes()).map_err(|source| Error::File {
                doing: "write",
                path: path.clone(),
                source,
            })?;
        }
    }
    Ok((certificate, key))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn ours_is_made_once_and_its_key_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::of(dir.path());
        home.create().unwrap();
        let first = load(&home, &Network::default()).unwrap().fingerprint;
        assert_eq!(load(&home, &Network::default()).unwrap().fingerprint, first);
        assert_eq!(std::fs::metadata(home.key()).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn files_that_are_none_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::of(dir.path());
        home.create().unwrap();
        let (text, missing) = (dir.path().join("shopping"), dir.path().join("missing"));
        std::fs::write(&text, "milk").unwrap();
        for path in [text, missing] {
            let network = Network {
                certificate: Some(path.clone()),
                key: Some(path.clone()),
                ..Network::default()
            };
            let error = load(&home, &network).err().unwrap().to_string();
            assert!(error.contains(path.to_str().unwrap()), "{error}");
        }
    }
}
