//! Where signals go, and how.

use std::time::Duration;

use super::{EXPORTER, GENERAL, PROTOCOL, TRACES, check, with, with_defaults};
use crate::Signal;
use crate::config::{Otlp, Protocol, Settings};

#[test]
fn nothing_is_exported_unless_an_endpoint_is_set_or_an_exporter_named() {
    check(&[], "", &[]);
    check(&[(GENERAL, "")], "", &[]);
    check(&[(GENERAL, "http://c:4318"), (EXPORTER, "none")], "", &[]);
    check(
        &[(GENERAL, "http://c:4318"), ("OTEL_SDK_DISABLED", "TRUE")],
        "",
        &[],
    );
    check(&[(EXPORTER, "console")], "stdout /", &[]);
}

#[test]
#[cfg(all(feature = "grpc", feature = "http-protobuf"))]
fn a_collector_that_is_named_without_an_endpoint_is_on_this_host() {
    check(
        &[(EXPORTER, "otlp")],
        "http/protobuf http://localhost:4318/v1/traces",
        &[],
    );
    let grpc = [(EXPORTER, "otlp"), (PROTOCOL, "grpc")];
    check(&grpc, "grpc http://localhost:4317/", &[]);
    let both = [(EXPORTER, "otlp,console")];
    check(
        &both,
        "http/protobuf http://localhost:4318/v1/traces, stdout /",
        &[],
    );
}

#[test]
#[cfg(all(feature = "grpc", feature = "http-protobuf"))]
fn the_signals_path_is_appended_to_the_general_endpoint_only() {
    let http = |path: &str| format!("http/protobuf http://c:4318{path}");
    check(&[(GENERAL, "http://c:4318")], &http("/v1/traces"), &[]);
    check(&[(GENERAL, "http://c:4318/")], &http("/v1/traces"), &[]);
    check(
        &[(GENERAL, "http://c:4318/otlp/")],
        &http("/otlp/v1/traces"),
        &[],
    );
    check(
        &[(GENERAL, "http://c:4318/otlp?key=1")],
        &http("/otlp/v1/traces?key=1"),
        &[],
    );
    check(&[(TRACES, "http://c:4318")], &http("/"), &[]);
    check(&[(TRACES, "http://c:4318/in/")], &http("/in/"), &[]);
    check(
        &[(GENERAL, "HTTP://[::1]:4318")],
        "http/protobuf http://[::1]:4318/v1/traces",
        &[],
    );
    let both = [(GENERAL, "http://other:4318"), (TRACES, "http://c:4318/in")];
    check(&both, &http("/in"), &[]);
}

#[test]
#[cfg(all(feature = "grpc", feature = "http-protobuf"))]
fn the_port_of_grpc_is_taken_for_grpc_unless_the_protocol_is_set() {
    check(&[(GENERAL, "http://c:4317")], "grpc http://c:4317/", &[]);
    check(&[(GENERAL, "https://c:4317")], "grpc https://c:4317/", &[]);
    let http = [(GENERAL, "http://c:4317"), (PROTOCOL, "http/protobuf")];
    check(&http, "http/protobuf http://c:4317/v1/traces", &[]);
    let grpc = [(GENERAL, "http://c:80"), (PROTOCOL, "grpc")];
    check(&grpc, "grpc http://c:80/", &[]);
    let own = [
        (GENERAL, "http://c:4317"),
        (PROTOCOL, "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
    ];
    check(&own, "http/protobuf http://c:4317/v1/traces", &[]);
}

#[test]
#[cfg(all(feature = "grpc", feature = "http-protobuf"))]
fn grpc_without_a_scheme_is_encrypted_unless_it_is_insecure() {
    check(&[(GENERAL, "c:4317")], "grpc https://c:4317/", &[]);
    let insecure = [(GENERAL, "c:4317"), ("OTEL_EXPORTER_OTLP_INSECURE", "True")];
    check(&insecure, "grpc http://c:4317/", &[]);
    let scheme = [
        (GENERAL, "https://c:4317"),
        ("OTEL_EXPORTER_OTLP_INSECURE", "true"),
    ];
    check(&scheme, "grpc https://c:4317/", &[]);
    let own = [
        (GENERAL, "c:4317"),
        ("OTEL_EXPORTER_OTLP_INSECURE", "true"),
        ("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "false"),
    ];
    check(&own, "grpc https://c:4317/", &[]);
    let http = r#"ignored OTEL_EXPORTER_OTLP_ENDPOINT "c:4318"; expected a URL with http:// or https:// for OTLP over HTTP"#;
    check(&[(GENERAL, "c:4318")], "", &[http]);
    let named = [(GENERAL, "c:4318"), (EXPORTER, "otlp")];
    check(
        &named,
        "http/protobuf http://localhost:4318/v1/traces",
        &[http],
    );
}

#[test]
fn an_endpoint_that_is_none_is_ignored_and_what_may_be_a_secret_is_not_repeated() {
    let ignored = |value: &str| {
        format!(
            "ignored {GENERAL} \"{value}\"; expected a URL like http://collector:4318, without user and password"
        )
    };
    for malformed in ["/v1/traces", "ftp://c", "http://", "collector 4317"] {
        check(&[(GENERAL, malformed)], "", &[&ignored(malformed)]);
    }
    check(
        &[(GENERAL, "http://me:hunter2@c:4318")],
        "",
        &[&ignored("<hidden>")],
    );
}

#[test]
fn an_unknown_exporter_is_left_out() {
    let unknown = r#"ignored OTEL_TRACES_EXPORTER "zipkin"; expected otlp, console or none"#;
    check(&[(EXPORTER, "zipkin")], "", &[unknown]);
    check(&[(EXPORTER, "zipkin,console")], "stdout /", &[unknown]);
    let endpoint = [
        (EXPORTER, "zipkin"),
        (GENERAL, "http://c:1"),
        (PROTOCOL, "http/protobuf"),
    ];
    check(&endpoint, "http/protobuf http://c:1/v1/traces", &[unknown]);
    check(&[(EXPORTER, "none,console")], "stdout /", &[]);
}

#[test]
fn what_is_set_for_one_signal_counts_over_what_is_set_for_all() {
    let (settings, endpoints) = with(&[
        (GENERAL, "http://c:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=general,x-a=1"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "api-key=own"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "100"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none"),
    ]);
    assert_eq!(settings.warnings, []);
    for (signal, endpoint) in endpoints {
        let headers: Vec<(&str, &str)> = endpoint
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        if signal == Signal::Traces {
            assert_eq!(headers, [("api-key", "own")]);
            assert_eq!(endpoint.timeout, Duration::from_millis(100));
            assert!(!endpoint.gzip);
        } else {
            assert_eq!(headers, [("api-key", "general"), ("x-a", "1")]);
            assert_eq!(endpoint.timeout, Duration::from_millis(2500));
            assert!(endpoint.gzip);
        }
    }
}

#[test]
fn the_environment_overrides_code_also_where_code_was_more_specific() {
    let mut settings = Settings::new("hub".to_owned());
    settings.otlp = Otlp::new()
        .timeout(Duration::from_secs(1))
        .header("x-a", "1");
    settings.otlp_for.traces = Otlp::new().endpoint("http://code:4318/in");
    let (_, endpoints) = with_defaults(settings, &[(GENERAL, "http://env:4318")]);
    let (_, traces) = &endpoints[0];
    assert_eq!(traces.uri, "http://env:4318/v1/traces");
    assert_eq!(traces.timeout, Duration::from_secs(1));
    assert_eq!(traces.headers.len(), 1);
}

#[test]
fn files_that_are_not_there_or_no_pem_are_ignored_and_a_key_needs_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let pem = write("pem", "-----BEGIN CERTIFICATE-----\n");
    let text = write("text", "no certificate");
    let missing = format!("{pem}-missing");
    let directory = folder.path().to_str().unwrap();
    let name = "OTEL_EXPORTER_OTLP_CERTIFICATE";
    for file in [&*text, &*missing, directory] {
        let (settings, _) = with(&[(name, file)]);
        assert_eq!(
            settings.warnings[0].to_string(),
            format!("ignored {name} \"{file}\"; expected the path of a PEM file that can be read"),
        );
        assert_eq!(settings.otlp.ca, None);
    }
    let (settings, _) = with(&[(name, &pem)]);
    assert_eq!(settings.otlp.ca, Some(pem.clone().into()));

    let (certificate, key) = (
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
        "OTEL_EXPORTER_OTLP_CLIENT_KEY",
    );
    let (settings, _) = with(&[(certificate, &pem), (key, &pem)]);
    assert_eq!(
        settings.otlp.client,
        Some((pem.clone().into(), pem.clone().into()))
    );
    let (settings, _) = with(&[(key, &pem)]);
    assert_eq!(settings.otlp.client, None);
    assert_eq!(
        settings.warnings[0].expected(),
        format!("{certificate} beside it")
    );
}

#[test]
fn every_protocol_has_a_name_and_json_is_not_spoken() {
    let endpoint = (GENERAL, "http://c:1");
    check(&[endpoint, (PROTOCOL, "grpc")], "grpc http://c:1/", &[]);
    let json = r#"ignored OTEL_EXPORTER_OTLP_PROTOCOL "http/json"; expected grpc or http/protobuf"#;
    let (settings, endpoints) = with(&[endpoint, (PROTOCOL, "http/json")]);
    assert_eq!(settings.warnings[0].to_string(), json);
    assert_ne!(endpoints[0].1.protocol, Protocol::Stdout);
}
