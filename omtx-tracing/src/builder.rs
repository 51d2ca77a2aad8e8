use opentelemetry::KeyValue;

use crate::resource::Resource;
use crate::telemetry::Inner;
use crate::{Error, Propagators, Telemetry};

/// Collects the settings of a [`Telemetry`].
#[derive(Debug)]
#[must_use = "call `build` or `install`"]
pub struct TelemetryBuilder {
    attributes: Vec<KeyValue>,
}

impl TelemetryBuilder {
    pub(crate) fn new(service: String) -> Self {
        Self {
            attributes: vec![KeyValue::new("service.name", service)],
        }
    }

    /// The `service.version` of what is exported. None by default.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.attributes
            .push(KeyValue::new("service.version", version.into()));
        self
    }

    /// Telemetry as configured. Nothing global is installed.
    ///
    /// # Errors
    ///
    /// If a value set here is wrong.
    pub fn build(self) -> Result<Telemetry, Error> {
        Ok(Telemetry::new(Inner {
            resource: Resource::new(self.attributes),
            propagators: Propagators::default(),
            exporter: None,
        }))
    }
}
