//! What a registry is built with.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::Registry;
use crate::label::write_pair;
use crate::{Error, name};

/// Series that a family may have unless its declaration or the registry says otherwise: 2 000.
pub const DEFAULT_MAX_SERIES: usize = 2_000;

/// How long a scrape waits for collectors that are not ours: 2 s. Prometheus gives a scrape 10 s by default.
pub const DEFAULT_COLLECT_TIMEOUT: Duration = Duration::from_secs(2);

/// No scraper waits that long, and no clock overflows.
const MAX_COLLECT_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// Sets up a [`Registry`].
///
/// ```
/// use omtx_metrics::Registry;
///
/// let registry = Registry::builder()
///     .namespace("omtx_hub")
///     .constant_label("environment", "production")
///     .max_series(500)
///     .build()?;
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct RegistryBuilder {
    namespace: Option<Cow<'static, str>>,
    constant_labels: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    max_series: Option<usize>,
    collect_timeout: Option<Duration>,
}

/// A builder's outcome, checked.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) namespace: Option<Box<str>>,
    pub(crate) constant_labels: ConstantLabels,
    pub(crate) max_series: usize,
    pub(crate) collect_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            namespace: None,
            constant_labels: ConstantLabels::default(),
            max_series: DEFAULT_MAX_SERIES,
            collect_timeout: DEFAULT_COLLECT_TIMEOUT,
        }
    }
}

impl RegistryBuilder {
    /// Puts `namespace` and `_` before the name of every family whose set is not `bare`. Default: nothing.
    pub fn namespace(mut self, namespace: impl Into<Cow<'static, str>>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Puts a label on every series of the registry's own families; rows of [collectors](crate::Collector) come as they
    /// are. Default: none.
    ///
    /// What tells targets apart (instance, pod, region) is better attached by Prometheus itself, at scrape time.
    pub fn constant_label(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.constant_labels.push((name.into(), value.into()));
        self
    }

    /// Caps families whose declaration names no cap. Default: [`DEFAULT_MAX_SERIES`].
    pub fn max_series(mut self, max_series: usize) -> Self {
        self.max_series = Some(max_series);
        self
    }

    /// How long a scrape waits for [collectors](crate::Collector): more than zero, and an hour at most. Default:
    /// [`DEFAULT_COLLECT_TIMEOUT`].
    pub fn collect_timeout(mut self, timeout: Duration) -> Self {
        self.collect_timeout = Some(timeout);
        self
    }

    /// Builds the registry.
    ///
    /// # Errors
    ///
    /// If the namespace or a constant label's name is malformed, a constant label is given twice, the cap is 0, or the time
    /// for collectors is zero or longer than an hour.
    pub fn build(self) -> Result<Registry, Error> {
        let defaults = Config::default();
        if let Some(namespace) = &self.namespace {
            check_namespace(namespace)?;
        }
        let max_series = self.max_series.unwrap_or(defaults.max_series);
        if max_series == 0 {
            return Err(Error::invalid("max_series", 0, "at least 1"));
        }
        let collect_timeout = self.collect_timeout.unwrap_or(defaults.collect_timeout);
        if collect_timeout.is_zero() || collect_timeout > MAX_COLLECT_TIMEOUT {
            return Err(Error::invalid(
                "collect_timeout",
                format_args!("{collect_timeout:?}"),
                "more than zero, and an hour at most",
            ));
        }
        Ok(Registry::from_config(Config {
            namespace: self.namespace.map(Box::from),
            constant_labels: ConstantLabels::default().with(&self.constant_labels)?,
            max_series,
            collect_timeout,
        }))
    }
}

pub(super) fn check_namespace(namespace: &str) -> Result<(), Error> {
    if name::is_metric_name(namespace) {
        Ok(())
    } else {
        Err(Error::invalid("namespace", namespace, name::METRIC_NAME))
    }
}

/// Labels that every series of a registry, or of a set, carries.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConstantLabels(Arc<[(Box<str>, Box<str>)]>);

impl ConstantLabels {
    /// These and `more`.
    pub(super) fn with(
        &self,
        more: &[(Cow<'static, str>, Cow<'static, str>)],
    ) -> Result<Self, Error> {
        let mut all = self.0.to_vec();
        for (name, value) in more {
            if !name::is_label_name(name) {
                return Err(Error::invalid("constant label", name, name::LABEL_NAME));
            }
            if all.iter().any(|(other, _)| **other == **name) {
                return Err(Error::invalid(
                    "constant label",
                    name,
                    "a name that is given once",
                ));
            }
            all.push(((&**name).into(), crate::label::bounded(value).into()));
        }
        Ok(Self(all.into()))
    }

    /// These less those that `declared` labels are called like.
    pub(super) fn without(&self, declared: &[&str]) -> Self {
        let kept = self
            .0
            .iter()
            .filter(|(name, _)| !declared.contains(&&**name));
        Self(kept.cloned().collect())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| **other == *name)
    }

    /// As escaped pairs.
    pub(super) fn text(&self) -> Arc<str> {
        let mut text = Vec::new();
        for (name, value) in self.0.iter() {
            write_pair(name, value, &mut text);
        }
        String::from_utf8(text)
            .expect("escaping inserts only ASCII into UTF-8")
            .into()
    }
}
