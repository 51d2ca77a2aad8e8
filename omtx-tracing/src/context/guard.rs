//! Contexts that are current for a stretch of synchronous work.

use omtx_context::{TraceContext, TraceGuard};
use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, ContextGuard};

use super::trace_of;

/// Keeps a [`Context`] current on this thread until it is dropped.
///
/// It cannot leave its thread, so a task that may change threads cannot hold it across `.await`; use
/// [`WithContext::in_context`](super::WithContext::in_context) there:
///
/// ```compile_fail
/// async fn handler(context: opentelemetry::Context) {
///     let _entered = omtx_tracing::context::enter(&context);
///     std::future::ready(()).await; // another task would run inside the context
/// }
/// fn spawn(_: impl Future + Send) {}
/// spawn(handler(opentelemetry::Context::new()));
/// ```
#[must_use = "the context is left when the guard is dropped"]
#[derive(Debug)]
pub struct Entered {
    // In this order: what was entered last is left first.
    _trace: Trace,
    _context: ContextGuard,
}

struct Trace(#[expect(dead_code, reason = "kept for its destructor")] TraceGuard);

impl std::fmt::Debug for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Trace")
    }
}

/// Makes `context` current on this thread until the guard is dropped.
///
/// A context without a valid span hides the ids that are current, so that log lines do not carry those of foreign work.
///
/// ```
/// use omtx_context::TraceContext;
/// use opentelemetry::Context;
/// # use omtx_context::{SpanId, TraceFlags, TraceId};
/// # let trace = TraceContext::new(TraceId::new(1).unwrap(), SpanId::new(2).unwrap(), TraceFlags::SAMPLED);
///
/// let _in_a_trace = trace.enter();
/// let detached = omtx_tracing::context::enter(&Context::new());
/// assert_eq!(TraceContext::current(), None);
/// drop(detached);
/// assert_eq!(TraceContext::current(), Some(trace));
/// ```
///
/// # Panics
///
/// Not here, but as with [`TraceContext::enter`] in a debug build, where the guard outlives its poll.
#[track_caller]
pub fn enter(context: &Context) -> Entered {
    let trace = match trace_of(context.span().span_context()) {
        Some(trace) => trace.enter(),
        None => TraceContext::enter_none(),
    };
    Entered {
        _trace: Trace(trace),
        _context: context.clone().attach(),
    }
}

/// Runs `f` with `context` current, and leaves it whether `f` returns or panics.
///
/// ```
/// use opentelemetry::Context;
///
/// struct Tenant(&'static str);
/// let context = Context::new().with_value(Tenant("acme"));
/// let seen = omtx_tracing::context::in_scope(&context, || Context::map_current(|current| current.get::<Tenant>().map(|tenant| tenant.0)));
/// assert_eq!(seen, Some("acme"));
/// ```
pub fn in_scope<R>(context: &Context, f: impl FnOnce() -> R) -> R {
    in_both(context, trace_of(context.span().span_context()), f)
}

/// `f` made to run inside `context` wherever it is called: a thread, a blocking pool, a rayon job.
///
/// ```
/// use opentelemetry::Context;
///
/// struct Tenant(&'static str);
/// let context = Context::new().with_value(Tenant("acme"));
/// let thread = std::thread::spawn(omtx_tracing::context::wrap(&context, || {
///     Context::map_current(|current| current.get::<Tenant>().is_some())
/// }));
/// assert!(thread.join().unwrap());
/// ```
pub fn wrap<F, R>(context: &Context, f: F) -> impl FnOnce() -> R + use<F, R>
where
    F: FnOnce() -> R,
{
    let context = context.clone();
    move || in_scope(&context, f)
}

/// With the ids at hand already.
#[inline]
pub(crate) fn in_both<R>(
    context: &Context,
    trace: Option<TraceContext>,
    f: impl FnOnce() -> R,
) -> R {
    let _context = context.clone().attach();
    match trace {
        Some(trace) => trace.in_scope(f),
        None => TraceContext::in_none(f),
    }
}
