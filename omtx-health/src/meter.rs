//! Where the runner counts: into the metrics, if there are any.

#[cfg(feature = "metrics")]
pub(crate) use on::Meter;

#[cfg(not(feature = "metrics"))]
pub(crate) use off::Meter;

#[cfg(feature = "metrics")]
mod on {
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    use omtx_metrics::Registry;

    use crate::health::Inner;
    use crate::metrics::{CheckLabels, HealthMetrics, State, TransitionLabels, UpLabels};
    use crate::{Error, Report, Status, Transition};

    #[derive(Debug, Default)]
    pub(crate) struct Meter(Option<Arc<HealthMetrics>>);

    impl Meter {
        pub(crate) fn new(registry: &Registry) -> Result<Self, Error> {
            let metrics = registry.register().map_err(|error| {
                let message =
                    format!("the metrics of health checks could not be registered: {error}");
                Error::system(&message).because(error)
            })?;
            Ok(Self(Some(metrics)))
        }

        pub(crate) fn ran(&self, check: &str, duration: Duration, ended: SystemTime) {
            let Some(metrics) = &self.0 else { return };
            let labels = CheckLabels { check };
            metrics
                .health_check_duration_seconds
                .with(labels)
                .observe_duration(duration);
            let since = ended.duration_since(SystemTime::UNIX_EPOCH);
            metrics
                .health_check_last_run_timestamp_seconds
                .with(labels)
                .set(since.unwrap_or_default().as_secs_f64());
        }

        pub(crate) fn show(&self, report: &Report) {
            let Some(metrics) = &self.0 else { return };
            for check in report.checks() {
                // A check that has not run is neither up nor down: no row.
                if check.status() != Status::Unknown {
                    let labels = UpLabels {
                        check: check.name(),
                        critical: check.is_critical(),
                    };
                    let up = i64::from(check.status().is_up());
                    metrics.health_check_up.with(labels).set(up);
                }
            }
            metrics.health_status.set(match report.status() {
                Status::Healthy => State::Healthy,
                Status::Unhealthy => State::Unhealthy,
                Status::Degraded | Status::Unknown => State::Degraded,
            });
        }

        pub(crate) fn changed(&self, transition: &Transition) {
            let Some(metrics) = &self.0 else { return };
            let to = match transition.to() {
                Status::Healthy => State::Healthy,
                Status::Degraded => State::Degraded,
                Status::Unhealthy => State::Unhealthy,
                Status::Unknown => return, // nothing becomes unknown
            };
            let labels = TransitionLabels {
                check: transition.check(),
                to,
            };
            metrics.health_check_transitions_total.with(labels).inc();
        }

        pub(crate) fn started(&self, took: Duration) {
            if let Some(metrics) = &self.0 {
                metrics
                    .health_startup_duration_seconds
                    .set(took.as_secs_f64());
            }
        }
    }

    impl Inner {
        /// What has gone stale, and that the service drains, is noticed when somebody looks: a scrape does.
        pub(crate) fn show_before_scrapes(self: &Arc<Self>, registry: &Registry) {
            let health = Arc::downgrade(self);
            registry.before_scrape(move || {
                let Some(health) = health.upgrade() else {
                    return;
                };
                drop(health.snapshot());
                if let Some(metrics) = &health.meter.0 {
                    let draining = i64::from(health.drain.is_draining());
                    metrics.health_draining.set(draining);
                }
            });
        }
    }
}

#[cfg(not(feature = "metrics"))]
mod off {
    use std::time::{Duration, SystemTime};

    use crate::{Report, Transition};

    #[derive(Debug)]
    pub(crate) struct Meter;

    impl Meter {
        pub(crate) fn ran(&self, _: &str, _: Duration, _: SystemTime) {}
        pub(crate) fn show(&self, _: &Report) {}
        pub(crate) fn changed(&self, _: &Transition) {}
        pub(crate) fn started(&self, _: Duration) {}
    }
}
