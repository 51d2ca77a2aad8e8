use std::sync::Arc;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use omtx_health::checks::Tls;

use super::say;

fn certificate(name: &str) -> CertifiedKey<KeyPair> {
    generate_simple_self_signed([name.to_owned()]).unwrap()
}

fn trusting(certified: &CertifiedKey<KeyPair>) -> Tls {
    Tls::with_roots(certified.cert.pem().as_bytes()).unwrap()
}

/// Speaks TLS with this certificate, and answers every request with these bytes.
async fn serve(certified: &CertifiedKey<KeyPair>, answer: &'static [u8]) -> u16 {
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    port
}

#[cfg(feature = "http-check")]
mod https {
    use omtx_health::checks::Http;

    use super::*;

    const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"status\":\"ok\"}";

    #[tokio::test]
    async fn a_private_authority_is_trusted_when_it_is_named() {
        let certified = certificate("localhost");
        let port = serve(&certified, OK).await;
        let url = format!("https://localhost:{port}/health");
        let check = Http::get_with(&url, trusting(&certified)).unwrap();
        assert_eq!(say(&check.expect_json("/status", "ok")).await, Ok(None));

        let stranger = Http::get_with(&url, trusting(&certificate("localhost"))).unwrap();
        let error = say(&stranger).await.unwrap_err();
        let expected = format!("{url}: TLS with localhost: invalid peer certificate: ");
        assert!(error.starts_with(&expected), "{error}");
    }

    #[tokio::test]
    async fn a_certificate_for_another_name_is_refused() {
        let certified = certificate("elsewhere.example");
        let port = serve(&certified, OK).await;
        let url = format!("https://localhost:{port}/health");
        let check = Http::get_with(&url, trusting(&certified)).unwrap();
        let error = say(&check).await.unwrap_err();
        assert!(error.contains("certificate not valid for name"), "{error}");
    }

    #[tokio::test]
    async fn a_server_without_tls_is_told_from_one_with_a_bad_certificate() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            }
        });
        let url = format!("https://localhost:{port}/");
        let tls = trusting(&certificate("localhost"));
        let error = say(&Http::get_with(&url, tls).unwrap()).await.unwrap_err();
        assert!(
            error.starts_with(&format!("{url}: TLS with localhost: ")),
            "{error}"
        );
    }

    #[test]
    fn certificates_are_for_https_only() {
        let tls = trusting(&certificate("localhost"));
        let error = Http::get_with("http://a/?token=S3CRET", tls).unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid URL \"http://a/\"; expected https://"
        );
    }
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn redis_is_asked_over_tls() {
    use omtx_health::checks::Redis;

    let certified = certificate("localhost");
    let port = serve(&certified, b"+PONG\r\n").await;
    let url = format!("rediss://localhost:{port}");
    let check = Redis::with_tls(&url, trusting(&certified)).unwrap();
    assert_eq!(say(&check).await, Ok(None));

    let stranger = Redis::with_tls(&url, trusting(&certificate("localhost"))).unwrap();
    let error = say(&stranger).await.unwrap_err();
    let expected = format!("localhost:{port}: TLS with localhost: invalid peer certificate: ");
    assert!(error.starts_with(&expected), "{error}");
}
