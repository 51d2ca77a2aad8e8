//! How spans of the `tracing` crate are recorded.

use opentelemetry::InstrumentationScope;
use opentelemetry::trace::TracerProvider as _;
use tracing_core::{LevelFilter, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::adopt::Adopt;
use super::follow::Follow;
use super::switch::Switch;
use crate::{Telemetry, TracerProvider};

/// How spans of the `tracing` crate are recorded; from [`Telemetry::layer_builder`] or a [`TracerProvider`].
///
/// What is below `INFO` is not a span by default, and events are not recorded: log lines have the trace's ids already.
///
/// ```
/// use omtx_tracing::LayerBuilder;
/// use omtx_tracing::testing::SpanRecorder;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let recorder = SpanRecorder::new();
/// let layer = LayerBuilder::new(&recorder.provider()).events(tracing::level_filters::LevelFilter::WARN).build();
/// let subscriber = tracing_subscriber::registry().with(layer);
/// tracing::subscriber::with_default(subscriber, || {
///     let _span = tracing::info_span!("charge", cents = 1999).entered();
///     tracing::warn!(attempt = 2, "declined");
///     tracing::info!("not recorded");
/// });
///
/// let span = recorder.span("charge");
/// assert_eq!(span.attribute("cents"), Some(&1999.into()));
/// assert_eq!(span.events().len(), 1);
/// assert_eq!(span.events()[0].name, "declined");
/// ```
///
/// A field named `otel.name`, `otel.kind`, `otel.status_code` or `otel.status_description` sets what it says instead of an
/// attribute, as tracing-opentelemetry documents; its `OpenTelemetrySpanExt` (`context`, `set_parent`, `add_link`) works too.
#[derive(Clone, Debug)]
#[must_use = "call `build`"]
pub struct LayerBuilder {
    provider: TracerProvider,
    spans: LevelFilter,
    events: LevelFilter,
    location: bool,
    threads: bool,
    inactivity: bool,
}

impl LayerBuilder {
    /// Spans up to this level by default.
    pub const DEFAULT_LEVEL: LevelFilter = LevelFilter::INFO;

    /// Spans go to the tracers of this provider.
    pub fn new(provider: &TracerProvider) -> Self {
        Self {
            provider: provider.clone(),
            spans: Self::DEFAULT_LEVEL,
            events: LevelFilter::OFF,
            location: true,
            threads: false,
            inactivity: false,
        }
    }

    /// Records spans up to this level; [`DEFAULT_LEVEL`](Self::DEFAULT_LEVEL) by default.
    pub fn level(mut self, level: LevelFilter) -> Self {
        self.spans = level;
        self
    }

    /// Records events up to this level as events of the span that they are in; an `ERROR` among them gives the span the status
    /// `Error`. `OFF` by default.
    ///
    /// `#[tracing::instrument(err)]` reports what a function failed with as an event of the level `ERROR`, so that it marks the span
    /// only from `events(LevelFilter::ERROR)` on.
    pub fn events(mut self, level: LevelFilter) -> Self {
        self.events = level;
        self
    }

    /// Whether spans say where in the code they are: `code.file.path`, `code.module.name`, `code.line.number`. True by default.
    pub fn location(mut self, location: bool) -> Self {
        self.location = location;
        self
    }

    /// Whether spans say which thread created them: `thread.id`, `thread.name`. False by default.
    pub fn threads(mut self, threads: bool) -> Self {
        self.threads = threads;
        self
    }

    /// Whether spans say how long they were entered, and how long not: `busy_ns`, `idle_ns`. False by default.
    pub fn inactivity(mut self, inactivity: bool) -> Self {
        self.inactivity = inactivity;
        self
    }

    /// The layer.
    pub fn build<S>(self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let scope = InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        let spans = tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer_with_scope(scope))
            .with_location(self.location)
            .with_threads(self.threads)
            .with_tracked_inactivity(self.inactivity)
            .with_target(false);
        Layer::<S>::and_then(Adopt, spans)
            .and_then(Follow::new())
            .with_filter(Switch::new(self.provider, self.spans, self.events))
    }
}

impl Telemetry {
    /// A layer that records the spans of the `tracing` crate, up to `INFO`; [`layer_builder`](Self::layer_builder) has its settings.
    ///
    /// - A span is recorded if the trace that it is in is. Inside a request that is not sampled, spans are switched off: deciding
    ///   it costs one read of a thread-local variable, and the layer then does nothing. (The registry still keeps a slot for the
    ///   span until it is closed, as it does for whatever a per-layer filter decides at run time.) A span whose explicit parent (`parent: …`) is in another trace goes by the trace that is current where it is created.
    /// - Where no trace is current, a span begins one, if the sampler says so. The current one is that of OpenTelemetry's context,
    ///   else that of [`TraceContext`](omtx_context::TraceContext), as in a job that a request submitted.
    /// - Inside a span, log lines and exemplars carry its ids.
    /// - Levels of other layers stay theirs: what nobody wants costs what it costs without this layer. A filter that is added to the
    ///   subscriber itself, and not to one layer, as `EnvFilter` can be, holds for spans, too.
    ///
    /// ```
    /// use tracing_subscriber::layer::SubscriberExt;
    ///
    /// # fn main() -> Result<(), omtx_tracing::Error> {
    /// let telemetry = omtx_tracing::Telemetry::builder("hub").build()?;
    /// let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    /// tracing::subscriber::with_default(subscriber, || {
    ///     assert!(tracing::info_span!("charge").is_disabled(), "nothing is exported");
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        self.layer_builder().build()
    }

    /// The settings of [`layer`](Self::layer).
    pub fn layer_builder(&self) -> LayerBuilder {
        LayerBuilder::new(self.tracer_provider())
    }
}
