//! Contexts that travel with a future.

use std::pin::Pin;
use std::task::{self, Poll};

use omtx_context::TraceContext;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use pin_project_lite::pin_project;

use super::guard::in_both;
use super::{current, trace_of};

/// Carries a context with a future: current at each poll, and while the future is dropped.
///
/// ```
/// use omtx_tracing::context::WithContext;
/// use opentelemetry::Context;
/// use opentelemetry::baggage::BaggageExt;
/// use opentelemetry::KeyValue;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let context = Context::new().with_baggage([KeyValue::new("tenant", "acme")]);
/// let tenant = async { Context::current().baggage().get("tenant").map(ToString::to_string) };
/// assert_eq!(tokio::spawn(tenant.in_context(context)).await.unwrap().as_deref(), Some("acme"));
/// # }
/// ```
pub trait WithContext: Future + Sized {
    /// This future, run inside `context`.
    fn in_context(self, context: Context) -> InContext<Self> {
        InContext {
            trace: trace_of(context.span().span_context()),
            context,
            future: Some(self),
        }
    }

    /// This future, run inside the context that is [current](super::current) now: for `spawn`.
    fn in_current_context(self) -> InContext<Self> {
        self.in_context(current())
    }
}

impl<F: Future> WithContext for F {}

pin_project! {
    /// A future inside a context; see [`WithContext`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct InContext<F> {
        context: Context,
        trace: Option<TraceContext>,
        // Empty only once dropped, so that the drop happens inside the context.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for InContext<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            in_both(this.context, *this.trace, || this.future.set(None));
        }
    }
}

impl<F> InContext<F> {
    /// The context.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        match this.future.as_pin_mut() {
            Some(future) => in_both(this.context, *this.trace, || future.poll(cx)),
            None => Poll::Pending, // not reachable: only the destructor empties it
        }
    }
}
