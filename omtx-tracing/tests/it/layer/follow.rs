use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier, Mutex};

use omtx_context::TraceContext;
use omtx_logging::testing::Lines;
use omtx_tracing::testing::{RecordedSpan, SpanRecorder};
use tracing::{Instrument, info, info_span};
use tracing_subscriber::layer::SubscriberExt;

use super::{layer, record};

/// The id of the span whose ids log lines would carry now.
fn current() -> Option<u64> {
    TraceContext::current().map(|trace| trace.span_id().get())
}

fn id(span: &RecordedSpan) -> Option<u64> {
    Some(u64::from_be_bytes(span.span_id().to_bytes()))
}

#[test]
fn inside_a_span_its_ids_are_current_and_behind_it_those_from_before() {
    let seen = Mutex::new(Vec::new());
    let see = || seen.lock().unwrap().push(current());
    let recorder = record(|| {
        let outer = info_span!("outer").entered();
        see();
        let inner = info_span!("inner").entered();
        see();
        drop(inner);
        see();
        drop(outer);
        see();
    });
    let (outer, inner) = (recorder.span("outer"), recorder.span("inner"));
    assert_eq!(
        *seen.lock().unwrap(),
        [id(&outer), id(&inner), id(&outer), None]
    );
}

#[test]
fn spans_may_be_left_in_any_order() {
    let seen = Mutex::new(Vec::new());
    let recorder = record(|| {
        let outer = info_span!("outer").entered();
        let inner = info_span!("inner").entered();
        drop(outer);
        seen.lock().unwrap().push(current());
        drop(inner);
        seen.lock().unwrap().push(current());
    });
    assert_eq!(*seen.lock().unwrap(), [id(&recorder.span("inner")), None]);
}

#[test]
fn a_panic_leaves_the_spans_that_it_unwinds() {
    let recorder = record(|| {
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let _span = info_span!("unwound").entered();
            std::panic::resume_unwind(Box::new(()));
        }));
        assert_eq!(current(), None);
    });
    assert_eq!(recorder.spans().len(), 1);
}

#[test]
fn a_future_that_moves_between_threads_takes_its_span_along() {
    let recorder = SpanRecorder::new();
    let subscriber = tracing_subscriber::registry().with(layer(&recorder));
    let dispatch = tracing::Dispatch::new(subscriber);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let see = {
        let seen = Arc::clone(&seen);
        move || seen.lock().unwrap().push(current())
    };
    let mut task = {
        let _default = tracing::dispatcher::set_default(&dispatch);
        let work = async move {
            see();
            tokio::task::yield_now().await;
            see();
        };
        Box::pin(work.instrument(info_span!("task")))
    };
    // One thread for each poll, as a runtime might.
    for _ in 0..2 {
        let dispatch = dispatch.clone();
        task = std::thread::spawn(move || {
            let _default = tracing::dispatcher::set_default(&dispatch);
            let waker = std::task::Waker::noop();
            let _ = task
                .as_mut()
                .poll(&mut std::task::Context::from_waker(waker));
            assert_eq!(current(), None, "behind a poll");
            task
        })
        .join()
        .unwrap();
    }
    drop(task);
    let span = id(&recorder.span("task"));
    assert_eq!(*seen.lock().unwrap(), [span, span]);
}

#[test]
fn threads_do_not_see_each_others_spans() {
    let recorder = SpanRecorder::new();
    let dispatch = tracing::Dispatch::new(tracing_subscriber::registry().with(layer(&recorder)));
    let both_inside = Barrier::new(2);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let _default = tracing::dispatcher::set_default(&dispatch);
                assert_eq!(current(), None);
                let span = info_span!("s").entered();
                both_inside.wait();
                let inside = current();
                both_inside.wait();
                drop(span);
                assert!(inside.is_some() && current().is_none());
            });
        }
    });
    assert_eq!(recorder.spans().len(), 2);
}

#[test]
fn log_lines_inside_a_span_carry_its_ids_with_the_layers_in_either_order() {
    #[track_caller]
    fn check(recorder: &SpanRecorder, lines: &Lines, dispatch: &tracing::Dispatch) {
        tracing::dispatcher::with_default(dispatch, || {
            info!("before");
            let _span = info_span!("charge").entered();
            info!("inside");
        });
        let span = recorder.span("charge");
        let lines: Vec<serde_json::Value> = lines
            .take()
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let key = |at: usize, key: &str| lines[at].get(key).and_then(|id| id.as_str());
        assert_eq!(key(0, "trace_id"), None);
        assert_eq!(key(1, "trace_id"), Some(&*span.trace_id().to_string()));
        assert_eq!(key(1, "span_id"), Some(&*span.span_id().to_string()));
    }
    for ours_first in [true, false] {
        let recorder = SpanRecorder::new();
        let lines = Lines::default();
        let logging = omtx_logging::Logging::builder("hub")
            .sink(lines.clone())
            .build()
            .unwrap();
        let dispatch = if ours_first {
            let layers = tracing_subscriber::registry().with(layer(&recorder));
            tracing::Dispatch::new(layers.with(logging.layer()))
        } else {
            let layers = tracing_subscriber::registry().with(logging.layer());
            let ours = omtx_tracing::LayerBuilder::new(&recorder.provider()).build();
            tracing::Dispatch::new(layers.with(ours))
        };
        check(&recorder, &lines, &dispatch);
    }
}
