//! What is installed in a process, each in a process of its own: this program again, told what to do by a variable.

use std::process::{Command, Output};
use std::time::Duration;

use omtx_tracing::{Signal, Telemetry};
use opentelemetry::trace::{SpanContext, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, global};

const ROLE: &str = "OMTX_TEST_ROLE";

/// Runs the test of this name again, in its other role and with these variables only.
#[track_caller]
fn again(test: &str, vars: &[(&str, &str)]) -> Output {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env_clear()
        .env(ROLE, "child")
        .envs(vars.iter().copied())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    output
}

fn is_child() -> bool {
    std::env::var_os(ROLE).is_some()
}

#[test]
fn warnings_that_nobody_asked_for_are_on_standard_error() {
    if is_child() {
        Telemetry::builder("hub")
            .from_env()
            .unwrap()
            .install()
            .unwrap();
        return;
    }
    let vars = [
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2"),
    ];
    let output = again(
        "warnings_that_nobody_asked_for_are_on_standard_error",
        &vars,
    );
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|line| line.starts_with("omtx-tracing:"))
        .collect();
    assert_eq!(
        lines,
        [
            r#"omtx-tracing: ignored OTEL_TRACES_SAMPLER "sometimes"; expected always_on, always_off, traceidratio, or one of them with parentbased_ before it"#,
            r#"omtx-tracing: ignored OTEL_EXPORTER_OTLP_HEADERS "<hidden>"; expected key=value between commas, and member 1 is none"#,
        ],
    );
}

#[test]
fn the_console_has_a_line_for_each_span() {
    if is_child() {
        let telemetry = Telemetry::builder("hub")
            .from_env()
            .unwrap()
            .install()
            .unwrap();
        global::tracer("billing").in_span("charge", |_| ());
        assert!(telemetry.shutdown(Duration::from_secs(60)).is_empty());
        return;
    }
    let vars = [("OTEL_TRACES_EXPORTER", "console")];
    let output = again("the_console_has_a_line_for_each_span", &vars);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let line = stdout
        .lines()
        .find_map(|line| line.find('{').map(|at| &line[at..]));
    let line = line.unwrap_or_else(|| panic!("{stdout}"));
    let span: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(span["name"], "charge");
    assert_eq!(span["service"], "hub");
    assert_eq!(span["scope"], "billing");
}

#[test]
fn what_is_only_built_is_global_for_nobody_and_what_is_installed_for_all() {
    if !is_child() {
        again(
            "what_is_only_built_is_global_for_nobody_and_what_is_installed_for_all",
            &[],
        );
        return;
    }
    let headers = || {
        let mut headers = std::collections::HashMap::new();
        let span = SpanContext::new(
            1.into(),
            2.into(),
            opentelemetry::TraceFlags::SAMPLED,
            true,
            Default::default(),
        );
        let context = Context::new().with_remote_span_context(span);
        global::get_text_map_propagator(|propagator| {
            propagator.inject_context(&context, &mut headers)
        });
        headers
    };
    let ids = || global::tracer("anybody").start("span");
    let _built = Telemetry::builder("hub").build().unwrap();
    assert!(headers().is_empty());
    assert!(!opentelemetry::trace::Span::span_context(&ids()).is_valid());

    let _installed = Telemetry::builder("hub").install().unwrap();
    assert!(headers().contains_key("traceparent"));
    assert!(opentelemetry::trace::Span::span_context(&ids()).is_valid());
}

#[cfg(target_os = "linux")]
#[test]
fn what_exports_nothing_has_no_thread() {
    if !is_child() {
        again("what_exports_nothing_has_no_thread", &[]);
        return;
    }
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let with = |vars: &'static [(&str, &str)]| {
        let read = |name: &str| {
            let found = vars.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).into())
        };
        Telemetry::builder("hub")
            .from_vars(read)
            .unwrap()
            .build()
            .unwrap()
    };
    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
    let before = threads();
    for vars in [
        &[][..],
        &[ENDPOINT, ("OTEL_SDK_DISABLED", "true")],
        &[
            ENDPOINT,
            ("OTEL_TRACES_EXPORTER", "none"),
            ("OTEL_METRICS_EXPORTER", "none"),
            ("OTEL_LOGS_EXPORTER", "none"),
        ],
    ] {
        let telemetry = with(vars);
        assert!(!telemetry.exports(Signal::Traces));
        let span = telemetry.tracer_provider().tracer("hub").start("work");
        assert!(!opentelemetry::trace::Span::is_recording(&span));
        assert_eq!(threads(), before, "{vars:?}");
    }
    let telemetry = with(&[ENDPOINT]);
    assert!(telemetry.exports(Signal::Traces));
    // Of all signals.
    assert_eq!(threads(), before + 1);
}
