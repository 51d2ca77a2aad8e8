//! The catalogue: what a registry can expose, whether it has series or not.

use crate::Kind;
use crate::registry::Entry;

/// Every family of a registry; made by [`Registry::catalog`](crate::Registry::catalog).
///
/// Documentation, lints, tests, dashboards and rules read it, so that none of them names a metric that does not exist.
///
/// ```
/// use omtx_metrics::{Counter, Kind, MetricSet, Registry};
///
/// /// Uploads.
/// #[derive(MetricSet)]
/// struct Uploads {
///     /// Files accepted.
///     files_accepted_total: Counter,
/// }
///
/// let registry = Registry::builder().namespace("omtx_hub").build()?;
/// registry.register::<Uploads>()?;
/// let catalog = registry.catalog();
/// let family = catalog.get("omtx_hub_files_accepted_total").unwrap();
/// assert_eq!((family.kind, family.help.as_str()), (Kind::Counter, "Files accepted."));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Catalog {
    /// The version of this structure and of its JSON; raised when a field changes its meaning. 1.
    pub version: u32,
    /// The families, sorted by name.
    pub families: Vec<CatalogFamily>,
}

/// One family of a [`Catalog`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct CatalogFamily {
    /// The name with its namespace.
    pub name: String,
    /// What the family measures.
    pub kind: Kind,
    /// The base unit, or `""`.
    pub unit: String,
    /// The HELP text.
    pub help: String,
    /// The labels in declared order; a state set's states are the last.
    pub labels: Vec<CatalogLabel>,
    /// Upper bounds of a histogram's buckets, without `+Inf`.
    pub buckets: Vec<f64>,
    /// Series that the family may have before open labels overflow.
    pub max_series: usize,
}

/// One label of a [`CatalogFamily`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct CatalogLabel {
    /// The name.
    pub name: String,
    /// All values that the label can have; `None` for an open set.
    pub values: Option<Vec<String>>,
}

impl Catalog {
    pub(crate) fn new<'a>(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut families: Vec<_> = entries
            .map(|entry| CatalogFamily::new(entry.spec()))
            .collect();
        families.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            version: 1,
            families,
        }
    }

    /// The family of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&CatalogFamily> {
        let found = self
            .families
            .binary_search_by(|family| (*family.name).cmp(name));
        found.ok().map(|index| &self.families[index])
    }

    /// The catalogue as JSON, one family a line.
    ///
    /// ```
    /// # use omtx_metrics::{Counter, MetricSet, Registry};
    /// # /// Uploads.
    /// # #[derive(MetricSet)]
    /// # struct Uploads {
    /// #     /// Files accepted.
    /// #     files_accepted_total: Counter,
    /// # }
    /// # let registry = Registry::new();
    /// # registry.register::<Uploads>()?;
    /// assert_eq!(registry.catalog().to_json(), r#"{"version":1,"families":[
    /// {"name":"files_accepted_total","kind":"counter","unit":"","help":"Files accepted.","labels":[],"buckets":[],"max_series":2000}
    /// ]}
    /// "#);
    /// # Ok::<(), omtx_metrics::Error>(())
    /// ```
    #[cfg(feature = "serde")]
    #[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
    #[must_use]
    pub fn to_json(&self) -> String {
        let families: Vec<String> = self
            .families
            .iter()
            .map(|family| {
                serde_json::to_string(family).expect("strings, numbers and lists serialise")
            })
            .collect();
        format!(
            "{{\"version\":{},\"families\":[\n{}\n]}}\n",
            self.version,
            families.join(",\n")
        )
    }
}

impl CatalogFamily {
    fn new(spec: &crate::family::Spec) -> Self {
        let owned = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
        let declared = spec
            .labels
            .iter()
            .zip(spec.label_names.iter())
            .map(|(label, name)| CatalogLabel {
                name: name.to_string(),
                values: label.values.map(owned),
            });
        let states = spec.states.map(|states| CatalogLabel {
            name: spec.state_label.to_string(),
            values: Some(owned(states)),
        });
        Self {
            name: spec.name.to_string(),
            kind: spec.kind,
            unit: spec.unit.to_string(),
            help: spec.help.to_string(),
            labels: declared.chain(states).collect(),
            buckets: spec.bounds().upper().to_vec(),
            max_series: spec.max_series,
        }
    }
}
