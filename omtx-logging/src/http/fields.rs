//! What an access line says, in the words of each profile.

use std::time::Duration;

use omtx_http::{End, EndKind, Slot};

/// What was kept of the request for its line. Public only as the state of the observer.
#[derive(Debug, Default)]
pub struct Kept {
    pub(super) path: Option<String>,
    pub(super) user_agent: Option<String>,
}

/// Everything that a line can say.
pub(super) struct Facts<'a> {
    pub(super) slot: &'a Slot,
    pub(super) end: &'a End,
    pub(super) kept: Option<&'a Kept>,
    /// Set if the request took longer than it should.
    pub(super) slow: Option<bool>,
    /// Of how many successes this one stands for, where not all are written.
    pub(super) one_in: Option<u32>,
}

impl Facts<'_> {
    pub(super) fn path(&self) -> Option<&str> {
        self.kept.and_then(|kept| kept.path.as_deref())
    }

    pub(super) fn user_agent(&self) -> Option<&str> {
        self.kept.and_then(|kept| kept.user_agent.as_deref())
    }

    pub(super) fn message(&self) -> &'static str {
        match self.end.kind() {
            EndKind::Ok => "request completed",
            EndKind::Error => "request failed",
            EndKind::Cancelled => "request cancelled by the client",
            EndKind::Aborted => "response aborted by the client",
            EndKind::Panicked => "request panicked",
            EndKind::BodyError => "body failed",
        }
    }
}

/// Milliseconds as a line has them, to the microsecond.
pub(super) fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e3
}

/// A duration as protobuf writes it in JSON: `"1.5s"`.
pub(super) struct Seconds(pub(super) Duration);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}s", self.0.as_micros() as f64 / 1e6)
    }
}

/// The protocol as Google Cloud shows it.
pub(super) fn protocol(slot: &Slot) -> &'static str {
    match slot.version() {
        http::Version::HTTP_10 => "HTTP/1.0",
        http::Version::HTTP_2 => "HTTP/2",
        http::Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
}

/// `event.outcome` of the Elastic Common Schema.
pub(super) fn ecs_outcome(end: &End) -> &'static str {
    match end.kind() {
        EndKind::Ok => "success",
        EndKind::Cancelled | EndKind::Aborted => "unknown",
        EndKind::Error | EndKind::Panicked | EndKind::BodyError => "failure",
    }
}

/// A line in the words of this crate. The level is part of the callsite, and so is the list of fields; `tracing`'s macros
/// take no dotted name for the first of them.
macro_rules! plain {
    ($level:ident, $facts:expr) => {{
        let facts: &Facts<'_> = $facts;
        tracing::$level!(
            target: "omtx_logging::http",
            method = facts.slot.method().as_str(),
            endpoint = facts.slot.endpoint().as_str(),
            path = facts.path(),
            status = facts.end.status(),
            grpc_status = facts.end.grpc_status(),
            outcome = facts.end.kind().as_str(),
            slow = facts.slow,
            one_in = facts.one_in,
            user_agent = facts.user_agent(),
            request_bytes = facts.end.request_bytes(),
            response_bytes = facts.end.response_bytes(),
            performance.operation = "http_request",
            performance.duration_ms = millis(facts.end.duration()),
            performance.head_ms = facts.end.head_duration().map(millis),
            "{}", facts.message()
        )
    }};
}

/// The same with `httpRequest`, which Google Cloud shows beside the line (`google.logging.type.HttpRequest`: sizes are
/// strings, the latency has its unit).
macro_rules! google {
    ($level:ident, $facts:expr) => {{
        let facts: &Facts<'_> = $facts;
        tracing::$level!(
            target: "omtx_logging::http",
            endpoint = facts.slot.endpoint().as_str(),
            httpRequest.requestMethod = facts.slot.method().as_str(),
            httpRequest.requestUrl = facts.path().unwrap_or(facts.slot.endpoint().as_str()),
            httpRequest.status = facts.end.status(),
            httpRequest.requestSize = %facts.end.request_bytes(),
            httpRequest.responseSize = %facts.end.response_bytes(),
            httpRequest.userAgent = facts.user_agent(),
            httpRequest.latency = %Seconds(facts.end.duration()),
            httpRequest.protocol = protocol(facts.slot),
            grpc_status = facts.end.grpc_status(),
            outcome = facts.end.kind().as_str(),
            slow = facts.slow,
            one_in = facts.one_in,
            performance.operation = "http_request",
            performance.duration_ms = millis(facts.end.duration()),
            performance.head_ms = facts.end.head_duration().map(millis),
            "{}", facts.message()
        )
    }};
}

/// The same in the names of the Elastic Common Schema 8.11.
macro_rules! ecs {
    ($level:ident, $facts:expr) => {{
        let facts: &Facts<'_> = $facts;
        tracing::$level!(
            target: "omtx_logging::http",
            endpoint = facts.slot.endpoint().as_str(),
            http.request.method = facts.slot.method().as_str(),
            http.request.body.bytes = facts.end.request_bytes(),
            http.response.status_code = facts.end.status(),
            http.response.body.bytes = facts.end.response_bytes(),
            url.path = facts.path(),
            user_agent.original = facts.user_agent(),
            event.duration = u64::try_from(facts.end.duration().as_nanos()).unwrap_or(u64::MAX),
            event.outcome = ecs_outcome(facts.end),
            grpc_status = facts.end.grpc_status(),
            outcome = facts.end.kind().as_str(),
            slow = facts.slow,
            one_in = facts.one_in,
            "{}", facts.message()
        )
    }};
}

pub(super) use {ecs, google, plain};

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(micros: u64, latency: &str, ms: &str) {
        let duration = Duration::from_micros(micros) + Duration::from_nanos(999);
        assert_eq!(Seconds(duration).to_string(), latency);
        assert_eq!(millis(duration).to_string(), ms);
    }

    /// `google.protobuf.Duration` in JSON: digits, a point and at most nine more of them, and an `s`; never an exponent.
    #[test]
    fn latencies_are_seconds_to_the_microsecond() {
        check(0, "0s", "0");
        check(1, "0.000001s", "0.001");
        check(1_500_000, "1.5s", "1500");
        check(86_400_000_001, "86400.000001s", "86400000.001");
    }
}
