//! What a registry is built with.

use std::borrow::Cow;
use std::ffi::OsString;
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

const NATIVE_HISTOGRAMS: &str = "OMTX_NATIVE_HISTOGRAMS";

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
    native_histograms: bool,
    expire_idle_after: Option<Duration>,
}

/// A builder's outcome, checked.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) namespace: Option<Box<str>>,
    pub(crate) constant_labels: ConstantLabels,
    pub(crate) max_series: usize,
    pub(crate) collect_timeout: Duration,
    /// Histograms of seconds have native buckets, unless their family says otherwise.
    pub(crate) native_durations: bool,
    /// After how long idle series expire, unless their family says otherwise.
    pub(crate) expire_idle_after: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            namespace: None,
            constant_labels: ConstantLabels::default(),
            max_series: DEFAULT_MAX_SERIES,
            collect_timeout: DEFAULT_COLLECT_TIMEOUT,
            native_durations: false,
            expire_idle_after: None,
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

    /// Lets series with open labels go that no scrape has seen change for so long; see [`Family`](crate::Family). A minute at
    /// least, and better several intervals of the slowest scraper. Default: they stay.
    ///
    /// ```
    /// use omtx_metrics::{Counter, Labels, Registry, testing};
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// #[derive(Labels)]
    /// struct TenantLabels<'a> {
    ///     tenant: &'a str,
    /// }
    ///
    /// let hour = Duration::from_secs(3_600);
    /// let registry = Registry::builder().expire_idle_after(hour).build()?;
    /// let orders = registry
    ///     .family::<TenantLabels<'static>, Counter>("orders_total", "Orders.")
    ///     .register()?;
    /// orders.with(TenantLabels { tenant: "a" }).inc();
    ///
    /// let scrape = |time| testing::at(UNIX_EPOCH + time, || registry.to_text());
    /// assert!(scrape(hour).contains(r#"orders_total{tenant="a"} 1"#));
    /// assert!(scrape(2 * hour).contains(r#"orders_total{tenant="a"} 1"#)); // the last time
    /// assert!(!scrape(2 * hour).contains("orders_total"));
    /// # Ok::<(), omtx_metrics::Error>(())
    /// ```
    pub fn expire_idle_after(mut self, idle: Duration) -> Self {
        self.expire_idle_after = Some(idle);
        self
    }

    /// Counts durations in native buckets too: every histogram whose unit is `seconds`, the RED metrics' and the jobs'
    /// among them. Families with [native buckets](crate::NativeBuckets) of their own keep those, whatever this says. Default:
    /// false.
    ///
    /// A Prometheus that scrapes native histograms stores them *instead* of the classic buckets unless its configuration
    /// asks for both (`scrape_classic_histograms`, since 2.45), and queries of `_bucket` series then find nothing: this is
    /// for who operates that Prometheus to decide.
    pub fn native_histograms(mut self, native: bool) -> Self {
        self.native_histograms = native;
        self
    }

    /// Lets the environment override what was set so far:
    ///
    /// | variable | values | sets |
    /// |---|---|---|
    /// | `OMTX_NATIVE_HISTOGRAMS` | `true`, `false`, `1`, `0` | [`native_histograms`](Self::native_histograms) |
    ///
    /// A variable that is unset or empty changes nothing.
    ///
    /// # Errors
    ///
    /// If a variable has another value.
    ///
    /// ```
    /// use omtx_metrics::Registry;
    ///
    /// let registry = Registry::builder().native_histograms(true).from_env()?.build()?;
    /// # Ok::<(), omtx_metrics::Error>(())
    /// ```
    pub fn from_env(self) -> Result<Self, Error> {
        self.with_vars(|name| std::env::var_os(name))
    }

    fn with_vars(mut self, var: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        if let Some(value) = var(NATIVE_HISTOGRAMS).filter(|value| !value.is_empty()) {
            self.native_histograms = match value.to_str() {
                Some("true" | "1") => true,
                Some("false" | "0") => false,
                _ => {
                    let value = value.to_string_lossy();
                    return Err(Error::invalid(
                        NATIVE_HISTOGRAMS,
                        value.escape_debug(),
                        "true, false, 1 or 0",
                    ));
                }
            };
        }
        Ok(self)
    }

    /// Builds the registry.
    ///
    /// # Errors
    ///
    /// If the namespace or a constant label's name is malformed, a constant label is given twice, the cap is 0, the time
    /// for collectors is zero or longer than an hour, or series expire after less than a minute.
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
        if let Some(after) = self.expire_idle_after {
            check_expire_idle_after(after)?;
        }
        Ok(Registry::from_config(Config {
            namespace: self.namespace.map(Box::from),
            constant_labels: ConstantLabels::default().with(&self.constant_labels)?,
            max_series,
            collect_timeout,
            native_durations: self.native_histograms,
            expire_idle_after: self.expire_idle_after,
        }))
    }
}

/// The shortest time after which an idle series may expire: a scrape must have had the time to see it.
pub(crate) const SHORTEST_IDLE: Duration = Duration::from_secs(60);

pub(super) fn check_expire_idle_after(after: Duration) -> Result<(), Error> {
    if after >= SHORTEST_IDLE {
        Ok(())
    } else {
        Err(Error::invalid(
            "expire_idle_after",
            format_args!("{after:?}"),
            "a minute or longer",
        ))
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

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn native(value: Option<&[u8]>) -> Result<bool, String> {
        use std::os::unix::ffi::OsStringExt as _;
        let value = value.map(|value| OsString::from_vec(value.to_vec()));
        let builder = Registry::builder().native_histograms(true);
        let read = builder.with_vars(|name| {
            assert_eq!(name, "OMTX_NATIVE_HISTOGRAMS");
            value.clone()
        });
        read.map(|builder| builder.native_histograms)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_environment_switches_native_histograms() {
        for (value, expected) in [("true", true), ("1", true), ("false", false), ("0", false)] {
            assert_eq!(native(Some(value.as_bytes())), Ok(expected));
        }
        assert_eq!(native(None), Ok(true), "unset");
        assert_eq!(native(Some(b"")), Ok(true), "empty");
    }

    #[test]
    fn a_malformed_variable_is_named_with_its_value_and_what_was_expected() {
        for (value, shown) in [
            (&b"yes"[..], "yes"),
            (b"TRUE", "TRUE"),
            (b" true", " true"),
            (b"a\"b\n", r#"a\"b\n"#),
            (b"\xFF", "\u{fffd}"),
        ] {
            let expected = format!(
                r#"invalid OMTX_NATIVE_HISTOGRAMS "{shown}"; expected true, false, 1 or 0"#
            );
            assert_eq!(native(Some(value)), Err(expected));
        }
    }
}
