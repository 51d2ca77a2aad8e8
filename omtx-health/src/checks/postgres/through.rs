//! The database, asked over the application's own connections.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

use super::failure;
use crate::checks::amount::Time;
use crate::checks::{DEFAULT_TIMEOUT, within};
use crate::{Check, CheckResult, Failure, Verdict};

/// Passes if the application's own pool or client answers; made by [`Postgres::through`](super::Postgres::through).
pub struct PostgresThrough<F> {
    place: String,
    ask: F,
    timeout: Duration,
}

impl<F> PostgresThrough<F> {
    pub(super) fn new(place: String, ask: F) -> Self {
        Self {
            place,
            ask,
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// How long waiting for a connection and the query may take together. Default: [`DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = within(timeout);
        self
    }
}

impl<F, Fut> Check for PostgresThrough<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send,
{
    async fn run(&self) -> CheckResult {
        match timeout(self.timeout, (self.ask)()).await {
            Ok(Ok(())) => Ok(Verdict::up()),
            Ok(Err(error)) => Err(failure::describe(&self.place, &*error)),
            Err(_) => Err(Failure::new(format!(
                "{}: neither a connection nor an answer within {}",
                self.place,
                Time(self.timeout)
            ))),
        }
    }
}

impl<F> fmt::Debug for PostgresThrough<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresThrough")
            .field("place", &self.place)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
