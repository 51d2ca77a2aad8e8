//! How a request ended, as its span says it.

use std::borrow::Cow;

use omtx_http::{Class, End, EndKind, Slot};

use crate::semconv::status_text;

/// What a span's end says of its request.
pub(super) struct Outcome {
    /// The status that was sent; `None` if there was no response.
    pub(super) status: Option<u16>,
    pub(super) grpc_status: Option<u16>,
    pub(super) failure: Option<Failure>,
}

/// Why a request failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) error_type: Cow<'static, str>,
    /// For people. Empty where a status code says it all: "SHOULD NOT set the span status description if the reason can be
    /// inferred from `http.response.status_code`" (conventions for HTTP spans, "Status").
    pub(super) description: &'static str,
}

impl Outcome {
    pub(super) fn of(slot: &Slot, end: &End) -> Self {
        let status = slot.status().map(|status| status.as_u16());
        let failed = |error_type: &'static str, description| {
            Some(Failure {
                error_type: error_type.into(),
                description,
            })
        };
        let failure = match end.kind() {
            EndKind::Ok => None,
            EndKind::Error => Some(server_error(status, end.grpc_status())),
            EndKind::Cancelled => failed(
                "cancelled",
                "dropped before the response: the client went away, or a timeout fired",
            ),
            EndKind::Aborted => failed(
                "aborted",
                "the response was dropped before its end: the client went away",
            ),
            EndKind::Panicked => failed("panicked", "the handler or a body panicked"),
            EndKind::BodyError => failed(
                "body_error",
                "the body of the request or of the response broke off",
            ),
        };
        Self {
            status,
            grpc_status: end.grpc_status().filter(|_| slot.class() == Class::Grpc),
            failure,
        }
    }
}

/// The status code, as text; of a gRPC call that came with 200, the name of its code; `error` for a service that failed
/// instead of answering.
fn server_error(status: Option<u16>, grpc: Option<u16>) -> Failure {
    let (error_type, description) = match (status, grpc) {
        (Some(status @ 500..), _) => (status_text(status), ""),
        (_, Some(code)) => (grpc_code(code).into(), ""),
        _ => ("error".into(), "the service failed instead of answering"),
    };
    Failure {
        error_type,
        description,
    }
}

/// The names of gRPC's status codes that are the server's fault (`omtx_http::EndKind::Error`).
fn grpc_code(code: u16) -> &'static str {
    match code {
        2 => "UNKNOWN",
        4 => "DEADLINE_EXCEEDED",
        12 => "UNIMPLEMENTED",
        13 => "INTERNAL",
        14 => "UNAVAILABLE",
        15 => "DATA_LOSS",
        _ => "_OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: Option<u16>, grpc: Option<u16>, expected: &str) {
        assert_eq!(server_error(status, grpc).error_type, expected);
    }

    #[test]
    fn an_error_is_called_by_its_code() {
        check(Some(500), None, "500");
        check(Some(503), None, "503");
        check(Some(599), None, "599");
        check(Some(503), Some(14), "503");
        check(Some(200), Some(14), "UNAVAILABLE");
        check(None, None, "error");
    }
}
