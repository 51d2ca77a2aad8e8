//! What is wrong at the start, and what never is.

use std::time::Duration;

use super::connect;
use crate::config::{Endpoint, Protocol, Tls};

const PROTOCOLS: [Protocol; 2] = [Protocol::Grpc, Protocol::HttpProtobuf];

fn endpoint(protocol: Protocol, uri: &str) -> Endpoint {
    Endpoint {
        protocol,
        uri: uri.parse().unwrap(),
        headers: Vec::new(),
        gzip: false,
        timeout: Duration::from_secs(10),
        tls: Tls::default(),
    }
}

/// The error, if it is one.
fn refused(endpoint: &Endpoint) -> Option<String> {
    connect(endpoint).err().map(|error| error.to_string())
}

fn is_built(protocol: Protocol) -> bool {
    match protocol {
        Protocol::Grpc => cfg!(feature = "grpc"),
        Protocol::HttpProtobuf => cfg!(feature = "http-protobuf"),
        _ => true,
    }
}

#[test]
fn a_collector_that_is_away_is_no_error_and_needs_no_runtime() {
    for protocol in PROTOCOLS.into_iter().filter(|protocol| is_built(*protocol)) {
        let away = endpoint(protocol, "http://does-not-exist.invalid:4317");
        assert_eq!(refused(&away), None);
    }
}

#[test]
fn a_url_that_cannot_be_connected_to_is_an_error_without_its_password() {
    for protocol in PROTOCOLS.into_iter().filter(|protocol| is_built(*protocol)) {
        for (uri, expected) in [
            (
                "http://admin:hunter2@collector.test/v1/traces",
                "invalid endpoint \"http://…@collector.test\"; expected no credentials in the URL; \
                 OTEL_EXPORTER_OTLP_HEADERS takes them",
            ),
            (
                "/v1/traces",
                "invalid endpoint \"/v1/traces\"; expected a URL with a host",
            ),
            (
                "ftp://collector.test",
                "invalid endpoint \"ftp://collector.test/\"; expected http:// or https://",
            ),
        ] {
            let error = refused(&endpoint(protocol, uri));
            assert_eq!(error.as_deref(), Some(expected));
        }
    }
}

#[test]
fn what_was_not_compiled_in_is_named_with_its_feature() {
    for (protocol, name) in PROTOCOLS.into_iter().zip(["grpc", "http/protobuf"]) {
        let plain = endpoint(protocol, "http://localhost/");
        if !is_built(protocol) {
            let feature = name.replace('/', "-");
            let expected =
                format!("the protocol \"{name}\" needs the feature `{feature}` of omtx-tracing");
            assert_eq!(refused(&plain), Some(expected));
            continue;
        }
        let gzip = Endpoint {
            gzip: true,
            ..plain
        };
        let expected = "the compression \"gzip\" needs the feature `gzip` of omtx-tracing";
        let expected = (!cfg!(feature = "gzip")).then_some(expected);
        assert_eq!(refused(&gzip).as_deref(), expected);

        if !cfg!(feature = "tls") {
            let error = refused(&endpoint(protocol, "https://localhost/"));
            let expected =
                "the endpoint \"https://localhost/\" needs the feature `tls` of omtx-tracing";
            assert_eq!(error.as_deref(), Some(expected));
        }
    }
}
