//! Tells a client's own service when a job is over.
//!
//! A client that may name any address would make this service reach where the client cannot (server-side request
//! forgery): only hosts that the operator listed are called, by `http`, without credentials, and redirects are not
//! followed.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, Uri};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use omtx_context::{InScope, JobEnd, JobInfo, JobObserver, JobStatus, Scope, WithScope};
use omtx_metrics::sets::WebhookOutcome;
use serde::Serialize;
use tokio::sync::{Semaphore, mpsc};
use tracing::{info, warn};

use super::jobs::Store;
use super::metrics::Metrics;

/// For one attempt, from connecting to the response head.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Attempts in all; the second waits [`BACKOFF`], the third twice that.
pub const ATTEMPTS: u32 = 3;
const BACKOFF: Duration = Duration::from_millis(200);

/// Deliveries that wait; one more is dropped and counted.
const QUEUE: usize = 256;

/// Deliveries under way at a time.
const CONCURRENT: usize = 8;

/// Whether a callback may be called.
///
/// # Errors
///
/// When it is no plain `http` address of an allowed host; the error says what was expected.
pub fn allowed(callback: &str, hosts: &[String]) -> Result<Uri, CallbackError> {
    let refuse = |why| CallbackError {
        callback: callback.to_owned(),
        why,
    };
    let uri: Uri = callback
        .parse()
        .map_err(|_| refuse("an absolute http:// address"))?;
    let (Some("http"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(refuse("an absolute http:// address"));
    };
    if authority.as_str().contains('@') {
        return Err(refuse("no user name or password in the address"));
    }
    // `http` lets anything behind the colon pass for an authority; what is no port is no address.
    let plain = match authority.port_u16() {
        Some(port) => format!("{}:{port}", authority.host()),
        None => authority.host().to_owned(),
    };
    if authority.as_str() != plain {
        return Err(refuse("an absolute http:// address"));
    }
    // The whole host, not its end: `example.org.evil.net` is not `example.org`.
    let host = authority.host().to_ascii_lowercase();
    let with_port = format!("{host}:{}", authority.port_u16().unwrap_or(80));
    if !hosts
        .iter()
        .any(|allowed| *allowed == host || *allowed == with_port)
    {
        return Err(refuse("a host that HUB_WEBHOOK_HOSTS lists"));
    }
    Ok(uri)
}

/// A callback that will not be called.
#[derive(Debug, PartialEq, Eq)]
pub struct CallbackError {
    callback: String,
    why: &'static str,
}

impl fmt::Display for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid callback_url \"{}\"; expected {}",
            self.callback.escape_debug(),
            self.why
        )
    }
}

impl std::error::Error for CallbackError {}

/// The body of a delivery.
#[derive(Debug, Serialize)]
struct Event {
    event: &'static str,
    job_id: String,
    job_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

#[derive(Debug)]
struct Delivery {
    to: Uri,
    event: Event,
    scope: Option<Scope>,
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
        if self
            .queue
            .try_send(Delivery {
                to,
                event,
                scope: Scope::current(),
            })
            .is_err()
        {
            warn!(
                event = name,
                job_id = job.id(),
                "webhook dropped: too many wait"
            );
            self.metrics.webhook(name, WebhookOutcome::Failed, None);
        }
    }
}

/// The observer, and the task that delivers until the last observer is gone.
pub fn start(
    store: Arc<Store>,
    metrics: Arc<Metrics>,
) -> (Notify, impl Future<Output = ()> + Send) {
    let (queue, mut deliveries) = mpsc::channel(QUEUE);
    let notify = Notify {
        store,
        metrics: metrics.clone(),
        queue,
    };
    let run = async move {
        let client = Client::builder(TokioExecutor::new()).build(connector());
        let places = Arc::new(Semaphore::new(CONCURRENT));
        while let Some(Delivery { to, event, scope }) = deliveries.recv().await {
            let Ok(place) = places.clone().acquire_owned().await else {
                break;
            };
            let (client, metrics) = (client.clone(), metrics.clone());
            let deliver = async move {
                deliver(&client, to, &event, &metrics).await;
                drop(place);
            };
            tokio::spawn(within(scope, deliver));
        }
        // Deliveries under way: all places free again.
        let _ = places.acquire_many(CONCURRENT as u32).await;
    };
    (notify, run)
}

fn within<F: Future>(scope: Option<Scope>, future: F) -> InScope<F> {
    match scope {
        Some(scope) => future.in_scope(scope),
        None => future.in_current_scope(),
    }
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(TIMEOUT));
    connector
}

async fn deliver(
    client: &Client<HttpConnector, Full<Bytes>>,
    to: Uri,
    event: &Event,
    metrics: &Metrics,
) {
    let (
        since,
        Event {
            event: name,
            job_id,
            ..
        },
    ) = (Instant::now(), event);
    let body = Bytes::from(serde_json::to_vec(event).unwrap_or_default());
    let mut attempt = 1;
    let outcome = loop {
        let Err(error) = attempt_once(client, &to, body.clone()).await else {
            info!(event = name, job_id, attempt, "webhook delivered");
            break WebhookOutcome::Delivered;
        };
        warn!(event = name, job_id, attempt, %error, "webhook attempt failed");
        if attempt == ATTEMPTS || !error.is_transient() {
            break error.outcome();
        }
        tokio::time::sleep(BACKOFF * attempt).await;
        attempt += 1;
    };
    metrics.webhook(name, outcome, Some(since.elapsed()));
}

async fn attempt_once(
    client: &Client<HttpConnector, Full<Bytes>>,
    to: &Uri,
    body: Bytes,
) -> Result<(), AttemptError> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(to)
        .header("content-type", "application/json")
        .body(Full::new(body))
        .map_err(|error| AttemptError::Connection(error.to_string()))?;
    // The body of the answer is of no interest, and is not read.
    match tokio::time::timeout(TIMEOUT, client.request(request)).await {
        Err(_) => Err(AttemptError::TimedOut),
        Ok(Err(error)) => Err(AttemptError::Connection(error.to_string())),
        Ok(Ok(response)) if response.status().is_success() => Ok(()),
        Ok(Ok(response)) => Err(AttemptError::Status(response.status().as_u16())),
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
}

impl AttemptError {
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

    #[track_caller]
    fn check(callback: &str, expected: Result<(), &str>) {
        let hosts = [
            "127.0.0.1".to_owned(),
            "hooks.example.org:9000".to_owned(),
            "[::1]".to_owned(),
        ];
        assert_eq!(
            allowed(callback, &hosts)
                .map(drop)
                .map_err(|error| error.why),
            expected
        );
    }

    #[test]
    fn only_plain_addresses_of_listed_hosts_are_called() {
        check("http://127.0.0.1:9999/done?x=1", Ok(()));
        check("http://[::1]/done", Ok(()));
        check("http://HOOKS.example.org:9000/", Ok(()));
        let host = "a host that HUB_WEBHOOK_HOSTS lists";
        check("http://hooks.example.org/", Err(host));
        check(
            "http://hooks.example.org:9000.evil.net/",
            Err("an absolute http:// address"),
        );
        check("http://127.0.0.1.evil.net/", Err(host));
        check("http://169.254.169.254/latest/meta-data", Err(host));
        check("http://2130706433/", Err(host));
        check(
            "http://127.0.0.1@evil.net/",
            Err("no user name or password in the address"),
        );
        check("https://127.0.0.1/", Err("an absolute http:// address"));
        check("file:///etc/passwd", Err("an absolute http:// address"));
        check("/relative", Err("an absolute http:// address"));
        check("", Err("an absolute http:// address"));
    }

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
