//! Messages: what travels in their headers, and what their spans say.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use omtx_context::TraceContext;
use omtx_tracing::context::{self, WithContext};
use omtx_tracing::messaging::{Consume, Messaging};
use omtx_tracing::testing::SpanRecorder;
use omtx_tracing::{Propagator, Propagators, Sampler, SpanLimits, Telemetry, baggage};
use opentelemetry::Context;
use opentelemetry::trace::{SpanKind, Status, TraceContextExt};

use super::propagation::headers;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn recording() -> (SpanRecorder, Messaging) {
    let recorder = SpanRecorder::with(
        Sampler::parent_based(Sampler::always_on()),
        SpanLimits::default(),
    );
    let messaging = Messaging::new(&recorder.provider(), &Propagators::default(), "redis");
    (recorder, messaging)
}

fn request(traceparent: &'static str) -> Context {
    let incoming = headers(&[
        ("traceparent", traceparent.as_bytes()),
        ("tracestate", b"congo=1"),
        ("baggage", b"tenant=acme"),
    ]);
    Propagators::default()
        .extract_headers(&incoming)
        .into_context(&Context::new())
}

/// What a message carries that was sent inside a context.
async fn sent(messaging: &Messaging, context: Context) -> HashMap<String, String> {
    async {
        let mut carried = HashMap::new();
        let sending = messaging.send("analysis", &mut carried);
        sending.run(async { Ok::<_, io::Error>(()) }).await.unwrap();
        carried
    }
    .in_context(context)
    .await
}

#[tokio::test]
async fn request_message_and_work_are_one_trace_across_processes() {
    let (service, messaging) = recording();
    let carried = sent(&messaging, request(PARENT)).await;
    let wire = serde_json::to_vec(&carried).unwrap();

    let (worker, messaging) = recording();
    let received: HashMap<String, String> = serde_json::from_slice(&wire).unwrap();
    let processing = messaging.process("analysis", &received).message_id("job-1");
    let seen = processing
        .run(async {
            Ok::<_, io::Error>((baggage::get("tenant"), TraceContext::current().unwrap()))
        })
        .await
        .unwrap();

    let send = service.span("send analysis");
    assert_eq!(send.kind(), &SpanKind::Producer);
    assert_eq!(
        send.parent_span_id().unwrap().to_string(),
        "b7ad6b7169203331"
    );
    let process = worker.span("process analysis");
    assert_eq!(process.kind(), &SpanKind::Consumer);
    assert_eq!(process.trace_id(), send.trace_id());
    assert_eq!(process.parent_span_id(), Some(send.span_id()));
    assert!(process.parent_is_remote());
    assert_eq!(process.span_context().trace_state().header(), "congo=1");
    for (span, operation) in [(&send, "send"), (&process, "process")] {
        assert_eq!(span.attribute("messaging.system"), Some(&"redis".into()));
        assert_eq!(
            span.attribute("messaging.destination.name"),
            Some(&"analysis".into())
        );
        assert_eq!(
            span.attribute("messaging.operation.name"),
            Some(&operation.into())
        );
        assert_eq!(
            span.attribute("messaging.operation.type"),
            Some(&operation.into())
        );
        assert_eq!(span.status(), &Status::Unset);
    }
    assert_eq!(
        process.attribute("messaging.message.id"),
        Some(&"job-1".into())
    );
    assert_eq!(seen.0.as_deref(), Some("acme"));
    assert_eq!(seen.1.span_id().to_string(), process.span_id().to_string());
}

#[tokio::test]
async fn work_that_links_is_a_trace_of_its_own_and_keeps_the_baggage() {
    let (recorder, messaging) = recording();
    let carried = sent(&messaging, request(PARENT)).await;
    let processing = messaging
        .clone()
        .consume(Consume::Link)
        .process("analysis", &carried);
    let tenant = processing
        .run(async { Ok::<_, io::Error>(baggage::get("tenant")) })
        .await
        .unwrap();
    assert_eq!(tenant.as_deref(), Some("acme"));
    let (send, process) = (
        recorder.span("send analysis"),
        recorder.span("process analysis"),
    );
    assert_ne!(process.trace_id(), send.trace_id());
    assert_eq!(process.parent_span_id(), None);
    assert_eq!(process.links().len(), 1);
    assert_eq!(process.links()[0].span_context.trace_id(), send.trace_id());
    assert_eq!(process.links()[0].span_context.span_id(), send.span_id());
    assert_eq!(process.span_context().trace_state().header(), "");
}

#[tokio::test]
async fn debug_of_b3_goes_on_where_the_trace_does() {
    const TRACE: &str = "80f198ee56343ba864fe8b2a57d3eff7";
    let came = HashMap::from([("b3".to_owned(), format!("{TRACE}-e457b5a2e4d86bd1-d"))]);
    for (sampler, consume, state) in [
        (Sampler::always_on(), Consume::Continue, "d"),
        // "MUST preserve a debug trace flag" (OpenTelemetry, "B3 Extract"), whatever is recorded here.
        (Sampler::always_off(), Consume::Continue, "d"),
        (Sampler::always_on(), Consume::Link, "1"),
        (Sampler::always_off(), Consume::Link, "0"),
    ] {
        let recorder = SpanRecorder::with(sampler, SpanLimits::default());
        let propagators = Propagators::new([Propagator::B3]);
        let messaging = Messaging::new(&recorder.provider(), &propagators, "redis");
        let processing = messaging.consume(consume).process("analysis", &came);
        let mut sent = HashMap::new();
        propagators.inject_carrier(processing.context(), &mut sent);
        let (trace, rest) = sent["b3"].split_once('-').unwrap();
        assert_eq!(trace == TRACE, consume == Consume::Continue);
        assert_eq!(rest.rsplit_once('-').unwrap().1, state, "{consume:?}");
    }
}

#[tokio::test]
async fn suppressed_telemetry_has_neither_spans_nor_headers() {
    let (recorder, messaging) = recording();
    let _quiet = Context::enter_telemetry_suppressed_scope();
    let mut carried = HashMap::new();
    messaging.send("analysis", &mut carried).end();
    assert_eq!(carried, HashMap::new());
    let came = HashMap::from([("traceparent".to_owned(), PARENT.to_owned())]);
    let processing = messaging.process("analysis", &came);
    let trace = processing.run_blocking(|| Ok::<_, io::Error>(TraceContext::current().unwrap()));
    assert_eq!(
        trace.unwrap().trace_id().to_string(),
        "0af7651916cd43dd8448eb211c80319c"
    );
    messaging.process_batch("analysis", [&came]).end();
    assert_eq!(recorder.created(), 0);
}

#[tokio::test]
async fn a_message_without_headers_begins_a_trace() {
    for consume in [Consume::Continue, Consume::Link] {
        let (recorder, messaging) = recording();
        let messaging = messaging.consume(consume);
        // Whatever the consumer was doing is not where the message comes from.
        context::in_scope(&request(PARENT), || {
            messaging.process("analysis", &HashMap::new()).end();
        });
        let span = recorder.span("process analysis");
        assert_eq!(span.parent_span_id(), None);
        assert!(span.links().is_empty());
    }
}

#[tokio::test]
async fn an_unsampled_trace_travels_without_spans() {
    let (recorder, messaging) = recording();
    let unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    let carried = sent(&messaging, request(unsampled)).await;
    let sent_by = &carried["traceparent"];
    assert!(
        sent_by.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && sent_by.ends_with("-00")
    );
    assert!(!sent_by.contains("b7ad6b7169203331"));
    let trace = messaging
        .process("analysis", &carried)
        .run(async { Ok::<_, io::Error>(TraceContext::current().unwrap()) })
        .await
        .unwrap();
    assert_eq!(
        trace.trace_id().to_string(),
        "0af7651916cd43dd8448eb211c80319c"
    );
    assert!(!trace.is_sampled());
    assert_eq!(recorder.created(), 0);
}

#[tokio::test]
async fn disabled_telemetry_passes_contexts_on_as_they_came() {
    let telemetry = Telemetry::builder("hub").disabled(true).build().unwrap();
    let carried = sent(&telemetry.messaging("redis"), request(PARENT)).await;
    assert_eq!(carried["traceparent"], PARENT);
    assert_eq!(carried["tracestate"], "congo=1");
    assert_eq!(carried["baggage"], "tenant=acme");
    let mut plain = HashMap::new();
    context::in_scope(&request(PARENT), || telemetry.inject_into(&mut plain));
    assert_eq!(plain, carried);
    assert_eq!(
        telemetry
            .extract_from(&plain)
            .span()
            .span_context()
            .span_id()
            .to_string(),
        "b7ad6b7169203331"
    );
}

#[tokio::test]
async fn what_goes_wrong_is_on_the_span() {
    let (recorder, messaging) = recording();
    let process = || messaging.process("analysis", &HashMap::new());
    let check = |expected: Option<&'static str>| {
        let span = recorder.span("process analysis");
        assert_eq!(
            span.attribute("error.type"),
            expected.map(Into::into).as_ref()
        );
        assert_eq!(
            matches!(span.status(), Status::Error { .. }),
            expected.is_some()
        );
        recorder.clear();
    };

    process().run_blocking(|| Ok::<_, io::Error>(())).unwrap();
    check(None);
    let timed_out = || Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut));
    process().run(async { timed_out() }).await.unwrap_err();
    check(Some("TimedOut"));
    process().run_blocking(timed_out).unwrap_err();
    check(Some("TimedOut"));
    process()
        .run_with(async { timed_out() }, |_: &io::Error| "slow")
        .await
        .unwrap_err();
    check(Some("slow"));

    drop(process().run(std::future::pending::<Result<(), io::Error>>()));
    check(Some("cancelled"));
    let panics = catch_unwind(AssertUnwindSafe(|| {
        process().run_blocking(|| -> Result<(), io::Error> { panic!("as told") })
    }));
    assert!(panics.is_err());
    check(Some("panicked"));
    let panics = tokio::spawn(process().run(async {
        panic!("as told");
        #[allow(unreachable_code)]
        Ok::<(), io::Error>(())
    }))
    .await;
    assert!(panics.unwrap_err().is_panic());
    check(Some("panicked"));

    let panics = catch_unwind(AssertUnwindSafe(|| {
        let _processing = process();
        panic!("as told");
    }));
    assert!(panics.is_err());
    check(Some("panicked"));
    let panics = catch_unwind(AssertUnwindSafe(|| {
        let _never_polled = process().run(std::future::pending::<Result<(), io::Error>>());
        panic!("somebody else");
    }));
    assert!(panics.is_err());
    check(Some("cancelled"));

    let processing = process();
    processing.fail("poisoned", "cannot be parsed");
    drop(processing);
    assert_eq!(
        recorder.span("process analysis").status(),
        &Status::error("cannot be parsed")
    );
    check(Some("poisoned"));
}

#[test]
fn a_span_of_a_message_takes_what_else_there_is_to_say() {
    let (recorder, messaging) = recording();
    let processing = messaging
        .process("analysis", &HashMap::new())
        .attribute("messaging.kafka.offset", 3);
    processing.context().span().add_event("checked", vec![]);
    processing.end();
    let span = recorder.span("process analysis");
    assert_eq!(span.attribute("messaging.kafka.offset"), Some(&3.into()));
    assert_eq!(span.events()[0].name, "checked");
}

#[tokio::test]
async fn a_batch_links_to_each_of_its_senders() {
    let (recorder, messaging) = recording();
    let mut messages = vec![HashMap::new()];
    for _ in 0..2 {
        messages.push(sent(&messaging, Context::new()).await);
    }
    let senders: Vec<_> = recorder.spans().iter().map(|span| span.span_id()).collect();
    context::in_scope(&request(PARENT), || {
        messaging.process_batch("analysis", &messages).end();
    });
    let span = recorder.span("process analysis");
    assert_eq!(
        span.parent_span_id().unwrap().to_string(),
        "b7ad6b7169203331"
    );
    let links = span.links().iter();
    assert_eq!(
        links
            .map(|link| link.span_context.span_id())
            .collect::<Vec<_>>(),
        senders
    );
    assert_eq!(
        span.attribute("messaging.batch.message_count"),
        Some(&3.into())
    );
}
