//! The settings of client spans.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::Method;

use crate::semconv::{DEFAULT_REDACTED, KnownMethods};
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

/// Makes client spans: what they say, and to whom contexts are sent. Cheap to clone.
#[derive(Clone)]
pub struct ClientSpans {
    pub(super) tracer: Tracer,
    pub(super) propagators: Propagators,
    pub(super) redacted: Arc<[Cow<'static, str>]>,
    pub(super) allows: Option<Allows>,
    pub(super) end_at_head: bool,
    pub(super) known_methods: KnownMethods,
}

impl ClientSpans {
    /// Spans of this provider, and contexts in these formats.
    #[must_use]
    pub fn new(provider: &TracerProvider, propagators: &Propagators) -> Self {
        Self {
            tracer: crate::active::tracer(provider, "omtx_tracing::client"),
            propagators: propagators.clone(),
            redacted: DEFAULT_REDACTED.iter().map(|&name| name.into()).collect(),
            allows: None,
            end_at_head: false,
            known_methods: KnownMethods::default(),
        }
    }

    /// The query parameters whose values are written as `REDACTED` in `url.full`, in place of [`DEFAULT_REDACTED`]. Credentials
    /// before the host are always replaced.
    ///
    /// [`DEFAULT_REDACTED`]: crate::DEFAULT_REDACTED
    #[must_use]
    pub fn redact_query(
        mut self,
        names: impl IntoIterator<Item = impl Into<Cow<'static, str>>>,
    ) -> Self {
        self.redacted = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sends contexts and baggage only to the hosts that `allows` takes; to all by default. The others are called without,
    /// and their spans are recorded all the same.
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
    pub fn propagate_to(mut self, allows: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.allows = Some(Arc::new(allows));
        self
    }

    /// Ends spans with the head of the response instead of its body: for bodies that stay open, such as server-sent events. Off
    /// by default; upgraded connections end at their head in any case.
    #[must_use]
    pub fn end_at_head(mut self, end_at_head: bool) -> Self {
        self.end_at_head = end_at_head;
        self
    }

    /// Methods that are called by their names, instead of those of RFC 9110, `PATCH` and `QUERY`. Others are `_OTHER`, with the
    /// method as it was sent in `http.request.method_original`. `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS`.
    #[must_use]
    pub fn known_methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.known_methods = methods.into_iter().collect();
        self
    }
}

impl fmt::Debug for ClientSpans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSpans")
            .field("propagators", &self.propagators)
            .field("redact_query", &self.redacted)
            .field("propagate_to", &self.allows.is_some())
            .field("end_at_head", &self.end_at_head)
            .finish_non_exhaustive()
    }
}

impl Telemetry {
    /// Makes client spans: what a [layer](ClientSpans::layer) or a [middleware](ClientSpans::reqwest_middleware) is made from
    /// that is not to be as [`client_layer`](Self::client_layer) and [`reqwest_middleware`](Self::reqwest_middleware) are.
    #[must_use]
    pub fn client_spans(&self) -> ClientSpans {
        let mut spans = ClientSpans::new(self.tracer_provider(), self.propagators());
        spans.known_methods = self.settings().known_methods.clone();
        spans
    }
}
