//! Is the queue worked off?

use std::convert::Infallible;
use std::error::Error;
use std::future::{Future, Ready, ready};
use std::time::Duration;

use super::amount::Time;
use crate::{Check, CheckResult, Failure, Verdict};

/// Passes while the oldest entry of a queue is young.
///
/// A queue's length says little: a thousand entries may be a second's work. How long the oldest has waited says whether
/// anybody works it off, and how long a new one will wait. An empty queue passes.
///
/// | says | what to do |
/// |---|---|
/// | `the oldest entry waits for 920 s, more than 600 s` | the workers are down, blocked, or too few |
/// | `cannot ask for the oldest entry: …` | what holds the queue does not answer |
///
/// ```
/// use omtx_health::{Check, checks::QueueAge};
/// use std::time::Duration;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let oldest = || Some(Duration::from_secs(920)); // `queue.lock().front().map(|entry| entry.since.elapsed())`
/// let failure = QueueAge::new(Duration::from_secs(600), oldest).run().await.unwrap_err();
/// assert_eq!(failure.error(), "the oldest entry waits for 920 s, more than 600 s");
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
///
/// The queue may be in another system:
///
/// ```
/// use omtx_health::{Check, checks::QueueAge};
/// use std::time::Duration;
///
/// async fn oldest_job() -> Result<Option<Duration>, std::io::Error> {
///     Ok(None) // SELECT now() - min(created_at) FROM jobs WHERE state = 'queued'
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let queue = QueueAge::asking(Duration::from_secs(600), oldest_job).degraded_above(Duration::from_secs(60));
/// assert!(queue.run().await.is_ok());
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct QueueAge<F> {
    oldest: F,
    failing_above: Duration,
    degraded_above: Option<Duration>,
}

impl QueueAge<()> {
    /// A check that fails when `oldest` returns more than `failing_above`. `None` is an empty queue.
    #[must_use]
    #[allow(clippy::new_ret_no_self)] // of its kind, with the closure's type
    pub fn new<O>(
        failing_above: Duration,
        oldest: O,
    ) -> QueueAge<impl Fn() -> Ready<Result<Option<Duration>, Infallible>> + Send + Sync + 'static>
    where
        O: Fn() -> Option<Duration> + Send + Sync + 'static,
    {
        QueueAge::asking(failing_above, move || ready(Ok(oldest())))
    }

    /// The same for a queue that has to be asked, and may not answer.
    #[must_use]
    pub fn asking<F, Fut, E>(failing_above: Duration, oldest: F) -> QueueAge<F>
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<Duration>, E>> + Send,
        E: Error,
    {
        QueueAge {
            oldest,
            failing_above,
            degraded_above: None,
        }
    }
}

impl<F> QueueAge<F> {
    /// Above what age the check reports `degraded`. Default: no age does.
    #[must_use]
    pub fn degraded_above(mut self, age: Duration) -> Self {
        self.degraded_above = Some(age);
        self
    }
}

impl<F, Fut, E> Check for QueueAge<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<Duration>, E>> + Send,
    E: Error + Send,
{
    async fn run(&self) -> CheckResult {
        let age = match (self.oldest)().await {
            Ok(age) => age.unwrap_or_default(),
            Err(error) => {
                let cause = Failure::from(error);
                return Err(Failure::new(format!(
                    "cannot ask for the oldest entry: {cause}"
                )));
            }
        };
        let seconds = age.as_secs();
        let text = |limit: Duration| {
            let (age, limit) = (Time(age), Time(limit));
            format!("the oldest entry waits for {age}, more than {limit}")
        };
        if age > self.failing_above {
            return Err(Failure::new(text(self.failing_above)).detail("oldest_seconds", seconds));
        }
        let verdict = match self.degraded_above {
            Some(limit) if age > limit => Verdict::degraded(text(limit)),
            _ => Verdict::up(),
        };
        Ok(verdict.detail("oldest_seconds", seconds))
    }
}
