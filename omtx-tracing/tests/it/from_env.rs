//! From variables to a collector that is not ours.

use std::ffi::OsString;
use std::time::Duration;

use omtx_tracing::{Signal, Telemetry};
use opentelemetry::trace::{Tracer, TracerProvider};

use crate::receiver::{PATIENCE, Receiver};

const COMPRESSION: &str = if cfg!(feature = "gzip") {
    "gzip"
} else {
    "none"
};

fn telemetry(vars: &[(&str, &str)]) -> Telemetry {
    let read = |name: &str| {
        let found = vars.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| OsString::from(value))
    };
    Telemetry::builder("omtx-hub-api")
        .from_vars(read)
        .and_then(|builder| builder.strict(true).build())
        .unwrap()
}

/// The headers of a request under either protocol, by lower-case name.
fn header<'a>(request: &'a serde_json::Value, name: &str) -> Option<&'a str> {
    let headers = request["headers"].as_object()?;
    let mut found = headers
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.next()?.1.as_str()
}

#[test]
fn endpoint_protocol_headers_compression_and_resource_are_those_of_the_variables() {
    for protocol in ["grpc", "http/protobuf"] {
        let Some(receiver) = Receiver::start() else {
            return;
        };
        let endpoint = match protocol {
            "grpc" => receiver.grpc_endpoint(),
            _ => receiver.http_endpoint(),
        };
        let telemetry = telemetry(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=s%20ecret"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", COMPRESSION),
            ("OTEL_SERVICE_NAME", "hub"),
            ("OTEL_RESOURCE_ATTRIBUTES", "team=omics%2C code"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "3"),
        ]);
        let tracer = telemetry.tracer_provider().tracer("billing");
        let attribute = opentelemetry::KeyValue::new("long", "abcdef");
        drop(
            tracer
                .span_builder("charge")
                .with_attributes([attribute])
                .start(&tracer),
        );
        assert!(
            telemetry.flush(PATIENCE).is_complete(),
            "{:?}",
            telemetry.stats()
        );

        let span = receiver.wait_for_spans(1).remove(0);
        assert_eq!(span["name"], "charge");
        assert_eq!(span["attributes"]["long"], "abc");
        assert_eq!(span["resource"]["service.name"], "hub");
        assert_eq!(span["resource"]["team"], "omics, code");
        assert_eq!(span["resource"]["process.pid"], std::process::id());
        let request = receiver.wait_for_requests(1).remove(0);
        assert_eq!(header(&request, "api-key"), Some("s ecret"), "{request}");
        if COMPRESSION == "none" {
            assert_ne!(request["encoding"], "gzip", "{request}");
        } else if protocol == "grpc" {
            // grpcio keeps the header of the compression to itself; what came over the wire was shorter.
            let sent: u64 = header(&request, "content-length").unwrap().parse().unwrap();
            assert!(sent < request["bytes"].as_u64().unwrap(), "{request}");
        } else {
            assert_eq!(request["encoding"], "gzip", "{request}");
        }
        let stats = telemetry.stats();
        assert_eq!(stats.of(Signal::Traces).unwrap().exported, 1);
        assert!(telemetry.shutdown(Duration::from_secs(30)).is_empty());
    }
}

#[test]
fn a_signal_of_its_own_endpoint_goes_there() {
    let (Some(general), Some(own)) = (Receiver::start(), Receiver::start()) else {
        return;
    };
    let telemetry = telemetry(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &general.grpc_endpoint()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            &format!("{}/v1/traces", own.http_endpoint()),
        ),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
    ]);
    telemetry
        .tracer_provider()
        .tracer("hub")
        .in_span("work", |_| ());
    assert!(telemetry.flush(PATIENCE).is_complete());
    assert_eq!(own.wait_for_spans(1)[0]["name"], "work");
    assert_eq!(general.requests(), Vec::<serde_json::Value>::new());
}
