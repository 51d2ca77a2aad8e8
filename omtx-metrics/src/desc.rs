//! What is known of a family before any series exists: the constant description that a declaration yields.

use std::marker::PhantomData;
use std::time::Duration;

use crate::cell::NativeBuckets;
use crate::cell::buckets;
use crate::family::Declared;

/// What a family measures; decides its samples and its `# TYPE`.
///
/// The set is closed by the OpenMetrics 1.0 specification (section "Metric Types"); types that nothing here has
/// (gauge histogram) are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "lowercase")
)]
#[non_exhaustive]
pub enum Kind {
    /// A value that only goes up; its name ends in `_total`.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Observations counted in buckets, with their sum.
    Histogram,
    /// Facts as labels, value 1; its name ends in `_info`. A gauge in text 0.0.4.
    Info,
    /// One row per state, 1 if the state holds, else 0. A gauge in text 0.0.4.
    StateSet,
    /// A value about which nothing is promised. `untyped` in text 0.0.4.
    Unknown,
    /// Quantiles computed by the client. No family of this crate has them; a [`Collector`](crate::Collector)'s can.
    Summary,
}

impl Kind {
    /// The word behind `# TYPE` in text format 0.0.4, which has no info and no state set.
    ///
    /// ```
    /// use omtx_metrics::Kind;
    /// assert_eq!(Kind::Histogram.as_text(), "histogram");
    /// assert_eq!(Kind::StateSet.as_text(), "gauge");
    /// assert_eq!(Kind::Unknown.as_text(), "untyped");
    /// ```
    #[must_use]
    pub const fn as_text(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge | Self::Info | Self::StateSet => "gauge",
            Self::Histogram => "histogram",
            Self::Unknown => "untyped",
            Self::Summary => "summary",
        }
    }
}

/// A label of a family: its name and, if the set of values is closed, the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelDesc {
    /// The name as declared.
    pub name: &'static str,
    /// All values the label can have; `None` for an open set.
    pub values: Option<&'static [&'static str]>,
}

impl LabelDesc {
    /// Called by the derive macro.
    #[doc(hidden)]
    #[must_use]
    pub const fn declared(name: &'static str, values: Option<&'static [&'static str]>) -> Self {
        Self { name, values }
    }
}

/// The constant description of one family, as its declaration gives it.
///
/// The registry that the family is registered in may prefix the name and override the buckets and the cap:
/// [`Registry::catalog`](crate::Registry::catalog) has the outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct FamilyDesc {
    /// The name without namespace.
    pub name: &'static str,
    /// The HELP text; never empty.
    pub help: &'static str,
    /// What the family measures.
    pub kind: Kind,
    /// The base unit (`"seconds"`, `"bytes"`…) or `""`; always the suffix of the name.
    pub unit: &'static str,
    /// The labels in declared order.
    pub labels: &'static [LabelDesc],
    /// Upper bounds of a histogram's buckets, without `+Inf`; empty for other kinds.
    pub buckets: &'static [f64],
    /// Series that the family may have before open labels overflow; 0 for the registry's default.
    pub max_series: usize,
    /// The states of a state set and the label that carries them; `None` for other kinds.
    pub states: Option<LabelDesc>,
    /// True if all series of the closed label set exist, with value 0, from the start.
    pub zeroed: bool,
    /// The native form of a histogram, if the declaration asks for one.
    pub native: Option<NativeBuckets>,
    /// True if a histogram's observations in a sampled trace leave exemplars by themselves.
    pub exemplars: bool,
    /// After how long an idle series expires; `None` for the registry's default, [`Duration::MAX`] for never.
    pub expire_idle_after: Option<Duration>,
}

impl FamilyDesc {
    /// A family without options; called by the derive macro, which checks the outcome.
    #[doc(hidden)]
    #[must_use]
    pub const fn declared<D: Declared>(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            kind: D::KIND,
            unit: "",
            labels: D::LABELS,
            buckets: match D::KIND {
                Kind::Histogram => buckets::DURATION_SECONDS,
                _ => &[],
            },
            max_series: 0,
            states: match D::STATES {
                Some(values) => Some(LabelDesc {
                    name,
                    values: Some(values),
                }),
                None => None,
            },
            zeroed: false,
            native: None,
            exemplars: false,
            expire_idle_after: None,
        }
    }
}

/// The options of `#[metric(…)]`.
#[doc(hidden)]
impl FamilyDesc {
    #[must_use]
    pub const fn with_unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    #[must_use]
    pub const fn with_buckets(mut self, buckets: &'static [f64]) -> Self {
        self.buckets = buckets;
        self
    }

    #[must_use]
    pub const fn with_max_series(mut self, max_series: usize) -> Self {
        self.max_series = max_series;
        self
    }

    #[must_use]
    pub const fn with_state(mut self, label: &'static str) -> Self {
        if let Some(states) = &mut self.states {
            states.name = label;
        }
        self
    }

    #[must_use]
    pub const fn with_zeroed(mut self) -> Self {
        self.zeroed = true;
        self
    }

    #[must_use]
    pub const fn with_expire_idle_after(mut self, after: Duration) -> Self {
        self.expire_idle_after = Some(after);
        self
    }

    #[must_use]
    pub const fn with_exemplars(mut self) -> Self {
        self.exemplars = true;
        self
    }

    #[must_use]
    pub const fn with_native(mut self, native: NativeBuckets) -> Self {
        self.native = Some(native);
        self
    }
}

/// A family's name and types as a constant, for code that refers to metrics without recording: queries, dashboards,
/// alert rules, tests.
///
/// `#[derive(MetricSet)]` declares one per field, named like the field in capitals. A family that is renamed or
/// dropped takes its constant with it, so what refers to it stops compiling.
///
/// ```
/// use omtx_metrics::{Counter, MetricSet};
///
/// /// What the mailer does.
/// #[derive(MetricSet)]
/// struct Mailer {
///     /// Mails handed to the relay.
///     mails_sent_total: Counter,
/// }
///
/// assert_eq!(Mailer::MAILS_SENT_TOTAL.name(), "mails_sent_total");
/// assert_eq!(Mailer::MAILS_SENT_TOTAL.desc().help, "Mails handed to the relay.");
/// ```
pub struct FamilyRef<F: ?Sized> {
    desc: &'static FamilyDesc,
    family: PhantomData<fn() -> F>,
}

impl<F: ?Sized> FamilyRef<F> {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(desc: &'static FamilyDesc) -> Self {
        Self {
            desc,
            family: PhantomData,
        }
    }

    /// The name without namespace.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.desc.name
    }

    /// The whole description.
    #[must_use]
    pub const fn desc(&self) -> &'static FamilyDesc {
        self.desc
    }
}

impl<F: ?Sized> Clone for FamilyRef<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: ?Sized> Copy for FamilyRef<F> {}

impl<F: ?Sized> std::fmt::Debug for FamilyRef<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FamilyRef").field(&self.desc.name).finish()
    }
}
