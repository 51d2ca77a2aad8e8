//! B3, Zipkin's format, in its two forms. Both are read, the single header first, as OpenTelemetry's specification of B3 asks.
//!
//! ```text
//! b3: 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1
//!
//! x-b3-traceid: 80f198ee56343ba864fe8b2a57d3eff7
//! x-b3-spanid: e457b5a2e4d86bd1
//! x-b3-sampled: 1
//! ```
//!
//! A trace without a sampling state leaves the decision to whoever reads it, which a span context cannot say: it is not
//! sampled. A header that has a state and no ids begins no trace.

use http::HeaderName;
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

use super::carrier::{
    B3, Single, Sink, Source, X_B3_FLAGS, X_B3_SAMPLED, X_B3_SPANID, X_B3_TRACEID,
};
use super::hex;
use super::rejected::Rejected;

/// Of no use to us, and taken away with the rest of what a former hop wrote.
static X_B3_PARENTSPANID: HeaderName = HeaderName::from_static("x-b3-parentspanid");

/// In a context: this trace is to be recorded by everyone, and the next hop is to be told. "MUST preserve a debug trace flag"
/// (OpenTelemetry, "B3 Extract"): also where nobody here records it.
#[derive(Debug)]
pub(super) struct Debug {
    trace_id: TraceId,
}

impl Debug {
    /// A context may have begun another trace since.
    fn holds_for(debug: Option<&Self>, span: &SpanContext) -> bool {
        debug.is_some_and(|debug| debug.trace_id == span.trace_id())
    }
}

/// Whether anything was there, and whether it could be read.
enum Found {
    Nothing,
    Malformed,
    Parent(SpanContext, Option<Debug>),
}

/// The remote parent, and whether its trace is a debug trace.
pub(super) fn extract(
    source: &impl Source,
    rejected: &Rejected,
) -> Option<(SpanContext, Option<Debug>)> {
    for form in [single, multi] {
        match form(source) {
            Found::Nothing => {}
            Found::Malformed => rejected.b3(),
            Found::Parent(parent, debug) => return Some((parent, debug)),
        }
    }
    None
}

fn single(source: &impl Source) -> Found {
    let value = match source.single(&B3) {
        Single::Absent => return Found::Nothing,
        Single::Repeated => return Found::Malformed,
        Single::Value(value) => value,
    };
    let mut parts = value.split(|byte| *byte == b'-');
    let (first, second, state) = (parts.next(), parts.next(), parts.next());
    let (Some(trace_id), Some(span_id)) = (first, second) else {
        return match value {
            b"0" | b"1" | b"d" => Found::Nothing,
            _ => Found::Malformed,
        };
    };
    let state = match state {
        None | Some(b"0") => State::Dropped,
        Some(b"1") => State::Sampled,
        Some(b"d") => State::Debug,
        Some(_) => return Found::Malformed,
    };
    // The parent's own parent is of no use here, but it has to be an id.
    let grandparent = parts.next().is_none_or(|id| parse_id(id, &[16]).is_some());
    if !grandparent || parts.next().is_some() {
        return Found::Malformed;
    }
    parent(trace_id, span_id, state)
}

fn multi(source: &impl Source) -> Found {
    let (trace_id, span_id) = match (source.single(&X_B3_TRACEID), source.single(&X_B3_SPANID)) {
        (Single::Absent, Single::Absent) => return Found::Nothing,
        (Single::Value(trace_id), Single::Value(span_id)) => (trace_id, span_id),
        _ => return Found::Malformed,
    };
    let debug = matches!(source.single(&X_B3_FLAGS), Single::Value(b"1"));
    let state = match source.single(&X_B3_SAMPLED) {
        _ if debug => State::Debug,
        // "true" and "false" were sent by early tracers; B3 asks to read them.
        Single::Value(b"1" | b"true") => State::Sampled,
        Single::Absent | Single::Value(b"0" | b"false") => State::Dropped,
        _ => return Found::Malformed,
    };
    parent(trace_id, span_id, state)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Dropped,
    Sampled,
    Debug,
}

fn parent(trace_id: &[u8], span_id: &[u8], state: State) -> Found {
    // Trace ids of 64 bits are those of 128 whose upper half is zero.
    let (Some(trace_id), Some(span_id)) = (parse_id(trace_id, &[16, 32]), parse_id(span_id, &[16]))
    else {
        return Found::Malformed;
    };
    let flags = match state {
        State::Dropped => TraceFlags::NOT_SAMPLED,
        State::Sampled | State::Debug => TraceFlags::SAMPLED,
    };
    let trace_id = TraceId::from(trace_id);
    let context = SpanContext::new(
        trace_id,
        SpanId::from(span_id as u64),
        flags,
        true,
        TraceState::NONE,
    );
    let debug = (state == State::Debug).then_some(Debug { trace_id });
    Found::Parent(context, debug)
}

fn parse_id(digits: &[u8], lengths: &[usize]) -> Option<u128> {
    lengths
        .contains(&digits.len())
        .then(|| hex::parse(digits))?
        .filter(|id| *id != 0)
}

/// Takes away what a former hop wrote in one header, which whoever reads both forms would believe.
pub(super) fn remove_single(sink: &mut impl Sink) {
    sink.remove(&B3);
}

/// The same of the other form.
pub(super) fn remove_multi(sink: &mut impl Sink) {
    for name in [
        &X_B3_TRACEID,
        &X_B3_SPANID,
        &X_B3_PARENTSPANID,
        &X_B3_SAMPLED,
        &X_B3_FLAGS,
    ] {
        sink.remove(name);
    }
}

pub(super) fn inject_single(span: &SpanContext, debug: Option<&Debug>, sink: &mut impl Sink) {
    let mut out = *b"00000000000000000000000000000000-0000000000000000-0";
    hex::write(&span.trace_id().to_bytes(), &mut out);
    hex::write(&span.span_id().to_bytes(), &mut out[33..]);
    out[50] = match (Debug::holds_for(debug, span), span.is_sampled()) {
        (true, _) => b'd',
        (false, true) => b'1',
        (false, false) => b'0',
    };
    sink.put(&B3, hex::text(&out));
}

pub(super) fn inject_multi(span: &SpanContext, debug: Option<&Debug>, sink: &mut impl Sink) {
    let mut out = [0; 32];
    hex::write(&span.trace_id().to_bytes(), &mut out);
    sink.put(&X_B3_TRACEID, hex::text(&out));
    hex::write(&span.span_id().to_bytes(), &mut out);
    sink.put(&X_B3_SPANID, hex::text(&out[..16]));
    sink.remove(&X_B3_PARENTSPANID);
    // "Debug implies an accept decision, so don't also send the X-B3-Sampled header" (B3, "Debug Flag").
    if Debug::holds_for(debug, span) {
        sink.put(&X_B3_FLAGS, "1".to_owned());
        sink.remove(&X_B3_SAMPLED);
    } else {
        let sampled = if span.is_sampled() { "1" } else { "0" };
        sink.put(&X_B3_SAMPLED, sampled.to_owned());
        sink.remove(&X_B3_FLAGS);
    }
}
