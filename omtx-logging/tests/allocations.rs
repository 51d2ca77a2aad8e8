//! A line costs no allocation, in a process of its own: the allocator is a global.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};
use omtx_logging::writer::Queue;
use omtx_logging::{
    JobContext, Logging, LoggingBuilder, Profile, RateLimit, Redaction, RequestContext, Severity,
};
use tracing::{debug, info, info_span};

struct Counting;

thread_local!(static ALLOCATIONS: Cell<u64> = const { Cell::new(0) });

fn counted() {
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: every call goes to `System` unchanged; the counter does not touch the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        counted();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        counted();
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn builder() -> LoggingBuilder {
    Logging::builder("omtx-hub-api")
        .version("1.0.0")
        .sink(|_: Severity, line: &[u8]| {
            assert!(line.ends_with(b"}\n"));
        })
}

/// How many allocations a hundred lines cost, after the first few.
#[track_caller]
fn check(builder: LoggingBuilder, log: impl Fn()) {
    let logging = builder.build().unwrap();
    tracing::subscriber::with_default(logging.subscriber(), || {
        (0..3).for_each(|_| log());
        let before = ALLOCATIONS.get();
        (0..100).for_each(|_| log());
        assert_eq!(ALLOCATIONS.get() - before, 0);
        assert_eq!(logging.stats().lines(Severity::Info), 103);
    });
}

fn in_request_and_job(work: impl FnOnce()) {
    RequestContext::builder("req-12345")
        .user("user-67890")
        .build()
        .in_scope(|| {
            JobContext::new("job-abcdef", "boltz2").in_scope(work);
        });
}

#[test]
fn a_line_in_two_scopes_costs_none_in_any_json_profile() {
    for profile in Profile::ALL {
        if profile != Profile::Pretty {
            in_request_and_job(|| {
                check(builder().profile(profile), || {
                    info!(
                        status = "success",
                        attempt = 3,
                        ratio = 0.5,
                        "Job {} completed",
                        "job-abcdef"
                    );
                });
            });
        }
    }
}

#[test]
fn a_line_in_spans_and_a_trace_costs_none() {
    let trace = TraceContext::new(
        TraceId::new(1).unwrap(),
        SpanId::new(2).unwrap(),
        TraceFlags::SAMPLED,
    );
    trace.in_scope(|| {
        let logging = builder().build().unwrap();
        tracing::subscriber::with_default(logging.subscriber(), || {
            let _outer = info_span!("request", request_id = "req-12345").entered();
            let _inner = info_span!("job", job_id = "job-abcdef", step = 3).entered();
            let log = || info!(status = "success", ?trace, "Job completed");
            (0..3).for_each(|_| log());
            let before = ALLOCATIONS.get();
            (0..100).for_each(|_| log());
            assert_eq!(ALLOCATIONS.get() - before, 0);
        });
    });
}

#[test]
fn nested_keys_cost_none() {
    check(builder(), || {
        info!(
            performance.duration_ms = 12.5,
            outcome = "ok",
            performance.operation = "job",
            "done"
        );
    });
}

#[test]
fn keys_that_meet_the_scopes_cost_none() {
    in_request_and_job(|| {
        check(builder(), || {
            info!(user_id = "user-2", performance.operation = "job", "done")
        });
    });
}

#[test]
fn values_that_are_cut_or_escaped_cost_none() {
    let long = "a\n".repeat(20_000);
    check(builder(), || {
        info!(long, quoted = "\"\u{1}\"", "message {long}")
    });
}

#[test]
fn a_line_through_a_queue_costs_none_once_it_has_been_as_full() {
    // Nothing leaves it by itself, so that it is known how full it is.
    let never = Duration::from_secs(600);
    let queue = Queue::options().linger(never).start(()).unwrap();
    let logging = builder().sink(queue).build().unwrap();
    tracing::subscriber::with_default(logging.subscriber(), || {
        let log = || info!(status = "success", "Job completed");
        (0..200).for_each(|_| log());
        assert!(logging.flush(never).is_complete());
        let before = ALLOCATIONS.get();
        (0..200).for_each(|_| log());
        assert_eq!(ALLOCATIONS.get() - before, 0);
    });
}

#[test]
fn a_line_without_secrets_within_its_limit_costs_none() {
    let limit = RateLimit::new(1000, Duration::from_secs(1));
    check(builder().redact(Redaction::new()).rate_limit(limit), || {
        info!(url = "/api/v1/jobs/7?page=2", attempt = 3, "Job completed");
    });
}

#[test]
fn a_disabled_event_costs_none() {
    check(builder(), || {
        debug!(status = "success", "left out");
        info!("written");
    });
}

/// The scope and what it holds, the id in it and in the headers, and the answer's first header; and what lines copy of the
/// scope. The access line itself costs none.
#[cfg(feature = "http")]
#[test]
fn a_request_with_its_access_line_costs_few() {
    use std::convert::Infallible;

    use axum::body::Body;
    use axum::http::{Request, Response};
    use futures_util::FutureExt;
    use omtx_http::{ObserveLayer, Observer};
    use omtx_logging::http::{AccessLog, RequestScope};
    use tower::{Layer, ServiceExt, service_fn};

    /// Of one request, after a few; with an id of the client's or without.
    fn of(observer: impl Observer, id: Option<&'static str>) -> u64 {
        let handler = async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::empty()));
        let service = ObserveLayer::axum(observer).layer(service_fn(handler));
        let mut last = 0;
        for _ in 0..4 {
            let mut request = Request::new(Body::empty());
            // A request has headers already; the table's growth is not counted.
            let headers = request.headers_mut();
            headers.reserve(8);
            if let Some(id) = id {
                headers.insert("x-request-id", id.parse().unwrap());
            }
            let before = ALLOCATIONS.get();
            let answer = service.clone().oneshot(request).now_or_never();
            drop(answer.expect("it does not wait"));
            last = ALLOCATIONS.get() - before;
        }
        last
    }

    let logging = builder().build().unwrap();
    tracing::subscriber::with_default(logging.subscriber(), || {
        let access = || AccessLog::for_logging(&logging);
        for (id, expected) in [(None, 4), (Some("req-12345"), 4)] {
            let nothing = of((), id);
            let scope = of(RequestScope::new(), id) - nothing;
            assert_eq!(scope, expected, "{id:?}");
            let line = of((RequestScope::new(), access()), id) - nothing - scope;
            assert_eq!(line, 3, "the scope as it stands in lines, for all of them");
        }
        assert_eq!(of(access(), None) - of((), None), 0, "without a scope");
        assert_eq!(logging.stats().lines(Severity::Info), 12);
    });
}
