use std::fmt;
use std::sync::Arc;

use crate::export::{Exporter, Pipeline};
use crate::propagation::Propagators;
use crate::resource::Resource;
use crate::{Signal, TelemetryBuilder};

/// One configured telemetry: spans, and on request metrics and log records, on their way to a collector. Clones share it.
#[derive(Clone)]
pub struct Telemetry {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) resource: Resource,
    pub(crate) propagators: Propagators,
    /// None if nothing is exported: then there is no thread.
    pub(crate) exporter: Option<Exporter>,
}

impl Telemetry {
    /// Settings for the service of this name, which is the `service.name` of all that it exports.
    pub fn builder(service: impl Into<String>) -> TelemetryBuilder {
        TelemetryBuilder::new(service.into())
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }

    /// What the telemetry comes from: the service, its process, host and container.
    #[must_use]
    pub fn resource(&self) -> &Resource {
        &self.inner.resource
    }

    /// The formats in which contexts are read from headers and written to them: `OTEL_PROPAGATORS`.
    ///
    /// They work also where nothing is exported.
    #[must_use]
    pub fn propagators(&self) -> &Propagators {
        &self.inner.propagators
    }

    /// Where records of `signal` go; `None` if they are not exported.
    pub(crate) fn pipeline(&self, signal: Signal) -> Option<&Pipeline> {
        self.exporter()?.pipeline(signal)
    }

    /// What sends all signals; `None` if nothing is exported.
    pub(crate) fn exporter(&self) -> Option<&Exporter> {
        self.inner.exporter.as_ref()
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("service", &self.resource().get("service.name"))
            .finish_non_exhaustive()
    }
}
