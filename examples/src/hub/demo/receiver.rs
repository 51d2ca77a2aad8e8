//! Somebody else's service, which takes webhooks, or does not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use http::StatusCode;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::hub::client::ClientError;

/// For the last attempt of a webhook that is refused.
const PATIENCE: Duration = Duration::from_secs(5);

/// `/ok` takes every event, `/broken` none.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    refusals: Arc<Semaphore>,
    _serving: JoinSet<()>,
}

impl Receiver {
    pub(super) async fn start() -> Result<Self, ClientError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let refusals = Arc::new(Semaphore::new(0));
        let told = refusals.clone();
        let refuse = async move || {
            told.add_permits(1);
            StatusCode::INTERNAL_SERVER_ERROR
        };
        let router = Router::new()
            .route("/ok", post(async || StatusCode::NO_CONTENT))
            .route("/broken", post(refuse));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            refusals,
            _serving: serving,
        })
    }

    /// Waits until it has refused so many attempts, but not for ever: the queue of webhooks may be full.
    pub(super) async fn has_refused(&self, attempts: u32) {
        let _ = timeout(PATIENCE, self.refusals.acquire_many(attempts)).await;
    }
}
