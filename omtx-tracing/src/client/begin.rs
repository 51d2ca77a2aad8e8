//! The beginning and the end of a request's span.

use std::borrow::Cow;

use http::{HeaderMap, Method, StatusCode, Version};
use opentelemetry::trace::SpanKind;

use super::method::span_name;
use super::target::Target;
use super::{ClientSpans, UrlTemplate};
use crate::active::ActiveSpan;
use crate::context;
use crate::semconv::protocol_version;
use crate::span::Clock;

/// What a span says of a request before it is sent.
pub(super) struct Outgoing<'r> {
    pub(super) method: &'r Method,
    pub(super) target: Target<'r>,
    pub(super) template: Option<UrlTemplate>,
    /// How often the same request was sent before.
    pub(super) resends: u32,
}

impl ClientSpans {
    /// Begins the span of a request, and writes its context to `headers`; `None` if it is not recorded.
    pub(super) fn begin(
        &self,
        request: &Outgoing<'_>,
        headers: &mut HeaderMap,
    ) -> Option<ActiveSpan> {
        let parent = context::current();
        if parent.is_telemetry_suppressed() {
            return None;
        }
        let name = span_name(&self.known_methods, request.method, request.template);
        let span = ActiveSpan::begin_recorded(
            &self.tracer,
            &parent,
            &name,
            SpanKind::Client,
            Clock::now(),
            |span| {
                match self.known_methods.name(request.method) {
                    Some(method) => span.attribute("http.request.method", method),
                    None => {
                        span.attribute("http.request.method", "_OTHER");
                        span.attribute("http.request.method_original", request.method.as_str());
                    }
                }
                request.target.record(span, &self.redacted);
                if let Some(UrlTemplate(template)) = request.template {
                    span.attribute("url.template", template);
                }
                if request.resends > 0 {
                    span.attribute("http.request.resend_count", request.resends);
                }
            },
        );
        let allowed = match (&self.allows, request.target.address()) {
            (None, _) => true,
            (Some(allows), Some(host)) => allows(host),
            (Some(_), None) => false,
        };
        match span {
            Ok(span) => {
                if allowed {
                    self.propagators.inject_headers(span.context(), headers);
                }
                Some(span)
            }
            Err(span) => {
                if allowed {
                    self.propagators.inject_span(&parent, &span, headers);
                }
                None
            }
        }
    }

    /// What the head of a response says. Gives the span back where it goes on to the body's end.
    pub(super) fn head(
        &self,
        span: ActiveSpan,
        status: StatusCode,
        version: Version,
        body_is_over: bool,
    ) -> Option<ActiveSpan> {
        span.set("http.response.status_code", i64::from(status.as_u16()));
        if let Some(version) = protocol_version(version) {
            span.set("network.protocol.version", version);
        }
        // To a client, 4xx is an error too (conventions for HTTP spans, "Status").
        if status.is_client_error() || status.is_server_error() {
            span.fail(status_text(status), "");
        }
        let over = body_is_over || self.end_at_head || status == StatusCode::SWITCHING_PROTOCOLS;
        (!over).then_some(span)
    }
}

fn status_text(status: StatusCode) -> Cow<'static, str> {
    match status.as_u16() {
        404 => "404".into(),
        429 => "429".into(),
        500 => "500".into(),
        503 => "503".into(),
        other => other.to_string().into(),
    }
}
