//! Numbers, switches and samplers.

use std::time::Duration;

use super::with;
use crate::config::Settings;
use crate::{Batching, LogLimits, Signal, SpanLimits, Telemetry, TelemetryBuilder};

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

#[test]
fn the_limits_of_log_records_count_over_those_of_all_attributes() {
    let general = [
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "10"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100"),
    ];
    let (settings, _) = with(&general);
    let expected = LogLimits::default().attributes(10).value_length(100);
    assert_eq!(settings.log_limits, expected);

    let own = [
        ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "0"),
        ("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "200"),
    ];
    let (settings, _) = with(&[general, own].concat());
    let expected = LogLimits::default().attributes(0).value_length(200);
    assert_eq!(settings.log_limits, expected);
    let expected = SpanLimits::default().attributes(10).value_length(100);
    assert_eq!(settings.span_limits, expected);

    // What cannot be is told once, whomever it is meant for.
    let (settings, _) = with(&[
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "many"),
        ("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "-1"),
    ]);
    assert_eq!(settings.log_limits, LogLimits::default());
    let said: Vec<_> = settings.warnings.iter().map(|w| w.variable()).collect();
    assert_eq!(
        said,
        [
            "OTEL_ATTRIBUTE_COUNT_LIMIT",
            "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT"
        ]
    );
}

#[test]
fn somebody_who_looks_at_the_console_does_not_wait_unless_they_have_chosen_to() {
    let delay = |vars: &[(&str, &str)], builder: fn(TelemetryBuilder) -> TelemetryBuilder| {
        let read = |name: &str| {
            let found = vars.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.into())
        };
        let telemetry = builder(Telemetry::builder("hub"))
            .from_vars(read)
            .and_then(TelemetryBuilder::build)
            .unwrap();
        Signal::ALL.map(|signal| {
            let pipeline = telemetry.pipeline(signal);
            pipeline.map(|pipeline| pipeline.batching().delay.as_millis())
        })
    };
    let console = ("OTEL_TRACES_EXPORTER", "console");
    let millis = |of_spans| [Some(of_spans), None, None];
    assert_eq!(delay(&[console], |it| it), millis(100));
    let both = ("OTEL_TRACES_EXPORTER", "otlp,console");
    assert_eq!(delay(&[both], |it| it), millis(100));
    let otlp = ("OTEL_TRACES_EXPORTER", "otlp");
    assert_eq!(delay(&[otlp], |it| it), millis(5000));

    let chosen = ("OTEL_BSP_SCHEDULE_DELAY", "5000");
    assert_eq!(delay(&[console, chosen], |it| it), millis(5000));
    let in_code = |builder: TelemetryBuilder| {
        let batching = Batching::new(Signal::Traces).delay(Duration::from_secs(7));
        builder.batching(Signal::Traces, batching)
    };
    assert_eq!(delay(&[console], in_code), millis(7000));
    let shorter = ("OTEL_BSP_SCHEDULE_DELAY", "5");
    assert_eq!(delay(&[console, shorter], |it| it), millis(5));
}
