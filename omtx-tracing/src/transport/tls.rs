//! TLS to a collector: whom to trust, and who we are.

use std::path::Path;
use std::sync::Arc;

use http::Uri;
use http::uri::Scheme;
use hyper_rustls::HttpsConnector;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::client::Version;
use super::tcp::Tcp;
use crate::Error;
use crate::config::Tls;

/// TLS over `tcp` for an `https` URL; for any other the files are not looked at.
pub(super) fn connector(
    uri: &Uri,
    tls: &Tls,
    version: Version,
    tcp: Tcp,
) -> Result<HttpsConnector<Tcp>, Error> {
    let encrypted = uri.scheme() == Some(&Scheme::HTTPS);
    let roots = if encrypted {
        roots(tls)?
    } else {
        RootCertStore::empty()
    };
    // Ours alone: the process may have another default, or none.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::system("TLS cannot be set up").because(error))?
        .with_root_certificates(roots);
    let mut config = match identity(tls)? {
        Some((chain, key)) if encrypted => {
            config.with_client_auth_cert(chain, key).map_err(|error| {
                let path = tls.client_key.as_deref().unwrap_or(Path::new(""));
                invalid(
                    "client key",
                    path,
                    "the private key of the client certificate",
                )
                .because(error)
            })?
        }
        _ => config.with_no_client_auth(),
    };
    config.alpn_protocols = match version {
        #[cfg(feature = "http-protobuf")]
        Version::Http1 => vec![b"http/1.1".to_vec()],
        #[cfg(feature = "grpc")]
        Version::Http2 => vec![b"h2".to_vec()],
    };
    Ok(HttpsConnector::from((tcp, config)))
}

/// The certificates of a file, or those of the system.
fn roots(tls: &Tls) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &tls.ca {
        for certificate in certificates("certificate file", path)? {
            roots.add(certificate).map_err(|error| {
                invalid("certificate file", path, "certificates of authorities").because(error)
            })?;
        }
        return Ok(roots);
    }
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if roots.is_empty() {
        let error = Error::system(
            "the system has no root certificates; install ca-certificates, or name a file in OTEL_EXPORTER_OTLP_CERTIFICATE",
        );
        return Err(match native.errors.into_iter().next() {
            Some(cause) => error.because(cause),
            None => error,
        });
    }
    Ok(roots)
}

/// A client certificate with its chain, and its key.
type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity(tls: &Tls) -> Result<Option<Identity>, Error> {
    let (certificate, key) = match (&tls.client_certificate, &tls.client_key) {
        (Some(certificate), Some(key)) => (certificate, key),
        (None, None) => return Ok(None),
        (Some(certificate), None) => {
            return Err(invalid(
                "client certificate",
                certificate,
                "a client key beside it",
            ));
        }
        (None, Some(key)) => {
            return Err(invalid("client key", key, "a client certificate beside it"));
        }
    };
    let chain = certificates("client certificate", certificate)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| {
        invalid(
            "client key",
            key,
            "a readable PEM file with a private key that is not encrypted",
        )
        .because(error)
    })?;
    Ok(Some((chain, key)))
}

fn certificates(what: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let unreadable = |path: &Path| invalid(what, path, "a readable PEM file with certificates");
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if certificates.is_empty() => Err(unreadable(path)),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(unreadable(path).because(error)),
    }
}

fn invalid(what: &str, path: &Path, expectation: &str) -> Error {
    Error::invalid(what, path.display(), expectation)
}
