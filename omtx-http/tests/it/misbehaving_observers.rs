//! Observers that panic cost nobody else an end, and nobody gets two.

use crate::support::*;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use omtx_http::{End, ObserveLayer, Observer, RequestBody, Slot};
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use tower::{Layer, Service, ServiceExt, service_fn};

#[derive(Clone, Copy, PartialEq)]
enum At {
    Request,
    Response,
    FirstByte,
    Scope,
    End,
}

/// Panics at one moment.
struct Panics(At);

impl Panics {
    fn at(&self, at: At) {
        assert!(self.0 != at, "an observer's own panic");
    }
}

impl Observer for Panics {
    type State = ();

    fn on_request<B>(&self, _: &mut Request<B>, _: &mut Slot) {
        self.at(At::Request);
    }

    fn on_response<B>(&self, (): &mut (), _: &mut Response<B>, _: &mut Slot) {
        self.at(At::Response);
    }

    fn on_first_byte(&self, (): &mut (), _: &mut Slot) {
        self.at(At::FirstByte);
    }

    fn on_end(&self, (): (), _: &mut Slot, _: &End) {
        self.at(At::End);
    }

    fn in_scope<R>(&self, (): &mut (), poll: impl FnOnce() -> R) -> R {
        self.at(At::Scope);
        poll()
    }
}

/// Runs one request under recorder, culprit, recorder, and returns whether it panicked and how the recorders saw it end.
async fn run(at: At) -> (bool, Vec<String>) {
    let (first, mut first_ends) = recorder();
    let (last, mut last_ends) = recorder();
    let service = ObserveLayer::new((first, Panics(at), last)).layer(service_fn(
        async |_: Request<RequestBody<Empty<Bytes>>>| {
            Ok::<_, Infallible>(Response::new(full("hello")))
        },
    ));
    let run = tokio::spawn(async move {
        let response = service
            .oneshot(Request::new(Empty::<Bytes>::new()))
            .await
            .unwrap();
        drain(&mut response.into_body()).await.unwrap();
    });
    let panicked = run.await.is_err();
    let mut ended = vec![first_ends.now().summary()];
    // The last one has not started when the culprit panics at the start.
    if at != At::Request {
        ended.push(last_ends.now().summary());
    }
    first_ends.assert_no_more();
    last_ends.assert_no_more();
    (panicked, ended)
}

#[tokio::test]
async fn a_panic_at_the_start_ends_those_that_have_started() {
    assert_eq!(
        run(At::Request).await,
        (true, vec!["GET 500 panicked".to_owned()])
    );
}

#[tokio::test]
async fn a_panic_on_the_way_ends_the_request_as_panicked() {
    for at in [At::Response, At::FirstByte, At::Scope] {
        assert_eq!(
            run(at).await,
            (true, vec!["GET 500 panicked".to_owned(); 2])
        );
    }
}

#[tokio::test]
async fn a_panic_at_the_end_costs_nobody_an_end_and_goes_no_further() {
    assert_eq!(
        run(At::End).await,
        (false, vec!["GET 200 ok".to_owned(); 2])
    );
}

#[test]
fn a_panic_at_the_end_during_an_unwind_does_not_abort() {
    let (first, mut ends) = recorder();
    let mut service = ObserveLayer::new((first, Panics(At::End))).layer(service_fn(
        |_: Request<RequestBody<Empty<Bytes>>>| {
            std::future::pending::<Result<Response<Empty<Bytes>>, Infallible>>()
        },
    ));
    let future = service.call(Request::new(Empty::new()));
    drop_in_an_unwind(future);
    check(&ends.now(), "GET 499 cancelled");
    ends.assert_no_more();
}

/// A payload whose own destructor panics.
struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        panic!("from the payload");
    }
}

/// Throws a [`Grenade`] at its end, and in its scope once it is told to.
#[derive(Default)]
struct Throws {
    in_scope: AtomicBool,
}

impl Observer for Throws {
    type State = ();

    fn on_request<B>(&self, _: &mut Request<B>, _: &mut Slot) {}

    fn on_end(&self, (): (), _: &mut Slot, _: &End) {
        resume_unwind(Box::new(Grenade));
    }

    fn in_scope<R>(&self, (): &mut (), poll: impl FnOnce() -> R) -> R {
        if self.in_scope.load(SeqCst) {
            resume_unwind(Box::new(Grenade));
        }
        poll()
    }
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn payloads_that_panic_when_dropped_do_not_abort_and_cost_nobody_an_end() {
    for (in_an_unwind, another) in [(false, false), (false, true), (true, false), (true, true)] {
        let (recorder, mut ends) = recorder();
        let observers = (Throws::default(), recorder, another.then(Throws::default));
        let mut service = ObserveLayer::new(observers).layer(service_fn(
            |_: Request<RequestBody<Empty<Bytes>>>| {
                std::future::pending::<Result<Response<Empty<Bytes>>, Infallible>>()
            },
        ));
        let future = service.call(Request::new(Empty::new()));
        if in_an_unwind {
            drop_in_an_unwind(future);
        } else {
            drop(future);
        }
        check(&ends.now(), "GET 499 cancelled");
        ends.assert_no_more();
    }
}

#[test]
fn payloads_thrown_at_those_that_started_before_a_panic_do_not_abort() {
    let (recorder, mut ends) = recorder();
    let observers = (recorder, Throws::default(), Panics(At::Request));
    let mut service =
        ObserveLayer::new(observers).layer(service_fn(|_: Request<RequestBody<Empty<Bytes>>>| {
            std::future::pending::<Result<Response<Empty<Bytes>>, Infallible>>()
        }));
    let called = catch_unwind(AssertUnwindSafe(|| {
        drop(service.call(Request::new(Empty::<Bytes>::new())));
    }));
    assert_eq!(
        *called.unwrap_err().downcast::<&str>().unwrap(),
        "an observer's own panic"
    );
    check(&ends.now(), "GET 500 panicked");
    ends.assert_no_more();
}

#[test]
fn a_scope_that_breaks_while_a_future_is_dropped_in_an_unwind_does_not_abort() {
    let (recorder, mut ends) = recorder();
    let (throws, drops) = (Arc::new(Throws::default()), Arc::default());
    let local = Counted(Arc::clone(&drops));
    let mut local = Some(local);
    let mut service = ObserveLayer::new((Arc::clone(&throws), recorder)).layer(service_fn(
        move |_: Request<RequestBody<Empty<Bytes>>>| {
            let local = local.take();
            async move {
                let _local = local;
                std::future::pending::<Result<Response<Empty<Bytes>>, Infallible>>().await
            }
        },
    ));
    let future = service.call(Request::new(Empty::new()));
    throws.in_scope.store(true, SeqCst);
    drop_in_an_unwind(future);
    assert_eq!(drops.load(SeqCst), 1, "the handler's locals are gone");
    check(&ends.now(), "GET 500 panicked");
    ends.assert_no_more();
}

#[tokio::test]
async fn a_scope_that_breaks_while_a_body_is_dropped_in_an_unwind_does_not_abort() {
    let (recorder, mut ends) = recorder();
    let throws = Arc::new(Throws::default());
    let service = ObserveLayer::new((Arc::clone(&throws), recorder)).layer(service_fn(
        async |_: Request<RequestBody<Empty<Bytes>>>| {
            Ok::<_, Infallible>(Response::new(full("hello")))
        },
    ));
    let request = Request::new(Empty::<Bytes>::new());
    let body = service.oneshot(request).await.unwrap().into_body();
    throws.in_scope.store(true, SeqCst);
    drop_in_an_unwind(body);
    check(&ends.now(), "GET 500 panicked");
    ends.assert_no_more();
}
