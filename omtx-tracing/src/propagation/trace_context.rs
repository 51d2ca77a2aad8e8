//! W3C Trace Context, level 2: `traceparent`, and `tracestate` beside it.
//!
//! ```text
//! traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03
//! tracestate: congo=t61rcWkgMzE,rojo=00f067aa0ba902b7
//! ```

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId};

use super::carrier::{Single, Sink, Source, TRACEPARENT, TRACESTATE};
use super::hex;
use super::rejected::Rejected;
use super::tracestate::{self, Verbatim};

/// `version "-" trace-id "-" parent-id "-" trace-flags`, the length of version 00 (section 3.2.2.2).
const LEN: usize = 55;

/// Sampled and random: the flags that level 2 knows. "The behavior of other flags is not defined and is reserved for future
/// use. Vendors MUST set those to zero" (section 3.2.2.5.3).
const KNOWN_FLAGS: u8 = 0x03;

/// The remote parent, if the headers name one; and its `tracestate` where OpenTelemetry's type does not hold it.
pub(super) fn extract(
    source: &impl Source,
    rejected: &Rejected,
) -> Option<(SpanContext, Option<Verbatim>)> {
    let parsed = match source.single(&TRACEPARENT) {
        Single::Absent => return None,
        Single::Value(value) => parse(value),
        // Several would leave open which is meant: the trace is restarted.
        Single::Repeated => None,
    };
    let Some((trace_id, span_id, flags)) = parsed else {
        rejected.traceparent();
        return None;
    };
    // "If the vendor failed to parse traceparent, it MUST NOT attempt to parse tracestate" (section 3.3).
    let (state, verbatim) = tracestate::extract(source.values(&TRACESTATE), trace_id, rejected);
    let context = SpanContext::new(trace_id, span_id, flags, true, state);
    Some((context, verbatim))
}

fn parse(header: &[u8]) -> Option<(TraceId, SpanId, TraceFlags)> {
    let (head, rest) = header.split_at_checked(LEN)?;
    // Version ff is forbidden (section 3.2.2.1). Of a higher one than ours that is read which version 00 has: "Vendors MUST check
    // that the 2 characters are either at the end of the string or followed by a dash" (section 3.2.4).
    match hex::parse(&head[..2])? {
        0xff => return None,
        0 if !rest.is_empty() => return None,
        _ if !matches!(rest, [] | [b'-', ..]) => return None,
        _ => {}
    }
    if head[2] != b'-' || head[35] != b'-' || head[52] != b'-' {
        return None;
    }
    let trace_id = hex::parse(&head[3..35])?;
    let span_id = hex::parse(&head[36..52])? as u64;
    let flags = hex::parse(&head[53..])? as u8;
    // "All bytes as zero is considered an invalid value" (sections 3.2.2.3 and 3.2.2.4).
    if trace_id == 0 || span_id == 0 {
        return None;
    }
    let flags = TraceFlags::new(flags & KNOWN_FLAGS);
    Some((TraceId::from(trace_id), SpanId::from(span_id), flags))
}

/// Writes a valid span context; one without a `tracestate` takes away the one that a request was made with, since it belongs
/// to another trace.
pub(super) fn inject(span: &SpanContext, verbatim: Option<&Verbatim>, sink: &mut impl Sink) {
    sink.put(&TRACEPARENT, traceparent(span));
    match tracestate::header(span, verbatim) {
        Some(state) => sink.put(&TRACESTATE, state),
        None => sink.remove(&TRACESTATE),
    }
}

/// Version 00, whichever came in: "Vendors MUST use these fields to construct the new traceparent field according to the highest
/// version of the specification known to the implementation" (section 3.2.4).
pub(crate) fn traceparent(span: &SpanContext) -> String {
    let mut out = *b"00-00000000000000000000000000000000-0000000000000000-00";
    hex::write(&span.trace_id().to_bytes(), &mut out[3..]);
    hex::write(&span.span_id().to_bytes(), &mut out[36..]);
    hex::write(&[span.trace_flags().to_u8() & KNOWN_FLAGS], &mut out[53..]);
    hex::text(&out)
}
