//! What a level costs that nobody wants. What callsites remember is one for all subscribers of a process, so this has its own.
#![cfg(feature = "tracing")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use omtx_tracing::LayerBuilder;
use omtx_tracing::testing::SpanRecorder;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, debug, info, info_span, warn};
use tracing_core::Interest;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, Filter, SubscriberExt};

/// The filter of another layer, which wants events up to WARN, and counts how often it is asked.
#[derive(Clone, Default)]
struct Asked(Arc<AtomicUsize>);

impl<S> Filter<S> for Asked {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.0.fetch_add(1, Relaxed);
        *metadata.level() <= LevelFilter::WARN
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if *metadata.level() <= LevelFilter::WARN {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }
}

struct Ignore;

impl<S: tracing::Subscriber> Layer<S> for Ignore {}

#[test]
fn an_event_that_nobody_wants_is_final_at_its_callsite() {
    let asked = Asked::default();
    let recorder = SpanRecorder::new();
    let subscriber = tracing_subscriber::registry()
        .with(LayerBuilder::new(&recorder.provider()).build())
        .with(Ignore.with_filter(asked.clone()));
    tracing::subscriber::set_global_default(subscriber).unwrap();

    assert_eq!(
        LevelFilter::current(),
        LevelFilter::INFO,
        "spans are wanted up to INFO"
    );
    for _ in 0..3 {
        info!("nobody wants it");
        debug!("it is below what anybody wants");
    }
    assert_eq!(asked.0.load(Relaxed), 0, "the callsite knows");
    warn!("somebody wants it");
    assert_eq!(asked.0.load(Relaxed), 1);
    drop(info_span!("wanted by us"));
    assert_eq!(recorder.spans().len(), 1);
}
