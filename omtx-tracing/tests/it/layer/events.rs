use omtx_tracing::testing::SpanRecorder;
use opentelemetry::trace::Status;
use tracing::level_filters::LevelFilter;
use tracing::{error, info, info_span, warn};

use super::{record, record_in};

#[test]
fn events_are_not_recorded_by_default() {
    let recorder = record(|| {
        let _span = info_span!("s").entered();
        error!("declined");
    });
    assert_eq!(recorder.span("s").events(), []);
    assert_eq!(recorder.span("s").status(), &Status::Unset);
}

#[test]
fn events_up_to_the_level_are_recorded_and_an_error_is_the_spans_status() {
    let recorder = SpanRecorder::new();
    record_in(
        &recorder,
        |builder| builder.events(LevelFilter::WARN),
        || {
            let _span = info_span!("s").entered();
            info!("fine");
            warn!(attempt = 2, "slow");
            error!("declined");
        },
    );
    let span = recorder.span("s");
    let names: Vec<_> = span.events().iter().map(|event| &*event.name).collect();
    assert_eq!(names, ["slow", "declined"]);
    assert_eq!(span.status(), &Status::error(""));
}

#[test]
fn what_an_instrumented_function_fails_with_marks_its_span() {
    #[tracing::instrument(err)]
    fn charge() -> Result<(), String> {
        Err("declined".to_owned())
    }
    let recorder = SpanRecorder::new();
    record_in(
        &recorder,
        |builder| builder.events(LevelFilter::ERROR),
        || assert!(charge().is_err()),
    );
    let span = recorder.span("charge");
    assert_eq!(span.status(), &Status::error("declined"));
    assert_eq!(span.events()[0].name, "exception");
}
