//! What is wrong at the start, and what never is.

use super::*;

#[track_caller]
fn refused(endpoint: &Endpoint, expected: &str) {
    match crate::transport::connect(endpoint) {
        Ok(_) => panic!("expected an error: {expected}"),
        Err(error) => assert_eq!(error.to_string(), expected),
    }
}

const PROTOCOLS: [Protocol; 2] = [Protocol::Grpc, Protocol::HttpProtobuf];

#[cfg(all(feature = "grpc", feature = "http-protobuf"))]
#[test]
fn a_url_that_cannot_be_connected_to_is_an_error_without_its_password() {
    for protocol in PROTOCOLS {
        refused(
            &endpoint(protocol, "https://admin:hunter2@collector.test/v1/traces"),
            "invalid endpoint \"https://…@collector.test\"; expected no credentials in the URL; OTEL_EXPORTER_OTLP_HEADERS \
             takes them",
        );
        refused(
            &endpoint(protocol, "/v1/traces"),
            "invalid endpoint \"/v1/traces\"; expected a URL with a host",
        );
        refused(
            &endpoint(protocol, "ftp://collector.test"),
            "invalid endpoint \"ftp://collector.test/\"; expected http:// or https://",
        );
    }
}

#[cfg(all(feature = "grpc", feature = "http-protobuf"))]
#[test]
fn a_collector_that_is_away_is_no_error_and_needs_no_runtime() {
    for protocol in PROTOCOLS {
        transport(protocol, "http://does-not-exist.invalid:4317");
    }
}

#[cfg(not(feature = "grpc"))]
#[test]
fn grpc_names_its_feature() {
    let expected = "the protocol \"grpc\" needs the feature `grpc` of omtx-tracing";
    refused(&endpoint(Protocol::Grpc, "http://localhost"), expected);
}

#[cfg(not(feature = "http-protobuf"))]
#[test]
fn http_protobuf_names_its_feature() {
    let expected =
        "the protocol \"http/protobuf\" needs the feature `http-protobuf` of omtx-tracing";
    refused(
        &endpoint(Protocol::HttpProtobuf, "http://localhost"),
        expected,
    );
}

#[cfg(all(feature = "grpc", feature = "http-protobuf", not(feature = "tls")))]
#[test]
fn https_names_its_feature() {
    for protocol in PROTOCOLS {
        refused(
            &endpoint(protocol, "https://localhost/"),
            "the endpoint \"https://localhost/\" needs the feature `tls` of omtx-tracing",
        );
    }
}

#[cfg(all(feature = "grpc", feature = "http-protobuf", not(feature = "gzip")))]
#[test]
fn gzip_names_its_feature() {
    for protocol in PROTOCOLS {
        let mut endpoint = endpoint(protocol, "http://localhost/");
        endpoint.gzip = true;
        let expected = "the compression \"gzip\" needs the feature `gzip` of omtx-tracing";
        refused(&endpoint, expected);
    }
}
