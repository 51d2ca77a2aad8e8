//! What is measured, and under which names. Handlers talk to [`Metrics`] only.
//!
//! Requests and jobs count themselves: [`RedObserver`] follows the one, [`JobMetricsObserver`] the other. What is left
//! is here, one method for each event.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use omtx_metrics::http::RedObserver;
use omtx_metrics::jobs::JobMetricsObserver;
use omtx_metrics::sets::{
    AuthLabels, AuthMetrics, AuthOutcome, BuildMetrics, EventLabels, FeatureLabels, StorageLabels,
    StorageMetrics, UserMetrics, WebhookLabels, WebhookMetrics, WebhookOutcome,
};
use omtx_metrics::{Error, Registry};

use super::api::App;
use super::jobs::CAPACITY_BYTES;

/// The one store.
const RESULTS: StorageLabels<'_> = StorageLabels { store: "results" };

/// Between two looks at what nobody tells of: sessions that ran out, results that were forgotten.
const REFRESH: Duration = Duration::from_secs(1);

/// The service's metrics.
pub struct Metrics {
    registry: Registry,
    red: RedObserver,
    jobs: JobMetricsObserver,
    auth: Arc<AuthMetrics>,
    users: Arc<UserMetrics>,
    webhooks: Arc<WebhookMetrics>,
    storage: Arc<StorageMetrics>,
}

impl Metrics {
    /// Registers every family, in a registry of its own.
    ///
    /// # Errors
    ///
    /// When two families have one name: a mistake in this file.
    pub fn new() -> Result<Self, Error> {
        let registry = Registry::builder().namespace("omtx_hub").build()?;
        BuildMetrics::expose(
            &registry,
            env!("CARGO_PKG_VERSION"),
            option_env!("GIT_REVISION"),
            None,
        )?;
        let metrics = Self {
            red: RedObserver::new(&registry)?,
            jobs: JobMetricsObserver::new(&registry)?,
            auth: registry.register()?,
            users: registry.register()?,
            webhooks: registry.register()?,
            storage: registry.register()?,
            registry,
        };
        // From the start, so that the first failure is an increase.
        for outcome in [AuthOutcome::Success, AuthOutcome::Failure] {
            metrics.auth.auth_attempts_total.with(AuthLabels {
                method: "password",
                outcome,
            });
        }
        metrics
            .storage
            .storage_capacity_bytes
            .with(RESULTS)
            .set(CAPACITY_BYTES as i64);
        Ok(metrics)
    }

    /// What `/metrics` shows.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Measures requests.
    #[must_use]
    pub fn red(&self) -> RedObserver {
        self.red.clone()
    }

    /// Measures jobs and their queue.
    #[must_use]
    pub fn jobs(&self) -> JobMetricsObserver {
        self.jobs.clone()
    }

    /// Somebody tried to log in.
    pub fn login(&self, success: bool) {
        let outcome = if success {
            AuthOutcome::Success
        } else {
            AuthOutcome::Failure
        };
        self.auth
            .auth_attempts_total
            .with(AuthLabels {
                method: "password",
                outcome,
            })
            .inc();
    }

    /// A client used something that not every client uses.
    pub fn feature(&self, feature: &'static str) {
        self.users
            .feature_used_total
            .with(FeatureLabels { feature })
            .inc();
    }

    /// A webhook came to its end, after `took` if it was tried at all.
    pub fn webhook(&self, event: &'static str, outcome: WebhookOutcome, took: Option<Duration>) {
        self.webhooks
            .webhook_deliveries_total
            .with(WebhookLabels { event, outcome })
            .inc();
        if let Some(took) = took {
            self.webhooks
                .webhook_delivery_duration_seconds
                .with(EventLabels { event })
                .observe_duration(took);
        }
    }

    fn refresh(&self, app: &App) {
        self.users.active_users.set(app.auth.active_users() as i64);
        self.storage
            .storage_used_bytes
            .with(RESULTS)
            .set(app.store.used_bytes() as i64);
    }
}

/// Keeps the gauges up to date that no event moves, as long as the service lives.
pub async fn keep_current(app: Weak<App>) {
    while let Some(app) = app.upgrade() {
        app.metrics.refresh(&app);
        drop(app);
        tokio::time::sleep(REFRESH).await;
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
