//! Which service, process, host and container telemetry comes from.

use opentelemetry::{Key, KeyValue, Value};

/// The schema that the attribute names here follow, sent as `schema_url` of each resource: semantic conventions 1.42.0.
pub(crate) const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.42.0";

/// What telemetry comes from: attributes that are sent once with each batch, not with each span.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// By name, each name once.
    attributes: Vec<KeyValue>,
}

impl Resource {
    /// From attributes in any order; of those with the same name the last counts.
    pub(crate) fn new(attributes: impl IntoIterator<Item = KeyValue>) -> Self {
        let attributes: std::collections::BTreeMap<Key, Value> = attributes
            .into_iter()
            .map(|attribute| (attribute.key, attribute.value))
            .collect();
        Self {
            attributes: attributes
                .into_iter()
                .map(|(key, value)| KeyValue::new(key, value))
                .collect(),
        }
    }

    /// All attributes, in the order of their names.
    #[must_use]
    pub fn attributes(&self) -> &[KeyValue] {
        &self.attributes
    }

    /// The value of one attribute.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let at = self
            .attributes
            .binary_search_by(|attribute| attribute.key.as_str().cmp(key));
        at.ok().map(|at| &self.attributes[at].value)
    }
}
