//! Whom to trust when a check speaks TLS.
#![cfg_attr(not(any(feature = "http-check", feature = "redis")), allow(dead_code))] // which have a use for it

use std::fmt;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::Error;

/// Which certificates a check trusts. Server names are always verified.
///
/// It needs no process-wide crypto provider, and installs none.
///
/// ```
/// use omtx_health::checks::Tls;
///
/// let error = Tls::with_roots(b"not a certificate").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "invalid root certificates \"no certificate among 17 bytes\"; expected PEM certificates",
/// );
/// ```
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
}

impl Tls {
    /// Trusts what the operating system trusts; `SSL_CERT_FILE` and `SSL_CERT_DIR` name other places.
    ///
    /// # Errors
    ///
    /// If there is no such certificate, as in a container image without `ca-certificates`.
    pub fn native() -> Result<Self, Error> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        // Some stores hold certificates that no longer parse; the others are as good as ever.
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            let errors: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
            let text = match errors.is_empty() {
                true => "none found".to_owned(),
                false => errors.join(", "),
            };
            return Err(Error::invalid(
                "system's root certificates",
                text.escape_debug(),
                "certificates (install ca-certificates, or set SSL_CERT_FILE)",
            ));
        }
        Ok(Self::with_store(roots))
    }

    /// Trusts these certificates (PEM, one or more) and no others: a private authority's.
    ///
    /// # Errors
    ///
    /// If there is none, or one that cannot be read.
    pub fn with_roots(pem: &[u8]) -> Result<Self, Error> {
        let invalid = |text: String| Error::invalid("root certificates", text, "PEM certificates");
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| invalid(error.to_string()))?;
            roots
                .add(certificate)
                .map_err(|error| invalid(error.to_string()))?;
        }
        match roots.is_empty() {
            true => Err(invalid(format!("no certificate among {} bytes", pem.len()))),
            false => Ok(Self::with_store(roots)),
        }
    }

    /// A configuration of the application's own: client certificates, another crypto provider.
    #[must_use]
    pub fn from_config(config: Arc<ClientConfig>) -> Self {
        Self { config }
    }

    fn with_store(roots: RootCertStore) -> Self {
        // Named, because the process may have no default provider, or be about to install one.
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the cipher suites of TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self::from_config(Arc::new(config))
    }

    /// Shakes hands with the server of this name.
    pub(super) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, String> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| format!("{host} is no name that a certificate can have"))?;
        TlsConnector::from(Arc::clone(&self.config))
            .connect(name, stream)
            .await
            .map_err(|error| format!("TLS with {host}: {error}"))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
