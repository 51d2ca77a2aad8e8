//! The running service: made, served, and brought to an end in order.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use omtx_context::Jobs;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

use super::api::{self, App};
use super::auth::Auth;
use super::config::Config;
use super::connections;
use super::jobs::{JobLog, Queue, Store, worker};
use super::metrics::Metrics;
use super::webhook;

/// Whether requests are welcome: until the service is told to stop.
#[derive(Debug, Default)]
pub struct Readiness(AtomicBool);

impl Readiness {
    /// Whether they are.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.0.load(Ordering::Relaxed)
    }

    fn drain(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The service, listening.
#[derive(Debug)]
pub struct Hub {
    app: Arc<App>,
    listener: TcpListener,
    workers: JoinSet<()>,
    webhooks: JoinSet<()>,
}

impl Hub {
    /// Binds the address and starts the workers.
    ///
    /// # Errors
    ///
    /// When the address cannot be had.
    pub async fn bind(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let (store, metrics) = (
            Arc::new(Store::default()),
            Arc::new(Metrics::new(config.stuck_after).map_err(io::Error::other)?),
        );
        let queue = Queue::new(config.queue, config.queue_bytes);
        let (notify, deliveries) = webhook::start(store.clone(), metrics.clone());
        let (mut workers, mut webhooks) = (JoinSet::new(), JoinSet::new());
        webhooks.spawn(deliveries);
        for _ in 0..config.workers {
            workers.spawn(worker(queue.clone(), store.clone(), config.job_timeout));
        }
        let app = Arc::new(App {
            jobs: Jobs::new((notify, JobLog, metrics.jobs(), store.clone())),
            queue,
            store,
            auth: Auth::new(&config.user, &config.password_hash),
            metrics,
            uploads: Semaphore::new(config.uploads),
            readiness: Readiness::default(),
            config,
        });
        app.metrics.follow(&app).map_err(io::Error::other)?;
        Ok(Self {
            app,
            listener,
            workers,
            webhooks,
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

    /// Serves until `stop` is over, then ends: not ready, no new connections, jobs that wait are cancelled, and what is
    /// in flight has [`shutdown_deadline`](Config::shutdown_deadline) to finish.
    ///
    /// # Errors
    ///
    /// When the system does not say where it listens.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let Self {
            app,
            listener,
            mut workers,
            mut webhooks,
        } = self;
        let draining = Arc::new(Notify::new());
        let stopped = {
            let (app, draining) = (app.clone(), draining.clone());
            async move {
                stop.await;
                app.readiness.drain();
                draining.notify_one();
            }
        };
        info!(address = %listener.local_addr()?, workers = app.config.workers, "listening");
        let config = app.config.clone();
        let router = api::router(app.clone());
        let mut server = Box::pin(connections::serve(listener, router, &config, stopped));
        let mut open = true;
        tokio::select! {
            () = &mut server => open = false, // told to stop with no connection open
            () = draining.notified() => {}
        }

        let deadline = Instant::now() + app.config.shutdown_deadline;
        info!(
            deadline_ms = app.config.shutdown_deadline.as_millis() as u64,
            "shutting down"
        );
        drop(app.queue.close()); // each ends as cancelled
        if open && timeout_at(deadline, &mut server).await.is_err() {
            warn!("connections were still open at the deadline");
        }
        if timeout_at(deadline, all(&mut workers)).await.is_err() {
            warn!("jobs were still running at the deadline, and are cancelled");
            app.store.cancel_all();
            // They look at their brakes every few thousand steps.
            let _ = timeout_at(Instant::now() + GRACE, all(&mut workers)).await;
        }
        drop((server, app)); // with the last observer gone, the webhooks end when what is queued is delivered
        if timeout_at(deadline.max(Instant::now() + GRACE), all(&mut webhooks))
            .await
            .is_err()
        {
            warn!("webhooks were still under way at the deadline");
        }
        info!("stopped");
        Ok(())
    }
}

/// For what was told to stop at the deadline.
const GRACE: Duration = Duration::from_secs(1);

async fn all(tasks: &mut JoinSet<()>) {
    while tasks.join_next().await.is_some() {}
}

/// Over when the process is told to stop: SIGTERM, or ctrl-c.
pub async fn stop_signal() {
    let interrupt = async {
        // Without a handler there is nothing to wait for: the signal's default stops the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    () = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => interrupt.await,
        }
    }
    #[cfg(not(unix))]
    interrupt.await;
}
