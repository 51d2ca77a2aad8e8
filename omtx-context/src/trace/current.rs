use std::cell::RefCell;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::TraceContext;
use crate::stack::{self, Stack, Token};

thread_local! {
    static CURRENT: RefCell<Stack<TraceContext>> = const { RefCell::new(Stack::new()) };
}

/// Named after the mistake; see [`ScopeGuard`](crate::ScopeGuard).
enum TraceGuardHeldAcrossAwait {}

/// Keeps a [`TraceContext`] current on this thread until it is dropped; guards may be dropped in any order.
///
/// ```compile_fail
/// use omtx_context::TraceContext;
///
/// async fn handler(trace: TraceContext) {
///     let _guard = trace.enter();
///     std::future::ready(()).await; // another task would run inside the span
/// }
/// fn spawn(_: impl Future + Send) {}
/// # let trace = TraceContext::new(omtx_context::TraceId::new(1).unwrap(), omtx_context::SpanId::new(1).unwrap(), Default::default());
/// spawn(handler(trace));
/// ```
#[must_use = "the span is left when the guard is dropped"]
pub struct TraceGuard {
    token: Token,
    not_send: PhantomData<*const TraceGuardHeldAcrossAwait>,
}

impl Drop for TraceGuard {
    fn drop(&mut self) {
        stack::remove(&CURRENT, self.token);
    }
}

impl TraceContext {
    /// The innermost one entered on this thread.
    #[must_use]
    pub fn current() -> Option<Self> {
        stack::top(&CURRENT)
    }

    /// Makes this one current on this thread until the guard is dropped.
    ///
    /// # Panics
    ///
    /// Not here, but as with [`Scope::enter`](crate::Scope::enter) in a debug build, where the guard outlives its poll.
    #[track_caller]
    pub fn enter(self) -> TraceGuard {
        TraceGuard {
            token: stack::push(&CURRENT, Some(self), Some(Location::caller())),
            not_send: PhantomData,
        }
    }

    /// The same for a guard that follows somebody else's, as a span's: only counted when it outlives its poll.
    #[doc(hidden)]
    pub fn follow(self) -> TraceGuard {
        TraceGuard {
            token: stack::push(&CURRENT, Some(self), None),
            not_send: PhantomData,
        }
    }

    /// Makes none current on this thread until the guard is dropped, whatever was entered before.
    ///
    /// ```
    /// use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};
    ///
    /// let trace = TraceContext::new(TraceId::new(1).unwrap(), SpanId::new(2).unwrap(), TraceFlags::SAMPLED);
    /// let _inside = trace.enter();
    /// let outside = TraceContext::enter_none();
    /// assert_eq!(TraceContext::current(), None);
    /// drop(outside);
    /// assert_eq!(TraceContext::current(), Some(trace));
    /// ```
    ///
    /// # Panics
    ///
    /// As with [`enter`](Self::enter).
    #[track_caller]
    pub fn enter_none() -> TraceGuard {
        TraceGuard {
            token: stack::push(&CURRENT, None, Some(Location::caller())),
            not_send: PhantomData,
        }
    }

    /// Runs `f` with none current, whatever was entered before.
    ///
    /// ```
    /// use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};
    ///
    /// let trace = TraceContext::new(TraceId::new(1).unwrap(), SpanId::new(2).unwrap(), TraceFlags::SAMPLED);
    /// assert_eq!(trace.in_scope(|| TraceContext::in_none(TraceContext::current)), None);
    /// ```
    pub fn in_none<R>(f: impl FnOnce() -> R) -> R {
        let mut none = None;
        let _entered = stack::lend(&CURRENT, &mut none);
        f()
    }

    /// Runs `f` with this one current: a closure, or one poll of a future.
    ///
    /// ```
    /// use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};
    ///
    /// let trace = TraceContext::new(TraceId::new(1).unwrap(), SpanId::new(2).unwrap(), TraceFlags::SAMPLED);
    /// assert_eq!(trace.in_scope(TraceContext::current), Some(trace));
    /// assert_eq!(TraceContext::current(), None);
    /// ```
    pub fn in_scope<R>(self, f: impl FnOnce() -> R) -> R {
        let mut own = Some(self);
        let _entered = stack::lend(&CURRENT, &mut own);
        f()
    }
}

/// Carries a trace context with a future: current at each poll, and while the future is dropped.
///
/// ```
/// use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId, WithTrace};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let trace = TraceContext::new(TraceId::new(1).unwrap(), SpanId::new(2).unwrap(), TraceFlags::SAMPLED);
/// let seen = tokio::spawn(async { TraceContext::current() }.in_trace(trace)).await.unwrap();
/// assert_eq!(seen, Some(trace));
/// # }
/// ```
pub trait WithTrace: Future + Sized {
    /// This future, run inside `trace`.
    fn in_trace(self, trace: TraceContext) -> InTrace<Self> {
        InTrace {
            trace: Some(trace),
            future: Some(self),
        }
    }

    /// This future, run inside the trace context that is current now (none, when there is none): for `spawn`.
    fn in_current_trace(self) -> InTrace<Self> {
        InTrace {
            trace: TraceContext::current(),
            future: Some(self),
        }
    }
}

impl<F: Future> WithTrace for F {}

pin_project! {
    /// A future inside a trace context; see [`WithTrace`].
    #[must_use = "futures do nothing unless polled"]
    pub struct InTrace<F> {
        trace: Option<TraceContext>,
        // Empty only once dropped, so that the drop happens inside the trace context.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for InTrace<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = stack::lend(&CURRENT, this.trace);
            this.future.set(None);
        }
    }
}

impl<F: Future> Future for InTrace<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = stack::lend(&CURRENT, this.trace);
        match this.future.as_pin_mut() {
            Some(future) => future.poll(cx),
            None => Poll::Pending, // not reachable: only the destructor empties it
        }
    }
}
