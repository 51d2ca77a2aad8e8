//! Google Cloud Logging. The keys are those of "Structured logging: special fields in the message", which the Ops Agent,
//! GKE's fluent-bit and Cloud Run read and take out of the payload.

use omtx_context::TraceContext;

use super::layout::{Service, Site, string};

pub(super) const RESERVED: &[&str] = &[
    "severity",
    "time",
    "logging.googleapis.com/trace",
    "logging.googleapis.com/spanId",
    "logging.googleapis.com/trace_sampled",
    "logging.googleapis.com/sourceLocation",
];

/// `line` is a string: the API's `LogEntrySourceLocation` is an int64 in proto3's JSON.
pub(super) fn source_location(out: &mut Vec<u8>, site: &Site<'_>) {
    let (Some(file), Some(line)) = (site.file, site.line) else {
        return;
    };
    string(
        out,
        r#","logging.googleapis.com/sourceLocation":{"file""#,
        file,
    );
    string(out, r#","line""#, &line.to_string());
    out.push(b'}');
}

pub(super) fn trace(out: &mut Vec<u8>, trace: &TraceContext, service: &Service) {
    out.extend_from_slice(br#","logging.googleapis.com/trace":""#);
    out.extend_from_slice(&service.trace_prefix);
    out.extend_from_slice(&trace.trace_id().to_hex());
    out.extend_from_slice(br#"","logging.googleapis.com/spanId":""#);
    out.extend_from_slice(&trace.span_id().to_hex());
    out.extend_from_slice(br#"","logging.googleapis.com/trace_sampled":"#);
    out.extend_from_slice(if trace.is_sampled() {
        b"true"
    } else {
        b"false"
    });
}
