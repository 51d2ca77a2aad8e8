//! Several observers as one: the order of their calls, and what is current while the application runs.

use crate::support::{data, drain, frames};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use omtx_http::{End, ObserveLayer, Observer, RequestBody, Slot};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tower::{Layer, Service, ServiceExt, service_fn};

type Log = Arc<Mutex<Vec<String>>>;

fn note(log: &Log, line: impl Into<String>) {
    log.lock().unwrap().push(line.into());
}

fn taken(log: &Log) -> Vec<String> {
    std::mem::take(&mut *log.lock().unwrap())
}

/// Notes every call under its name.
struct Named(&'static str, Log);

impl Observer for Named {
    type State = &'static str;

    fn on_request<B>(&self, _: &mut Request<B>, _: &mut Slot) -> &'static str {
        note(&self.1, format!("{} request", self.0));
        self.0
    }

    fn on_response<B>(&self, state: &mut &'static str, _: &mut Response<B>, _: &mut Slot) {
        note(&self.1, format!("{state} response"));
    }

    fn on_first_byte(&self, state: &mut &'static str, _: &mut Slot) {
        note(&self.1, format!("{state} first byte"));
    }

    fn on_end(&self, state: &'static str, _: &mut Slot, end: &End) {
        note(&self.1, format!("{state} {}", end.kind()));
    }

    fn in_scope<R>(&self, state: &mut &'static str, poll: impl FnOnce() -> R) -> R {
        note(&self.1, format!("{state} {{"));
        let result = poll();
        note(&self.1, format!("}} {state}"));
        result
    }
}

#[tokio::test]
async fn started_first_to_last_nested_first_outermost_ended_last_to_first() {
    let log = Log::default();
    let named = |name| Named(name, Arc::clone(&log));
    let handler_log = Arc::clone(&log);
    let layer = ObserveLayer::new((
        named("a"),
        Some(Arc::new(named("b"))),
        None::<Named>,
        (),
        (named("c"),),
    ));
    let mut service = layer.layer(service_fn(move |_: Request<RequestBody<Empty<Bytes>>>| {
        note(&handler_log, "call");
        let log = Arc::clone(&handler_log);
        async move {
            note(&log, "poll");
            Ok::<_, Infallible>(Response::new(frames(vec![data("1"), data("2")], false)))
        }
    }));

    let future = service.call(Request::new(Empty::new()));
    assert_eq!(
        taken(&log),
        [
            "a request",
            "b request",
            "c request",
            "a {",
            "b {",
            "c {",
            "call",
            "} c",
            "} b",
            "} a"
        ]
    );
    let mut body = future.await.unwrap().into_body();
    assert_eq!(
        taken(&log),
        [
            "a {",
            "b {",
            "c {",
            "poll",
            "} c",
            "} b",
            "} a",
            "a response",
            "b response",
            "c response"
        ]
    );
    drain(&mut body).await.unwrap();
    let scopes = ["a {", "b {", "c {", "} c", "} b", "} a"];
    let expected = [
        &scopes[..],
        &["a first byte", "b first byte", "c first byte"],
        &scopes,
        &scopes,
        &["c ok", "b ok", "a ok"],
    ];
    assert_eq!(taken(&log), expected.concat());
    drop(body);
    assert_eq!(taken(&log), [""; 0]);
}

/// Notes when it is dropped.
struct Noisy(Log);

impl Drop for Noisy {
    fn drop(&mut self) {
        note(&self.0, "drop");
    }
}

#[tokio::test]
async fn what_is_dropped_early_is_dropped_in_scope_and_before_the_end() {
    let log = Log::default();
    let handler_log = Arc::clone(&log);
    let layer = ObserveLayer::new(Named("a", Arc::clone(&log)));
    let mut service = layer.layer(service_fn(move |_: Request<RequestBody<Empty<Bytes>>>| {
        let local = Noisy(Arc::clone(&handler_log));
        async move {
            let _local = local;
            std::future::pending::<Result<Response<Empty<Bytes>>, Infallible>>().await
        }
    }));
    let future = service.call(Request::new(Empty::new()));
    taken(&log);
    drop(future);
    assert_eq!(taken(&log), ["a {", "drop", "} a", "a cancelled"]);

    let handler_log = Arc::clone(&log);
    let service = layer.layer(service_fn(move |_: Request<RequestBody<Empty<Bytes>>>| {
        let local = Noisy(Arc::clone(&handler_log));
        let mut waiting = true;
        let stream = futures_util::stream::poll_fn(move |_| {
            let _local = &local;
            if std::mem::take(&mut waiting) {
                std::task::Poll::Pending
            } else {
                std::task::Poll::Ready(None::<Result<http_body::Frame<Bytes>, Infallible>>)
            }
        });
        async move { Ok::<_, Infallible>(Response::new(http_body_util::StreamBody::new(stream))) }
    }));
    let response = service.oneshot(Request::new(Empty::new())).await.unwrap();
    taken(&log);
    drop(response);
    assert_eq!(taken(&log), ["a {", "drop", "} a", "a aborted"]);
}

#[tokio::test]
async fn headers_and_extensions_may_be_changed_on_the_way() {
    struct Stamp;

    impl Observer for Stamp {
        type State = u32;

        fn on_request<B>(&self, request: &mut Request<B>, _: &mut Slot) -> u32 {
            request.headers_mut().insert("x-in", 1.into());
            request.extensions_mut().insert(41_u32);
            42
        }

        fn on_response<B>(&self, state: &mut u32, response: &mut Response<B>, _: &mut Slot) {
            response.headers_mut().insert("x-out", (*state).into());
        }

        fn on_end(&self, _: u32, _: &mut Slot, _: &End) {}
    }

    let service = ObserveLayer::new(Stamp).layer(service_fn(
        async |request: Request<RequestBody<Empty<Bytes>>>| {
            assert_eq!(request.headers()["x-in"], "1");
            assert_eq!(request.extensions().get(), Some(&41_u32));
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        },
    ));
    let response = service.oneshot(Request::new(Empty::new())).await.unwrap();
    assert_eq!(response.headers()["x-out"], "42");
}

#[tokio::test]
async fn what_one_observer_leaves_in_the_slot_the_others_find() {
    use omtx_context::{Scope, SpanId, TraceContext, TraceFlags, TraceId};

    struct Opens;

    impl Observer for Opens {
        type State = ();

        fn on_request<B>(&self, _: &mut Request<B>, slot: &mut Slot) {
            slot.set_scope(Scope::root().with("request_id", "r-1").build());
            let (trace, span) = (TraceId::new(1).unwrap(), SpanId::new(2).unwrap());
            slot.set_trace(TraceContext::new(trace, span, TraceFlags::new(1)));
        }

        // Ended last: the others still find everything.
        fn on_end(&self, (): (), _: &mut Slot, _: &End) {}
    }

    let log = Log::default();
    let found = Arc::clone(&log);
    let finds = omtx_http::on_end(move |slot, _| {
        let id = slot.scope().and_then(|scope| scope.get("request_id"));
        let id = id.as_ref().and_then(|id| id.as_str()).map(str::to_owned);
        note(
            &found,
            format!(
                "{id:?} {:?}",
                slot.trace().map(|trace| trace.span_id().get())
            ),
        );
    });
    let mut service = ObserveLayer::new((Opens, finds)).layer(service_fn(
        async |_: Request<RequestBody<Empty<Bytes>>>| {
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        },
    ));
    service.call(Request::new(Empty::new())).await.unwrap();
    drop(service.call(Request::new(Empty::new())));
    assert_eq!(taken(&log), ["Some(\"r-1\") Some(2)"; 2]);
}
