//! Does the cache answer?

mod failure;
mod through;

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use ::redis::aio::{ConnectionLike, MultiplexedConnection};
use ::redis::{
    AsyncConnectionConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo,
    RedisError,
};
use futures_util::future::{Either, select};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

use self::failure::judge;
use super::amount::Time;
use super::endpoint::Endpoint;
use super::{DEFAULT_TIMEOUT, within};
use crate::{Check, CheckResult, Error, Failure};

pub use self::through::RedisThrough;

/// Passes if Redis (or Valkey) answers a `PING`.
///
/// On the wire, in each run: connect, `AUTH` if the URL has a password, `PING`, close. To ask over the application's own
/// connection instead, see [`through`](Self::through).
///
/// | says | status | what to do |
/// |---|---|---|
/// | `cache:6379 asks for a password (NOAUTH)` | degraded | it is there, and this check was given no password |
/// | `cache:6379 refuses the credentials (WRONGPASS)` | fails | the password was changed, or the URL has the wrong one |
/// | `cache:6379 refuses this user the command (NOPERM)` | degraded | it is there; let the user `+ping` (and `+role`) |
/// | `cache:6379 takes no writes: it cannot save to disk (MISCONF)` | degraded | a full disk, or no memory to fork: Redis' log says which |
/// | `cache:6379 loads its data (LOADING)` | fails | it was started; wait |
/// | `cache:6379 is busy with a script (BUSY)` | fails | `SCRIPT KILL` |
/// | `cache:6379 has no connection left (ERR)`, `… closed the connection; maxclients may be reached` | fails | `CLIENT LIST` |
/// | `cache:6379 is a replica, and takes no writes` | fails | after a failover: the URL names the old primary; [`writable`](Self::writable) asks |
/// | `cannot connect to cache:6379 (10.0.0.7): Connection refused …` | fails | it is down |
/// | `cache:6379: no answer within 3 s` | fails | it hangs: `SLOWLOG GET`, or its disk |
///
/// ```
/// use omtx_health::{Check, checks::Redis};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let port = listener.local_addr()?.port();
/// # drop(listener);
/// let check = Redis::new(&format!("redis://:secret@127.0.0.1:{port}/0")).unwrap();
///
/// let failure = check.run().await.unwrap_err(); // nothing listens there
/// assert_eq!(
///     failure.error(),
///     format!("cannot connect to 127.0.0.1:{port}: Connection refused (os error 111)"),
/// );
/// # Ok::<_, std::io::Error>(())
/// # })?;
/// # Ok::<_, std::io::Error>(())
/// ```
pub struct Redis {
    address: Address,
    login: RedisConnectionInfo,
    writable: bool,
    timeout: Duration,
    #[cfg(feature = "tls")]
    tls: Option<super::Tls>,
}

enum Address {
    Tcp(Endpoint),
    #[cfg(unix)]
    Unix(std::path::PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(endpoint) => endpoint.fmt(f),
            #[cfg(unix)]
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

impl Redis {
    /// A check of the server at a URL: `redis://[user]:password@host:6379/0`, `unix:///run/redis.sock`, or (feature `tls`)
    /// `rediss://…`, which trusts what the system trusts.
    ///
    /// # Errors
    ///
    /// If it is no such URL. For `rediss://`, if the system has no root certificates; see [`with_tls`](Self::with_tls).
    ///
    /// ```
    /// use omtx_health::checks::Redis;
    ///
    /// let error = Redis::new("http://:secret@cache:6379").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "invalid Redis URL \"***\"; expected redis://:password@host:6379/0",
    /// );
    /// ```
    pub fn new(url: &str) -> Result<Self, Error> {
        let Some(rest) = tls_url(url) else {
            return Self::parse(url);
        };
        #[cfg(feature = "tls")]
        return Ok(Self {
            tls: Some(super::Tls::native()?),
            ..Self::parse(&format!("redis:{rest}"))?
        });
        #[cfg(not(feature = "tls"))]
        {
            let _ = rest;
            Err(Error::invalid(
                "Redis URL",
                "***",
                "redis://, or the feature `tls` of omtx-health",
            ))
        }
    }

    /// A check of the server at a `rediss://` URL that trusts these certificates.
    ///
    /// # Errors
    ///
    /// If it is no such URL.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn with_tls(url: &str, tls: super::Tls) -> Result<Self, Error> {
        let rest = tls_url(url).ok_or_else(|| Error::invalid("Redis URL", "***", "rediss://"))?;
        Ok(Self {
            tls: Some(tls),
            ..Self::parse(&format!("redis:{rest}"))?
        })
    }

    /// A check over what the application itself uses: a `ConnectionManager`, a pool.
    ///
    /// `get` gives a connection, over which `PING` is sent; `place` is what messages call the server.
    ///
    /// ```
    /// use omtx_health::checks::Redis;
    ///
    /// # fn with(manager: redis::aio::MultiplexedConnection) -> impl omtx_health::Check {
    /// // manager: redis::aio::ConnectionManager, or MultiplexedConnection
    /// Redis::through("cache:6379", move || {
    ///     let connection = manager.clone();
    ///     async move { Ok(connection) }
    /// })
    /// # }
    /// // pool: deadpool_redis::Pool, bb8::Pool<RedisConnectionManager>
    /// // Redis::through("cache:6379", move || { let pool = pool.clone(); async move { Ok(pool.get().await?) } })
    /// ```
    #[must_use]
    pub fn through<F, Fut, C>(place: impl Into<String>, get: F) -> RedisThrough<F>
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C, Box<dyn std::error::Error + Send + Sync>>> + Send,
        C: ConnectionLike + Send,
    {
        RedisThrough::new(place.into(), get)
    }

    /// Whether the check fails where nothing can be written: on a replica. Default: no.
    ///
    /// Sends `ROLE` after `PING`, for which the user needs `+role`.
    #[must_use]
    pub fn writable(mut self, writable: bool) -> Self {
        self.writable = writable;
        self
    }

    /// How long connecting and the answer may take together. Default: [`DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = within(timeout);
        self
    }

    fn parse(url: &str) -> Result<Self, Error> {
        // It is not shown, since it holds a password.
        let invalid = || Error::invalid("Redis URL", "***", "redis://:password@host:6379/0");
        let info: ConnectionInfo = url.into_connection_info().map_err(|_| invalid())?;
        let address = match info.addr() {
            ConnectionAddr::Tcp(host, port) => Address::Tcp(Endpoint::new(host, *port)),
            #[cfg(unix)]
            ConnectionAddr::Unix(path) => Address::Unix(path.clone()),
            _ => return Err(invalid()),
        };
        Ok(Self {
            address,
            login: info.redis_settings().clone(),
            writable: false,
            timeout: DEFAULT_TIMEOUT,
            #[cfg(feature = "tls")]
            tls: None,
        })
    }

    async fn ask(&self) -> CheckResult {
        let deadline = Instant::now() + self.timeout;
        let place = self.address.to_string();
        let answer = async {
            match &self.address {
                Address::Tcp(endpoint) => {
                    let stream = endpoint.connect(deadline).await.map_err(Failure::new)?;
                    #[cfg(feature = "tls")]
                    if let Some(tls) = &self.tls {
                        let stream = tls
                            .connect(endpoint.host(), stream)
                            .await
                            .map_err(|error| Failure::new(format!("{place}: {error}")))?;
                        return self.ask_over(&place, stream).await;
                    }
                    self.ask_over(&place, stream).await
                }
                #[cfg(unix)]
                Address::Unix(path) => {
                    let stream = tokio::net::UnixStream::connect(path)
                        .await
                        .map_err(|error| {
                            Failure::new(format!("cannot connect to {place}: {error}"))
                        })?;
                    self.ask_over(&place, stream).await
                }
            }
        };
        timeout_at(deadline, answer).await.unwrap_or_else(|_| {
            Err(Failure::new(format!(
                "{place}: no answer within {}",
                Time(self.timeout)
            )))
        })
    }

    async fn ask_over<S>(&self, place: &str, stream: S) -> CheckResult
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // Nothing is sent on connecting, `AUTH` included: the crate would tell all that can go wrong there as a wrong password.
        let silent = RedisConnectionInfo::default().set_skip_set_lib_name();
        // Its own timeout of 500 ms would come before the check's.
        let patient = AsyncConnectionConfig::new().set_response_timeout(None);
        let (mut connection, driver) =
            match MultiplexedConnection::new_with_config(&silent, stream, patient).await {
                Ok(both) => both,
                Err(error) => return judge(place, &error),
            };
        // The connection is driven here and not by a task, so that nothing is left when this future is dropped.
        match select(pin!(self.converse(&mut connection)), pin!(driver)).await {
            Either::Left((Ok(writable), _)) => failure::up(place, self.writable, writable),
            Either::Left((Err(error), _)) => judge(place, &error),
            Either::Right(((), conversation)) => match conversation.await {
                Ok(writable) => failure::up(place, self.writable, writable),
                Err(error) => judge(place, &error),
            },
        }
    }

    /// Whether it is a primary, if that was asked.
    async fn converse(&self, connection: &mut MultiplexedConnection) -> Result<bool, RedisError> {
        if let Some(password) = self.login.password() {
            let mut auth = ::redis::cmd("AUTH");
            if let Some(user) = self.login.username() {
                auth.arg(user);
            }
            auth.arg(password).exec_async(connection).await?;
        }
        through::ping(connection).await?;
        match self.writable {
            true => through::is_primary(connection).await,
            false => Ok(true),
        }
    }
}

impl Check for Redis {
    async fn run(&self) -> CheckResult {
        self.ask().await
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("address", &format_args!("{}", self.address))
            .field("writable", &self.writable)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// What follows the scheme and its colon, if that stands for TLS. The crate knows the scheme only with a TLS of its own.
fn tls_url(url: &str) -> Option<&str> {
    url.strip_prefix("rediss:")
        .or_else(|| url.strip_prefix("valkeys:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_named_by_host_and_port_or_by_their_socket() {
        for (url, expected) in [
            ("redis://:p@cache", "cache:6379"),
            ("redis://[::1]:1/2", "[::1]:1"),
            ("valkey://cache:7", "cache:7"),
            #[cfg(unix)]
            ("unix:///run/redis.sock?db=1", "/run/redis.sock"),
            #[cfg(feature = "tls")]
            ("rediss://:p@cache", "cache:6379"),
        ] {
            let tls = tls_url(url).map(|rest| format!("redis:{rest}"));
            let check = Redis::parse(tls.as_deref().unwrap_or(url)).unwrap();
            assert_eq!(check.address.to_string(), expected);
        }
    }

    #[test]
    fn no_error_and_no_debug_output_tells_a_password() {
        for url in [
            "http://:S3CRET@cache",
            "redis://:S3CRET@cache:port",
            "redis://:S3CRET@cache/S3CRET",
            "redis://u:S3@CRET@0.0.0.0/S3CRET",
            "S3CRET",
        ] {
            let error = Redis::new(url).unwrap_err();
            assert!(error.is_invalid());
            assert!(!format!("{error} {error:?}").contains("S3CRET"), "{error}");
        }
        let check = Redis::new("redis://:S3CRET@cache").unwrap();
        assert!(!format!("{check:?}").contains("S3CRET"));
    }
}
