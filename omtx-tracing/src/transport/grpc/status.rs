//! What a gRPC response means: `grpc-status`, and what stands beside it.

use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::{HeaderMap, StatusCode};
use percent_encoding::percent_decode;
use prost::Message;

use super::{CONTENT_TYPE, PREFIX};
use crate::transport::Answer;
use crate::transport::client::Reply;
use crate::transport::headers::{content_type, is_of_type};
use crate::transport::meaning::{MAX_AFTER, accepted, failure, words};

/// Senders may pad, or not (gRPC, "Requests").
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The names of the codes, in order.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// `google.rpc.Status`, as far as it is read.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

/// What a response means (OTLP/gRPC, "Failures").
pub(crate) fn answer(reply: &Reply) -> Answer {
    // In the trailers, or in the head if there is neither body nor trailers ("Trailers-Only").
    let trailers = reply.trailers.as_ref().unwrap_or(&reply.headers);
    let Some(status) = trailers.get("grpc-status") else {
        return without_status(reply);
    };
    let code = status.to_str().ok().and_then(|code| code.parse().ok());
    let name = code.and_then(|code: usize| CODES.get(code));
    // "UNKNOWN" is what clients make of codes that they do not know.
    let name = name.copied().unwrap_or("UNKNOWN");
    if name == "OK" {
        return match message(reply) {
            Ok(message) => accepted(message),
            Err(cause) => Answer::unknown(format!("OK, {cause}")),
        };
    }
    let said = trailers.get("grpc-message").map(|said| {
        let said = percent_decode(said.as_bytes());
        words(&said.decode_utf8_lossy())
    });
    let cause = match said {
        Some(said) if !said.is_empty() => format!("{name}: {said}"),
        _ => name.to_owned(),
    };
    let after = retry_delay(trailers);
    match name {
        // Whoever says so gave up waiting for the one who works on it ("may be returned even if the operation has completed
        // successfully").
        "CANCELLED" | "DEADLINE_EXCEEDED" => Answer::Unknown { after, cause },
        "ABORTED" | "OUT_OF_RANGE" | "UNAVAILABLE" | "DATA_LOSS" => Answer::Retry { after, cause },
        // "Only if the server signals that recovery is possible", which RetryInfo does.
        "RESOURCE_EXHAUSTED" if after.is_some() => Answer::Retry { after, cause },
        _ => Answer::Refused { cause },
    }
}

/// A response that is not gRPC's, or not all of one.
fn without_status(reply: &Reply) -> Answer {
    if reply.status != StatusCode::OK {
        return failure(reply.status, None, "");
    }
    if !is_of_type(&reply.headers, CONTENT_TYPE) {
        return Answer::refused(format!(
            "{} with {}; expected {CONTENT_TYPE}",
            reply.status,
            content_type(&reply.headers)
        ));
    }
    let broken = reply.broken.as_deref();
    Answer::unknown(broken.unwrap_or("the response ended without a grpc-status"))
}

/// The one message of a successful response.
fn message(reply: &Reply) -> Result<&[u8], &'static str> {
    let Some((prefix, message)) = reply.body.split_first_chunk::<PREFIX>() else {
        return Err("without a message");
    };
    let [compressed, len @ ..] = *prefix;
    if compressed != 0 {
        return Err("with a compressed message, which was not asked for");
    }
    match usize::try_from(u32::from_be_bytes(len)) {
        Ok(len) if len == message.len() => Ok(message),
        _ => Err("with a message that is not as long as it says"),
    }
}

/// How long to wait, if the status has a `RetryInfo`. Details that cannot be read are not there.
fn retry_delay(trailers: &HeaderMap) -> Option<Duration> {
    let details = trailers.get("grpc-status-details-bin")?;
    let details = BASE64.decode(details.as_bytes()).ok()?;
    let status = Status::decode(&*details).ok()?;
    let is_retry_info = |any: &&Any| any.type_url.ends_with("/google.rpc.RetryInfo");
    let info = status.details.iter().find(is_retry_info)?;
    let delay = RetryInfo::decode(&*info.value).ok()?.retry_delay?;
    // Less than no time is none.
    let seconds = Duration::from_secs(u64::try_from(delay.seconds).unwrap_or(0));
    let nanos = Duration::from_nanos(u64::try_from(delay.nanos).unwrap_or(0));
    Some(seconds.saturating_add(nanos).min(MAX_AFTER))
}
