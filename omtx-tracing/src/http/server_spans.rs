//! The observer's settings.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderName, Method};
use omtx_http::RequestHead;

use super::ForwardedHeaders;
use super::options::Options;
use crate::config::Vars;
use crate::semconv::CapturedHeaders;
use crate::{Error, Propagators, Telemetry, Tracer, TracerProvider};

/// Gives each request its server span, or, if it is not sampled, its ids alone; see the [module](super).
///
/// Made by [`Telemetry::server_spans`]. Put it first in the tuple of observers, so that scope, metrics and access log find the
/// trace.
#[derive(Clone)]
#[must_use = "hand it to `omtx_http::axum_layer` or `ObserveLayer::new`"]
pub struct ServerSpans {
    pub(super) tracer: Tracer,
    pub(super) propagators: Propagators,
    pub(super) options: Options,
}

impl Telemetry {
    /// The observer that gives each request its span: for [`omtx_http`]'s layer, alone or first in a tuple.
    ///
    /// ```
    /// use omtx_tracing::Telemetry;
    ///
    /// # fn main() -> Result<(), omtx_tracing::Error> {
    /// let telemetry = Telemetry::builder("omtx-hub-api").build()?;
    /// let layer = omtx_http::ObserveLayer::new(telemetry.server_spans());
    /// # let _ = layer;
    /// # Ok(())
    /// # }
    /// ```
    pub fn server_spans(&self) -> ServerSpans {
        let mut spans = ServerSpans::new(self.tracer_provider(), self.propagators());
        spans.options.known_methods = self.settings().known_methods.clone();
        spans
    }
}

impl ServerSpans {
    /// Spans of this provider's, and contexts of these formats: for tests with a
    /// [`SpanRecorder`](crate::testing::SpanRecorder). A service has [`Telemetry::server_spans`].
    pub fn new(provider: &TracerProvider, propagators: &Propagators) -> Self {
        Self {
            tracer: crate::active::tracer(provider, "omtx_tracing::http"),
            propagators: propagators.clone(),
            options: Options::default(),
        }
    }

    /// Takes over what the environment sets, over what was set before:
    ///
    /// | variable | |
    /// |---|---|
    /// | `OMTX_TRUSTED_PROXIES` | [`trusted_proxies`](Self::trusted_proxies) |
    ///
    /// A variable that is empty is not set. `OTEL_*` variables are read by [`TelemetryBuilder::from_env`](crate::TelemetryBuilder::from_env).
    ///
    /// # Errors
    ///
    /// If a value is malformed, or not UTF-8; the error names variable and value.
    pub fn from_env(self) -> Result<Self, Error> {
        self.from_vars(|name| std::env::var_os(name))
    }

    /// The same from variables of your own.
    ///
    /// ```
    /// # use omtx_tracing::Telemetry;
    /// # let telemetry = Telemetry::builder("omtx-hub-api").build().unwrap();
    /// let error = telemetry
    ///     .server_spans()
    ///     .from_vars(|name| (name == "OMTX_TRUSTED_PROXIES").then(|| "all".into()))
    ///     .unwrap_err();
    /// assert_eq!(error.to_string(), r#"invalid OMTX_TRUSTED_PROXIES "all"; expected a number of proxies, 0 to 255"#);
    /// ```
    ///
    /// # Errors
    ///
    /// As with [`from_env`](Self::from_env).
    pub fn from_vars(mut self, var: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let vars = Vars::new(&var);
        let read = |name| {
            let value = vars.raw(name);
            value.map_err(|value| Error::invalid(name, value, "UTF-8"))
        };
        let name = "OMTX_TRUSTED_PROXIES";
        if let Some(value) = read(name)? {
            let count = value.parse();
            self = self.trusted_proxies(count.map_err(|error: std::num::ParseIntError| {
                Error::invalid(name, &value, "a number of proxies, 0 to 255").because(error)
            })?);
        }
        Ok(self)
    }

    /// Endpoints whose requests are not recorded, instead of [`DEFAULT_SKIPPED`](super::DEFAULT_SKIPPED).
    ///
    /// Nor is what they call: their context goes on as that of a request that is not sampled. An endpoint is a route
    /// (`/users/{id}`), not a path; of a nested router the whole one.
    pub fn skip<E: Into<Cow<'static, str>>>(
        mut self,
        endpoints: impl IntoIterator<Item = E>,
    ) -> Self {
        self.options.skipped = endpoints.into_iter().map(Into::into).collect();
        self
    }

    /// Records only requests for which `wanted` is true; asked before anything else, also for those that are not sampled.
    ///
    /// ```
    /// # use omtx_tracing::Telemetry;
    /// # let telemetry = Telemetry::builder("omtx-hub-api").build().unwrap();
    /// let spans = telemetry.server_spans().filter(|request| !request.uri().path().starts_with("/assets/"));
    /// # let _ = spans;
    /// ```
    pub fn filter(
        mut self,
        wanted: impl Fn(RequestHead<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.options.filter = Some(Arc::new(wanted));
        self
    }

    /// How many proxies of your own stand between the clients and the service: 0 by default, and then nothing is believed that
    /// a request says of where it came from.
    ///
    /// With `n` of them, client, scheme and host are what the `n`-th proxy from here saw: the `n`-th element from the right of
    /// [`X-Forwarded-For`](ForwardedHeaders) and its siblings. What stands left of that was sent from outside, and anybody can
    /// write it.
    ///
    /// ```text
    /// X-Forwarded-For: 6.6.6.6, 192.0.2.1            with 1:  client.address: 192.0.2.1
    /// X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.0.0.1  with 2:  client.address: 192.0.2.1
    /// ```
    pub fn trusted_proxies(mut self, count: u8) -> Self {
        self.options.proxies.trusted = count;
        self
    }

    /// In which headers those proxies write; [`ForwardedHeaders::XForwarded`] by default.
    pub fn forwarded_headers(mut self, headers: ForwardedHeaders) -> Self {
        self.options.proxies.headers = headers;
        self
    }

    /// The `url.scheme` of requests that do not say it, which over HTTP/1.1 none does: `http` by default, to be set to `https` by
    /// a service that speaks TLS itself.
    pub fn scheme(mut self, scheme: &'static str) -> Self {
        self.options.scheme = scheme;
        self
    }

    /// How the other end of the connection is found: `client.address` and `network.peer.address`. By default, it is axum's
    /// `ConnectInfo<SocketAddr>` (with the feature `axum`, and `into_make_service_with_connect_info`), else a `SocketAddr` among the
    /// request's extensions.
    pub fn peer(
        mut self,
        peer: impl Fn(RequestHead<'_>) -> Option<SocketAddr> + Send + Sync + 'static,
    ) -> Self {
        self.options.peer = Some(Arc::new(peer));
        self
    }

    /// Whether strangers reach the service directly; false by default. If they do, a request begins a trace of its own, for which
    /// this service decides whether it is recorded; the trace that the client named is linked to, with its `tracestate` as far as
    /// OpenTelemetry's type holds it, and its baggage is left behind.
    pub fn public_endpoint(mut self, public: bool) -> Self {
        self.options.public = public;
        self
    }

    /// Whether spans have the query, as `url.query`; true by default, without the [redacted](Self::redact_query) values. A service
    /// whose queries are what its users wrote themselves (searches, sequences) sets it to false.
    pub fn query(mut self, recorded: bool) -> Self {
        self.options.query = recorded;
        self
    }

    /// Query parameters whose values are replaced by `REDACTED`, instead of [`DEFAULT_REDACTED`](super::DEFAULT_REDACTED); without
    /// regard to case or percent-encoding.
    pub fn redact_query<N: Into<Cow<'static, str>>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        self.options.redacted = names.into_iter().map(Into::into).collect();
        self
    }

    /// Request headers to be recorded, as `http.request.header.<name>`; none by default. Of each, 16 values are kept; more are
    /// [counted](TracerProvider::values_truncated) as one cut.
    ///
    /// ```text
    /// X-Tenant: acme                    http.request.header.x-tenant         ["acme"]
    /// Authorization: Bearer c2VjcmV0    http.request.header.authorization    ["REDACTED"]
    /// ```
    ///
    /// Credentials are never shown: `Authorization`, `Proxy-Authorization`, `Cookie`, `Set-Cookie`, and values that are marked as
    /// [sensitive](http::HeaderValue::set_sensitive).
    pub fn request_headers(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.options.request_headers = CapturedHeaders::of_requests(names);
        self
    }

    /// Response headers to be recorded, as `http.response.header.<name>`; none by default. The rest is as with
    /// [`request_headers`](Self::request_headers).
    pub fn response_headers(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.options.response_headers = CapturedHeaders::of_responses(names);
        self
    }

    /// Whether spans have `http.request.body.size` and `http.response.body.size`: bytes that were read and handed on, also where
    /// that was not all. False by default.
    pub fn body_sizes(mut self, recorded: bool) -> Self {
        self.options.body_sizes = recorded;
        self
    }

    /// Whether responses have a `traceresponse` header, by which a caller that sent no `traceparent` finds its trace; false by
    /// default. (W3C Trace Context Level 2, "Trace Context HTTP Response Headers Format", a draft.)
    ///
    /// ```text
    /// traceresponse: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
    /// ```
    pub fn trace_response(mut self, sent: bool) -> Self {
        self.options.trace_response = sent;
        self
    }

    /// Methods that are called by their names, instead of those of RFC 9110, `PATCH` and `QUERY`. Others are `_OTHER`, with the
    /// method as it was sent in `http.request.method_original`. `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS`.
    pub fn known_methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.options.known_methods = methods.into_iter().collect();
        self
    }
}

impl fmt::Debug for ServerSpans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSpans")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
