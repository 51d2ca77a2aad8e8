//! The trait that everything that watches requests implements.

mod closure;
mod tuple;

pub use closure::{OnEnd, on_end};

use crate::{End, Slot};
use http::{Request, Response};
use std::sync::Arc;

/// Something that watches requests: metrics, an access log, a server span.
///
/// One [`ObserveLayer`](crate::ObserveLayer) calls its observer at the moments of each request's life, in this order:
///
/// 1. [`on_request`](Self::on_request), once;
/// 2. [`on_response`](Self::on_response), at most once;
/// 3. [`on_first_byte`](Self::on_first_byte), at most once;
/// 4. [`on_end`](Self::on_end), **exactly once**, whatever happens in between.
///
/// Observers combine: `()` watches nothing, `Option<O>` may be off, `Arc<O>` is shared, and a tuple of up to six is
/// started first to last and ended last to first.
///
/// A gauge of requests in flight may be held by the [`State`](Self::State) as a drop guard or counted down in `on_end`;
/// either happens exactly once.
///
/// # Panics
///
/// An observer ought not to panic; if it does, the ends stay right:
/// - in `on_request`: the observers started before it are ended as panicked, and the unwind goes on;
/// - in `on_response`, `on_first_byte` or `in_scope`: the request ends as panicked, and the unwind goes on;
/// - in `on_end`: the others still get theirs; the panic goes no further, because ends are mostly reported while
///   something is being dropped, where a second panic would abort the process. The panic hook has told of it by then.
///
/// For the same reason, a panic of `in_scope` goes no further when it comes while a future or a body is dropped by
/// another panic's unwind.
///
/// # Examples
///
/// A gauge of requests in flight, and a count of those that the client gave up:
///
/// ```
/// use omtx_http::{End, EndKind, Observer, Slot};
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
///
/// #[derive(Default)]
/// struct Gauges {
///     in_flight: AtomicU64,
///     given_up: AtomicU64,
/// }
///
/// impl Observer for Gauges {
///     type State = ();
///
///     fn on_request<B>(&self, _request: &mut http::Request<B>, _slot: &mut Slot) {
///         self.in_flight.fetch_add(1, Relaxed);
///     }
///
///     fn on_end(&self, (): (), _slot: &mut Slot, end: &End) {
///         self.in_flight.fetch_sub(1, Relaxed);
///         if matches!(end.kind(), EndKind::Cancelled | EndKind::Aborted) {
///             self.given_up.fetch_add(1, Relaxed);
///         }
///     }
/// }
///
/// # use http_body_util::Empty;
/// # use std::sync::Arc;
/// # use tower::{Layer, Service};
/// let gauges = Arc::new(Gauges::default());
/// let mut service = omtx_http::ObserveLayer::new(Arc::clone(&gauges)).layer(tower::service_fn(
///     async |_: http::Request<_>| Ok::<_, std::convert::Infallible>(http::Response::new(Empty::<&[u8]>::new())),
/// ));
///
/// drop(service.call(http::Request::new(Empty::<&[u8]>::new())));
/// assert_eq!(gauges.given_up.load(Relaxed), 1);
/// assert_eq!(gauges.in_flight.load(Relaxed), 0);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no observer of requests",
    label = "not an observer",
    note = "a closure becomes one by `omtx_http::on_end(|slot, end| …)`; several observers are a tuple"
)]
pub trait Observer: Send + Sync + 'static {
    /// What one request carries for this observer. It lies inline in the future and then in the response body, so it
    /// costs no allocation; keep it small, since it is moved a few times.
    type State: Send + 'static;

    /// A request came in; the inner service has not been called. Headers and extensions may be changed.
    fn on_request<B>(&self, request: &mut Request<B>, slot: &mut Slot) -> Self::State;

    /// The response head is known; the slot has its status, class and time. Headers may be changed; a change of the
    /// status is sent, but not seen by the observers.
    fn on_response<B>(&self, state: &mut Self::State, response: &mut Response<B>, slot: &mut Slot) {
        let _ = (state, response, slot);
    }

    /// The first byte of the response body is about to be handed on. Not called for an empty body.
    fn on_first_byte(&self, state: &mut Self::State, slot: &mut Slot) {
        let _ = (state, slot);
    }

    /// The request is over.
    fn on_end(&self, state: Self::State, slot: &mut Slot, end: &End);

    /// Runs `poll` with whatever this observer makes current for the request (a log scope, a span).
    ///
    /// Every piece of the application's work on the request goes through here: the call that makes the inner future,
    /// each poll of it and of the response body, and the drop of either. It runs within one poll: nothing stays
    /// current across an `.await`.
    fn in_scope<R>(&self, state: &mut Self::State, poll: impl FnOnce() -> R) -> R {
        let _ = state;
        poll()
    }
}

/// Watches nothing.
impl Observer for () {
    type State = ();

    fn on_request<B>(&self, _: &mut Request<B>, _: &mut Slot) {}

    fn on_end(&self, (): (), _: &mut Slot, _: &End) {}
}

/// An observer that may be off.
impl<O: Observer> Observer for Option<O> {
    type State = Option<O::State>;

    fn on_request<B>(&self, request: &mut Request<B>, slot: &mut Slot) -> Self::State {
        self.as_ref()
            .map(|observer| observer.on_request(request, slot))
    }

    fn on_response<B>(&self, state: &mut Self::State, response: &mut Response<B>, slot: &mut Slot) {
        if let (Some(observer), Some(state)) = (self, state) {
            observer.on_response(state, response, slot);
        }
    }

    fn on_first_byte(&self, state: &mut Self::State, slot: &mut Slot) {
        if let (Some(observer), Some(state)) = (self, state) {
            observer.on_first_byte(state, slot);
        }
    }

    fn on_end(&self, state: Self::State, slot: &mut Slot, end: &End) {
        if let (Some(observer), Some(state)) = (self, state) {
            observer.on_end(state, slot, end);
        }
    }

    fn in_scope<R>(&self, state: &mut Self::State, poll: impl FnOnce() -> R) -> R {
        match (self, state) {
            (Some(observer), Some(state)) => observer.in_scope(state, poll),
            _ => poll(),
        }
    }
}

/// An observer shared with its reader.
impl<O: Observer> Observer for Arc<O> {
    type State = O::State;

    fn on_request<B>(&self, request: &mut Request<B>, slot: &mut Slot) -> Self::State {
        O::on_request(self, request, slot)
    }

    fn on_response<B>(&self, state: &mut Self::State, response: &mut Response<B>, slot: &mut Slot) {
        O::on_response(self, state, response, slot);
    }

    fn on_first_byte(&self, state: &mut Self::State, slot: &mut Slot) {
        O::on_first_byte(self, state, slot);
    }

    fn on_end(&self, state: Self::State, slot: &mut Slot, end: &End) {
        O::on_end(self, state, slot, end);
    }

    fn in_scope<R>(&self, state: &mut Self::State, poll: impl FnOnce() -> R) -> R {
        O::in_scope(self, state, poll)
    }
}
