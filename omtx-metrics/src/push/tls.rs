//! Whom a push trusts.

use std::sync::Arc;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::Error;

/// The system's root certificates and those in `pem`. For an address that is not `https`, nothing is loaded.
pub(super) fn config(url: &str, pem: &[Vec<u8>]) -> Result<TlsConfig, Error> {
    let mut roots = own(pem)?;
    if url.starts_with("https:") {
        let system = rustls_native_certs::load_native_certs();
        roots.extend(
            system
                .certs
                .iter()
                .map(|der| Certificate::from_der(der).to_owned()),
        );
        if roots.is_empty() {
            let expected =
                "root certificates of the system, or ones that are given by `root_certificates`";
            return Err(Error::invalid("set of root certificates", "", expected));
        }
    }
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}

/// The certificates in `pem`.
fn own(pem: &[Vec<u8>]) -> Result<Vec<Certificate<'static>>, Error> {
    let mut roots = Vec::new();
    for text in pem {
        let before = roots.len();
        for item in parse_pem(text) {
            match item {
                Ok(PemItem::Certificate(certificate)) => roots.push(certificate),
                Ok(_) => {} // a key in the same file: not needed, and not kept
                Err(_) => return Err(malformed()),
            }
        }
        if roots.len() == before {
            return Err(malformed());
        }
    }
    Ok(roots)
}

/// Says nothing of the text, which may hold a key.
fn malformed() -> Error {
    Error::invalid(
        "root certificates",
        "***",
        "PEM with at least one CERTIFICATE",
    )
}
