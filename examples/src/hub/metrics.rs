//! What is measured, and under which names. Handlers talk to [`Metrics`] only.
//!
//! Requests and jobs count themselves: [`RedObserver`] follows the one, [`JobMetricsObserver`] the other. What is left
//! is here, one method for each event.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use omtx_logging::{LogMetrics, Logging};
use omtx_metrics::http::RedObserver;
use omtx_metrics::jobs::JobMetricsObserver;
use omtx_metrics::sets::{
    AuthLabels, AuthMetrics, AuthOutcome, BuildMetrics, ContextMetrics, EventLabels, FeatureLabels,
    StorageLabels, StorageMetrics, TokioMetrics, UserMetrics, WebhookLabels, WebhookMetrics,
    WebhookOutcome,
};
use omtx_metrics::system::SystemMetrics;
use omtx_metrics::{Error, Registry, Rows};
use tokio::runtime::Handle;

use super::api::App;
use super::clients::Clients;
use super::jobs::CAPACITY_BYTES;

/// Between two looks at the process and the machine.
const SAMPLING: Duration = Duration::from_secs(60);

/// The one store.
const RESULTS: StorageLabels<'_> = StorageLabels { store: "results" };

/// The service's metrics.
pub struct Metrics {
    registry: Registry,
    red: RedObserver,
    clients: Clients,
    jobs: JobMetricsObserver,
    auth: Arc<AuthMetrics>,
    users: Arc<UserMetrics>,
    webhooks: Arc<WebhookMetrics>,
    storage: Arc<StorageMetrics>,
}

impl Metrics {
    /// Registers every family, in a registry of its own. A job is stuck when it has been running for `stuck_after`.
    ///
    /// # Errors
    ///
    /// When two families have one name: a mistake in this file. When `stuck_after` is zero, or `OMTX_NATIVE_HISTOGRAMS` says
    /// neither yes nor no.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn new(stuck_after: Duration, logging: &Logging) -> Result<Self, Error> {
        let registry = Registry::builder()
            .namespace("omtx_hub")
            .from_env()?
            .build()?;
        BuildMetrics::expose(
            &registry,
            env!("CARGO_PKG_VERSION"),
            option_env!("GIT_REVISION"),
            option_env!("HUB_RUSTC"), // from build.rs
        )?;
        ContextMetrics::expose(&registry)?;
        LogMetrics::expose(&registry, logging)?;
        SystemMetrics::builder()
            .interval(SAMPLING)
            .start(&registry)?;
        TokioMetrics::expose(&registry, &Handle::current())?;
        let metrics = Self {
            red: RedObserver::new(&registry)?,
            clients: Clients::new(&registry)?,
            jobs: JobMetricsObserver::builder()
                .stuck_after(stuck_after)
                .build(&registry)?,
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

    /// Counts requests by the program that sends them.
    #[must_use]
    pub fn clients(&self) -> Clients {
        self.clients.clone()
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

    /// From now on, each scrape asks the application for what no event tells of: sessions that ran out, results that
    /// were forgotten.
    ///
    /// # Errors
    ///
    /// When it is followed already, or the system has no thread to give.
    pub fn follow(&self, app: &Arc<App>) -> Result<(), Error> {
        let app = Arc::downgrade(app); // which owns this registry
        let (users, storage) = (self.users.clone(), self.storage.clone());
        self.registry
            .register_collector("hub", move |_: &mut Rows| {
                let Some(app) = app.upgrade() else { return };
                users.active_users.set(app.auth.active_users() as i64);
                storage
                    .storage_used_bytes
                    .with(RESULTS)
                    .set(app.store.used_bytes() as i64);
            })
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
