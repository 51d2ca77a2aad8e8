//! What became of an attempt, as OTLP has it.

use std::time::Duration;

use http::StatusCode;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;

/// What became of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Taken, but for `rejected` records of it (OTLP, "Partial Success").
    Accepted {
        rejected: u64,
        message: Option<String>,
    },
    /// Not taken; another attempt may succeed, `after` this long if the collector said so.
    Retry {
        after: Option<Duration>,
        cause: String,
    },
    /// Not taken, and it never will be.
    Refused { cause: String },
    /// It was sent, perhaps in part, and no answer of the collector's own came: nobody knows whether it was taken. Another
    /// attempt may succeed, `after` this long if a gateway said so.
    Unknown {
        after: Option<Duration>,
        cause: String,
    },
}

/// Longer waits are taken for this one: no collector means them.
pub(super) const MAX_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A collector's words are cut here: they are shown and kept.
const MAX_WORDS: usize = 256;

impl Answer {
    pub(super) fn unknown(cause: impl Into<String>) -> Self {
        Self::Unknown {
            after: None,
            cause: cause.into(),
        }
    }

    pub(super) fn refused(cause: impl Into<String>) -> Self {
        Self::Refused {
            cause: cause.into(),
        }
    }

    /// What an `Export…ServiceResponse` says after a success.
    pub(super) fn accepted(response: &[u8]) -> Self {
        // All three responses have the same fields: partial_success 1 { rejected 1, error_message 2 }.
        let response = match ExportTraceServiceResponse::decode(response) {
            Ok(response) => response,
            Err(error) => {
                return Self::unknown(format!(
                    "success, with a body that is no Export…ServiceResponse: {error}"
                ));
            }
        };
        let partial = response.partial_success.unwrap_or_default();
        let message = words(&partial.error_message);
        Self::Accepted {
            // A negative number is nonsense; nothing is known to be lost.
            rejected: u64::try_from(partial.rejected_spans).unwrap_or(0),
            message: (!message.is_empty()).then_some(message),
        }
    }

    /// What an HTTP status other than success means (OTLP/HTTP, "Failures"; gRPC maps the same statuses to retryable codes,
    /// "HTTP to gRPC Status Code Mapping").
    pub(super) fn from_http(status: StatusCode, after: Option<Duration>, said: &str) -> Self {
        let said = words(said);
        let mut cause = status.to_string();
        if !said.is_empty() {
            cause = format!("{cause}: {said}");
        }
        match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                Self::Retry { after, cause }
            }
            // A gateway's words (RFC 9110, 15.6.3 and 15.6.5): the collector behind it gave no answer, and may have what it
            // was sent.
            StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => Self::Unknown { after, cause },
            _ => Self::Refused { cause },
        }
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
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
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
