//! Which service, process, host and container telemetry comes from.

mod container;
mod file;
mod google_cloud;
mod kubernetes;
mod machine;

use std::collections::BTreeMap;
use std::path::Path;

use opentelemetry::{Key, KeyValue, Value};

use crate::config::{Settings, Vars};
use crate::encode::AttributeValue;
use crate::encode::value::attribute;

/// The schema that the attribute names here follow, sent as `schema_url` of each resource: semantic conventions 1.42.0.
pub(crate) const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.42.0";

/// Field 1 of a resource, of wire type 2.
const ATTRIBUTES: u8 = 1 << 3 | 2;

/// What telemetry comes from: attributes that are sent once with each batch, not with each span.
///
/// ```
/// use omtx_tracing::Telemetry;
///
/// # fn main() -> Result<(), omtx_tracing::Error> {
/// let telemetry = Telemetry::builder("omtx-hub-api").version("1.0.0").build()?;
/// let resource = telemetry.resource();
/// assert_eq!(resource.get("service.name").unwrap().as_str(), "omtx-hub-api");
/// assert_eq!(resource.get("telemetry.sdk.language").unwrap().as_str(), "rust");
/// assert!(resource.get("process.pid").is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// By name, each name once.
    attributes: Vec<KeyValue>,
}

impl Resource {
    /// From attributes in any order; of those with the same name the last counts.
    pub(crate) fn new(attributes: impl IntoIterator<Item = KeyValue>) -> Self {
        let attributes: BTreeMap<Key, Value> = attributes
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

    /// What was set over what was found.
    pub(crate) fn of(settings: &Settings) -> Self {
        let mut attributes = vec![
            KeyValue::new("service.instance.id", uuid()),
            // Not "opentelemetry", which is the name of that project's own SDKs (resource/sdk.md, "telemetry.sdk.name").
            KeyValue::new("telemetry.sdk.name", env!("CARGO_PKG_NAME")),
            KeyValue::new("telemetry.sdk.language", "rust"),
            KeyValue::new("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
        ];
        if settings.detection {
            attributes.extend(detect(Path::new("/"), &settings.detected));
        }
        attributes.extend(settings.attributes.iter().cloned());
        Self::new(attributes)
    }

    /// An encoded `opentelemetry.proto.resource.v1.Resource`.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for KeyValue { key, value, .. } in &self.attributes {
            let value = AttributeValue::from(value);
            attribute(ATTRIBUTES, key.as_str(), value, usize::MAX, &mut out);
        }
        out
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

/// What the environment tells of the platform.
pub(crate) fn from_vars(vars: &mut Vars<'_>) -> Vec<KeyValue> {
    let mut attributes = kubernetes::from_vars(vars);
    attributes.extend(google_cloud::from_vars(vars));
    attributes
}

/// What files tell of process, host and container, under what is `known` already. `root` is `/`, but in tests.
fn detect(root: &Path, known: &[KeyValue]) -> Vec<KeyValue> {
    let container = container::Container::detect(root);
    let mut attributes = machine::detect(root, container.is_one());
    attributes.extend(google_cloud::from_machine(root, container.is_in_pod()));
    attributes.extend(container.attributes());
    attributes.extend_from_slice(known);
    // A project is named on many a machine that is no part of it; it is the account of this one if Google runs it.
    if !attributes
        .iter()
        .any(|attribute| attribute.key.as_str() == "cloud.provider")
    {
        attributes.retain(|attribute| attribute.key.as_str() != google_cloud::ACCOUNT);
    }
    attributes
}

/// A random UUID, version 4, as the conventions recommend for `service.instance.id`.
fn uuid() -> String {
    let random: u128 = rand::random();
    let bits = random & !(0xf << 76) & !(0b11 << 62) | (4 << 76) | (0b10 << 62);
    let hex = format!("{bits:032x}");
    let (a, b, c, d, e) = (
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    );
    format!("{a}-{b}-{c}-{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_have_a_uuid_each() {
        let (one, other) = (uuid(), uuid());
        assert_ne!(one, other);
        for uuid in [one, other] {
            assert_eq!(uuid.len(), 36);
            assert_eq!(&uuid[14..15], "4");
            assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        }
    }

    #[test]
    fn the_encoded_attributes_are_those_of_the_resource() {
        use opentelemetry_proto::tonic::common::v1::any_value::Value;
        use prost::Message as _;
        let resource = Resource::new([
            KeyValue::new("service.name", "hub"),
            KeyValue::new("process.pid", 7_i64),
        ]);
        let bytes = resource.encode();
        let decoded = opentelemetry_proto::tonic::resource::v1::Resource::decode(&*bytes).unwrap();
        let read: Vec<_> = decoded
            .attributes
            .into_iter()
            .map(|attribute| (attribute.key, attribute.value.unwrap().value.unwrap()))
            .collect();
        assert_eq!(
            read,
            [
                ("process.pid".to_owned(), Value::IntValue(7)),
                (
                    "service.name".to_owned(),
                    Value::StringValue("hub".to_owned())
                ),
            ],
        );
    }

    #[test]
    fn a_project_is_no_account_where_google_runs_nothing() {
        let root = tempfile::tempdir().unwrap();
        let project = [KeyValue::new(google_cloud::ACCOUNT, "omtx-prod")];
        let has_account = |attributes: Vec<KeyValue>| attributes.contains(&project[0]);
        assert!(!has_account(detect(root.path(), &project)));
        let dmi = root.path().join("sys/class/dmi/id");
        std::fs::create_dir_all(&dmi).unwrap();
        std::fs::write(dmi.join("product_name"), "Google Compute Engine\n").unwrap();
        assert!(has_account(detect(root.path(), &project)));
    }
}
