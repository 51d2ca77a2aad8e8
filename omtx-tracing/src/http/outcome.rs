//! How a request ended, as its span says it.

use std::borrow::Cow;

use omtx_http::{Class, End, EndKind, Slot};

/// What a span's end says of its request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The status that was sent; `None` if there was no response.
    pub(super) status: Option<u16>,
    pub(super) grpc_status: Option<u16>,
    /// Set if the request failed: the `error.type`.
    pub(super) error: Option<Cow<'static, str>>,
    /// Empty where the status says it all.
    pub(super) description: &'static str,
}

impl Outcome {
    pub(super) fn of(slot: &Slot, end: &End) -> Self {
        let status = slot.status().map(|status| status.as_u16());
        let (error, description) = match end.kind() {
            EndKind::Ok => (None, ""),
            EndKind::Error => (Some(server_error(status, end.grpc_status())), ""),
            EndKind::Cancelled => (
                Some("cancelled".into()),
                "the client went away before the response",
            ),
            EndKind::Aborted => (
                Some("aborted".into()),
                "the client went away during the response",
            ),
            EndKind::Panicked => (Some("panicked".into()), "the handler panicked"),
            EndKind::BodyError => (Some("body_error".into()), "a body failed"),
        };
        Self {
            status,
            grpc_status: end.grpc_status().filter(|_| slot.class() == Class::Grpc),
            error,
            description,
        }
    }
}

/// The status code, as text; of a gRPC call that came with 200, the name of its code; `error` for a service that failed
/// instead of answering.
fn server_error(status: Option<u16>, grpc: Option<u16>) -> Cow<'static, str> {
    match (status, grpc) {
        (Some(500), _) => "500".into(),
        (Some(502), _) => "502".into(),
        (Some(503), _) => "503".into(),
        (Some(504), _) => "504".into(),
        (Some(status @ 500..), _) => status.to_string().into(),
        (_, Some(code)) => grpc_code(code).into(),
        _ => "error".into(),
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
        assert_eq!(server_error(status, grpc), expected);
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
