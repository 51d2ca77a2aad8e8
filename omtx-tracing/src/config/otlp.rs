use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::address::{self, Address};
use super::{Endpoint, Protocol, Tls};
use crate::{Error, Signal};

/// What one attempt to send a batch may take: 10 s, as the specification has it.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// How to reach a collector: the `OTEL_EXPORTER_OTLP_*` variables, in code.
///
/// An option that is not set for a signal is that of all signals, and if it is not set there, its default. A value that is
/// wrong is an error of [`build`](crate::TelemetryBuilder::build).
///
/// ```
/// use omtx_tracing::{Otlp, Signal, Telemetry};
///
/// # fn main() -> Result<(), omtx_tracing::Error> {
/// let collector = Otlp::new().endpoint("http://collector:4318").header("x-tenant", "omtx");
/// let telemetry = Telemetry::builder("hub")
///     .otlp(collector)
///     .otlp_for(Signal::Traces, Otlp::new().endpoint("http://jaeger:4318/v1/traces"))
///     .build()?;
/// assert!(telemetry.exports(Signal::Traces));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Otlp {
    pub(crate) address: Option<Address>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) insecure: Option<bool>,
    pub(crate) headers: Option<Vec<(HeaderName, HeaderValue)>>,
    pub(crate) gzip: Option<bool>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) ca: Option<PathBuf>,
    /// Certificate and key, which are of no use alone.
    pub(crate) client: Option<(PathBuf, PathBuf)>,
    /// The first value that was wrong: what, value, expectation.
    wrong: Option<(&'static str, String, &'static str)>,
}

impl Otlp {
    /// Nothing set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the collector is. None by default, and nothing is exported then, unless an exporter is named.
    ///
    /// For all signals this is the collector itself, `http://collector:4318`, and OTLP over HTTP appends the signal's path:
    /// `http://collector:4318/v1/traces`. For one signal it is used as it stands. For gRPC the path is of no meaning, and the
    /// scheme may be left out. `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`.
    #[must_use]
    pub fn endpoint(mut self, url: impl AsRef<str>) -> Self {
        let url = url.as_ref().trim();
        match Address::parse(url) {
            Some(address) => self.address = Some(address),
            None => self.found_wrong("endpoint", address::shown(url), address::EXPECTED),
        }
        self
    }

    /// How OTLP travels. [`Protocol::HttpProtobuf`] by default, unless the endpoint's port is 4317, which is gRPC's.
    /// `OTEL_EXPORTER_OTLP_PROTOCOL`.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// Whether gRPC to an endpoint without a scheme goes without TLS. False by default. `OTEL_EXPORTER_OTLP_INSECURE`.
    #[must_use]
    pub fn insecure(mut self, insecure: bool) -> Self {
        self.insecure = Some(insecure);
        self
    }

    /// A header of each request, metadata for gRPC, as an API key. No `Debug` shows its value. None by default.
    /// `OTEL_EXPORTER_OTLP_HEADERS`.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        match super::headers::header(name.as_ref(), value.as_ref().as_bytes()) {
            Ok((name, value)) => {
                let headers = self.headers.get_or_insert_default();
                headers.retain(|(other, _)| *other != name);
                headers.push((name, value));
            }
            Err(expected) => self.found_wrong("header", name.as_ref(), expected),
        }
        self
    }

    /// Whether requests are compressed with gzip. False by default. Needs the feature `gzip`.
    /// `OTEL_EXPORTER_OTLP_COMPRESSION`.
    #[must_use]
    pub fn gzip(mut self, gzip: bool) -> Self {
        self.gzip = Some(gzip);
        self
    }

    /// What one attempt may take: [`DEFAULT_TIMEOUT`], more than nothing. `OTEL_EXPORTER_OTLP_TIMEOUT`.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        if timeout.is_zero() {
            self.found_wrong("timeout", "0", "more than nothing");
        }
        self.timeout = Some(timeout);
        self
    }

    /// A PEM file with the certificates to trust instead of the system's. Needs the feature `tls`.
    /// `OTEL_EXPORTER_OTLP_CERTIFICATE`.
    #[must_use]
    pub fn ca_certificate(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca = Some(file.into());
        self
    }

    /// PEM files with the certificate and key by which the collector knows this client. None by default. Needs the feature
    /// `tls`. `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`, `OTEL_EXPORTER_OTLP_CLIENT_KEY`.
    #[must_use]
    pub fn client_certificate(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.client = Some((certificate.into(), key.into()));
        self
    }

    fn found_wrong(&mut self, what: &'static str, value: &str, expected: &'static str) {
        self.wrong
            .get_or_insert_with(|| (what, value.escape_debug().to_string(), expected));
    }

    /// These options, and for those that are not set the ones of `below`.
    pub(crate) fn over(self, below: Self) -> Self {
        Self {
            address: self.address.or(below.address),
            protocol: self.protocol.or(below.protocol),
            insecure: self.insecure.or(below.insecure),
            headers: self.headers.or(below.headers),
            gzip: self.gzip.or(below.gzip),
            timeout: self.timeout.or(below.timeout),
            ca: self.ca.or(below.ca),
            client: self.client.or(below.client),
            wrong: self.wrong.or(below.wrong),
        }
    }

    /// These options without those that `other` has set.
    pub(crate) fn without(self, other: &Self) -> Self {
        Self {
            address: self.address.filter(|_| other.address.is_none()),
            protocol: self.protocol.filter(|_| other.protocol.is_none()),
            insecure: self.insecure.filter(|_| other.insecure.is_none()),
            headers: self.headers.filter(|_| other.headers.is_none()),
            gzip: self.gzip.filter(|_| other.gzip.is_none()),
            timeout: self.timeout.filter(|_| other.timeout.is_none()),
            ca: self.ca.filter(|_| other.ca.is_none()),
            client: self.client.filter(|_| other.client.is_none()),
            wrong: self.wrong,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        match &self.wrong {
            None => Ok(()),
            Some((what, value, expected)) => Err(Error::invalid(what, value, expected)),
        }
    }

    /// Where `signal` goes, from its own options over those of all signals.
    ///
    /// What may still be wrong is an address that does not go with the protocol.
    pub(crate) fn resolve(general: &Self, own: &Self, signal: Signal) -> Result<Endpoint, Unfit> {
        let (address, is_general) = match (&own.address, &general.address) {
            (Some(address), _) => (Some(address), false),
            (None, address) => (address.as_ref(), true),
        };
        let protocol = own
            .protocol
            .or(general.protocol)
            .or_else(|| address.map(Address::protocol))
            .unwrap_or_else(|| address::default_protocol(false));
        let address = address.cloned().unwrap_or_else(|| address::local(protocol));
        let insecure = own.insecure.or(general.insecure).unwrap_or(false);
        let uri = address
            .resolve(protocol, signal, is_general, insecure)
            .map_err(|expected| Unfit {
                address: address.to_string(),
                variable: address.variable.clone(),
                expected,
            })?;
        let (client_certificate, client_key) = own
            .client
            .clone()
            .or_else(|| general.client.clone())
            .unzip();
        let headers = own.headers.as_ref().or(general.headers.as_ref());
        Ok(Endpoint {
            protocol,
            uri,
            headers: headers.cloned().unwrap_or_default(),
            gzip: own.gzip.or(general.gzip).unwrap_or(false),
            timeout: own.timeout.or(general.timeout).unwrap_or(DEFAULT_TIMEOUT),
            tls: Tls {
                ca: own.ca.clone().or_else(|| general.ca.clone()),
                client_certificate,
                client_key,
            },
        })
    }
}

/// An address that does not go with the protocol that was chosen for it.
pub(crate) struct Unfit {
    pub(crate) address: String,
    /// The variable that it comes from.
    pub(crate) variable: Option<String>,
    pub(crate) expected: &'static str,
}
