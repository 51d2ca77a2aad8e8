//! The context of the current work: which span it belongs to, and its baggage.
//!
//! It is OpenTelemetry's [`Context`], so that everything that speaks OpenTelemetry finds it. Making one current through this
//! module also tells `omtx-context` its ids, and with it log lines and exemplars; making it current with
//! [`Context::attach`] does not.
//!
//! ```
//! use omtx_context::TraceContext;
//! use omtx_tracing::Propagators;
//! use omtx_tracing::context::{self, WithContext};
//! use opentelemetry::Context;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let mut headers = http::HeaderMap::new();
//! headers.insert("traceparent", http::HeaderValue::from_static("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
//! let context = Propagators::default().extract_headers(&headers).into_context(&Context::new());
//!
//! let work = async {
//!     tokio::task::yield_now().await;
//!     TraceContext::current().unwrap().trace_id().to_string()
//! };
//! let seen = tokio::spawn(work.in_context(context)).await.unwrap();
//! assert_eq!(seen, "0af7651916cd43dd8448eb211c80319c");
//! # }
//! ```
//!
//! | what runs | how it is inside `context` |
//! |---|---|
//! | a future, awaited or spawned | [`future.in_context(context)`](WithContext::in_context) |
//! | a future spawned from inside, which stays inside | [`future.in_current_context()`](WithContext::in_current_context) |
//! | a closure, here and now | [`in_scope(&context, …)`](in_scope) |
//! | a closure on another thread, `spawn_blocking` | [`wrap(&context, …)`](wrap) |
//! | the rest of a block without `.await` | [`enter(&context)`](enter) |

mod future;
mod guard;

use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceState};

pub use future::{InContext, WithContext};
pub(crate) use guard::in_both;
pub use guard::{Entered, enter, in_scope, wrap};

/// The context of the current work: OpenTelemetry's current one.
///
/// Where that has no span, but `omtx-context` knows of a trace (a job that was submitted by a traced request, a
/// [`TraceContext`] that was entered by hand), the span is the one whose ids those are.
///
/// ```
/// use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};
/// use opentelemetry::trace::TraceContextExt;
///
/// let trace = TraceContext::new(TraceId::new(1).unwrap(), SpanId::new(2).unwrap(), TraceFlags::SAMPLED);
/// let context = trace.in_scope(omtx_tracing::context::current);
/// assert_eq!(context.span().span_context().span_id().to_string(), "0000000000000002");
/// ```
#[must_use]
pub fn current() -> Context {
    Context::map_current(|context| {
        if context.span().span_context().is_valid() {
            return context.clone();
        }
        match TraceContext::current() {
            Some(trace) => context.with_remote_span_context(span_context(trace)),
            None => context.clone(),
        }
    })
}

/// The ids of a span context, as `omtx-context` has them; `None` if it is invalid.
pub(crate) fn trace_of(span: &SpanContext) -> Option<TraceContext> {
    Some(TraceContext::new(
        TraceId::from_bytes(span.trace_id().to_bytes())?,
        SpanId::from_bytes(span.span_id().to_bytes())?,
        TraceFlags::new(span.trace_flags().to_u8()),
    ))
}

/// The span context that ids speak of: in this process, without a `tracestate`.
pub(crate) fn span_context(trace: TraceContext) -> SpanContext {
    SpanContext::new(
        trace.trace_id().get().into(),
        trace.span_id().get().into(),
        opentelemetry::trace::TraceFlags::new(trace.flags().bits()),
        false,
        TraceState::NONE,
    )
}
