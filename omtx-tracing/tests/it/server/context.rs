//! Whose child a request is, and what those further in see of it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::get;
use http::Request;
use omtx_context::TraceContext;
use omtx_http::on_end;
use omtx_tracing::testing::SpanRecorder;
use omtx_tracing::{Propagators, Sampler, Telemetry};
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{
    SpanContext, TraceContextExt, Tracer, TracerProvider as _, get_active_span,
};
use opentelemetry::{Context, KeyValue};

use super::{NOT_SAMPLED, SAMPLED, TRACE_ID, empty, request, send, spans, with};

/// What a handler sees.
#[derive(Debug, Clone)]
struct Seen {
    span: SpanContext,
    ids: Option<TraceContext>,
    outgoing: http::HeaderMap,
    recording: bool,
}

fn look(propagators: &Propagators) -> Seen {
    let context = Context::current();
    let mut outgoing = http::HeaderMap::new();
    propagators.inject_headers(&context, &mut outgoing);
    Seen {
        span: context.span().span_context().clone(),
        ids: TraceContext::current(),
        outgoing,
        recording: context.span().is_recording(),
    }
}

/// A route whose handler looks around before and after it has waited, and finds the same.
fn looking() -> (Arc<Mutex<Vec<Seen>>>, Router) {
    let seen = Arc::<Mutex<Vec<Seen>>>::default();
    let all = Arc::clone(&seen);
    let handler = async move || {
        let propagators = Propagators::default();
        let before = look(&propagators);
        tokio::task::yield_now().await;
        let after = look(&propagators);
        assert_eq!((&before.span, before.ids), (&after.span, after.ids));
        all.lock().unwrap().push(after);
    };
    (seen, Router::new().route("/look", get(handler)))
}

#[tokio::test]
async fn a_recorded_request_is_the_callers_child_and_the_parent_of_what_it_does() {
    let (recorder, spans) = spans();
    let tracer = recorder.provider().tracer("hub");
    let handler = async move || {
        tokio::task::yield_now().await;
        tracer.in_span("query", |_| {});
    };
    let app = Router::new()
        .route("/", get(handler))
        .layer(omtx_http::axum_layer(spans));
    send(
        &app,
        empty(
            request("/")
                .header("traceparent", SAMPLED)
                .header("tracestate", "a=1,b=2"),
        ),
    )
    .await;

    let server = recorder.span("GET /");
    let query = recorder.span("query");
    assert_eq!(server.trace_id().to_string(), TRACE_ID);
    assert_eq!(
        server.parent_span_id().unwrap().to_string(),
        "b7ad6b7169203331"
    );
    assert!(server.parent_is_remote() && !query.parent_is_remote());
    assert_eq!(query.parent_span_id(), Some(server.span_id()));
    assert_eq!(query.span_context().trace_state().header(), "a=1,b=2");
    assert_eq!(
        server.span_context().trace_flags().to_u8(),
        3,
        "the random flag survives"
    );
}

#[tokio::test]
async fn a_request_that_is_not_sampled_has_ids_for_everybody_and_no_span() {
    let (recorder, spans) = spans();
    let (seen, app) = looking();
    let slot = Arc::<Mutex<Option<TraceContext>>>::default();
    let left = Arc::clone(&slot);
    let observers = (
        spans,
        on_end(move |slot, _| *left.lock().unwrap() = slot.trace()),
    );
    let app = app.layer(omtx_http::axum_layer(observers));
    let call = request("/look")
        .header("traceparent", NOT_SAMPLED)
        .header("tracestate", "a=1");
    send(&app, empty(call)).await;

    assert_eq!((recorder.created(), recorder.spans().len()), (0, 0));
    let seen = seen.lock().unwrap().remove(0);
    let ids = seen.ids.unwrap();
    assert_eq!(*slot.lock().unwrap(), Some(ids));
    assert!(!seen.recording && !ids.is_sampled());
    assert_eq!(ids.trace_id().to_string(), TRACE_ID);
    assert_eq!(seen.span.span_id().to_string(), ids.span_id().to_string());
    assert_ne!(
        ids.span_id().to_string(),
        "b7ad6b7169203331",
        "log lines need an id of their own"
    );
    assert_eq!(
        seen.outgoing["traceparent"],
        format!("00-{TRACE_ID}-{}-02", ids.span_id()).as_str()
    );
    assert_eq!(seen.outgoing["tracestate"], "a=1");
}

#[tokio::test]
async fn a_request_without_a_caller_begins_a_trace() {
    for (sampler, flags) in [(Sampler::always_on(), 3), (Sampler::always_off(), 2)] {
        let (_recorder, spans) = with(sampler);
        let (seen, app) = looking();
        send(
            &app.layer(omtx_http::axum_layer(spans)),
            empty(request("/look")),
        )
        .await;
        let seen = seen.lock().unwrap().remove(0);
        assert!(seen.span.is_valid() && !seen.span.is_remote());
        assert_eq!(seen.ids.unwrap().flags().bits(), flags);
    }
}

#[tokio::test]
async fn what_is_current_is_so_only_for_the_request() {
    let (_recorder, spans) = spans();
    let (seen, app) = looking();
    let app = app.layer(omtx_http::axum_layer(spans));
    let calls = (0..8).map(|_| {
        let app = app.clone();
        tokio::spawn(async move { send(&app, empty(request("/look"))).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert!(!Context::current().has_active_span());
    assert_eq!(TraceContext::current(), None);
    let seen = seen.lock().unwrap();
    let traces: std::collections::HashSet<_> =
        seen.iter().map(|seen| seen.span.trace_id()).collect();
    assert_eq!((seen.len(), traces.len()), (8, 8));
}

#[tokio::test]
async fn a_service_that_is_called_in_process_is_a_child_of_its_caller() {
    let (recorder, spans) = spans();
    let app = super::routes().layer(omtx_http::axum_layer(spans));
    let tracer = recorder.provider().tracer("gateway");
    let span = tracer.start("forward");
    let context = Context::new().with_span(span);
    let call = omtx_tracing::context::WithContext::in_context(
        async { send(&app, empty(request("/users/7"))).await },
        context.clone(),
    );
    call.await;
    context.span().end();
    let server = recorder.span("GET /users/{id}");
    assert_eq!(
        server.parent_span_id(),
        Some(recorder.span("forward").span_id())
    );
    assert!(!server.parent_is_remote());
}

#[tokio::test]
async fn disabled_telemetry_passes_on_what_came_and_begins_ids_for_the_rest() {
    let telemetry = Telemetry::builder("hub").build().unwrap();
    let (seen, app) = looking();
    let app = app.layer(omtx_http::axum_layer(telemetry.server_spans()));
    let call = request("/look")
        .header("traceparent", SAMPLED)
        .header("baggage", "tenant=acme");
    send(&app, empty(call)).await;
    send(&app, empty(request("/look"))).await;
    let seen = seen.lock().unwrap();
    assert_eq!(
        seen[0].outgoing["traceparent"], SAMPLED,
        "as if we were not there"
    );
    assert_eq!(seen[0].outgoing["baggage"], "tenant=acme");
    assert_eq!(seen[0].ids.unwrap().to_string(), SAMPLED);
    assert!(!seen[0].recording && !seen[1].recording);
    assert!(seen[1].span.is_valid() && !seen[1].span.is_sampled());
    assert_eq!(
        seen[1].ids.unwrap().trace_id().to_string(),
        seen[1].span.trace_id().to_string()
    );
}

#[tokio::test]
async fn probes_are_not_recorded_unless_they_are_asked_for() {
    let probes = || Router::new().route("/ready", get(async || "ready"));
    let (recorder, spans) = spans();
    let app = probes().layer(omtx_http::axum_layer(spans.clone()));
    send(
        &app,
        empty(request("/ready").header("traceparent", SAMPLED)),
    )
    .await;
    assert_eq!(recorder.created(), 0);
    let app = probes().layer(omtx_http::axum_layer(spans.skip(["/metrics"])));
    send(&app, empty(request("/ready"))).await;
    assert_eq!(recorder.span("GET /ready").name(), "GET /ready");
}

#[tokio::test]
async fn what_a_filter_leaves_out_is_not_recorded_further_in_either() {
    let (recorder, spans) = spans();
    let spans = spans.filter(|request| request.headers().get("x-synthetic").is_none());
    let tracer = recorder.provider().tracer("hub");
    let handler = async move || tracer.in_span("query", |_| {});
    let app = Router::new()
        .route("/", get(handler))
        .layer(omtx_http::axum_layer(spans));
    send(
        &app,
        empty(
            request("/")
                .header("x-synthetic", "1")
                .header("traceparent", SAMPLED),
        ),
    )
    .await;
    assert_eq!(recorder.created(), 0);
    send(&app, empty(request("/"))).await;
    assert_eq!(recorder.created(), 2);
}

#[tokio::test]
async fn strangers_choose_neither_trace_nor_sampling_of_a_public_endpoint() {
    let (recorder, spans) = with(Sampler::parent_based(Sampler::always_on()));
    let (seen, app) = looking();
    let app = app.layer(omtx_http::axum_layer(spans.public_endpoint(true)));
    let call = request("/look")
        .header("traceparent", NOT_SAMPLED)
        .header("baggage", "admin=1");
    send(&app, empty(call)).await;
    let span = recorder.span("GET /look");
    assert_ne!(span.trace_id().to_string(), TRACE_ID);
    assert_eq!(span.parent_span_id(), None);
    assert_eq!(
        span.links()[0].span_context.trace_id().to_string(),
        TRACE_ID
    );
    assert!(seen.lock().unwrap()[0].outgoing.get("baggage").is_none());
}

#[tokio::test]
async fn a_public_endpoint_links_to_the_strangers_tracestate_up_to_its_limits() {
    let members = |count: usize| {
        let member = |n| format!("{n:02}{}={}", "k".repeat(254), "v".repeat(256));
        (0..count).map(member).collect::<Vec<_>>().join(",")
    };
    for (sent, kept) in [
        (members(32), members(32)),
        // Longer lists are discarded wherever they come from.
        (members(33), String::new()),
        // Passed on where the trace goes on, but OpenTelemetry's type does not hold it.
        ("a@b@c=1".to_owned(), String::new()),
    ] {
        let (recorder, spans) = spans();
        let app = super::routes().layer(omtx_http::axum_layer(spans.public_endpoint(true)));
        let call = request("/users/7").header("traceparent", SAMPLED);
        send(&app, empty(call.header("tracestate", sent))).await;
        let span = recorder.span("GET /users/{id}");
        assert_eq!(span.span_context().trace_state().header(), "");
        let link = &span.links()[0].span_context;
        assert_eq!(link.trace_id().to_string(), TRACE_ID);
        assert_eq!(link.trace_state().header(), kept);
    }
}

#[tokio::test]
async fn baggage_reaches_the_handler_whether_the_request_is_sampled_or_not() {
    for parent in [SAMPLED, NOT_SAMPLED] {
        let (_recorder, spans) = spans();
        let handler = async || {
            tokio::task::yield_now().await;
            Context::map_current(|context| context.baggage().get("tenant").unwrap().to_string())
        };
        let app = Router::new()
            .route("/", get(handler))
            .layer(omtx_http::axum_layer(spans));
        let call = request("/")
            .header("traceparent", parent)
            .header("baggage", "tenant=acme");
        assert_eq!(send(&app, empty(call)).await.body(), "acme");
    }
}

#[tokio::test]
async fn a_handler_adds_to_its_span_and_renames_it() {
    let (recorder, spans) = spans();
    let handler = async || {
        get_active_span(|span| {
            span.set_attribute(KeyValue::new("job.type", "boltz2"));
            span.set_attribute(KeyValue::new("http.route", "/other"));
            span.update_name("POST job");
        });
    };
    let app = Router::new()
        .route("/", get(handler))
        .layer(omtx_http::axum_layer(spans));
    send(&app, empty(request("/"))).await;
    let span = recorder.span("POST job");
    assert_eq!(span.attribute("job.type"), Some(&"boltz2".into()));
    assert_eq!(
        span.attribute("http.route"),
        Some(&"/other".into()),
        "the last one counts"
    );
    assert_eq!(span.dropped_attributes_count(), 0);
}

#[tokio::test]
async fn a_caller_that_asks_is_told_its_trace() {
    for (sent, recorded) in [
        (Some(SAMPLED), "03"),
        (Some(NOT_SAMPLED), "02"),
        (None, "03"),
    ] {
        let (recorder, spans) = spans();
        let app = super::routes().layer(omtx_http::axum_layer(spans.trace_response(true)));
        let mut call = request("/users/7");
        if let Some(sent) = sent {
            call = call.header("traceparent", sent);
        }
        let response = send(&app, empty(call)).await;
        let told = response.headers()["traceresponse"].to_str().unwrap();
        assert!(told.ends_with(&format!("-{recorded}")), "{told}");
        if let Some(span) = recorder.spans().first() {
            assert_eq!(
                told,
                format!("00-{}-{}-03", span.trace_id(), span.span_id())
            );
        }
    }
    let (_recorder, spans) = spans();
    let app = super::routes().layer(omtx_http::axum_layer(spans));
    assert!(
        send(&app, empty(request("/users/7")))
            .await
            .headers()
            .get("traceresponse")
            .is_none()
    );
}

#[tokio::test]
async fn what_suppresses_telemetry_is_obeyed() {
    let (recorder, spans) = spans();
    let app = super::routes().layer(omtx_http::axum_layer(spans));
    let _quiet = Context::enter_telemetry_suppressed_scope();
    send(
        &app,
        empty(Request::get("/users/7").header("traceparent", SAMPLED)),
    )
    .await;
    assert_eq!(recorder.created(), 0);
}

#[tokio::test]
async fn spans_of_several_threads_keep_their_parents() {
    let (recorder, spans) = spans();
    let recorder: SpanRecorder = recorder;
    let tracer = recorder.provider().tracer("hub");
    let handler = async move |axum::extract::Path(n): axum::extract::Path<u32>| {
        for _ in 0..20 {
            tokio::task::yield_now().await;
            tracer.in_span(format!("step {n}"), |_| {});
        }
    };
    let app = Router::new()
        .route("/{n}", get(handler))
        .layer(omtx_http::axum_layer(spans));
    let runtime = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .build()
            .unwrap();
        runtime.block_on(async {
            let calls: Vec<_> = (0..16)
                .map(|n| {
                    let app = app.clone();
                    tokio::spawn(async move { send(&app, empty(request(&format!("/{n}")))).await })
                })
                .collect();
            for call in calls {
                call.await.unwrap();
            }
        });
    });
    runtime.join().unwrap();
    let all = recorder.spans();
    assert_eq!(all.len(), 16 * 21);
    for server in all.iter().filter(|span| span.name() == "GET /{n}") {
        let path = super::text(server, "url.path");
        let steps = all
            .iter()
            .filter(|span| span.parent_span_id() == Some(server.span_id()));
        let names: Vec<_> = steps.map(|span| span.name().to_owned()).collect();
        assert_eq!(names, vec![format!("step {}", &path[1..]); 20]);
    }
}
