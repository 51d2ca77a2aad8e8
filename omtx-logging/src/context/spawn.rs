use omtx_context::{Scope, TraceContext, WithScope, WithTrace};
use tokio::task::JoinHandle;
use tracing::{Instrument, Span};

/// [`tokio::spawn`] for work that goes on with what the current one belongs to: scope, trace context and span.
///
/// ```
/// use omtx_logging::{RequestContext, Scope, WithScope};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let work = async {
///     let task = omtx_logging::spawn(async { RequestContext::current().unwrap().request_id() });
///     assert_eq!(task.await.unwrap(), "req-1");
/// };
/// work.in_scope(RequestContext::new("req-1")).await;
/// # }
/// ```
///
/// # Panics
///
/// Outside a tokio runtime, as [`tokio::spawn`] does.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(
        future
            .in_current_span()
            .in_current_trace()
            .in_current_scope(),
    )
}

/// [`tokio::task::spawn_blocking`] for work that goes on with what the current one belongs to: scope, trace context and
/// span.
///
/// ```
/// use omtx_logging::RequestContext;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let task = RequestContext::new("req-1")
///     .in_scope(|| omtx_logging::spawn_blocking(|| RequestContext::current().unwrap().request_id()));
/// assert_eq!(task.await.unwrap(), "req-1");
/// # }
/// ```
///
/// # Panics
///
/// Outside a tokio runtime, as [`tokio::task::spawn_blocking`] does.
#[track_caller]
pub fn spawn_blocking<F, R>(work: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let (scope, trace, span) = (Scope::current(), TraceContext::current(), Span::current());
    tokio::task::spawn_blocking(move || {
        let in_span = || span.in_scope(work);
        let in_trace = || match trace {
            Some(trace) => trace.in_scope(in_span),
            None => in_span(),
        };
        match scope {
            Some(scope) => scope.in_scope(in_trace),
            None => in_trace(),
        }
    })
}
