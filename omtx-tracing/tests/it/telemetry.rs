//! The handle, where there is a collector, none, or one that is away.

use std::sync::mpsc;
use std::time::Duration;

use omtx_tracing::{DropReason, Otlp, Signal, Telemetry, TelemetryBuilder};
use opentelemetry::trace::{Tracer, TracerProvider};

use crate::receiver::{PATIENCE, Receiver};

/// Sends to a port that nobody listens on, which is freed when it is known.
#[cfg(feature = "http-protobuf")]
fn away() -> TelemetryBuilder {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let otlp = Otlp::new().endpoint(endpoint);
    Telemetry::builder("hub").otlp_for(Signal::Traces, otlp)
}

fn work(telemetry: &Telemetry) {
    telemetry
        .tracer_provider()
        .tracer("hub")
        .in_span("work", |_| ());
}

#[cfg(feature = "http-protobuf")]
#[test]
fn a_collector_that_is_away_is_no_error_at_start_and_a_loss_that_is_told_at_the_end() {
    let (tell, told) = mpsc::channel();
    let telemetry = away()
        .on_loss(move |loss| tell.send(loss.clone()).unwrap())
        .build()
        .unwrap();
    work(&telemetry);
    let open = telemetry.tracer_provider().tracer("hub").start("open");
    let lost = telemetry.shutdown(Duration::from_millis(200));
    let lost: Vec<_> = lost.of(Signal::Traces).iter().collect();
    assert_eq!(lost, [(DropReason::Shutdown, 1)]);
    let loss = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!((loss.signal, loss.records), (Signal::Traces, 1));
    // What ends later is lost, and counted; what begins later is not recorded.
    let traces = telemetry.stats().traces.unwrap();
    assert_eq!(
        (traces.created, traces.dropped.total(), traces.open()),
        (2, 1, 1)
    );
    drop(open);
    work(&telemetry);
    let traces = telemetry.stats().traces.unwrap();
    assert_eq!((traces.created, traces.dropped.total()), (2, 2));
}

#[cfg(all(feature = "http-protobuf", feature = "metrics"))]
#[test]
fn a_registry_shows_what_is_lost_before_anything_is_sent() {
    use omtx_tracing::SpanLimits;
    use opentelemetry::KeyValue;
    use opentelemetry::trace::Span as _;

    let limits = SpanLimits::default().value_length(3);
    let telemetry = away().span_limits(limits).build().unwrap();
    let registry = omtx_metrics::Registry::new();
    telemetry.register(&registry).unwrap();
    let mut span = telemetry.tracer_provider().tracer("hub").start("work");
    span.set_attribute(KeyValue::new("sequence", "ACGT"));
    span.end();
    let came =
        std::collections::HashMap::from([("traceparent".to_owned(), "00-0-0-01".to_owned())]);
    let _ = telemetry.extract_from(&came);
    let text = registry.to_text();
    for line in [
        "omtx_trace_spans_created_total 1\n",
        "omtx_trace_values_truncated_total 1\n",
        "omtx_trace_headers_rejected_total{header=\"traceparent\"} 1\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    telemetry.shutdown(Duration::ZERO);
}

#[cfg(feature = "grpc")]
#[test]
fn the_last_clone_sends_what_was_recorded_and_what_is_made_from_it_does_not_keep_it() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    let telemetry = Telemetry::builder("hub")
        .otlp(
            Otlp::new()
                .endpoint(receiver.grpc_endpoint())
                .protocol(omtx_tracing::Protocol::Grpc),
        )
        .build()
        .unwrap();
    let clone = telemetry.clone();
    let provider = clone.tracer_provider().clone();
    work(&telemetry);
    drop(telemetry);
    assert_eq!(receiver.spans(), Vec::<serde_json::Value>::new());
    drop(clone);
    // The drop has waited for it.
    assert_eq!(receiver.wait_for_spans(1)[0]["name"], "work");
    let span = provider.tracer("hub").start("late");
    assert!(!opentelemetry::trace::Span::is_recording(&span));
}

#[cfg(not(feature = "tls"))]
#[test]
fn what_is_not_compiled_in_is_an_error_that_names_the_feature() {
    let otlp = Otlp::new().endpoint("https://collector:4318");
    let error = Telemetry::builder("hub").otlp(otlp).build().unwrap_err();
    assert!(error.is_unsupported());
    assert!(error.to_string().contains("feature `tls`"), "{error}");
}

/// A request that comes in with a trace, and makes a call, in a service that exports nothing.
#[cfg(all(feature = "http", feature = "client"))]
#[tokio::test]
async fn a_disabled_telemetry_passes_on_the_trace_to_calls_and_log_lines() {
    use http::{HeaderMap, Request, Response};
    use omtx_context::TraceContext;
    use tower::{Layer, Service, ServiceExt, service_fn};

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    let telemetry = Telemetry::builder("hub").disabled(true).build().unwrap();
    let (tell, told) = mpsc::channel::<(HeaderMap, TraceContext)>();
    let client = telemetry
        .client_layer()
        .layer(service_fn(move |request: Request<String>| {
            let here = TraceContext::current().unwrap();
            tell.send((request.headers().clone(), here)).unwrap();
            async { Ok::<_, std::convert::Infallible>(Response::new(String::new())) }
        }));
    let service = service_fn(move |_: Request<omtx_http::RequestBody<String>>| {
        let client = client.clone();
        async move {
            let request = Request::get("http://other/").body(String::new()).unwrap();
            client
                .oneshot(request)
                .await
                .map(|_| Response::new(String::new()))
        }
    });
    let mut server = omtx_http::ObserveLayer::new(telemetry.server_spans()).layer(service);
    for flags in ["00", "01"] {
        let request = Request::get("/")
            .header(
                "traceparent",
                format!("00-{TRACE}-b7ad6b7169203331-{flags}"),
            )
            .header("tracestate", "vendor=1");
        server
            .ready()
            .await
            .unwrap()
            .call(request.body(String::new()).unwrap())
            .await
            .unwrap();
        let (headers, here) = told.try_recv().unwrap();
        let sent = headers["traceparent"].to_str().unwrap();
        assert!(sent.starts_with(&format!("00-{TRACE}-")), "{sent}");
        assert!(sent.ends_with(flags), "{sent}");
        assert_eq!(headers["tracestate"], "vendor=1");
        assert_eq!(here.trace_id().to_string(), TRACE);
    }
}

/// What the environment says of methods holds for servers and clients alike.
#[cfg(all(feature = "axum", feature = "client"))]
#[tokio::test]
async fn methods_that_the_environment_names_are_names_of_spans() {
    use omtx_tracing::{Exporter, Sampler, SamplingRequest};
    use std::sync::{Arc, Mutex};
    use tower::{Layer, ServiceExt, service_fn};

    let names = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&names);
    let telemetry = Telemetry::builder("hub")
        .exporters(Signal::Traces, [Exporter::Console])
        .sampler(Sampler::custom(move |span: &SamplingRequest<'_>| {
            seen.lock().unwrap().push(span.name().to_owned());
            false
        }))
        .from_vars(|name| {
            (name == "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS").then(|| "GET, BREW".into())
        })
        .unwrap()
        .build()
        .unwrap();
    let server = axum::Router::new()
        .route("/pots/{id}", axum::routing::any(async || "tea"))
        .layer(omtx_http::axum_layer(telemetry.server_spans()));
    let client = telemetry.client_layer().layer(service_fn(
        async |request: http::Request<axum::body::Body>| server.clone().oneshot(request).await,
    ));
    for method in ["BREW", "POST"] {
        let request = http::Request::builder().method(method).uri("/pots/7");
        let request = request.body(axum::body::Body::empty()).unwrap();
        client.clone().oneshot(request).await.unwrap();
    }
    let expected = ["BREW", "BREW /pots/{id}", "HTTP", "HTTP /pots/{id}"];
    assert_eq!(*names.lock().unwrap(), expected);
}
