//! The running service: made, served, and brought to an end in order.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use omtx_context::Jobs;
use omtx_gpu::GpuCollector;
use omtx_health::{Drain, PeerAddr, Server};
use omtx_logging::http::AccessLog;
use omtx_logging::{JobLog, Logging};
use omtx_tracing::Telemetry;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{info, warn};

use super::api::{self, App};
use super::auth::Auth;
use super::config::Config;
use super::health::health;
use super::jobs::{Queue, Store, worker};
use super::metrics::Metrics;
use super::webhook;

/// The service, listening.
#[derive(Debug)]
pub struct Hub {
    app: Arc<App>,
    listener: TcpListener,
    workers: JoinSet<()>,
    webhooks: JoinSet<()>,
    /// Sampled for as long as somebody holds it.
    gpus: GpuCollector,
    telemetry: Telemetry,
}

impl Hub {
    /// Binds the address and starts the workers.
    ///
    /// # Errors
    ///
    /// When the address cannot be had, or `OMTX_NATIVE_HISTOGRAMS` says neither yes nor no.
    pub async fn bind(
        config: Config,
        logging: &Logging,
        telemetry: &Telemetry,
    ) -> io::Result<Self> {
        let listener = listen(config.listen).await?;
        let metrics = Metrics::new(config.stuck_after, logging).map_err(io::Error::other)?;
        telemetry
            .register(metrics.registry())
            .map_err(io::Error::other)?;
        let server_spans = telemetry
            .server_spans()
            .peer(|head| Some(head.extensions().get::<PeerAddr>()?.0))
            .from_env() // OMTX_TRUSTED_PROXIES
            .map_err(io::Error::other)?;
        let (store, metrics) = (Arc::new(Store::default()), Arc::new(metrics));
        let queue = Queue::new(config.queue, config.queue_bytes);
        let gpus = gpus(&config).map_err(io::Error::other)?;
        gpus.register(metrics.registry())
            .map_err(io::Error::other)?;
        let health =
            health(&config, queue.clone(), &gpus, metrics.registry()).map_err(io::Error::other)?;
        let (notify, deliveries) = webhook::start(store.clone(), metrics.clone(), telemetry);
        let (mut workers, mut webhooks) = (JoinSet::new(), JoinSet::new());
        webhooks.spawn(deliveries);
        for _ in 0..config.workers {
            workers.spawn(worker(queue.clone(), store.clone(), config.job_timeout));
        }
        let app = Arc::new(App {
            jobs: Jobs::new((
                telemetry.job_spans(), // first: what the others log, count and send has its ids
                notify,
                JobLog::default(),
                metrics.jobs(),
                store.clone(),
            )),
            queue,
            store,
            auth: Auth::new(&config.user, &config.password_hash),
            metrics,
            uploads: Semaphore::new(config.uploads),
            health,
            access_log: AccessLog::for_logging(logging),
            server_spans,
            config,
        });
        app.metrics.follow(&app).map_err(io::Error::other)?;
        // Last, so that the first round has every family.
        telemetry.export_metrics(app.metrics.registry());
        Ok(Self {
            app,
            listener,
            workers,
            webhooks,
            gpus,
            telemetry: telemetry.clone(),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What the handlers share, for tests and demonstrations.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// What brings the service to its end: [`start`](Drain::start) it, or have
    /// [signals](Drain::start_on_signals) start it.
    #[must_use]
    pub fn drain(&self) -> &Drain {
        self.app.health.drain()
    }

    /// Serves until the drain is over: not ready, then no new connections and no new jobs; jobs that wait are cancelled, and
    /// what is in flight has [`shutdown_deadline`](Config::shutdown_deadline) to finish.
    ///
    /// # Errors
    ///
    /// When the system does not say where it listens.
    pub async fn serve(self) -> io::Result<()> {
        let Self {
            app,
            listener,
            mut workers,
            mut webhooks,
            gpus,
            telemetry,
        } = self;
        let (drain, config) = (app.health.drain().clone(), app.config.clone());
        info!(address = %listener.local_addr()?, workers = config.workers, "listening");

        let server = Server::new(&drain)
            .head_timeout(config.head_timeout)
            .max_connections(config.connections)
            .serve(listener, api::router(app.clone()));
        let jobs = async {
            drain.stopped_accepting().await;
            info!(
                deadline_ms = millis(config.shutdown_deadline),
                "shutting down"
            );
            drop(app.queue.close()); // each ends as cancelled
            tokio::select! {
                biased;
                () = all(&mut workers) => {}
                () = drain.deadline() => {
                    warn!("jobs were still running at the deadline, and are cancelled");
                    app.store.cancel_all();
                    // They look at their brakes every few thousand steps.
                    let _ = timeout(GRACE, all(&mut workers)).await;
                }
            }
        };
        let (report, ()) = tokio::join!(server, jobs);
        if report.cut_off() > 0 {
            let requests = report.cut_off();
            warn!(requests, "requests were cut off at the deadline");
        }
        drop(app); // with the last observer gone, the webhooks end when what is queued is delivered
        if timeout(GRACE, all(&mut webhooks)).await.is_err() {
            warn!("webhooks were still under way at the deadline");
        }
        drop(gpus);
        info!("stopped");
        // Last: jobs and webhooks have ended after the requests, and their spans have too.
        let lost = telemetry.shutdown_async(EXPORT).await;
        if !lost.is_empty() {
            warn!(%lost, "not everything was exported");
        }
        Ok(())
    }
}

async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let said = format!("cannot listen on {address} (OMTX_LISTEN): {error}");
        io::Error::new(error.kind(), said)
    })
}

/// Watches the GPUs, if there are any; that there are none, or that their driver hangs, is no reason not to serve.
fn gpus(config: &Config) -> Result<GpuCollector, omtx_gpu::Error> {
    let builder = GpuCollector::builder()
        .interval(config.gpu_interval)
        .call_deadline(config.gpu_deadline);
    match &config.nvml_lib {
        Some(library) => builder.library(library),
        None => builder,
    }
    .start()
}

/// For what was told to stop at the deadline.
const GRACE: Duration = Duration::from_secs(1);

/// For what is left to export, whatever became of the collector.
const EXPORT: Duration = Duration::from_secs(2);

async fn all(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
