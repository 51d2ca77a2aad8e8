//! Tells a client's own service when a job is over.

mod callback;
mod deliver;

use std::sync::Arc;

use http::Uri;
use omtx_context::{JobEnd, JobInfo, JobObserver, JobStatus, Scope, WithScope};
use omtx_metrics::sets::WebhookOutcome;
use omtx_tracing::Telemetry;
use omtx_tracing::context::{self, WithContext};
use opentelemetry::Context;
use tokio::sync::{Semaphore, mpsc};
use tracing::warn;

pub use callback::{CallbackError, allowed};
pub use deliver::ATTEMPTS;
use deliver::{Courier, Event};

use super::jobs::Store;
use super::metrics::Metrics;

/// Deliveries that wait; one more is dropped and counted.
const QUEUE: usize = 256;

/// Deliveries under way at a time.
const CONCURRENT: usize = 8;

#[derive(Debug)]
struct Delivery {
    to: Uri,
    event: Event,
    scope: Scope,
    /// Of the job, whose span the delivery's are children of.
    context: Context,
}

/// Observes jobs, and queues a delivery at the end of each that has a callback. It never waits.
#[derive(Clone, Debug)]
pub struct Notify {
    store: Arc<Store>,
    metrics: Arc<Metrics>,
    queue: mpsc::Sender<Delivery>,
}

impl JobObserver for Notify {
    type State = ();

    fn on_submit(&self, _: &JobInfo) {}

    fn on_end(&self, (): &(), job: &JobInfo, end: &JobEnd) {
        let Some(to) = self.store.callback(job.id()) else {
            return;
        };
        let event = Event {
            event: match end.status {
                JobStatus::Completed => "job.completed",
                JobStatus::Failed => "job.failed",
                JobStatus::Cancelled => "job.cancelled",
                JobStatus::Panicked => "job.panicked",
            },
            job_id: job.id().to_owned(),
            job_type: job.job_type().to_owned(),
            reason: end.reason,
        };
        let name = event.event;
        let scope = job.scope().clone();
        let delivery = Delivery {
            to,
            event,
            scope,
            context: context::current(),
        };
        if self.queue.try_send(delivery).is_err() {
            warn!(event = name, "webhook dropped: too many wait");
            self.metrics.webhook(name, WebhookOutcome::Dropped, None);
        }
    }
}

/// The observer, and the task that delivers until the last observer is gone.
pub fn start(
    store: Arc<Store>,
    metrics: Arc<Metrics>,
    telemetry: &Telemetry,
) -> (Notify, impl Future<Output = ()> + Send + use<>) {
    let (queue, mut deliveries) = mpsc::channel(QUEUE);
    let notify = Notify {
        store,
        metrics: metrics.clone(),
        queue,
    };
    let courier = Courier::new(telemetry);
    let run = async move {
        let places = Arc::new(Semaphore::new(CONCURRENT));
        while let Some(delivery) = deliveries.recv().await {
            let Delivery {
                to,
                event,
                scope,
                context,
            } = delivery;
            let Ok(place) = places.clone().acquire_owned().await else {
                break;
            };
            let (courier, metrics) = (courier.clone(), metrics.clone());
            let deliver = async move {
                courier.deliver(to, &event, &metrics).await;
                drop(place);
            };
            tokio::spawn(deliver.in_scope(scope).in_context(context));
        }
        // Deliveries under way: all places free again.
        let _ = places.acquire_many(CONCURRENT as u32).await;
    };
    (notify, run)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use omtx_context::{JobSpec, Jobs};
    use omtx_metrics::testing::Exposition;

    use super::*;

    #[tokio::test]
    async fn one_delivery_too_many_is_dropped_and_counted() {
        let store = Arc::new(Store::default());
        let logging = crate::hub::logging::settings()
            .sink(omtx_logging::testing::Lines::default())
            .build()
            .unwrap();
        let metrics = Arc::new(Metrics::new(Duration::from_secs(1), &logging).unwrap());
        let telemetry = crate::hub::telemetry::settings().build().unwrap();
        let (notify, _deliveries) = start(store.clone(), metrics.clone(), &telemetry); // nobody delivers
        let jobs = Jobs::new((notify, store.clone()));
        for _ in 0..QUEUE + 2 {
            let job = jobs.submit(JobSpec::new("gc")).begin();
            let callback = Uri::from_static("http://127.0.0.1/");
            store.attach(job.info().id(), Arc::default(), Some(callback));
            job.succeed();
        }
        let exposition = Exposition::parse(&metrics.registry().to_text()).unwrap();
        let dropped = [("event", "job.completed"), ("outcome", "dropped")];
        assert_eq!(
            exposition.read("omtx_hub_webhook_deliveries_total", &dropped),
            Some(2.0)
        );
    }
}
