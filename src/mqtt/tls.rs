//! TLS for `mqtts://`: rustls with ring, and the certificates that the system trusts.

use std::sync::Arc;

use rumqttc::TlsConfiguration;
use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// A configuration that trusts what the system trusts. Certificates that cannot be read are left out;
/// without a single one, it says so.
pub(super) fn configuration() -> Result<TlsConfiguration, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err("TLS: no trusted certificates on this system (install `ca-certificates`)".into());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("TLS: {e}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConfiguration::Rustls(Arc::new(config)))
}
