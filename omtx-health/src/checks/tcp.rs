//! Does something listen there?

use std::time::Duration;

use tokio::time::Instant;

use super::endpoint::Endpoint;
use super::{DEFAULT_TIMEOUT, within};
use crate::{Check, CheckResult, Error, Failure, Verdict};

/// Passes if a TCP connection can be opened.
///
/// It opens one for each run, sends nothing and closes it at once. A name is resolved anew each time, and its addresses are
/// tried in order, each with its share of the time. That a port accepts connections says little of the service behind it: the
/// kernel accepts for a process that hangs. Where there is a check that speaks the service's protocol, prefer it.
///
/// | failure | what to do |
/// |---|---|
/// | `cannot resolve db.internal: …` | DNS, or the name is wrong |
/// | `cannot connect to db.internal:5432 (10.0.0.7): Connection refused …` | nothing listens there: the service is down |
/// | `cannot connect to db.internal:5432 (10.0.0.7): no answer in time` | a firewall, a network policy, or the machine is gone |
///
/// ```
/// use omtx_health::{Check, checks::Tcp};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// let check = Tcp::new(&listener.local_addr()?.to_string()).unwrap();
/// assert!(check.run().await.is_ok());
///
/// drop(listener);
/// let failure = check.run().await.unwrap_err();
/// assert!(failure.error().contains("Connection refused"), "{failure}");
/// # Ok::<_, std::io::Error>(())
/// # })?;
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Tcp {
    endpoint: Endpoint,
    timeout: Duration,
}

impl Tcp {
    /// A check of `host:port`, `192.0.2.1:port` or `[2001:db8::1]:port`.
    ///
    /// # Errors
    ///
    /// If it is none of these.
    ///
    /// ```
    /// use omtx_health::checks::Tcp;
    ///
    /// let error = Tcp::new("db.internal").unwrap_err();
    /// assert_eq!(error.to_string(), "invalid address \"db.internal\"; expected host:port");
    /// ```
    pub fn new(address: &str) -> Result<Self, Error> {
        let endpoint = address.parse().map_err(|()| {
            // There may be a password in what was meant to be a URL.
            let shown = if address.contains('@') {
                "***"
            } else {
                address
            };
            Error::invalid("address", shown.escape_debug(), "host:port")
        })?;
        Ok(Self {
            endpoint,
            timeout: DEFAULT_TIMEOUT,
        })
    }

    /// How long resolving and connecting may take together. Default: [`DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = within(timeout);
        self
    }
}

impl Check for Tcp {
    async fn run(&self) -> CheckResult {
        match self.endpoint.connect(Instant::now() + self.timeout).await {
            Ok(_) => Ok(Verdict::up()),
            Err(error) => Err(Failure::new(error)),
        }
    }
}
