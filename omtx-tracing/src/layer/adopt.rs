//! Lets a span begin below ids that only `omtx-context` knows: a job's that was submitted by a request, a trace's that was
//! entered by hand.

use std::cell::Cell;

use omtx_context::TraceContext;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context as OtelContext, ContextGuard};
use tracing_core::Subscriber;
use tracing_core::span::{Attributes, Id};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

thread_local! {
    static ADOPTED: Cell<Option<ContextGuard>> = const { Cell::new(None) };
}

/// Stands before the layer of tracing-opentelemetry, which takes the current context for the parent of a span that names none.
pub(super) struct Adopt;

impl<S: Subscriber> Layer<S> for Adopt {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        // What is said to have no parent begins a trace.
        if !attributes.is_contextual() {
            return;
        }
        let Some(trace) = TraceContext::current() else {
            return;
        };
        let adopted = OtelContext::map_current(|current| {
            let is_orphan = !current.span().span_context().is_valid();
            let parent = || crate::context::span_context(trace);
            is_orphan.then(|| current.with_remote_span_context(parent()))
        });
        if let Some(context) = adopted {
            let guard = context.attach();
            let _ = ADOPTED.try_with(|slot| slot.set(Some(guard)));
        }
    }
}

/// The parent has been read.
pub(super) fn leave() {
    let _ = ADOPTED.try_with(Cell::take);
}
