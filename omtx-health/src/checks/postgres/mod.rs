//! Does the database open sessions and answer?

mod failure;
mod through;

use std::fmt;
use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

use futures_util::future::join;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Config, NoTls, SimpleQueryMessage, Socket};

use super::amount::Time;
use super::{DEFAULT_TIMEOUT, within};
use crate::{Check, CheckResult, Error, Failure, Verdict};

pub use self::through::PostgresThrough;

/// Passes if PostgreSQL opens a session and answers a query.
///
/// On the wire, in each run: connect, start-up message with user and database, authentication, `SELECT 1` as a simple query
/// (which PgBouncer passes on in every pooling mode), `Terminate`. It takes one of the server's connections for that moment, and
/// so finds what a pool with open sessions does not see: that no further one can be had, that the password was changed, that
/// the name points to another server. To ask through the pool instead, see [`through`](Self::through).
///
/// | failure | what to do |
/// |---|---|
/// | `cannot connect to db:5432: Connection refused …` | the server is down |
/// | `db:5432: no session within 3 s` | it hangs, or the network drops its packets |
/// | `db:5432: no answer to SELECT 1 within 3 s` | it opened the session and then stalled: disk, locks on catalogues |
/// | `db:5432 refuses the credentials (28P01)` | wrong user or password, or no line for them in `pg_hba.conf` |
/// | `db:5432 has no connection left (53300)` | `max_connections` is reached: look for what holds them (`pg_stat_activity`) |
/// | `db:5432 does not accept sessions at present (57P03)` | it starts up, shuts down or recovers: wait; longer than a minute, read its log |
/// | `db:5432 has no such database (3D000)` | the name in the connection string |
/// | `db:5432 takes no writes` | a replica, or in recovery, while [`writable`](Self::writable) was asked for |
///
/// The detail `sqlstate` has the server's code. The server's own message stays in its log: it names users and databases.
///
/// ```
/// use omtx_health::{Check, checks::Postgres};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let port = listener.local_addr()?.port();
/// # drop(listener);
/// let check = Postgres::new(&format!("postgres://app:secret@127.0.0.1:{port}/shop")).unwrap();
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
pub struct Postgres<T = NoTls> {
    config: Config,
    tls: T,
    place: String,
    writable: bool,
    timeout: Duration,
}

impl Postgres {
    /// A check of the server that a connection string names: `postgres://user:password@host:5432/database` or
    /// `host=… user=…`, as [`tokio_postgres::Config`] reads it. Several hosts are tried in order.
    ///
    /// # Errors
    ///
    /// If it is no such string, names no host, or asks for TLS (`sslmode=require`); see [`tls`](Self::tls).
    ///
    /// ```
    /// use omtx_health::checks::Postgres;
    ///
    /// let error = Postgres::new("postgres://app:secret@db:port/shop").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "invalid Postgres connection string \"***\"; expected a valid value for option `port`",
    /// );
    /// ```
    pub fn new(connection_string: &str) -> Result<Self, Error> {
        let check = Self::parse(connection_string)?;
        if check.config.get_ssl_mode() == SslMode::Require {
            return Err(Error::invalid(
                "Postgres sslmode",
                "require",
                "a TLS connector, by Postgres::tls",
            ));
        }
        Ok(check)
    }

    fn parse(connection_string: &str) -> Result<Self, Error> {
        // It is not shown, since it holds a password; nor is what the parser says of it, unless that is one of its own names.
        let invalid =
            |expectation: &str| Error::invalid("Postgres connection string", "***", expectation);
        let config = Config::from_str(connection_string).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            match cause
                .as_deref()
                .and_then(|it| it.strip_prefix("invalid value for option "))
            {
                Some(option) => invalid(&format!("a valid value for option {option}")),
                None => invalid("postgres://user:password@host:5432/database, or host=… user=…"),
            }
        })?;
        let place = place(&config).ok_or_else(|| invalid("a host"))?;
        Ok(Self {
            config,
            tls: NoTls,
            place,
            writable: false,
            timeout: DEFAULT_TIMEOUT,
        })
    }

    /// The same through a TLS connector, such as those of `tokio-postgres-rustls` and `postgres-native-tls`; the one that the
    /// application connects with.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn tls<T>(connection_string: &str, connector: T) -> Result<Postgres<T>, Error>
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    {
        let check = Self::parse(connection_string)?;
        Ok(Postgres {
            config: check.config,
            tls: connector,
            place: check.place,
            writable: check.writable,
            timeout: check.timeout,
        })
    }

    /// A check through what the application itself uses: a pool, or one client.
    ///
    /// `ask` takes a connection and sends a query over it; `place` is what messages call the server. Codes that the server
    /// answers are told as above, whether they come by way of deadpool, bb8 or another pool over `tokio-postgres`; of other
    /// drivers, such as sqlx, the error's own text is told. When the pool has no connection to give, the check fails: so
    /// would a request.
    ///
    /// ```
    /// use omtx_health::{Check, checks::Postgres};
    /// # #[derive(Clone)] struct Pool;
    /// # struct Client;
    /// # impl Pool { async fn get(&self) -> Result<Client, std::io::Error> { Ok(Client) } }
    /// # impl Client { async fn simple_query(&self, _: &str) -> Result<(), std::io::Error> { Ok(()) } }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// # let pool = Pool;
    /// let check = Postgres::through("db:5432", move || {
    ///     let pool = pool.clone(); // deadpool_postgres::Pool, bb8::Pool<PostgresConnectionManager<_>>
    ///     async move {
    ///         pool.get().await?.simple_query("SELECT 1").await?;
    ///         Ok(())
    ///     }
    /// });
    /// assert!(check.run().await.is_ok());
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[must_use]
    pub fn through<F, Fut>(place: impl Into<String>, ask: F) -> PostgresThrough<F>
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Box<dyn std::error::Error + Send + Sync>>> + Send,
    {
        PostgresThrough::new(place.into(), ask)
    }
}

impl<T> Postgres<T> {
    /// Whether the check fails where nothing can be written: on a replica, and while the server recovers. Default: no.
    ///
    /// Asks `SHOW transaction_read_only` in place of `SELECT 1`.
    #[must_use]
    pub fn writable(mut self, writable: bool) -> Self {
        self.writable = writable;
        self
    }

    /// How long opening a session, and then the query, may take together. Default: [`DEFAULT_TIMEOUT`].
    ///
    /// Half of it, shared by the hosts, is for reaching one, unless the connection string has a `connect_timeout`.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = within(timeout);
        self
    }
}

impl<T> Postgres<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    async fn ask(&self) -> CheckResult {
        let place = &self.place;
        let deadline = Instant::now() + self.timeout;
        let mut config = self.config.clone();
        if config.get_connect_timeout().is_none() {
            let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
            config.connect_timeout(self.timeout / 2 / u32::try_from(hosts).unwrap_or(u32::MAX));
        }
        if config.get_application_name().is_none() {
            config.application_name("omtx-health");
        }
        let (client, connection) =
            match timeout_at(deadline, config.connect(self.tls.clone())).await {
                Ok(Ok(session)) => session,
                Ok(Err(error)) => return Err(failure::describe(place, &error)),
                Err(_) => {
                    return Err(Failure::new(format!(
                        "{place}: no session within {}",
                        Time(self.timeout)
                    )));
                }
            };
        let version = connection.parameter("server_version").map(str::to_owned);

        let query = match self.writable {
            true => "SHOW transaction_read_only",
            false => "SELECT 1",
        };
        let asked = async move {
            let rows = client.simple_query(query).await;
            drop(client); // which has the connection send `Terminate`, and end
            rows
        };
        // The connection is driven here and not by a task, so that nothing is left when this future is dropped.
        let (rows, _closed) = match timeout_at(deadline, join(asked, connection)).await {
            Ok(both) => both,
            Err(_) => {
                return Err(Failure::new(format!(
                    "{place}: no answer to {query} within {}",
                    Time(self.timeout)
                )));
            }
        };
        let rows = rows.map_err(|error| failure::describe(place, &error))?;
        if self.writable && first_value(&rows) != Some("off") {
            return Err(Failure::new(format!("{place} takes no writes")));
        }
        let verdict = Verdict::up();
        Ok(match version {
            Some(version) => verdict.detail("server_version", version),
            None => verdict,
        })
    }
}

impl<T> Check for Postgres<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    async fn run(&self) -> CheckResult {
        self.ask().await
    }
}

impl<T> fmt::Debug for Postgres<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("place", &self.place)
            .field("writable", &self.writable)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn first_value(rows: &[SimpleQueryMessage]) -> Option<&str> {
    rows.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    })
}

/// The servers as messages call them: `db-a:5432, db-b:5433`, `/run/postgresql/.s.PGSQL.5432`. `None` without any.
fn place(config: &Config) -> Option<String> {
    let port = |i: usize| {
        let ports = config.get_ports();
        ports
            .get(i)
            .or_else(|| ports.first())
            .copied()
            .unwrap_or(5432)
    };
    let names: Vec<String> = match config.get_hosts() {
        [] => config
            .get_hostaddrs()
            .iter()
            .enumerate()
            .map(|(i, ip)| std::net::SocketAddr::new(*ip, port(i)).to_string())
            .collect(),
        hosts => hosts
            .iter()
            .enumerate()
            .map(|(i, host)| match host {
                Host::Tcp(name) => super::endpoint::Endpoint::new(name, port(i)).to_string(),
                #[cfg(unix)]
                Host::Unix(folder) => format!("{}/.s.PGSQL.{}", folder.display(), port(i)),
            })
            .collect(),
    };
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_named_by_host_and_port() {
        for (text, expected) in [
            ("postgres://u:p@db/x", "db:5432"),
            ("postgres://u:p@[::1]:1/x", "[::1]:1"),
            ("host=a,b port=1,2 user=u", "a:1, b:2"),
            ("host=a,b port=1 user=u", "a:1, b:1"),
            ("hostaddr=::1 user=u", "[::1]:5432"),
            (
                "host=/run/postgresql user=u",
                "/run/postgresql/.s.PGSQL.5432",
            ),
        ] {
            assert_eq!(Postgres::new(text).unwrap().place, expected);
        }
    }

    #[test]
    fn no_error_and_no_debug_output_tells_a_password() {
        for text in [
            "postgres://u:S3CRET@db:x/y",
            "postgres://u:S3CRET@db/y?sslmode=S3CRET",
            "postgres://u:S3CRET@db/y?S3CRET=1",
            "password=S3 CRET S3CRET=1",
            "password=S3CRET",
            "password='S3CRET",
            "S3CRET",
            "postgres://u:S3CRET@db/y?sslmode=require",
        ] {
            let error = Postgres::new(text).unwrap_err();
            assert!(error.is_invalid());
            assert!(!format!("{error} {error:?}").contains("S3CRET"), "{error}");
        }
        let check = Postgres::new("postgres://u:S3CRET@db/y").unwrap();
        assert!(!format!("{check:?}").contains("S3CRET"));
    }
}
