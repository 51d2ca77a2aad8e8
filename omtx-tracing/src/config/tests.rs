//! From variables to the endpoints and bounds that they mean, as the specification's tables have it.

use std::ffi::OsString;
use std::time::Duration;

use super::{Endpoint, Otlp, Protocol, Settings, Vars};
use crate::{Signal, SpanLimits};

/// The settings of a service with these variables, and where its signals go.
#[track_caller]
fn with(vars: &[(&str, &str)]) -> (Settings, Vec<(Signal, Endpoint)>) {
    with_defaults(Settings::new("hub".to_owned()), vars)
}

#[track_caller]
fn with_defaults(
    mut settings: Settings,
    vars: &[(&str, &str)],
) -> (Settings, Vec<(Signal, Endpoint)>) {
    let read = |name: &str| {
        let found = vars.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| OsString::from(value))
    };
    settings.apply(&mut Vars::new(&read)).unwrap();
    let mut found = settings.resolve().unwrap();
    let endpoints = Signal::ALL.into_iter().flat_map(|signal| {
        let endpoints = std::mem::take(found.get_mut(signal));
        endpoints
            .into_iter()
            .map(move |endpoint| (signal, endpoint))
    });
    let endpoints = endpoints.collect();
    (settings, endpoints)
}

/// The traces' endpoint, as `protocol uri`, and what is said about the variables.
#[track_caller]
fn check(vars: &[(&str, &str)], expected: &str, warnings: &[&str]) {
    let (settings, endpoints) = with(vars);
    let traces: Vec<String> = endpoints
        .iter()
        .filter(|(signal, _)| *signal == Signal::Traces)
        .map(|(_, endpoint)| format!("{} {}", endpoint.protocol, endpoint.uri))
        .collect();
    assert_eq!(traces.join(", "), expected, "{vars:?}");
    let said: Vec<String> = settings.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(said, warnings, "{vars:?}");
}

const GENERAL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const EXPORTER: &str = "OTEL_TRACES_EXPORTER";

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
fn numbers_out_of_range_leave_the_default() {
    for (name, value) in [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "-1"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "2147483648"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1e3"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2049"),
        ("OTEL_BSP_SCHEDULE_DELAY", "5s"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "-5"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "0x10"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0"),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
    ] {
        let (settings, _) = with(&[(name, value)]);
        let [warning] = &settings.warnings[..] else {
            panic!("{name}={value}: {:?}", settings.warnings);
        };
        assert_eq!((warning.variable(), warning.value()), (name, value));
        let default = Settings::new("hub".to_owned());
        for signal in Signal::ALL {
            assert_eq!(settings.batching.get(signal), default.batching.get(signal));
        }
        assert_eq!(settings.metrics_interval, default.metrics_interval);
        assert_eq!(settings.otlp.timeout, None);
    }
}

#[test]
fn batches_are_bounded_as_the_variables_say() {
    let (settings, _) = with(&[
        ("OTEL_BSP_SCHEDULE_DELAY", "0"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "0"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "250"),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", "4096"),
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "4096"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "15000"),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "5000"),
    ]);
    assert_eq!(settings.warnings, []);
    let traces = settings.batching.traces;
    assert_eq!(traces.delay, Duration::ZERO);
    // No limit is a long time.
    assert!(traces.export_timeout > Duration::from_secs(3600));
    // A batch cannot be larger than a queue that was made smaller.
    assert_eq!(
        (traces.max_queue_records, traces.max_batch_records),
        (100, 100)
    );
    let logs = settings.batching.logs;
    assert_eq!(logs.delay, Duration::from_millis(250));
    assert_eq!(
        (logs.max_queue_records, logs.max_batch_records),
        (4096, 4096)
    );
    assert_eq!(settings.metrics_interval, Duration::from_secs(15));
    assert_eq!(
        settings.batching.metrics.export_timeout,
        Duration::from_secs(5)
    );
}

#[test]
fn only_true_is_true_and_only_false_goes_without_a_warning() {
    for (value, disabled, warnings) in [
        ("true", true, 0),
        ("TRUE", true, 0),
        ("False", false, 0),
        ("1", false, 1),
        ("yes", false, 1),
    ] {
        let (settings, _) = with(&[("OTEL_SDK_DISABLED", value)]);
        assert_eq!(settings.disabled, disabled, "{value}");
        assert_eq!(settings.warnings.len(), warnings, "{value}");
    }
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

#[test]
fn samplers_have_the_names_and_arguments_of_the_specification() {
    const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
    const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
    let root = |root: &str| {
        let samplers = "remoteParentSampled:AlwaysOnSampler,remoteParentNotSampled:AlwaysOffSampler,localParentSampled:AlwaysOnSampler,localParentNotSampled:AlwaysOffSampler";
        format!("ParentBased{{root:{root},{samplers}}}")
    };
    let check = |vars: &[(&str, &str)], expected: &str, warnings: &[&str]| {
        let (settings, _) = with(vars);
        assert_eq!(settings.sampler.to_string(), expected, "{vars:?}");
        let said: Vec<String> = settings.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(said, warnings, "{vars:?}");
    };
    let always = root("AlwaysOnSampler");
    check(&[], &always, &[]);
    check(&[(SAMPLER, "always_on")], "AlwaysOnSampler", &[]);
    check(&[(SAMPLER, "always_off")], "AlwaysOffSampler", &[]);
    check(
        &[(SAMPLER, "parentbased_always_off")],
        &root("AlwaysOffSampler"),
        &[],
    );
    let ratio = [(SAMPLER, "parentbased_traceidratio"), (ARGUMENT, "0.25")];
    check(&ratio, &root("TraceIdRatioBased{0.25}"), &[]);
    // The argument alone says nothing, and one that is no ratio is none.
    check(&[(ARGUMENT, "0.25")], &always, &[]);
    check(&[(SAMPLER, "traceidratio")], "AlwaysOnSampler", &[]);
    for malformed in ["2", "-0.1", "NaN", "10%"] {
        let said = format!("ignored {ARGUMENT} \"{malformed}\"; expected a number from 0 to 1");
        check(
            &[(SAMPLER, "traceidratio"), (ARGUMENT, malformed)],
            "AlwaysOnSampler",
            &[&said],
        );
    }
    let unknown = r#"ignored OTEL_TRACES_SAMPLER "jaeger_remote"; expected always_on, always_off, traceidratio, or one of them with parentbased_ before it"#;
    check(
        &[(SAMPLER, "jaeger_remote"), (ARGUMENT, "x")],
        &always,
        &[unknown],
    );
}

#[test]
fn the_limits_of_spans_count_over_those_of_all_attributes() {
    let (settings, _) = with(&[
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "10"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "1"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "0"),
        ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "3"),
        ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "4"),
    ]);
    let expected = SpanLimits::default()
        .attributes(10)
        .value_length(100)
        .events(1)
        .links(0)
        .event_attributes(3)
        .link_attributes(4);
    assert_eq!(settings.span_limits, expected);
    let (settings, _) = with(&[
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "10"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "20"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100"),
        ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "200"),
    ]);
    let expected = SpanLimits::default().attributes(20).value_length(200);
    assert_eq!(settings.span_limits, expected);
}

/// Whatever the environment holds, it is read, and secrets are not shown.
mod hostile {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_value_of_any_variable_fails_or_panics(value in "\\PC*", which in 0_usize..14) {
            let name = [
                GENERAL, TRACES, PROTOCOL, EXPORTER,
                "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TIMEOUT",
                "OTEL_EXPORTER_OTLP_COMPRESSION", "OTEL_RESOURCE_ATTRIBUTES",
                "OTEL_SERVICE_NAME", "OTEL_PROPAGATORS", "OTEL_SDK_DISABLED",
                "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_TRACES_SAMPLER", "OTEL_BSP_SCHEDULE_DELAY",
            ][which];
            with(&[(name, &value)]);
        }

        #[test]
        fn headers_arrive_as_they_were_encoded(pairs in proptest::collection::btree_map("[a-z]{3,8}-x", "[ -~]{0,40}", 0..5)) {
            let encoded = pairs.iter().map(|(key, value)| {
                let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
                format!("{key}={value}")
            });
            let list = encoded.collect::<Vec<_>>().join(",");
            let (settings, _) = with(&[("OTEL_EXPORTER_OTLP_HEADERS", &list)]);
            let read = settings.otlp.headers.unwrap_or_default();
            let read = read.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
            prop_assert_eq!(read.collect::<std::collections::BTreeMap<_, _>>(), pairs);
        }

        #[test]
        fn no_warning_about_headers_has_their_values(name in "[a-z =]{0,12}", secret in "[A-Z]{12}") {
            let list = format!("{name}={secret}%0d");
            let (settings, _) = with(&[("OTEL_EXPORTER_OTLP_HEADERS", &list)]);
            prop_assert!(!format!("{:?}", settings).contains(&secret), "{:?}", settings);
        }
    }
}
