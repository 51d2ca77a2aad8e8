//! Keeps the ids that log lines and exemplars carry in step with the spans that are entered.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use omtx_context::TraceGuard;
use opentelemetry::Context as OtelContext;
use opentelemetry::trace::TraceContextExt;
use tracing_core::Subscriber;
use tracing_core::span::{Attributes, Id};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

struct Entered {
    layer: u64,
    span: u64,
    /// Left by being dropped, in whichever order.
    _trace: TraceGuard,
}

thread_local! {
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
}

/// Stands behind the layer of tracing-opentelemetry, which has made the span's context current by the time this one hears of it.
pub(super) struct Follow {
    /// Ids of spans are a subscriber's own, and a thread may be in spans of two.
    layer: u64,
}

impl Follow {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            layer: NEXT.fetch_add(1, Relaxed),
        }
    }
}

impl<S: Subscriber> Layer<S> for Follow {
    fn on_new_span(&self, _: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        super::adopt::leave();
    }

    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        let ids = OtelContext::map_current(|current| {
            crate::context::trace_of(current.span().span_context())
        });
        let Some(ids) = ids else { return };
        let entered = Entered {
            layer: self.layer,
            span: id.into_u64(),
            _trace: ids.follow(),
        };
        let _ = ENTERED.try_with(|stack| stack.borrow_mut().push(entered));
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        let _ = ENTERED.try_with(|stack| {
            let mut stack = stack.borrow_mut();
            let at = stack
                .iter()
                .rposition(|entered| entered.layer == self.layer && entered.span == id.into_u64());
            at.map(|at| stack.remove(at))
        });
    }
}
