//! The beginning and the end of a request's span.

use http::{HeaderMap, Method, StatusCode, Version};
use opentelemetry::trace::{SpanKind, TraceContextExt};

use super::method::span_name;
use super::target::Target;
use super::{ClientSpans, UrlTemplate};
use crate::active::ActiveSpan;
use crate::context;
use crate::semconv::{Writer, protocol_version, status_text};
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
        let settings = &*self.settings;
        let name = span_name(&settings.known_methods, request.method, request.template);
        let span = ActiveSpan::begin_recorded(
            &settings.tracer,
            &parent,
            name,
            SpanKind::Client,
            Clock::now(),
            |span| {
                let mut writer = Writer::new(span);
                match settings.known_methods.name(request.method) {
                    Some(method) => writer.put("http.request.method", method),
                    None => {
                        writer.put("http.request.method", "_OTHER");
                        writer.text("http.request.method_original", request.method.as_str());
                    }
                }
                request.target.record(&mut writer, &settings.redacted);
                if let Some(UrlTemplate(template)) = request.template {
                    writer.put("url.template", template);
                }
                if request.resends > 0 {
                    writer.put("http.request.resend_count", request.resends);
                }
                writer.headers(&settings.request_headers, headers);
                settings.tracer.provider().count_truncated(writer.cuts());
            },
        );
        let allowed = match (&settings.allows, request.target.address()) {
            (None, _) => true,
            (Some(allows), Some(host)) => allows(host),
            (Some(_), None) => false,
        };
        match span {
            Ok(span) => {
                if allowed {
                    let propagators = &settings.propagators;
                    propagators.inject_headers(span.context(), headers);
                }
                Some(span)
            }
            Err(span) => {
                if allowed {
                    settings.propagators.inject_span(&parent, &span, headers);
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
        headers: &HeaderMap,
        body_is_over: bool,
    ) -> Option<ActiveSpan> {
        let settings = &*self.settings;
        span.set("http.response.status_code", i64::from(status.as_u16()));
        if let Some(version) = protocol_version(version) {
            span.set("network.protocol.version", version);
        }
        let captured = &settings.response_headers;
        let cuts = captured.record(&span.context().span(), headers);
        settings.tracer.provider().count_truncated(cuts);
        // To a client, 4xx is an error too (conventions for HTTP spans, "Status").
        if status.is_client_error() || status.is_server_error() {
            span.fail(status_text(status.as_u16()), "");
        }
        let over =
            body_is_over || settings.end_at_head || status == StatusCode::SWITCHING_PROTOCOLS;
        (!over).then_some(span)
    }
}
