use std::time::Duration;

use opentelemetry::KeyValue;

use super::address::Address;
use super::exporter::Exporters;
use super::otlp::Unfit;
use super::{Batching, Endpoint, HistogramAggregation, Otlp, PerSignal, Temporality, Warning};
use crate::semconv::KnownMethods;
use crate::{Error, LogLimits, Propagators, Sampler, Signal, SpanLimits};

/// All that a builder and the environment set.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Of the resource, in the order in which they were set: of those with one name the last counts.
    pub(crate) attributes: Vec<KeyValue>,
    /// What the environment tells of the platform: under all that was set.
    pub(crate) detected: Vec<KeyValue>,
    /// Whether process, host and container are looked at.
    pub(crate) detection: bool,
    pub(crate) disabled: bool,
    pub(crate) strict: bool,
    pub(crate) exporters: PerSignal<Option<Exporters>>,
    pub(crate) otlp: Otlp,
    pub(crate) otlp_for: PerSignal<Otlp>,
    pub(crate) batching: PerSignal<Batching>,
    pub(crate) metrics_interval: Duration,
    pub(crate) sampler: Sampler,
    pub(crate) span_limits: SpanLimits,
    pub(crate) log_limits: LogLimits,
    pub(crate) metrics_temporality: Temporality,
    pub(crate) histogram_aggregation: HistogramAggregation,
    pub(crate) propagators: Propagators,
    pub(crate) known_methods: KnownMethods,
    pub(crate) warnings: Vec<Warning>,
}

impl Settings {
    pub(crate) fn new(service: String) -> Self {
        Self {
            attributes: vec![KeyValue::new("service.name", service)],
            detected: Vec::new(),
            detection: true,
            disabled: false,
            strict: false,
            exporters: PerSignal::default(),
            otlp: Otlp::new(),
            otlp_for: PerSignal::default(),
            batching: PerSignal::new(Batching::new),
            metrics_interval: super::DEFAULT_METRICS_INTERVAL,
            sampler: Sampler::default(),
            span_limits: SpanLimits::default(),
            log_limits: LogLimits::default(),
            metrics_temporality: Temporality::default(),
            histogram_aggregation: HistogramAggregation::default(),
            propagators: Propagators::default(),
            known_methods: KnownMethods::default(),
            warnings: Vec::new(),
        }
    }

    /// Checks what was set, and where each signal goes: nowhere, to a collector, to standard output, or both.
    ///
    /// What comes from the environment and does not fit becomes a warning, or an error if they are to be strict.
    pub(crate) fn resolve(&mut self) -> Result<PerSignal<Vec<Endpoint>>, Error> {
        let name = self
            .attributes
            .iter()
            .rfind(|one| one.key.as_str() == "service.name");
        if let Some(name) = name.map(|one| one.value.as_str()) {
            if name.trim().is_empty() {
                return Err(Error::invalid("service name", name, "a name"));
            }
        }
        let blank = |attribute: &&KeyValue| attribute.key.as_str().trim().is_empty();
        if let Some(attribute) = self.attributes.iter().find(blank) {
            return Err(Error::invalid("attribute", &attribute.key, "a name"));
        }
        if self.metrics_interval.is_zero() {
            return Err(Error::invalid("metrics_interval", "0", "more than nothing"));
        }
        self.otlp.check()?;
        let mut endpoints = PerSignal::default();
        for signal in Signal::ALL {
            self.batching.get(signal).check()?;
            self.otlp_for.get(signal).check()?;
            *endpoints.get_mut(signal) = self.endpoints(signal)?;
        }
        match self.warnings.first() {
            Some(warning) if self.strict => Err(Error::invalid(
                warning.variable(),
                warning.value(),
                warning.expected(),
            )),
            _ => Ok(endpoints),
        }
    }

    fn endpoints(&mut self, signal: Signal) -> Result<Vec<Endpoint>, Error> {
        loop {
            let has_address = |otlp: &Otlp| otlp.address.is_some();
            let own = self.otlp_for.get(signal);
            let exporters = self.exporters.get(signal).unwrap_or(Exporters {
                otlp: has_address(own) || has_address(&self.otlp),
                console: false,
            });
            if self.disabled || !signal.is_compiled_in() {
                return Ok(Vec::new());
            }
            let console = exporters.console.then(Endpoint::stdout);
            if !exporters.otlp {
                return Ok(console.into_iter().collect());
            }
            match Otlp::resolve(&self.otlp, own, signal) {
                Ok(endpoint) => return Ok(std::iter::once(endpoint).chain(console).collect()),
                Err(unfit) => self.ignore(signal, &unfit)?,
            }
        }
    }

    /// Does without an address that the environment gave.
    fn ignore(&mut self, signal: Signal, unfit: &Unfit) -> Result<(), Error> {
        let Some(variable) = &unfit.variable else {
            return Err(Error::invalid("endpoint", &unfit.address, unfit.expected));
        };
        self.warnings
            .push(Warning::new(variable, &unfit.address, unfit.expected));
        for otlp in [self.otlp_for.get_mut(signal), &mut self.otlp] {
            let is_unfit = |address: &Address| address.variable.as_ref() == Some(variable);
            otlp.address = otlp.address.take().filter(|address| !is_unfit(address));
        }
        Ok(())
    }

    pub(crate) fn set_attribute(
        &mut self,
        key: &'static str,
        value: impl Into<opentelemetry::Value>,
    ) {
        self.attributes.push(KeyValue::new(key, value));
    }
}
