//! One delivery: a few attempts, and what came of them. Redirects are not followed: they lead to where nobody said that
//! this service may go.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, Uri};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use omtx_metrics::sets::WebhookOutcome;
use omtx_tracing::Telemetry;
use omtx_tracing::client::ClientService;
use serde::Serialize;
use tower::{Layer, ServiceExt};
use tracing::{info, warn};

use crate::hub::metrics::Metrics;

/// For one attempt, from connecting to the response head.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Attempts in all.
pub const ATTEMPTS: u32 = 3;

/// Before the second attempt; twice as long before the third.
const BACKOFF: Duration = Duration::from_millis(200);

/// The body of a delivery.
#[derive(Debug, Serialize)]
pub(super) struct Event {
    pub(super) event: &'static str,
    pub(super) job_id: String,
    pub(super) job_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'static str>,
}

/// Calls receivers.
#[derive(Clone, Debug)]
pub(super) struct Courier(ClientService<Client<HttpConnector, Full<Bytes>>>);

impl Courier {
    /// Each attempt has a client span, and sends its context along.
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(TIMEOUT));
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self(telemetry.client_layer().layer(client))
    }

    /// Inside the scope of the job, whose ids its lines carry.
    pub(super) async fn deliver(&self, to: Uri, event: &Event, metrics: &Metrics) {
        let since = Instant::now();
        let name = event.event;
        let body = Bytes::from(serde_json::to_vec(event).unwrap_or_default());
        let mut attempt = 1;
        let outcome = loop {
            let Err(error) = self.attempt(&to, body.clone()).await else {
                info!(event = name, attempt, "webhook delivered");
                break WebhookOutcome::Delivered;
            };
            warn!(event = name, attempt, %error, "webhook attempt failed");
            if attempt == ATTEMPTS || !error.is_transient() {
                break error.outcome();
            }
            tokio::time::sleep(BACKOFF * attempt).await;
            attempt += 1;
        };
        metrics.webhook(name, outcome, Some(since.elapsed()));
    }

    async fn attempt(&self, to: &Uri, body: Bytes) -> Result<(), AttemptError> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(to)
            .header("content-type", "application/json")
            .body(Full::new(body))
            .map_err(|error| AttemptError::Connection(error.to_string()))?;
        // The body of the answer is of no interest, and is not read.
        match tokio::time::timeout(TIMEOUT, self.0.clone().oneshot(request)).await {
            Err(_) => Err(AttemptError::TimedOut),
            Ok(Err(error)) => Err(AttemptError::Connection(error.to_string())),
            Ok(Ok(response)) if response.status().is_success() => Ok(()),
            Ok(Ok(response)) => Err(AttemptError::Status(response.status().as_u16())),
        }
    }
}

#[derive(Debug)]
enum AttemptError {
    TimedOut,
    Connection(String),
    Status(u16),
}

impl AttemptError {
    /// Whether the next attempt may go better: not where the receiver said no, or pointed elsewhere.
    fn is_transient(&self) -> bool {
        match self {
            Self::TimedOut | Self::Connection(_) => true,
            Self::Status(status) => matches!(status, 408 | 429 | 500..),
        }
    }

    fn outcome(&self) -> WebhookOutcome {
        match self {
            Self::Status(_) => WebhookOutcome::Rejected,
            Self::TimedOut | Self::Connection(_) => WebhookOutcome::Failed,
        }
    }
}

impl fmt::Display for AttemptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => write!(f, "no answer within {TIMEOUT:?}"),
            Self::Connection(error) => f.write_str(error),
            Self::Status(status) => write!(f, "status {status}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_or_a_redirect_is_final() {
        for status in [301, 307, 400, 404, 410] {
            assert!(!AttemptError::Status(status).is_transient(), "{status}");
        }
        for status in [408, 429, 500, 503] {
            assert!(AttemptError::Status(status).is_transient(), "{status}");
        }
    }
}
