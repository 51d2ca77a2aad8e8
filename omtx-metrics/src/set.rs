//! Metric sets: structs whose fields are families.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::cell::NativeBuckets;
use crate::desc::FamilyDesc;
use crate::family::Spec;
use crate::sample::Samples;

/// A struct whose fields are metrics; derive it.
///
/// A field's name is the family's name, its comment the HELP text, its type the kind and the labels:
///
/// ```
/// use omtx_metrics::{Counter, Family, Histogram, IntGauge, LabelValue, Labels, MetricSet, Registry};
///
/// #[derive(Clone, Copy, LabelValue)]
/// enum Outcome { Hit, Miss }
///
/// #[derive(Labels)]
/// struct CacheLabels<'a> { cache: &'a str, outcome: Outcome }
///
/// /// The caches.
/// #[derive(MetricSet)]
/// pub struct CacheMetrics {
///     /// Requests to a cache, by what they found.
///     pub cache_requests_total: Family<CacheLabels<'static>, Counter>,
///     /// Time to fill an entry.
///     #[metric(unit = "seconds", buckets = [0.001, 0.01, 0.1])]
///     pub cache_fill_duration_seconds: Histogram,
///     /// Entries in memory.
///     pub cache_entries: IntGauge,
/// }
///
/// let registry = Registry::builder().namespace("shop").build()?;
/// let caches = registry.register::<CacheMetrics>()?;
/// caches.cache_requests_total.with(CacheLabels { cache: "prices", outcome: Outcome::Hit }).inc();
///
/// assert!(registry.to_text().contains(
///     r#"shop_cache_requests_total{cache="prices",outcome="hit"} 1"#
/// ));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
///
/// # Options
///
/// On the struct, `#[metrics(…)]`:
///
/// | option | meaning | default |
/// |---|---|---|
/// | `bare` | the registry's namespace is not put before the names | namespaced |
/// | `crate = path` | where `omtx_metrics` is, if it is re-exported | `::omtx_metrics` |
///
/// On a field, `#[metric(…)]`:
///
/// | option | meaning | default |
/// |---|---|---|
/// | `name = "…"` | the name, where the field cannot have it | the field's |
/// | `unit = "…"` | the base unit; the name must end in it | none |
/// | `buckets = […]` | a histogram's upper bounds without `+Inf`; or a constant `&[f64]`, as `buckets::JOB_SECONDS` or `&buckets::exponential::<8>(1.0, 2.0)` | [`buckets::DURATION_SECONDS`](crate::buckets::DURATION_SECONDS) |
/// | `native`, `native = 1.02`, `native = NativeBuckets::new()…` | a histogram's native buckets, beside the classic ones; by how much they grow, or everything about them: [`NativeBuckets`] | those of the [registry](crate::RegistryBuilder::native_histograms), none |
/// | `exemplars` | a histogram's observations in a sampled [`TraceContext`](omtx_context::TraceContext) leave `trace_id` and `span_id` as [exemplar](crate::ExemplarLabels) of their bucket | only [`observe_with_exemplar`](crate::Histogram::observe_with_exemplar) does |
/// | `max_series = n` | the family's cap | the registry's, 2 000 |
/// | `idle = "1h"` | series with an open label that no scrape has seen change for so long leave the [family](crate::Family#expiry); in `s`, `m`, `h` or `d`, a minute at least, or `"never"` | the registry's, never |
/// | `zeroed` | all series of a closed label set exist from the start | only those looked up |
/// | `state = "…"` | the label of a state set's states | the field's name |
///
/// # What does not compile
///
/// A field without a comment; a name, label or unit that Prometheus would refuse or that breaks its naming rules (a
/// counter ends in `_total`, nothing ends in `_count`, …); a reserved label; buckets that do not increase; an option
/// that the kind does not have.
///
/// ```compile_fail
/// # use omtx_metrics::{Counter, MetricSet};
/// /// A set.
/// #[derive(MetricSet)]
/// struct Bad {
///     /// A counter that does not say so.
///     requests: Counter,
/// }
/// ```
pub trait MetricSet: Send + Sync + Sized + 'static {
    /// The families in declared order.
    const FAMILIES: &'static [FamilyDesc];

    /// True if the registry's namespace is not put before the names.
    const BARE: bool;

    #[doc(hidden)]
    fn build(specs: &mut Specs) -> Self;

    #[doc(hidden)]
    fn collect(&self, family: usize, samples: &mut Samples<'_>);

    #[doc(hidden)]
    fn dropped(&self, family: usize) -> Option<u64>;
}

/// The registered form of each family, in declared order.
#[doc(hidden)]
#[derive(Debug)]
pub struct Specs(pub(crate) std::vec::IntoIter<Arc<Spec>>);

impl Specs {
    pub fn build_next<D: crate::family::Declared>(&mut self) -> D {
        D::build(self.0.next().expect("one spec per declared family"))
    }
}

/// How a metric set is registered where its declaration is not to be followed to the letter.
///
/// ```
/// use omtx_metrics::{Counter, MetricSet, Registry, SetOptions};
///
/// /// A gateway.
/// #[derive(MetricSet)]
/// #[metrics(bare)]
/// struct Gateway {
///     /// Requests answered.
///     requests_total: Counter,
/// }
///
/// let registry = Registry::builder().namespace("omtx_hub").build()?;
/// registry.register_with::<Gateway>(
///     SetOptions::new().namespaced().rename("requests_total", "gateway_requests_total"),
/// )?;
/// assert!(registry.to_text().contains("omtx_hub_gateway_requests_total 0"));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "options do nothing until they are passed to `Registry::register_with`"]
pub struct SetOptions {
    pub(crate) namespace: Option<Option<Cow<'static, str>>>,
    pub(crate) renamed: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    pub(crate) renamed_labels: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    pub(crate) buckets: Vec<(Cow<'static, str>, Vec<f64>)>,
    pub(crate) native: Vec<(Cow<'static, str>, NativeBuckets)>,
    pub(crate) max_series: Option<usize>,
    pub(crate) expire_idle_after: Option<Duration>,
    pub(crate) constant_labels: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    pub(crate) force_namespaced: bool,
}

impl SetOptions {
    /// The set as it is declared.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts the registry's namespace before the names, also where the set is declared `bare`.
    pub fn namespaced(mut self) -> Self {
        self.namespace = None;
        self.force_namespaced = true;
        self
    }

    /// Leaves the names without a namespace.
    pub fn bare(mut self) -> Self {
        self.namespace = Some(None);
        self
    }

    /// Puts this namespace before the names instead of the registry's.
    pub fn namespace(mut self, namespace: impl Into<Cow<'static, str>>) -> Self {
        self.namespace = Some(Some(namespace.into()));
        self
    }

    /// Calls the family that is declared as `from` (without namespace) `to` instead.
    pub fn rename(
        mut self,
        from: impl Into<Cow<'static, str>>,
        to: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.renamed.push((from.into(), to.into()));
        self
    }

    /// Calls the label that is declared as `from` `to` instead, in every family of the set.
    pub fn rename_label(
        mut self,
        from: impl Into<Cow<'static, str>>,
        to: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.renamed_labels.push((from.into(), to.into()));
        self
    }

    /// Gives the histogram that is declared as `family` these upper bounds, without `+Inf`.
    pub fn buckets(
        mut self,
        family: impl Into<Cow<'static, str>>,
        upper_bounds: impl Into<Vec<f64>>,
    ) -> Self {
        self.buckets.push((family.into(), upper_bounds.into()));
        self
    }

    /// Counts the histogram that is declared as `family` in native buckets too, or in these instead of its declaration's.
    pub fn native(mut self, family: impl Into<Cow<'static, str>>, buckets: NativeBuckets) -> Self {
        self.native.push((family.into(), buckets));
        self
    }

    /// Caps every family of the set at this many series, whatever the declaration says.
    pub fn max_series(mut self, max_series: usize) -> Self {
        self.max_series = Some(max_series);
        self
    }

    /// Lets idle series of the set's families with open labels go after so long, whatever the declaration says;
    /// [`Duration::MAX`] is never. A minute at least. See [`Family`](crate::Family).
    pub fn expire_idle_after(mut self, idle: Duration) -> Self {
        self.expire_idle_after = Some(idle);
        self
    }

    /// Puts a label on every series of the set, beside the registry's own constant labels.
    pub fn constant_label(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.constant_labels.push((name.into(), value.into()));
        self
    }
}
