//! What OTLP means by the parts of a response that gRPC and HTTP have in common.

use std::error::Error;
use std::time::Duration;

use http::StatusCode;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;

use super::Answer;

/// Longer waits are taken for this one: no collector means them.
pub(super) const MAX_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A collector's words are cut here: they are shown and kept.
const MAX_WORDS: usize = 256;

/// What an `Export…ServiceResponse` says after a success.
pub(super) fn accepted(response: &[u8]) -> Answer {
    // All three responses have the same fields: partial_success 1 { rejected 1, error_message 2 }.
    let response = match ExportTraceServiceResponse::decode(response) {
        Ok(response) => response,
        Err(error) => {
            return Answer::unknown(format!(
                "success, with a body that is no Export…ServiceResponse: {error}"
            ));
        }
    };
    let partial = response.partial_success.unwrap_or_default();
    let message = words(&partial.error_message);
    Answer::Accepted {
        // A negative number is nonsense; nothing is known to be lost.
        rejected: u64::try_from(partial.rejected_spans).unwrap_or(0),
        message: (!message.is_empty()).then_some(message),
    }
}

/// What an HTTP status other than success means (OTLP/HTTP, "Failures"; gRPC maps the same statuses to retryable codes,
/// "HTTP to gRPC Status Code Mapping").
pub(super) fn failure(status: StatusCode, after: Option<Duration>, said: &str) -> Answer {
    let said = words(said);
    let mut cause = status.to_string();
    if !said.is_empty() {
        cause = format!("{cause}: {said}");
    }
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            Answer::Retry { after, cause }
        }
        // A gateway's words (RFC 9110, 15.6.3 and 15.6.5): the collector behind it gave no answer, and may have what it
        // was sent.
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => Answer::Unknown { after, cause },
        _ => Answer::Refused { cause },
    }
}

/// A collector's words, fit to be shown: one line, of bounded length.
pub(super) fn words(said: &str) -> String {
    let mut out = String::with_capacity(said.len().min(MAX_WORDS));
    for c in said.trim().chars() {
        if out.len() + c.len_utf8() > MAX_WORDS {
            out.push('…');
            break;
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}

/// An error and what it came from, in one line.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut out = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        // Many errors repeat their source's words.
        if !out.contains(&text) {
            out = format!("{out}: {text}");
        }
        source = error.source();
    }
    words(&out)
}
