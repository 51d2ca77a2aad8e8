//! Whether a span or event of the `tracing` crate is recorded, before anything of it is built.

use omtx_context::TraceContext;
use opentelemetry::Context as OtelContext;
use opentelemetry::trace::TraceContextExt;
use tracing_core::subscriber::Interest;
use tracing_core::{LevelFilter, Metadata};
use tracing_subscriber::layer::{Context, Filter};

use crate::{TracerProvider, export};

/// A per-layer filter, so that the other layers see what they want. What it says of events and of levels is final for a callsite
/// and remembered there; only spans that may be wanted are asked for each time.
pub(super) struct Switch {
    provider: TracerProvider,
    spans: LevelFilter,
    events: LevelFilter,
}

impl Switch {
    pub(super) fn new(provider: TracerProvider, spans: LevelFilter, events: LevelFilter) -> Self {
        // What is never recorded is wanted at no level.
        let (spans, events) = if provider.is_enabled() {
            (spans, events)
        } else {
            (LevelFilter::OFF, LevelFilter::OFF)
        };
        Self {
            provider,
            spans,
            events,
        }
    }

    /// Whether a span that is created now may be recorded.
    fn is_on(&self) -> bool {
        self.provider.is_enabled()
            && OtelContext::map_current(|current| {
                if current.is_telemetry_suppressed() {
                    return false;
                }
                let span = current.span();
                let parent = span.span_context();
                if parent.is_valid() {
                    return parent.is_sampled() || self.provider.sampler().may_sample_below(parent);
                }
                // A request that is not sampled may have published its ids and no more. The exporter's thread works for others.
                TraceContext::current().is_none_or(|trace| {
                    trace.is_sampled()
                        || self
                            .provider
                            .sampler()
                            .may_sample_below(&crate::context::span_context(trace))
                }) && !export::on_exporter_thread()
            })
    }
}

impl<S> Filter<S> for Switch {
    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_event() {
            if *metadata.level() <= self.events {
                Interest::always()
            } else {
                Interest::never()
            }
        } else if *metadata.level() <= self.spans {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        if metadata.is_event() {
            *metadata.level() <= self.events
        } else {
            *metadata.level() <= self.spans && self.is_on()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.spans.max(self.events))
    }
}
