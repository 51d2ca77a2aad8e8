//! The settings of client spans.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::{HeaderName, Method};

use crate::semconv::{CapturedHeaders, DEFAULT_REDACTED, KnownMethods};
use crate::{Propagators, Telemetry, Tracer, TracerProvider};

type Allows = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// The route that a URL was made from, to be put into a request's extensions: `/jobs/{id}`. It becomes `url.template`, and
/// part of the span's name: one of few, never a URL.
///
/// ```
/// use omtx_tracing::client::UrlTemplate;
///
/// let request = http::Request::get("https://api.example.com/jobs/7").extension(UrlTemplate("/jobs/{id}"));
/// assert_eq!(request.extensions_ref().unwrap().get(), Some(&UrlTemplate("/jobs/{id}")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UrlTemplate(
    /// The template.
    pub &'static str,
);

/// Makes client spans: what they say, and to whom contexts are sent. From [`Telemetry::client_spans`]; cheap to clone.
#[derive(Clone)]
pub struct ClientSpans {
    pub(super) settings: Arc<Settings>,
}

/// What all clones share.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) tracer: Tracer,
    pub(super) propagators: Propagators,
    pub(super) redacted: Vec<Cow<'static, str>>,
    pub(super) request_headers: CapturedHeaders,
    pub(super) response_headers: CapturedHeaders,
    pub(super) allows: Option<Allows>,
    pub(super) end_at_head: bool,
    pub(super) known_methods: KnownMethods,
}

impl ClientSpans {
    /// Spans of this provider, and contexts in these formats: for tests with a
    /// [`SpanRecorder`](crate::testing::SpanRecorder). A service has [`Telemetry::client_spans`].
    #[must_use]
    pub fn new(provider: &TracerProvider, propagators: &Propagators) -> Self {
        let settings = Settings {
            tracer: crate::active::tracer(provider, "omtx_tracing::client"),
            propagators: propagators.clone(),
            redacted: DEFAULT_REDACTED.iter().map(|&name| name.into()).collect(),
            request_headers: CapturedHeaders::default(),
            response_headers: CapturedHeaders::default(),
            allows: None,
            end_at_head: false,
            known_methods: KnownMethods::default(),
        };
        Self {
            settings: Arc::new(settings),
        }
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }

    /// The query parameters whose values are written as `REDACTED` in `url.full`, in place of [`DEFAULT_REDACTED`]; without
    /// regard to case or percent-encoding. Credentials before the host are always replaced.
    ///
    /// ```text
    /// https://api.example.com/jobs?token=c2VjcmV0    with ["token"]:  https://api.example.com/jobs?token=REDACTED
    /// ```
    ///
    /// [`DEFAULT_REDACTED`]: crate::DEFAULT_REDACTED
    #[must_use]
    pub fn redact_query(
        self,
        names: impl IntoIterator<Item = impl Into<Cow<'static, str>>>,
    ) -> Self {
        self.with(|settings| settings.redacted = names.into_iter().map(Into::into).collect())
    }

    /// Request headers to be recorded, as `http.request.header.<name>`, as they are when the request comes here: what is added
    /// further in, such as the context itself, is not. None by default. Of each, 16 values are kept; more are
    /// [counted](TracerProvider::values_truncated) as one cut.
    ///
    /// Credentials are never shown: `Authorization`, `Proxy-Authorization`, `Cookie`, `Set-Cookie`, and values that are marked as
    /// [sensitive](http::HeaderValue::set_sensitive), as `reqwest` marks those of its `bearer_auth`, are `REDACTED`.
    ///
    /// ```
    /// use http::{HeaderName, Request, Response};
    /// use http_body_util::Empty;
    /// use omtx_tracing::client::ClientSpans;
    /// use omtx_tracing::{Propagators, testing::SpanRecorder};
    ///
    /// let recorder = SpanRecorder::new();
    /// let spans = ClientSpans::new(&recorder.provider(), &Propagators::default())
    ///     .request_headers([HeaderName::from_static("idempotency-key")]);
    /// # #[cfg(feature = "client")] {
    /// # use tower::{Layer, ServiceExt, service_fn};
    /// # let client = spans.layer().layer(service_fn(async |_: Request<Empty<&[u8]>>| {
    /// #     Ok::<_, std::io::Error>(Response::new(Empty::<&[u8]>::new()))
    /// # }));
    /// let request = Request::post("https://api.example.com/jobs").header("idempotency-key", "7f3a");
    /// # let request = request.body(Empty::new()).unwrap();
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(client.oneshot(request)).unwrap();
    /// let span = recorder.span("POST");
    /// let key = span.attribute("http.request.header.idempotency-key").unwrap();
    /// assert_eq!(key.to_string(), r#"["7f3a"]"#);
    /// # }
    /// ```
    #[must_use]
    pub fn request_headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with(|settings| settings.request_headers = CapturedHeaders::of_requests(names))
    }

    /// Response headers to be recorded, as `http.response.header.<name>`; none by default. The rest is as with
    /// [`request_headers`](Self::request_headers).
    #[must_use]
    pub fn response_headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with(|settings| settings.response_headers = CapturedHeaders::of_responses(names))
    }

    /// Sends contexts and baggage only to the hosts that `allows` takes; to all by default. The others are called without,
    /// and their spans are recorded all the same.
    ///
    /// A host is told as the request has it, without port and without the brackets of an IPv6 address; where a request has none,
    /// nothing is sent. `reqwest` follows redirects below every middleware, with the headers of the first request: a context is
    /// taken to foreign hosts that way, unless the client's `redirect::Policy` keeps it from going there.
    ///
    /// ```
    /// use omtx_tracing::Telemetry;
    ///
    /// # fn main() -> Result<(), omtx_tracing::Error> {
    /// let telemetry = Telemetry::builder("hub").build()?;
    /// let spans = telemetry.client_spans().propagate_to(|host| host.ends_with(".internal"));
    /// # assert!(format!("{spans:?}").contains("propagate_to: true"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn propagate_to(self, allows: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.allows = Some(Arc::new(allows)))
    }

    /// Ends spans with the head of the response instead of its body: for bodies that stay open, such as server-sent events. Off
    /// by default; upgraded connections end at their head in any case.
    #[must_use]
    pub fn end_at_head(self, end_at_head: bool) -> Self {
        self.with(|settings| settings.end_at_head = end_at_head)
    }

    /// Methods that are called by their names, instead of those of RFC 9110, `PATCH` and `QUERY`. Others are `_OTHER`, with the
    /// method as it was sent in `http.request.method_original`. `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS`.
    #[must_use]
    pub fn known_methods(self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.with(|settings| settings.known_methods = methods.into_iter().collect())
    }
}

impl fmt::Debug for ClientSpans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &*self.settings;
        f.debug_struct("ClientSpans")
            .field("propagators", &settings.propagators)
            .field("redact_query", &settings.redacted)
            .field("request_headers", &settings.request_headers)
            .field("response_headers", &settings.response_headers)
            .field("propagate_to", &settings.allows.is_some())
            .field("end_at_head", &settings.end_at_head)
            .finish_non_exhaustive()
    }
}

impl Telemetry {
    /// Makes client spans: what a [layer](ClientSpans::layer) or a [middleware](ClientSpans::reqwest_middleware) is made from
    /// that is not to be as [`client_layer`](Self::client_layer) and [`reqwest_middleware`](Self::reqwest_middleware) are.
    #[must_use]
    pub fn client_spans(&self) -> ClientSpans {
        let known_methods = self.settings().known_methods.clone();
        ClientSpans::new(self.tracer_provider(), self.propagators())
            .with(|settings| settings.known_methods = known_methods)
    }
}
