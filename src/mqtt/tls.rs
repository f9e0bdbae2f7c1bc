//! TLS for `mqtts://` and `wss://`: rustls with ring.
//!
//! A certificate is accepted when it is the one that was asked for by its fingerprint, or when somebody whom
//! the system or the given file trusts signed it. A built-in broker has one that nobody signed: it is kept
//! at first use of an address, and refused there when it is another one later. Only a certificate that says
//! of itself that it is such a one is kept, and never where a file says whom to trust or where a signed one
//! was seen before: at the address of any other broker it would let somebody in between in.

use std::path::Path;
use std::sync::Arc;

use rumqttc::TlsConfiguration;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use sha2::{Digest, Sha256};

use super::Trust;
use super::pins::{Pin, Pins};
use crate::domain::TlsFingerprint;
use crate::protocol::OWN_CERTIFICATE;

/// What to accept at `place`, and what to show there.
pub(super) fn configuration(place: &str, trust: &Trust) -> Result<TlsConfiguration, String> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier {
        place: place.to_owned(),
        signers: signers(trust.ca.as_deref(), &provider)?,
        asked_for: trust.fingerprint,
        pins: trust.pins.as_deref().map(Pins::at),
        first_use: trust.ca.is_none(),
        algorithms: provider.signature_verification_algorithms,
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("TLS: {e}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &trust.certificate {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let private = PrivateKeyDer::from_pem_file(key)
                .map_err(|e| format!("TLS: cannot use the key {}: {e}", key.display()))?;
            builder
                .with_client_auth_cert(certificates(certificate)?, private)
                .map_err(|e| format!("TLS: cannot use {}: {e}", certificate.display()))?
        }
    };
    // A session that is resumed shows no certificate, and each connection shall look at it.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(TlsConfiguration::Rustls(Arc::new(config)))
}

/// Those who may sign; `None` where there is nobody.
fn signers(
    ca: Option<&Path>,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<WebPkiServerVerifier>>, String> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            for certificate in certificates(path)? {
                roots
                    .add(certificate)
                    .map_err(|e| format!("TLS: cannot use {}: {e}", path.display()))?;
            }
        }
        // Certificates of the system that cannot be read are left out.
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Ok(None);
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    verifier.build().map(Some).map_err(|e| format!("TLS: {e}"))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("TLS: cannot use {}: {why}", path.display());
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|e| wrong(&e))?;
    match certificates.is_empty() {
        true => Err(wrong(&"there is no certificate in it")),
        false => Ok(certificates),
    }
}

#[derive(Debug)]
struct Verifier {
    place: String,
    signers: Option<Arc<WebPkiServerVerifier>>,
    asked_for: Option<TlsFingerprint>,
    pins: Option<Pins>,
    /// Whether a built-in broker may be believed at first use.
    first_use: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn judge(&self, shown: &CertificateDer<'_>, signed: Result<(), Error>) -> Result<(), Error> {
        let fingerprint = TlsFingerprint::from_bytes(Sha256::digest(shown).into());
        if let Some(asked_for) = self.asked_for {
            return match fingerprint == asked_for {
                true => self.keep(Pin::Fingerprint(fingerprint)),
                false => Err(Error::General(format!(
                    "its certificate has the fingerprint {fingerprint}, and {asked_for} was asked for \
                     (broker.fingerprint, COOEE_BROKER_FINGERPRINT or the invite): it may be another \
                     broker, or somebody in between"
                ))),
            };
        }
        let known = match &self.pins {
            Some(pins) => pins.get(&self.place).map_err(|e| unreadable(pins, &e))?,
            None => None,
        };
        let own = self.first_use && self.pins.is_some() && is_own(shown);
        match (signed, known) {
            (Ok(()), Some(Pin::Signed)) => Ok(()),
            (Ok(()), _) => self.keep(Pin::Signed),
            (Err(_), Some(Pin::Fingerprint(pinned))) if pinned == fingerprint && self.first_use => {
                Ok(())
            }
            (Err(_), Some(Pin::Fingerprint(pinned))) if own => Err(Error::General(format!(
                "its certificate has changed: it had the fingerprint {pinned} and now has {fingerprint}. \
                 Ask whoever runs it whether that is meant, and compare with `cooee broker status` there; \
                 if so, take \"{}\" out of {}. If not, somebody may be in between",
                self.place,
                self.pins.as_ref().map_or_else(String::new, |pins| pins.path().display().to_string()),
            ))),
            (Err(_), None) if own => {
                tracing::warn!(place = %self.place, %fingerprint, "a broker is believed at first use");
                self.keep(Pin::Fingerprint(fingerprint))
            }
            (Err(error), _) => Err(error),
        }
    }

    fn keep(&self, pin: Pin) -> Result<(), Error> {
        let Some(pins) = &self.pins else { return Ok(()) };
        match pins.get(&self.place) {
            Ok(Some(known)) if known == pin => Ok(()),
            Ok(_) => pins.set(&self.place, pin).map_err(|e| unreadable(pins, &e)),
            Err(e) => Err(unreadable(pins, &e)),
        }
    }
}

fn unreadable(pins: &Pins, error: &std::io::Error) -> Error {
    Error::General(format!("cannot use {}: {error}", pins.path().display()))
}

/// Whether a certificate says of itself that a built-in broker made it. Anybody can write that into theirs:
/// it only tells for which brokers the first use is meant.
fn is_own(certificate: &CertificateDer<'_>) -> bool {
    certificate.windows(OWN_CERTIFICATE.len()).any(|part| part == OWN_CERTIFICATE.as_bytes())
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let signed = match &self.signers {
            Some(signers) => signers.verify_server_cert(shown, chain, name, ocsp, now).map(drop),
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        };
        self.judge(shown, signed).map(|()| ServerCertVerified::assertion())
    }

    // Whoever shows a certificate must prove that the key is theirs, whyever we accept it.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// What went wrong with TLS, in words for a person; `None` where it was something else.
pub(super) fn words(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        // An I/O error does not name what it wraps as its source, but what that names.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = wrapped.and_then(|e| e.downcast_ref::<Error>()).or(error.downcast_ref::<Error>());
        if let Some(tls) = tls {
            return Some(of_tls(tls));
        }
        next = wrapped.map(|e| e as &(dyn std::error::Error + 'static)).or(error.source());
    }
    None
}

fn of_tls(error: &Error) -> String {
    match error {
        Error::General(words) => words.clone(),
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "nobody whom this machine trusts signed its certificate: name the one who did in broker.ca or \
             COOEE_BROKER_CA, or the certificate itself in broker.fingerprint"
                .to_owned()
        }
        Error::InvalidCertificate(
            e @ (CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }),
        ) => {
            format!("its certificate is not for this host name: {e}")
        }
        Error::InvalidCertificate(
            e @ (CertificateError::Expired | CertificateError::ExpiredContext { .. }),
        ) => format!("its certificate has expired, or our clock is wrong: {e}"),
        Error::InvalidMessage(_) => "what listens there does not speak TLS".to_owned(),
        Error::AlertReceived(rustls::AlertDescription::CertificateRequired) => {
            "it asks for a client certificate: set broker.certificate and broker.key".to_owned()
        }
        other => other.to_string(),
    }
}
