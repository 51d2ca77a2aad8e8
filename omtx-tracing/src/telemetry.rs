use std::fmt;
use std::sync::Arc;

use crate::config::{Endpoint, Settings};
use crate::export::{Exporter, LaneSpec, OnLoss, Pipeline};
use crate::resource::{Resource, SCHEMA_URL};
use crate::span::Sink;
use crate::transport;
use crate::{Error, Propagators, Protocol, Signal, TelemetryBuilder, TracerProvider, Warning};

/// One configured telemetry: spans, and on request metrics and log records, on their way to a collector. Clones share it.
///
/// Everything that makes spans is made from it; see the [manual](crate). Dropping the last clone sends what was recorded, for 5 s at
/// most; [`shutdown`](Self::shutdown) does so with a deadline of your own, and says what was lost. Of what is made
/// from it, only the span processor of the feature `sdk` keeps it running.
///
/// ```
/// use omtx_tracing::{Signal, Telemetry};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), omtx_tracing::Error> {
/// let telemetry = Telemetry::builder("omtx-hub-api").version("1.0.0").build()?;
/// // No endpoint is set: nothing is exported, and there is no thread. Ids are read and passed on all the same.
/// assert!(!telemetry.exports(Signal::Traces));
/// assert!(telemetry.shutdown(Duration::from_secs(5)).is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Telemetry {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) resource: Resource,
    /// None if nothing is exported: then there is no thread.
    pub(crate) exporter: Option<Exporter>,
    pub(crate) tracer_provider: TracerProvider,
    pub(crate) settings: Settings,
}

impl Telemetry {
    /// Settings for the service of this name, which is the `service.name` of all that it exports.
    pub fn builder(service: impl Into<String>) -> TelemetryBuilder {
        TelemetryBuilder::new(service.into())
    }

    /// Starts what the settings ask for.
    pub(crate) fn start(mut settings: Settings, on_loss: Option<OnLoss>) -> Result<Self, Error> {
        let resource = Resource::of(&settings);
        let endpoints = settings.resolve()?;
        let encoded = resource.encode();
        let mut lanes = Vec::new();
        for signal in Signal::ALL {
            let endpoints = endpoints.get(signal);
            let is_console = |endpoint: &Endpoint| endpoint.protocol == Protocol::Stdout;
            // The collector comes first, if there is one.
            if let Some(first) = endpoints.first() {
                let batching = *settings.batching.get(signal);
                batching.check_room(encoded.len() + SCHEMA_URL.len())?;
                lanes.push(LaneSpec {
                    signal,
                    batching: match endpoints.iter().any(is_console) {
                        true => batching.for_console(),
                        false => batching,
                    },
                    timeout: first.timeout,
                    resource: encoded.clone(),
                    schema_url: SCHEMA_URL,
                    transport: transport::connect_all(endpoints)?,
                });
            }
        }
        let exporter = match lanes.is_empty() {
            true => None,
            false => Some(Exporter::start(lanes, on_loss)?),
        };
        let traces = exporter
            .as_ref()
            .and_then(|exporter| exporter.pipeline(Signal::Traces));
        let tracer_provider = match traces {
            Some(pipeline) => TracerProvider::new(
                Sink::Pipeline(pipeline.clone()),
                settings.sampler.clone(),
                settings.span_limits,
            ),
            None => TracerProvider::disabled(),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                resource,
                exporter,
                tracer_provider,
                settings,
            }),
        })
    }

    /// What the telemetry comes from: the service, its process, host and container.
    #[must_use]
    pub fn resource(&self) -> &Resource {
        &self.inner.resource
    }

    /// Whether records of `signal` go anywhere. Metrics and log records still have to be handed over.
    ///
    /// ```
    /// use omtx_tracing::{Signal, Telemetry};
    ///
    /// # fn main() -> Result<(), omtx_tracing::Error> {
    /// // No endpoint, and no exporter named.
    /// assert!(!Telemetry::builder("hub").build()?.exports(Signal::Traces));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn exports(&self, signal: Signal) -> bool {
        self.pipeline(signal).is_some()
    }

    /// What the environment holds that was not applied; empty if the builder never looked at it.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.inner.settings.warnings
    }

    /// What reads contexts from what comes in, and writes them to what goes out. They work in a disabled telemetry, too.
    #[must_use]
    pub fn propagators(&self) -> &Propagators {
        &self.inner.settings.propagators
    }

    /// Makes the tracers whose spans are exported: for code that is instrumented with the `opentelemetry` crate.
    ///
    /// ```
    /// use omtx_tracing::Telemetry;
    /// use opentelemetry::trace::{Span, Tracer, TracerProvider};
    ///
    /// # fn main() -> Result<(), omtx_tracing::Error> {
    /// let telemetry = Telemetry::builder("hub").build()?;
    /// let span = telemetry.tracer_provider().tracer("billing").start("charge");
    /// assert!(!span.is_recording(), "nothing is exported");
    /// assert!(span.span_context().is_valid(), "log lines and calls still have ids");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn tracer_provider(&self) -> &TracerProvider {
        &self.inner.tracer_provider
    }

    /// Where records of `signal` go; `None` if they are not exported.
    pub(crate) fn pipeline(&self, signal: Signal) -> Option<&Pipeline> {
        self.exporter()?.pipeline(signal)
    }

    /// What was set, in code and by the environment.
    pub(crate) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// What sends all signals; `None` if nothing is exported.
    pub(crate) fn exporter(&self) -> Option<&Exporter> {
        self.inner.exporter.as_ref()
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exports: Vec<Signal> = Signal::ALL
            .into_iter()
            .filter(|signal| self.exports(*signal))
            .collect();
        f.debug_struct("Telemetry")
            .field("service", &self.resource().get("service.name"))
            .field("exports", &exports)
            .finish_non_exhaustive()
    }
}
