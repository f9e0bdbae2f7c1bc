//! TLS with certificates that are made here: whom we believe, and who believes us.

use std::path::PathBuf;

use cooee::mqtt::Trust;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use super::*;
use crate::support::external::{External, Make, free_port};

/// A mosquitto with TLS, and the files that go with it.
struct Secured {
    _broker: External,
    dir: TempDir,
    plain: u16,
    tls: u16,
    mutual: u16,
    wss: u16,
    ws: u16,
}

/// Somebody who signs certificates.
type Signer = CertifiedIssuer<'static, KeyPair>;

fn signer(name: &str) -> Signer {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes a certificate for this name and its key.
fn signed(dir: &TempDir, signer: &Signer, name: &str) -> (PathBuf, PathBuf) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let certificate = params.signed_by(&key, signer).unwrap();
    let at = |end: &str| dir.path().join(format!("{name}.{end}"));
    std::fs::write(at("pem"), certificate.pem()).unwrap();
    std::fs::write(at("key"), key.serialize_pem()).unwrap();
    (at("pem"), at("key"))
}

/// The server is called `localhost`, and nothing else.
fn secured() -> Option<(Secured, Signer)> {
    if !Make::Mosquitto.is_installed() {
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let ca = signer("the tests");
    let file = dir.path().join("ca.pem");
    std::fs::write(&file, ca.pem()).unwrap();
    let (certificate, key) = signed(&dir, &ca, "localhost");
    let [tls, mutual, wss, ws] = [free_port(), free_port(), free_port(), free_port()];
    let files = format!(
        "certfile {}\nkeyfile {}\ncafile {}\n",
        certificate.display(),
        key.display(),
        file.display()
    );
    let settings = format!(
        "listener {tls} 127.0.0.1\n{files}\
         listener {mutual} 127.0.0.1\n{files}require_certificate true\n\
         listener {wss} 127.0.0.1\nprotocol websockets\n{files}\
         listener {ws} 127.0.0.1\nprotocol websockets\n"
    );
    let broker = External::start_with(Make::Mosquitto, dir.path(), &settings);
    let plain = broker.port;
    Some((Secured { _broker: broker, dir, plain, tls, mutual, wss, ws }, ca))
}

impl Secured {
    fn trust(&self) -> Trust {
        Trust { ca: Some(self.dir.path().join("ca.pem")), ..Trust::default() }
    }

    fn address(&self, host: &str, port: u16, trust: Option<Trust>, path: Option<&str>) -> Address {
        let websocket = path.map(str::to_owned);
        Address { tls: trust, websocket, ..Address::plain(host, port) }
    }
}

async fn greeting(address: Address) -> Result<(), String> {
    Line::start(address, "", false).greeting().await
}

#[tokio::test]
async fn whom_a_file_names_is_believed_and_nobody_else_is() {
    let Some((broker, ca)) = secured() else { return };
    let at = |host: &str, trust| broker.address(host, broker.tls, Some(trust), None);
    assert_eq!(greeting(at("localhost", broker.trust())).await, Ok(()));

    let stranger = signer("somebody else");
    std::fs::write(broker.dir.path().join("other.pem"), stranger.pem()).unwrap();
    let pins = Some(broker.dir.path().join("brokers.json"));
    for (host, trust, words) in [
        ("127.0.0.1", broker.trust(), "not for this host name"),
        (
            "localhost",
            Trust { ca: Some(broker.dir.path().join("other.pem")), ..Trust::default() },
            "broker.ca",
        ),
        // What nobody signed is taken at first use from a built-in broker alone.
        ("localhost", Trust { pins: pins.clone(), ..Trust::default() }, "broker.ca"),
        (
            "localhost",
            Trust { ca: Some("/nothing/here.pem".into()), ..Trust::default() },
            "/nothing/here.pem",
        ),
        (
            "localhost",
            Trust { ca: Some(broker.dir.path().join("settings")), ..Trust::default() },
            "no certificate",
        ),
    ] {
        let said = greeting(at(host, trust)).await.unwrap_err();
        assert!(said.contains("TLS") && said.contains(words), "{said}");
    }
    assert!(!pins.clone().unwrap().exists(), "nothing was kept");
    // The certificate itself may be asked for, whoever signed it and for whatever name.
    let der = rustls_pem(&broker.dir.path().join("localhost.pem"));
    let fingerprint = Some(cooee::domain::TlsFingerprint::from_bytes(sha256(&der)));
    assert_eq!(greeting(at("127.0.0.1", Trust { fingerprint, ..Trust::default() })).await, Ok(()));
    let other = Some(cooee::domain::TlsFingerprint::from_bytes([1; 32]));
    let said =
        greeting(at("localhost", Trust { fingerprint: other, ..broker.trust() })).await.unwrap_err();
    assert!(said.contains("fingerprint"), "{said}");
    drop(ca);
}

#[tokio::test]
async fn a_client_shows_its_certificate_and_is_told_where_it_has_none() {
    let Some((broker, ca)) = secured() else { return };
    let at = |trust| broker.address("localhost", broker.mutual, Some(trust), None);
    let said = greeting(at(broker.trust())).await.unwrap_err();
    assert!(said.contains("client certificate") && said.contains("broker.certificate"), "{said}");
    let alice = signed(&broker.dir, &ca, "alice");
    assert_eq!(greeting(at(Trust { certificate: Some(alice.clone()), ..broker.trust() })).await, Ok(()));
    let swapped = Trust { certificate: Some((alice.1, alice.0)), ..broker.trust() };
    let said = greeting(at(swapped)).await.unwrap_err();
    assert!(said.contains("alice.pem"), "it names the file that is no key: {said}");
}

#[tokio::test]
async fn websockets_go_with_and_without_tls() {
    let Some((broker, _)) = secured() else { return };
    assert_eq!(greeting(broker.address("127.0.0.1", broker.ws, None, Some("/mqtt"))).await, Ok(()));
    let wss = broker.address("localhost", broker.wss, Some(broker.trust()), Some("/mqtt"));
    assert_eq!(greeting(wss).await, Ok(()));
    let untrusted = broker.address("localhost", broker.wss, Some(Trust::default()), Some("/mqtt"));
    let said = greeting(untrusted).await.unwrap_err();
    assert!(said.contains("TLS") && said.contains("broker.ca"), "{said}");
    // Each at the wrong door.
    let said = greeting(broker.address("localhost", broker.plain, Some(broker.trust()), None)).await;
    assert!(said.unwrap_err().contains(&broker.plain.to_string()));
    let said = greeting(broker.address("127.0.0.1", broker.plain, None, Some("/mqtt"))).await;
    assert!(said.unwrap_err().contains(&broker.plain.to_string()));
}

fn rustls_pem(path: &Path) -> Vec<u8> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    CertificateDer::from_pem_file(path).unwrap().to_vec()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}
