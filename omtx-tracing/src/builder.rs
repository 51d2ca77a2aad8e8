use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};
use std::time::Duration;

use opentelemetry::{Key, KeyValue, Value};

use crate::config::{Settings, Vars};
use crate::export::OnLoss;
use crate::{
    Batching, Error, Exporter, HistogramAggregation, LogLimits, Loss, Otlp, Propagators, Sampler,
    Signal, SpanLimits, Telemetry, Temporality, Warning,
};

/// Collects the settings of a [`Telemetry`].
///
/// Whatever is set later counts: what is set before [`from_env`](Self::from_env) are defaults, which the environment overrides,
/// and what is set after it overrides the environment.
///
/// ```
/// use omtx_tracing::{Signal, Telemetry};
///
/// # fn main() -> Result<(), omtx_tracing::Error> {
/// let telemetry = Telemetry::builder("omtx-hub-api")
///     .version("1.0.0")
///     .environment("production")
///     .from_vars(|name| match name {
///         "OTEL_EXPORTER_OTLP_ENDPOINT" => Some("http://collector:4317".into()),
///         "OTEL_SERVICE_NAME" => Some("hub".into()),
///         _ => None,
///     })?
///     .build()?;
/// assert!(telemetry.exports(Signal::Traces));
/// assert_eq!(telemetry.resource().get("service.name").unwrap().as_str(), "hub");
/// # Ok(())
/// # }
/// ```
#[must_use = "call `build` or `install`"]
pub struct TelemetryBuilder {
    settings: Settings,
    on_loss: Option<OnLoss>,
    on_warning: Option<OnWarning>,
}

type OnWarning = Box<dyn FnMut(&Warning)>;

impl TelemetryBuilder {
    pub(crate) fn new(service: String) -> Self {
        Self {
            settings: Settings::new(service),
            on_loss: None,
            on_warning: None,
        }
    }

    /// The `service.version` of what is exported. None by default.
    pub fn version(self, version: impl Into<String>) -> Self {
        self.attribute("service.version", version.into())
    }

    /// The `service.namespace`, which groups services, as `omtx`. None by default.
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        self.attribute("service.namespace", namespace.into())
    }

    /// The `service.instance.id`, which no other process may have at the same time. A random UUID by default.
    pub fn instance_id(self, id: impl Into<String>) -> Self {
        self.attribute("service.instance.id", id.into())
    }

    /// The `deployment.environment.name`, as `production`. None by default; `OMTX_ENVIRONMENT`.
    pub fn environment(self, environment: impl Into<String>) -> Self {
        self.attribute("deployment.environment.name", environment.into())
    }

    /// An attribute of the [`Resource`](crate::Resource). `OTEL_RESOURCE_ATTRIBUTES`.
    pub fn attribute(mut self, key: impl Into<Key>, value: impl Into<Value>) -> Self {
        self.settings.attributes.push(KeyValue::new(key, value));
        self
    }

    /// Whether process, host, container and platform are described, too: `process.*`, `host.*`, `os.*`, `container.id`,
    /// `k8s.*`, `cloud.*`. True by default. A few files are read for it, and nobody is asked over the network.
    pub fn detect_resource(mut self, detect: bool) -> Self {
        self.settings.detection = detect;
        self
    }

    /// Switches everything off, if true: no thread, no span, no export. Trace ids of requests still reach log lines and
    /// clients. False by default; `OTEL_SDK_DISABLED`.
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.settings.disabled = disabled;
        self
    }

    /// Whether a malformed `OTEL_*` variable is an error of [`build`](Self::build), and not only a [`Warning`]. False by
    /// default, as the specification has it.
    pub fn strict(mut self, strict: bool) -> Self {
        self.settings.strict = strict;
        self
    }

    /// Gets each [`Loss`]: how many records were lost since the last one, and why.
    ///
    /// It is called on the exporter's thread, every ten seconds at most, and should not take long. None by default; the counts are
    /// in [`Telemetry::stats`] in any case.
    pub fn on_loss(mut self, hook: impl FnMut(&Loss) + Send + 'static) -> Self {
        self.on_loss = Some(Box::new(hook));
        self
    }

    /// Gets each [`Warning`] when the telemetry is built.
    ///
    /// Without it, [`install`](Self::install) writes them to standard error, a line each, and [`build`](Self::build) leaves
    /// them to [`Telemetry::warnings`].
    pub fn on_warning(mut self, hook: impl FnMut(&Warning) + 'static) -> Self {
        self.on_warning = Some(Box::new(hook));
        self
    }

    /// Which traces are recorded. Those that the caller records, and all that begin here, by default. `OTEL_TRACES_SAMPLER`.
    ///
    /// ```
    /// use omtx_tracing::{Sampler, Telemetry};
    ///
    /// # fn main() -> Result<(), omtx_tracing::Error> {
    /// let one_percent = Sampler::parent_based(Sampler::trace_id_ratio(0.01)?);
    /// Telemetry::builder("hub").sampler(one_percent).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.settings.sampler = sampler;
        self
    }

    /// How much one span may hold. The `OTEL_*_LIMIT` variables.
    pub fn span_limits(mut self, limits: SpanLimits) -> Self {
        self.settings.span_limits = limits;
        self
    }

    /// How much the attributes of one log record may hold. The `OTEL_LOGRECORD_*_LIMIT` variables.
    pub fn log_limits(mut self, limits: LogLimits) -> Self {
        self.settings.log_limits = limits;
        self
    }

    /// How contexts are read and written: W3C Trace Context and Baggage by default. `OTEL_PROPAGATORS`.
    pub fn propagators(mut self, propagators: Propagators) -> Self {
        self.settings.propagators = propagators;
        self
    }

    /// How to reach the collector of all signals.
    pub fn otlp(mut self, otlp: Otlp) -> Self {
        self.settings.otlp = otlp;
        self
    }

    /// The same for one signal: what is set here counts over [`otlp`](Self::otlp).
    pub fn otlp_for(mut self, signal: Signal, otlp: Otlp) -> Self {
        *self.settings.otlp_for.get_mut(signal) = otlp;
        self
    }

    /// Where a signal goes; nowhere, if there are none. By default to a collector, if an endpoint is set for it, and nowhere
    /// otherwise. `OTEL_TRACES_EXPORTER`, `OTEL_METRICS_EXPORTER`, `OTEL_LOGS_EXPORTER`.
    ///
    /// A collector that is named without an endpoint is `http://localhost:4318`, or `http://localhost:4317` for gRPC.
    ///
    /// ```
    /// use omtx_tracing::{Exporter, Signal, Telemetry};
    ///
    /// # fn main() -> Result<(), omtx_tracing::Error> {
    /// let telemetry = Telemetry::builder("hub").exporters(Signal::Traces, [Exporter::Console]).build()?;
    /// assert!(telemetry.exports(Signal::Traces));
    /// assert!(!telemetry.exports(Signal::Logs));
    /// # Ok(())
    /// # }
    /// ```
    pub fn exporters(
        mut self,
        signal: Signal,
        exporters: impl IntoIterator<Item = Exporter>,
    ) -> Self {
        *self.settings.exporters.get_mut(signal) = Some(exporters.into_iter().collect());
        self
    }

    /// The bounds of a signal's queue and batches.
    pub fn batching(mut self, signal: Signal, batching: Batching) -> Self {
        *self.settings.batching.get_mut(signal) = batching;
        self
    }

    /// How often metrics are sent: [`DEFAULT_METRICS_INTERVAL`](crate::DEFAULT_METRICS_INTERVAL), more than nothing.
    /// `OTEL_METRIC_EXPORT_INTERVAL`.
    pub fn metrics_interval(mut self, interval: Duration) -> Self {
        self.settings.metrics_interval = interval;
        self
    }

    /// From when the exported numbers of counters and histograms are counted: from their begin, unless
    /// [`Temporality`] says otherwise. `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`.
    pub fn metrics_temporality(mut self, temporality: Temporality) -> Self {
        self.settings.metrics_temporality = temporality;
        self
    }

    /// Which buckets of histograms are exported that have classic and native ones: the native ones by default.
    /// `OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION`.
    pub fn histogram_aggregation(mut self, aggregation: HistogramAggregation) -> Self {
        self.settings.histogram_aggregation = aggregation;
        self
    }

    /// Lets the environment override what was set so far. The variables are listed in the [manual](crate#environment).
    ///
    /// # Errors
    ///
    /// If `OMTX_ENVIRONMENT` is not UTF-8. A malformed `OTEL_*` variable is ignored with a [`Warning`], as the specification
    /// demands, unless the builder is [`strict`](Self::strict).
    pub fn from_env(self) -> Result<Self, Error> {
        self.from_vars(|name| std::env::var_os(name))
    }

    /// [`from_env`](Self::from_env) with variables of your own: for tests, and for configuration from elsewhere.
    ///
    /// ```
    /// use omtx_tracing::Telemetry;
    ///
    /// let error = Telemetry::builder("hub")
    ///     .strict(true)
    ///     .from_vars(|name| (name == "OTEL_TRACES_EXPORTER").then(|| "zipkin".into()))
    ///     .and_then(|builder| builder.build())
    ///     .unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     r#"invalid OTEL_TRACES_EXPORTER "zipkin"; expected otlp, console or none"#,
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`from_env`](Self::from_env).
    pub fn from_vars(mut self, var: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        self.settings.apply(&mut Vars::new(&var))?;
        Ok(self)
    }

    /// Telemetry as configured. Nothing global is installed: pass it to those who need it.
    ///
    /// # Errors
    ///
    /// If a value set in code is wrong, or what is asked for was not compiled in; if the builder is [`strict`](Self::strict), if
    /// a variable is malformed. A collector that cannot be reached is no error.
    pub fn build(mut self) -> Result<Telemetry, Error> {
        let telemetry = Telemetry::start(self.settings, self.on_loss)?;
        if let Some(hook) = &mut self.on_warning {
            telemetry.warnings().iter().for_each(hook);
        }
        Ok(telemetry)
    }

    /// [`build`](Self::build), and makes its [`tracer_provider`](Telemetry::tracer_provider) and
    /// [`propagators`](Telemetry::propagators) OpenTelemetry's global ones, so that instrumentation of third parties uses them.
    /// Nothing else is global.
    ///
    /// Whatever was global before is replaced: call it once, at the start of the process.
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build).
    pub fn install(mut self) -> Result<Telemetry, Error> {
        self.on_warning
            .get_or_insert_with(|| Box::new(write_to_stderr));
        let telemetry = self.build()?;
        opentelemetry::global::set_tracer_provider(telemetry.tracer_provider().clone());
        opentelemetry::global::set_text_map_propagator(telemetry.propagators().clone());
        Ok(telemetry)
    }
}

/// Whoever installs telemetry in a process, and does not ask for its warnings, would not see them otherwise: the specification
/// wants them seen. A standard error that is closed is no reason to fail.
fn write_to_stderr(warning: &Warning) {
    let _ = writeln!(io::stderr(), "omtx-tracing: {warning}");
}

impl fmt::Debug for TelemetryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelemetryBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
