//! The metrics.

use omtx_metrics::{
    Counter, Family, Gauge, Histogram, IntGauge, LabelValue, Labels, MetricSet, StateSet,
};

/// A status as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, LabelValue)]
#[non_exhaustive]
pub enum State {
    /// Everything works.
    Healthy,
    /// It works, with a reservation.
    Degraded,
    /// It does not work.
    Unhealthy,
}

/// Which check.
#[derive(Clone, Copy, Debug, Labels)]
pub struct CheckLabels<'a> {
    /// Its name.
    pub check: &'a str,
}

/// Which check, and what it stands for.
#[derive(Clone, Copy, Debug, Labels)]
pub struct UpLabels<'a> {
    /// Its name.
    pub check: &'a str,
    /// Whether the service is unhealthy while it fails.
    pub critical: bool,
}

/// Which check became what.
#[derive(Clone, Copy, Debug, Labels)]
pub struct TransitionLabels<'a> {
    /// Its name.
    pub check: &'a str,
    /// What it became.
    pub to: State,
}

/// What the checks found, and how long they took. Registered by [`HealthBuilder::metrics`](crate::HealthBuilder::metrics).
///
/// ```
/// use omtx_health::{Health, Spec, Verdict};
/// use omtx_metrics::Registry;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let registry = Registry::builder().namespace("shop").build().unwrap();
/// let health = Health::builder("shop")
///     .check(Spec::new("db", || async { Ok(Verdict::up()) }))
///     .metrics(&registry)
///     .build()
///     .unwrap();
/// health.subscribe().wait_for(|report| report.is_started()).await.unwrap();
///
/// let exposition = registry.to_text();
/// for row in [
///     r#"shop_health_check_up{check="db",critical="true"} 1"#,
///     r#"shop_health_status{status="healthy"} 1"#,
///     r#"shop_health_check_transitions_total{check="db",to="healthy"} 1"#,
///     r#"shop_health_draining 0"#,
/// ] {
///     assert!(exposition.contains(row), "{exposition}");
/// }
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Debug, MetricSet)]
#[non_exhaustive]
pub struct HealthMetrics {
    /// Whether a check is up (healthy or degraded). Absent until it has run once.
    pub health_check_up: Family<UpLabels<'static>, IntGauge>,
    /// How the service is as a whole.
    #[metric(state = "status")]
    pub health_status: StateSet<State>,
    /// Time that a run of a check took; one that was cut off counts as long as it ran.
    #[metric(unit = "seconds", buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0])]
    pub health_check_duration_seconds: Family<CheckLabels<'static>, Histogram>,
    /// Changes of a check from one status to another.
    pub health_check_transitions_total: Family<TransitionLabels<'static>, Counter>,
    /// When a run of a check ended last.
    #[metric(unit = "seconds")]
    pub health_check_last_run_timestamp_seconds: Family<CheckLabels<'static>, Gauge>,
    /// 1 while the service drains: it is not ready, and finishes what it has.
    pub health_draining: IntGauge,
    /// Time from the making of the health checks to the start of the service; 0 until then.
    #[metric(unit = "seconds")]
    pub health_startup_duration_seconds: Gauge,
}
