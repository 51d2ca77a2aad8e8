//! `https`: whom to trust, and who we are.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, Issuer, KeyPair};

use super::receiver::Receiver;
use super::*;

/// An authority, and PEM files of a server and of a client that it vouches for.
struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let ca = CertifiedIssuer::self_signed(params, key).unwrap();
        let authority = Self { folder };
        authority.write("ca.pem", &ca.pem());
        for name in ["server", "client"] {
            authority.issue(&ca, name);
        }
        authority
    }

    fn issue(&self, ca: &Issuer<'_, KeyPair>, name: &str) {
        let key = KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, ca).unwrap();
        self.write(&format!("{name}.pem"), &certificate.pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
    }

    fn write(&self, name: &str, pem: &str) {
        std::fs::write(self.path(name), pem).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn receiver(&self, asks_clients: bool) -> Option<Receiver> {
        let path = |name| self.path(name).to_str().unwrap().to_owned();
        let (certificate, key, ca) = (path("server.pem"), path("server.key"), path("ca.pem"));
        let mut arguments = vec!["--tls-cert", &certificate, "--tls-key", &key];
        if asks_clients {
            arguments.extend(["--tls-client-ca", &ca]);
        }
        Receiver::start_with(&arguments)
    }
}

fn endpoints(receiver: &Receiver) -> [Endpoint; 2] {
    [
        endpoint(
            Protocol::Grpc,
            &format!("https://localhost:{}", receiver.grpc),
        ),
        endpoint(
            Protocol::HttpProtobuf,
            &format!("https://127.0.0.1:{}/v1/traces", receiver.http),
        ),
    ]
}

async fn export_to(endpoint: &Endpoint) -> Answer {
    let mut transport = crate::transport::connect(endpoint).unwrap();
    export(&mut *transport, spans(1)).await
}

#[tokio::test]
async fn a_collector_is_trusted_if_its_authority_is() {
    let (authority, other) = (Authority::new("ours"), Authority::new("theirs"));
    let Some(receiver) = authority.receiver(false) else {
        return;
    };
    for (n, mut endpoint) in endpoints(&receiver).into_iter().enumerate() {
        endpoint.tls.ca = Some(authority.path("ca.pem"));
        assert_eq!(export_to(&endpoint).await, all_accepted());
        endpoint.tls.ca = Some(other.path("ca.pem"));
        let answer = export_to(&endpoint).await;
        // Nothing is sent to a stranger.
        assert_eq!(kind(&answer), ("retry", None), "{answer:?}");
        assert!(cause(&answer).contains("UnknownIssuer"), "{answer:?}");
        assert_eq!(receiver.wait_for_requests(n + 1).len(), n + 1);
    }
}

#[tokio::test]
async fn a_collector_that_asks_who_we_are_is_told() {
    let authority = Authority::new("ours");
    let Some(receiver) = authority.receiver(true) else {
        return;
    };
    for (n, mut endpoint) in endpoints(&receiver).into_iter().enumerate() {
        endpoint.tls.ca = Some(authority.path("ca.pem"));
        let answer = export_to(&endpoint).await;
        assert_ne!(kind(&answer).0, "accepted", "{answer:?}");
        endpoint.tls.client_certificate = Some(authority.path("client.pem"));
        endpoint.tls.client_key = Some(authority.path("client.key"));
        assert_eq!(export_to(&endpoint).await, all_accepted());
        assert_eq!(receiver.wait_for_requests(n + 1).len(), n + 1);
    }
}

#[tokio::test]
async fn a_handshake_that_never_ends_has_sent_nothing() {
    // The system accepts for a listener that does not.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let authority = Authority::new("ours");
    for protocol in [Protocol::Grpc, Protocol::HttpProtobuf] {
        let mut endpoint = endpoint(protocol, &format!("https://127.0.0.1:{port}/"));
        endpoint.tls.ca = Some(authority.path("ca.pem"));
        let mut transport = crate::transport::connect(&endpoint).unwrap();
        let short = Duration::from_millis(300);
        let answer = export_within(&mut *transport, spans(1), short).await;
        let expected = Answer::Retry {
            after: None,
            cause: "no connection in time".into(),
        };
        assert_eq!(answer, expected);
    }
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let authority = Authority::new("ours");
    let other = Authority::new("theirs");
    authority.write("empty.pem", "");
    let at = |name: &str| Some(authority.path(name));
    let tls = |ca, client_certificate, client_key| Tls {
        ca,
        client_certificate,
        client_key,
    };
    let ca = || at("ca.pem");
    for (tls, what, expected) in [
        (
            tls(at("nowhere.pem"), None, None),
            "certificate file",
            "a readable PEM file with certificates",
        ),
        (
            tls(at("empty.pem"), None, None),
            "certificate file",
            "a readable PEM file with certificates",
        ),
        (
            tls(at("client.key"), None, None),
            "certificate file",
            "a readable PEM file with certificates",
        ),
        (
            tls(ca(), at("client.pem"), None),
            "client certificate",
            "a client key beside it",
        ),
        (
            tls(ca(), None, at("client.key")),
            "client key",
            "a client certificate beside it",
        ),
        (
            tls(ca(), at("client.pem"), at("client.pem")),
            "client key",
            "a readable PEM file with a private key that is not encrypted",
        ),
        (
            tls(ca(), at("client.pem"), Some(other.path("client.key"))),
            "client key",
            "the private key of the client certificate",
        ),
    ] {
        let mut endpoint = endpoint(Protocol::Grpc, "https://localhost");
        endpoint.tls = tls;
        let error = crate::transport::connect(&endpoint).err().unwrap();
        assert!(error.is_invalid());
        let text = error.to_string();
        assert!(text.starts_with(&format!("invalid {what} \"/")), "{text}");
        assert!(text.ends_with(&format!("; expected {expected}")), "{text}");
    }
}

#[test]
fn without_tls_the_files_are_not_looked_at() {
    let mut endpoint = endpoint(Protocol::Grpc, "http://localhost");
    endpoint.tls.ca = Some("/nowhere".into());
    assert!(crate::transport::connect(&endpoint).is_ok());
}
