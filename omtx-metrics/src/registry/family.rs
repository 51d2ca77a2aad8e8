//! A family that belongs to no set, on its way into the registry.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::plan::{self, Undeclared};
use super::{Entry, Registry, entry::Single};
use crate::Error;
use crate::cell::{Histogram, Metric, NativeBuckets, StateSet};
use crate::family::{Declared, Family};
use crate::label::{LabelValue, Labels};
use crate::lock::lock;

/// Describes one family that no [`MetricSet`](trait@crate::MetricSet) declares; made by [`Registry::family`].
///
/// The options are those of `#[metric(…)]`; one that the kind does not have does not compile:
///
/// ```compile_fail
/// # use omtx_metrics::{Counter, Registry};
/// # let registry = Registry::new();
/// registry.family::<(), Counter>("restarts_total", "Restarts.").buckets([1.0]).register();
/// ```
#[must_use = "a family is registered by `register` only"]
pub struct FamilyBuilder<'r, L: Labels, M: Metric> {
    registry: &'r Registry,
    family: Undeclared,
    kind: PhantomData<fn() -> Family<L, M>>,
}

impl Registry {
    /// Begins a family whose name is known only at run time; [`register`](FamilyBuilder::register) ends it.
    ///
    /// The registry's namespace is put before the name. Prefer a [`MetricSet`](trait@crate::MetricSet) where the name is
    /// fixed: it is checked by the compiler, and is in the code's documentation.
    ///
    /// ```
    /// use omtx_metrics::{Histogram, Labels, Registry};
    ///
    /// #[derive(Labels)]
    /// struct RouteLabels<'a> {
    ///     route: &'a str,
    /// }
    ///
    /// let registry = Registry::new();
    /// let name = format!("{}_latency_seconds", "relay");
    /// let latency = registry
    ///     .family::<RouteLabels<'static>, Histogram>(name, "Time to pass a message on.")
    ///     .unit("seconds")
    ///     .buckets([0.01, 0.1])
    ///     .max_series(100)
    ///     .register()?;
    /// latency.with(RouteLabels { route: "north" }).observe(0.05);
    /// assert_eq!(registry.to_text(), "\
    /// ## HELP relay_latency_seconds Time to pass a message on.
    /// ## TYPE relay_latency_seconds histogram
    /// relay_latency_seconds_bucket{route=\"north\",le=\"0.01\"} 0
    /// relay_latency_seconds_bucket{route=\"north\",le=\"0.1\"} 1
    /// relay_latency_seconds_bucket{route=\"north\",le=\"+Inf\"} 1
    /// relay_latency_seconds_sum{route=\"north\"} 0.05
    /// relay_latency_seconds_count{route=\"north\"} 1
    /// ");
    /// # Ok::<(), omtx_metrics::Error>(())
    /// ```
    pub fn family<L: Labels, M: Metric>(
        &self,
        name: impl Into<Cow<'static, str>>,
        help: impl Into<Cow<'static, str>>,
    ) -> FamilyBuilder<'_, L, M> {
        FamilyBuilder {
            registry: self,
            family: Undeclared::new(name.into(), help.into()),
            kind: PhantomData,
        }
    }
}

impl<L: Labels, M: Metric> FamilyBuilder<'_, L, M> {
    /// The base unit (`"seconds"`, `"bytes"`…); the name must end in it, before a counter's `_total`. Default: none.
    pub fn unit(mut self, unit: impl Into<Cow<'static, str>>) -> Self {
        self.family.unit = unit.into();
        self
    }

    /// Caps the family at this many series; beyond it, open labels read [`OVERFLOW`](crate::OVERFLOW). Default: the registry's,
    /// [`DEFAULT_MAX_SERIES`](crate::DEFAULT_MAX_SERIES).
    pub fn max_series(mut self, max_series: usize) -> Self {
        self.family.max_series = Some(max_series);
        self
    }

    /// Makes all series of a closed label set exist, with value 0, from the start. Default: only those looked up.
    pub fn zeroed(mut self) -> Self {
        self.family.zeroed = true;
        self
    }

    /// Lets idle series go after so long, if there are open labels; [`Duration::MAX`] is never. A minute at least. Default: the
    /// registry's, which is never. See [`Family`].
    pub fn expire_idle_after(mut self, idle: Duration) -> Self {
        self.family.expire_idle_after = Some(idle);
        self
    }

    /// Leaves the name without the registry's namespace. Default: with it.
    pub fn bare(mut self) -> Self {
        self.family.bare = true;
        self
    }

    /// Registers the family.
    ///
    /// # Errors
    ///
    /// If the name, the unit, a label or the buckets are malformed, the help text is empty, the cap is 0, labels of a
    /// zeroed family are open, or the name is taken.
    ///
    /// ```
    /// use omtx_metrics::{Counter, Registry};
    ///
    /// let registry = Registry::new();
    /// let error = registry.family::<(), Counter>("a-b_total", "Bad.").register().unwrap_err();
    /// assert_eq!(error.to_string(), r#"invalid metric name "a-b_total"; expected [a-zA-Z_][a-zA-Z0-9_]*"#);
    /// ```
    pub fn register(self) -> Result<Arc<Family<L, M>>, Error> {
        let Self {
            registry, family, ..
        } = self;
        let inner = &registry.inner;
        // Held throughout, as by a set: two threads cannot both find the name free.
        let sets = lock(&inner.sets);
        let spec = plan::single::<Family<L, M>>(&family, &inner.config)?;
        let owner = std::any::type_name::<Family<L, M>>();
        registry.check_free(std::iter::once(&*spec), owner)?;
        let family = Arc::new(<Family<L, M> as Declared>::build(Arc::clone(&spec)));
        registry.add([Entry::new(
            spec,
            Arc::new(Single(Arc::clone(&family))),
            0,
            owner,
        )]);
        drop(sets);
        Ok(family)
    }
}

impl<L: Labels> FamilyBuilder<'_, L, Histogram> {
    /// The upper bounds of the buckets, without `+Inf`. Default:
    /// [`buckets::DURATION_SECONDS`](crate::buckets::DURATION_SECONDS).
    pub fn buckets(mut self, upper_bounds: impl Into<Vec<f64>>) -> Self {
        self.family.buckets = Some(upper_bounds.into());
        self
    }

    /// Makes observations in a sampled [`TraceContext`](omtx_context::TraceContext) leave exemplars. Default: only those of
    /// [`Histogram::observe_with_exemplar`] do.
    pub fn exemplars(mut self) -> Self {
        self.family.exemplars = true;
        self
    }

    /// Counts in native buckets too. Default: those of the
    /// [registry](crate::RegistryBuilder::native_histograms), which are none.
    pub fn native(mut self, buckets: NativeBuckets) -> Self {
        self.family.native = Some(buckets);
        self
    }
}

impl<L: Labels, S: LabelValue> FamilyBuilder<'_, L, StateSet<S>> {
    /// The label that carries the states. Default: the family's name, as OpenMetrics asks (1.0, "StateSet").
    pub fn state(mut self, label: impl Into<Cow<'static, str>>) -> Self {
        self.family.state = Some(label.into());
        self
    }
}

impl<L: Labels, M: Metric> fmt::Debug for FamilyBuilder<'_, L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FamilyBuilder").field(&self.family).finish()
    }
}
