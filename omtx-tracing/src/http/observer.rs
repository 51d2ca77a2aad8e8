//! From a request's headers to the end of its span.

use std::time::SystemTime;

use http::{HeaderName, HeaderValue, Request, Response};
use omtx_context::TraceContext;
use omtx_http::{End, EndKind, Observer, RequestHead, Slot};
use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceContextExt, TraceState};
use opentelemetry::{Context, KeyValue};

use super::ServerSpans;
use super::attributes::{method, route};
use super::name;
use super::outcome::Outcome;
use crate::context::{in_both, trace_of};
use crate::semconv::Writer;
use crate::span::{Clock, Decision, Span, end_at};

const TRACE_RESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// What one request carries: its context, and whether a span is open in it. Public only as the state of the observer.
#[derive(Debug)]
pub struct ServerSpan {
    context: Context,
    trace: Option<TraceContext>,
    recording: bool,
}

impl Observer for ServerSpans {
    type State = ServerSpan;

    fn on_request<B>(&self, request: &mut Request<B>, slot: &mut Slot) -> ServerSpan {
        let head = RequestHead::from(&*request);
        let extracted = self.propagators.extract_headers(head.headers());
        let around = Context::current();
        let here = around.span();
        let local = Some(here.span_context()).filter(|context| context.is_valid());
        let remote = extracted.span_context();
        let (parent, link) = match self.options.public {
            false => (remote.or(local), None),
            true => (local, remote),
        };

        let provider = self.tracer.provider();
        let left_out =
            self.options.skips(head, slot.endpoint().as_str()) || around.is_telemetry_suppressed();
        let compose = || name::compose(method(&self.options, head), route(slot));
        // Before it is known whether a span keeps it, only those who read it need the name.
        let told = (!left_out && provider.sampler().reads_names(parent)).then(compose);
        let decision = if left_out {
            provider.decide_against(parent)
        } else {
            let name = told.as_deref().unwrap_or_default();
            provider.decide(parent, name, &SpanKind::Server)
        };
        let state = parent.map_or(TraceState::NONE, |parent| parent.trace_state().clone());
        let context = if decision.recording {
            let name = told.unwrap_or_else(compose);
            around.with_span(self.begin(head, slot, &decision, state, name, link))
        } else {
            if let Some(name) = told {
                name::recycle(name);
            }
            around.with_remote_span_context(decision.span_context(state))
        };
        let context = match self.options.public {
            false => extracted.carry_into(context),
            true => context,
        };

        let trace = trace_of(context.span().span_context());
        if let Some(trace) = trace {
            slot.set_trace(trace);
        }
        ServerSpan {
            context,
            trace,
            recording: decision.recording,
        }
    }

    fn on_response<B>(&self, state: &mut ServerSpan, response: &mut Response<B>, _: &mut Slot) {
        if state.recording {
            let headers = &self.options.response_headers;
            let cuts = headers.record(&state.context.span(), response.headers());
            self.tracer.provider().count_truncated(cuts);
        }
        if let (Some(trace), true) = (state.trace, self.options.trace_response) {
            if let Ok(value) = HeaderValue::try_from(trace.to_string()) {
                response.headers_mut().insert(TRACE_RESPONSE, value);
            }
        }
    }

    fn on_end(&self, state: ServerSpan, slot: &mut Slot, end: &End) {
        if !state.recording {
            return;
        }
        let span = state.context.span();
        let outcome = Outcome::of(slot, end);
        if let Some(status) = outcome.status {
            span.set_attribute(KeyValue::new(
                "http.response.status_code",
                i64::from(status),
            ));
        }
        if let Some(status) = outcome.grpc_status {
            span.set_attribute(KeyValue::new("rpc.grpc.status_code", i64::from(status)));
        }
        let size = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
        if self.options.body_sizes {
            span.set_attribute(KeyValue::new(
                "http.request.body.size",
                size(end.request_bytes()),
            ));
            span.set_attribute(KeyValue::new(
                "http.response.body.size",
                size(end.response_bytes()),
            ));
        }
        let mut description = "";
        if let Some(failure) = outcome.failure {
            span.set_attribute(KeyValue::new("error.type", failure.error_type));
            span.set_status(Status::error(""));
            description = failure.description;
        }
        match end.kind() {
            EndKind::Ok | EndKind::Error => {}
            EndKind::Panicked => {
                span.add_event("exception", vec![KeyValue::new("exception.type", "panic")]);
            }
            EndKind::Cancelled => span.add_event(end.kind().as_str(), Vec::new()),
            kind @ (EndKind::Aborted | EndKind::BodyError) => {
                let size = KeyValue::new("http.response.body.size", size(end.response_bytes()));
                span.add_event(kind.as_str(), vec![size]);
            }
        }
        end_at(&span, slot.started() + end.duration(), description);
    }

    fn in_scope<R>(&self, state: &mut ServerSpan, poll: impl FnOnce() -> R) -> R {
        in_both(&state.context, state.trace, poll)
    }
}

impl ServerSpans {
    /// The span of a request that is recorded.
    fn begin(
        &self,
        request: RequestHead<'_>,
        slot: &Slot,
        decision: &Decision,
        state: TraceState,
        name: String,
        link: Option<&SpanContext>,
    ) -> Span {
        let clock = Clock::at(SystemTime::now(), slot.started());
        let kind = &SpanKind::Server;
        let mut span = self
            .tracer
            .start_decided(decision, state, name, kind, clock);
        let mut writer = Writer::new(&mut span);
        writer.request(&self.options, request, slot, self.options.peer(request));
        self.tracer.provider().count_truncated(writer.cuts());
        if let Some(link) = link {
            opentelemetry::trace::Span::add_link(&mut span, link.clone(), Vec::new());
        }
        span
    }
}
