//! What is running.

use crate::{Family, Info, Labels, MetricSet};

/// What `build_info` says.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct BuildLabels<'a> {
    /// The program's version.
    pub version: &'a str,
    /// The commit it was built from; `unknown` where the build does not say.
    pub revision: &'a str,
    /// The compiler; `unknown` where the build does not say.
    pub rustc: &'a str,
}

/// What is running.
///
/// ```
/// use omtx_metrics::{Registry, sets::BuildMetrics};
///
/// let registry = Registry::builder().namespace("omtx_hub").build()?;
/// BuildMetrics::expose(&registry, env!("CARGO_PKG_VERSION"), option_env!("GIT_REVISION"), None)?;
/// assert!(registry.to_text().contains("omtx_hub_build_info{version="));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug, MetricSet)]
#[metrics(crate = crate)]
#[non_exhaustive]
pub struct BuildMetrics {
    /// The program's version, the commit it was built from, and the compiler.
    #[metric(max_series = 1)]
    pub build_info: Family<BuildLabels<'static>, Info>,
}

impl BuildMetrics {
    /// Registers the set with its one row.
    ///
    /// # Errors
    ///
    /// If the registry has a `build_info` that is not ours.
    pub fn expose(
        registry: &crate::Registry,
        version: &str,
        revision: Option<&str>,
        rustc: Option<&str>,
    ) -> Result<(), crate::Error> {
        const UNKNOWN: &str = "unknown";
        registry.register::<Self>()?.build_info.with(BuildLabels {
            version,
            revision: revision.unwrap_or(UNKNOWN),
            rustc: rustc.unwrap_or(UNKNOWN),
        });
        Ok(())
    }
}
