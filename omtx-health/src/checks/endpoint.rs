//! A host and a port, and how to reach them within a deadline.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::blocking::Blocking;

/// Where a service listens.
#[derive(Debug)]
pub(super) struct Endpoint {
    host: Arc<str>,
    port: u16,
    resolver: Blocking,
}

impl Endpoint {
    pub(super) fn new(host: &str, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            resolver: Blocking::default(),
        }
    }

    #[cfg(all(feature = "tls", any(feature = "http-check", feature = "redis")))]
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// A connection, over the first address that takes one.
    ///
    /// The text of an error says what could not be done, and where: `cannot connect to db:5432 (10.0.0.7): Connection refused
    /// (os error 111)`.
    pub(super) async fn connect(&self, deadline: Instant) -> Result<TcpStream, String> {
        let addresses = match timeout_at(deadline, self.resolve()).await {
            Ok(Ok(addresses)) => addresses,
            Ok(Err(error)) => return Err(format!("cannot resolve {}: {error}", self.host)),
            Err(_) => return Err(format!("cannot resolve {}: no answer in time", self.host)),
        };
        let mut failure = format!("cannot resolve {}: it has no address", self.host);
        for (i, address) in addresses.iter().enumerate() {
            // An address that swallows packets (IPv6 without a route is one) leaves the others their share of the time.
            let now = Instant::now();
            let share = deadline.saturating_duration_since(now) / (addresses.len() - i) as u32;
            let error = match timeout_at(now + share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    let _ = stream.set_nodelay(true); // only a matter of speed
                    return Ok(stream);
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer in time".to_owned(),
            };
            failure = match self.host.parse::<IpAddr>() {
                Ok(_) => format!("cannot connect to {self}: {error}"),
                Err(_) => format!("cannot connect to {self} ({}): {error}", address.ip()),
            };
        }
        Err(failure)
    }

    async fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        if let Ok(ip) = self.host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, self.port)]);
        }
        let (host, port) = (Arc::clone(&self.host), self.port);
        self.resolver
            .run("getaddrinfo", move || {
                Ok((&*host, port).to_socket_addrs()?.collect())
            })
            .await
    }
}

/// As it is written in a URL: an IPv6 address has brackets.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// `host:port`, `192.0.2.1:port` or `[2001:db8::1]:port`.
impl FromStr for Endpoint {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (host, port) = text.rsplit_once(':').ok_or(())?;
        let bare = match host.strip_prefix('[') {
            Some(rest) => rest
                .strip_suffix(']')
                .filter(|ip| ip.parse::<std::net::Ipv6Addr>().is_ok()),
            None => Some(host).filter(|host| is_host(host)),
        };
        match (bare, port.parse()) {
            (Some(host), Ok(number)) if !port.starts_with(['0', '+']) => {
                Ok(Self::new(host, number))
            }
            _ => Err(()),
        }
    }
}

/// Whether a name could be a host's: letters, digits, `-`, `.` and the `_` that Compose allows.
pub(super) fn is_host(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
    }

    #[test]
    fn hosts_and_ports_are_read_as_urls_write_them() {
        for text in ["db.internal:5432", "127.0.0.1:80", "[::1]:6379", "my_db:1"] {
            assert_eq!(
                text.parse::<Endpoint>().map(|it| it.to_string()),
                Ok(text.to_owned())
            );
        }
        for text in [
            "",
            "db",
            "db:",
            ":80",
            "db:0",
            "db:65536",
            "db:+80",
            "db:080",
            "::1:80",
            "[db]:80",
            "[::1:80",
            "http://db:80",
            "user@db:80",
            "user:secret@db:80",
            "db :80",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_parses_prints_as_it_was_written(text in r"[\[\]a-z0-9:.@/ -]{0,24}(:[1-9][0-9]{0,3})?") {
            if let Ok(endpoint) = text.parse::<Endpoint>() {
                prop_assert_eq!(endpoint.to_string(), text);
            }
        }
    }

    #[tokio::test]
    async fn a_refused_connection_names_the_endpoint_the_address_and_the_cause() {
        // A port that no test of this process has: those come from above 1023.
        let port = 1;

        let error = Endpoint::new("127.0.0.1", port)
            .connect(soon())
            .await
            .unwrap_err();
        assert_eq!(
            error,
            format!("cannot connect to 127.0.0.1:{port}: Connection refused (os error 111)")
        );

        let error = Endpoint::new("localhost", port)
            .connect(soon())
            .await
            .unwrap_err();
        let expected = [
            format!(
                "cannot connect to localhost:{port} (127.0.0.1): Connection refused (os error 111)"
            ),
            format!("cannot connect to localhost:{port} (::1): Connection refused (os error 111)"),
        ];
        assert!(expected.contains(&error), "{error}");
    }

    #[tokio::test]
    async fn a_name_that_does_not_exist_is_told_from_a_service_that_is_down() {
        let error = Endpoint::new("does-not-exist.invalid", 80)
            .connect(soon())
            .await
            .unwrap_err();
        assert!(
            error.starts_with("cannot resolve does-not-exist.invalid: "),
            "{error}"
        );
    }
}
