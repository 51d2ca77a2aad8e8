//! The cache, asked over the application's own connections.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use ::redis::aio::ConnectionLike;
use ::redis::{RedisError, Value};
use tokio::time::timeout;

use super::failure::{judge, judge_any, up};
use crate::checks::amount::Time;
use crate::checks::{DEFAULT_TIMEOUT, within};
use crate::{Check, CheckResult, Failure};

/// Passes if the application's own connection answers a `PING`; made by [`Redis::through`](super::Redis::through).
pub struct RedisThrough<F> {
    place: String,
    get: F,
    writable: bool,
    timeout: Duration,
}

impl<F> RedisThrough<F> {
    pub(super) fn new(place: String, get: F) -> Self {
        Self {
            place,
            get,
            writable: false,
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// As [`Redis::writable`](super::Redis::writable).
    #[must_use]
    pub fn writable(mut self, writable: bool) -> Self {
        self.writable = writable;
        self
    }

    /// How long waiting for a connection and the answer may take together. Default: [`DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = within(timeout);
        self
    }
}

impl<F, Fut, C> Check for RedisThrough<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<C, Box<dyn Error + Send + Sync>>> + Send,
    C: ConnectionLike + Send,
{
    async fn run(&self) -> CheckResult {
        let place = &self.place;
        let conversation = async {
            let mut connection = match (self.get)().await {
                Ok(connection) => connection,
                Err(error) => return judge_any(place, &*error),
            };
            if let Err(error) = ping(&mut connection).await {
                return judge(place, &error);
            }
            if !self.writable {
                return up(place, false, false);
            }
            match is_primary(&mut connection).await {
                Ok(primary) => up(place, true, primary),
                Err(error) => judge(place, &error),
            }
        };
        timeout(self.timeout, conversation)
            .await
            .unwrap_or_else(|_| {
                Err(Failure::new(format!(
                    "{place}: neither a connection nor an answer within {}",
                    Time(self.timeout)
                )))
            })
    }
}

impl<F> fmt::Debug for RedisThrough<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisThrough")
            .field("place", &self.place)
            .field("writable", &self.writable)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

pub(super) async fn ping(connection: &mut (impl ConnectionLike + Send)) -> Result<(), RedisError> {
    ::redis::cmd("PING").exec_async(connection).await
}

/// <https://redis.io/docs/latest/commands/role/>: `master`, `slave` or `sentinel`, and what belongs to it.
pub(super) async fn is_primary(
    connection: &mut (impl ConnectionLike + Send),
) -> Result<bool, RedisError> {
    let role: Vec<Value> = ::redis::cmd("ROLE").query_async(connection).await?;
    Ok(matches!(role.first(), Some(Value::BulkString(name)) if name == b"master"))
}
