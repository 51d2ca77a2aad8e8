//! Facts as labels.

use super::{CellConfig, Metric, Reading, Values, Wants, metric};
use crate::Kind;

/// Facts as labels; the value is always 1, and the name ends in `_info`.
///
/// A family of infos has a row as soon as its labels were looked up once:
///
/// ```
/// # use omtx_metrics::{Family, Info, Labels, MetricSet, Registry};
/// #[derive(Labels)]
/// struct ModelLabels<'a> {
///     name: &'a str,
///     revision: &'a str,
/// }
///
/// /// What is loaded.
/// #[derive(MetricSet)]
/// struct Loaded {
///     /// The model in memory.
///     model_info: Family<ModelLabels<'static>, Info>,
/// }
///
/// let registry = Registry::new();
/// registry.register::<Loaded>()?.model_info.with(ModelLabels { name: "boltz2", revision: "a1" });
/// assert!(registry.to_text().ends_with("model_info{name=\"boltz2\",revision=\"a1\"} 1\n"));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Info {}

impl metric::Sealed for Info {
    const STATES: Option<&'static [&'static str]> = None;

    fn new(_: &CellConfig) -> Self {
        Self {}
    }

    fn read<'a>(&'a self, _: Wants, _: &'a mut Values) -> Reading<'a> {
        Reading::Counter(1)
    }
}

impl Metric for Info {
    const KIND: Kind = Kind::Info;
}
