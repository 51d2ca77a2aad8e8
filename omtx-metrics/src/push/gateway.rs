//! One push, with all of its attempts.

use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::header::CONTENT_TYPE;
use ureq::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};

use super::metrics::PushMetrics;
use super::{PeriodicPush, PushError, PushFuture, PushOnDrop, PushgatewayBuilder, backoff, future};
use crate::hook::Hook;
use crate::outcome::OutcomeLabels;
use crate::registry::Gathered;
use crate::{Error, Registry};

/// Bytes of a refusal's body that the error shows.
const SHOWN: u64 = 1024;

/// A group of metrics in a Pushgateway, and the registry whose metrics go there.
///
/// Cloning is cheap, and all clones are the same. See the [module](self::super) for what is sent when.
#[derive(Clone)]
pub struct Pushgateway {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    target: Target,
    agent: Agent,
    pushes: Arc<PushMetrics>,
    on_error: Option<Hook<PushError>>,
}

/// Where a push goes, and how.
pub(super) struct Target {
    /// The same as `uri`, as text; without credentials.
    pub(super) url: String,
    pub(super) uri: Uri,
    /// The names of the grouping key, `job` among them.
    pub(super) key: Vec<String>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) timeout: Duration,
    pub(super) retries: u32,
}

impl Pushgateway {
    /// A Pushgateway at `url`: `http://host:port`, with a path if it has a prefix, with credentials if it wants them
    /// (`http://user:password@host:port`). Without a scheme it is `http://`.
    pub fn builder(url: impl Into<String>) -> PushgatewayBuilder {
        PushgatewayBuilder::new(url.into())
    }

    pub(super) fn new(
        registry: &Registry,
        target: Target,
        agent: Agent,
        on_error: Option<Hook<PushError>>,
    ) -> Result<Self, Error> {
        let mine = |label: &str| target.key.iter().any(|key| key == label);
        if let Some((family, label)) = Gathered::of_families(registry).find_label(mine) {
            return Err(Error::invalid(
                "grouping label",
                &label,
                &format!("a label that no family has; family \"{family}\" has it"),
            ));
        }
        let pushes = registry.library().registry().register();
        Ok(Self {
            inner: Arc::new(Inner {
                pushes: pushes.expect("the library's own families have different names"),
                registry: registry.clone(),
                target,
                agent,
                on_error,
            }),
        })
    }

    /// The address of the group, without credentials.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.inner.target.url
    }

    /// Replaces the group by what the registry has now (PUT).
    ///
    /// Waits for [collectors](crate::Collector) as a scrape does, then for the answer; blocks for the timeout at most.
    /// Within async code use [`push_async`](Self::push_async).
    ///
    /// # Errors
    ///
    /// If it did not arrive; see the [module](self::super).
    pub fn push(&self) -> Result<(), PushError> {
        self.perform(Operation::Put)
    }

    /// Adds what the registry has now to the group; families of the same name are replaced, others stay (POST).
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn push_add(&self) -> Result<(), PushError> {
        self.perform(Operation::Post)
    }

    /// Deletes the group (DELETE); if there is none, that is fine.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn delete(&self) -> Result<(), PushError> {
        self.perform(Operation::Delete)
    }

    /// [`push`](Self::push) on a thread of its own, for async code on any runtime. It begins at once, whether the future is
    /// polled or not, and goes on if the future is dropped.
    ///
    /// ```no_run
    /// # async fn end(pushgateway: omtx_metrics::push::Pushgateway) {
    /// if let Err(error) = pushgateway.push_async().await {
    ///     eprintln!("metrics: {error}");
    /// }
    /// # }
    /// ```
    pub fn push_async(&self) -> PushFuture {
        future::spawn(self, Operation::Put)
    }

    /// [`push_add`](Self::push_add) on a thread of its own, as [`push_async`](Self::push_async).
    pub fn push_add_async(&self) -> PushFuture {
        future::spawn(self, Operation::Post)
    }

    /// [`delete`](Self::delete) on a thread of its own, as [`push_async`](Self::push_async).
    pub fn delete_async(&self) -> PushFuture {
        future::spawn(self, Operation::Delete)
    }

    /// [Pushes](Self::push) when the guard is dropped: at the end of `main`, by `?`, or by a panic.
    pub fn push_on_drop(&self) -> PushOnDrop {
        PushOnDrop::new(self.clone(), Operation::Put)
    }

    /// [Pushes](Self::push_add) when the guard is dropped: at the end of `main`, by `?`, or by a panic. Families that this
    /// run had no value for stay as the run before it left them.
    pub fn push_add_on_drop(&self) -> PushOnDrop {
        PushOnDrop::new(self.clone(), Operation::Post)
    }

    /// [Pushes](Self::push) now and then, and a last time when what is returned is dropped: for jobs that run for long.
    ///
    /// # Errors
    ///
    /// If the interval is zero, or the operating system grants no thread.
    pub fn push_every(&self, interval: Duration) -> Result<PeriodicPush, Error> {
        PeriodicPush::start(self.clone(), interval)
    }

    /// Hands an error to the hook, if there is one.
    pub(super) fn report(&self, error: &PushError) {
        if let Some(hook) = &self.inner.on_error {
            hook.call(error);
        }
    }

    /// Sends, with all of its retries.
    pub(super) fn perform(&self, operation: Operation) -> Result<(), PushError> {
        self.send(operation, &sleep)
    }

    /// Sends, and counts. `pause` waits before the next attempt; if it returns false, there is none.
    pub(super) fn send(
        &self,
        operation: Operation,
        pause: &dyn Fn(Duration) -> bool,
    ) -> Result<(), PushError> {
        let inner = &*self.inner;
        let sent = inner.send(operation, pause);
        if operation != Operation::Delete {
            inner
                .pushes
                .omtx_pushes_total
                .with(OutcomeLabels::of(&sent))
                .inc();
        }
        sent
    }
}

/// What is done to the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Put,
    Post,
    Delete,
}

fn sleep(pause: Duration) -> bool {
    std::thread::sleep(pause);
    true
}

/// What a request carries.
#[derive(Default)]
struct Body {
    content_type: &'static str,
    bytes: Vec<u8>,
}

/// What is left to an attempt whose pause took longer than it should have.
const SHORTEST: Duration = Duration::from_millis(1);

/// Why an attempt failed.
enum Failure {
    Refused(u16, String),
    Unreachable(ureq::Error),
}

impl Failure {
    /// True if another attempt may fare better.
    fn is_passing(&self) -> bool {
        match self {
            Self::Refused(status, _) => *status >= 500,
            // What TLS says is wrapped as invalid data: a certificate does not become valid by asking again.
            Self::Unreachable(ureq::Error::Io(error)) => {
                error.kind() != std::io::ErrorKind::InvalidData
            }
            Self::Unreachable(error) => matches!(
                error,
                ureq::Error::Timeout(_)
                    | ureq::Error::HostNotFound
                    | ureq::Error::ConnectionFailed
                    | ureq::Error::ConnectProxyFailed(_)
                    | ureq::Error::Protocol(_)
            ),
        }
    }
}

impl Inner {
    fn send(
        &self,
        operation: Operation,
        pause: &dyn Fn(Duration) -> bool,
    ) -> Result<(), PushError> {
        let Target { url, timeout, .. } = &self.target;
        let deadline = Instant::now() + *timeout; // the builder limits it to an hour
        let body = match operation {
            Operation::Put | Operation::Post => self.body()?,
            Operation::Delete => Body::default(),
        };
        let method = match operation {
            Operation::Put => Method::PUT,
            Operation::Post => Method::POST,
            Operation::Delete => Method::DELETE,
        };
        let mut left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(PushError::too_late(url, *timeout));
        }
        let mut attempts = 0;
        loop {
            attempts += 1;
            let failure = match self.attempt(&method, &body, left) {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            let wait = backoff::pause(attempts);
            left = deadline.saturating_duration_since(Instant::now());
            let again = failure.is_passing() && attempts <= self.target.retries && wait < left;
            if again && pause(wait) {
                left = left.saturating_sub(wait).max(SHORTEST);
            } else {
                return Err(match failure {
                    Failure::Refused(status, body) => {
                        PushError::refused(url, method.as_str(), status, &body, attempts)
                    }
                    Failure::Unreachable(error) => PushError::unreachable(url, error, attempts),
                });
            }
        }
    }

    /// What is pushed.
    fn body(&self) -> Result<Body, PushError> {
        let gathered = Gathered::take(&self.registry, true);
        let mine = |label: &str| self.target.key.iter().any(|key| key == label);
        if let Some((family, label)) = gathered.find_label(mine) {
            return Err(PushError::clash(&self.target.url, family, &label));
        }
        let mut bytes = Vec::new();
        Ok(Body {
            content_type: gathered.encode(&mut bytes),
            bytes,
        })
    }

    fn attempt(&self, method: &Method, body: &Body, left: Duration) -> Result<(), Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(self.target.uri.clone());
        for (name, value) in &self.target.headers {
            request = request.header(name, value);
        }
        let response = if *method == Method::DELETE {
            let request = request.body(()).map_err(http_error)?;
            let request = self.agent.configure_request(request);
            self.agent.run(request.timeout_global(Some(left)).build())
        } else {
            let request = request.header(CONTENT_TYPE, body.content_type);
            let request = request.body(&*body.bytes).map_err(http_error)?;
            let request = self.agent.configure_request(request);
            self.agent.run(request.timeout_global(Some(left)).build())
        };
        answer(response.map_err(Failure::Unreachable)?)
    }
}

fn http_error(error: ureq::http::Error) -> Failure {
    Failure::Unreachable(ureq::Error::Http(error))
}

/// 200, or 202 where the Pushgateway takes pushes in unchecked, and for deletions.
fn answer(mut response: Response<ureq::Body>) -> Result<(), Failure> {
    let status = response.status();
    if matches!(status, StatusCode::OK | StatusCode::ACCEPTED) {
        return Ok(());
    }
    let mut head = Vec::new();
    // What could be read of it will do.
    let _ = response
        .body_mut()
        .as_reader()
        .take(SHOWN)
        .read_to_end(&mut head);
    Err(Failure::Refused(status.as_u16(), one_line(&head)))
}

/// `text` without what would break a log line apart.
fn one_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

impl fmt::Debug for Pushgateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pushgateway")
            .field("url", &self.inner.target.url)
            .field("registry", &self.inner.registry)
            .finish_non_exhaustive()
    }
}
