//! How a request ended.

use crate::Slot;
use std::fmt;
use std::time::{Duration, Instant};

/// How a request ended. Closed: every request ends in exactly one of these.
///
/// Where several apply, the earlier in this list wins: panicked, cancelled or aborted, body error, error, ok.
///
/// # Examples
///
/// ```
/// use omtx_http::EndKind;
///
/// let labels = EndKind::ALL.map(EndKind::as_str);
/// assert_eq!(labels, ["ok", "error", "cancelled", "aborted", "panicked", "body_error"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndKind {
    /// The response was produced and handed on to its end.
    Ok,
    /// The same, but it says that the server failed: a 5xx status, a `grpc-status` that is the server's fault
    /// (`UNKNOWN` 2, `DEADLINE_EXCEEDED` 4, `UNIMPLEMENTED` 12, `INTERNAL` 13, `UNAVAILABLE` 14, `DATA_LOSS` 15), or an
    /// `Err` from the inner service instead of a response.
    Error,
    /// The future was dropped before there was a response: the client went away, or a timeout outside this layer fired.
    Cancelled,
    /// The response body was dropped before its end: the client went away in the middle of it.
    Aborted,
    /// The handler or a body panicked: when it was called or polled, or, if the request had not ended, when it was dropped.
    Panicked,
    /// The response body yielded an error; or it was handed on to its end, but the request body had yielded an error to
    /// the handler (a broken upload), whatever status the handler made of that.
    BodyError,
}

impl EndKind {
    /// Every value, in declaration order: the closed label set of a metric.
    pub const ALL: [Self; 6] = [
        Self::Ok,
        Self::Error,
        Self::Cancelled,
        Self::Aborted,
        Self::Panicked,
        Self::BodyError,
    ];

    /// The kind in lower case, as a label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::Aborted => "aborted",
            Self::Panicked => "panicked",
            Self::BodyError => "body_error",
        }
    }
}

impl fmt::Display for EndKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The end of one request: what happened, how long it took, how much went over.
///
/// # Examples
///
/// ```
/// use omtx_http::{End, ObserveLayer, Slot, on_end};
/// use std::sync::mpsc;
///
/// fn line(slot: &Slot, end: &End) -> String {
///     format!("{} {} {} {}", slot.method(), slot.endpoint(), end.status(), end.kind())
/// }
///
/// let (lines, seen) = mpsc::channel();
/// let layer = ObserveLayer::new(on_end(move |slot, end| {
///     let _ = lines.send(line(slot, end));
/// }));
///
/// # use http::{Request, Response};
/// # use http_body_util::Empty;
/// # use tower::{Layer, Service, service_fn};
/// let mut service = layer.layer(service_fn(async |_request: Request<_>| {
///     Ok::<_, std::convert::Infallible>(Response::new(Empty::<&[u8]>::new()))
/// }));
/// drop(service.call(Request::new(Empty::<&[u8]>::new())));
/// assert_eq!(seen.recv()?, "GET unmatched 499 cancelled");
/// # Ok::<_, mpsc::RecvError>(())
/// ```
#[derive(Clone, Debug)]
pub struct End {
    kind: EndKind,
    status: u16,
    grpc_status: Option<u16>,
    duration: Duration,
    head_duration: Option<Duration>,
    request_bytes: u64,
    response_bytes: u64,
}

/// nginx's number for "client closed request"; nothing is sent, so no registered code applies.
const CLIENT_CLOSED_REQUEST: u16 = 499;
const INTERNAL_SERVER_ERROR: u16 = 500;

impl End {
    pub(crate) fn new(kind: EndKind, slot: &Slot, at: Instant) -> Self {
        let head_status = slot.status().map(|status| status.as_u16());
        let status = match kind {
            EndKind::Panicked => INTERNAL_SERVER_ERROR,
            EndKind::Cancelled => CLIENT_CLOSED_REQUEST,
            // Without a head, what is left is the service that failed instead of answering.
            _ => head_status.unwrap_or(INTERNAL_SERVER_ERROR),
        };
        Self {
            kind,
            status,
            grpc_status: slot.grpc_status(),
            duration: at.saturating_duration_since(slot.started()),
            head_duration: slot
                .head_at()
                .map(|head| head.saturating_duration_since(slot.started())),
            request_bytes: slot.request_bytes(),
            response_bytes: slot.response_bytes(),
        }
    }

    /// How the request ended.
    #[must_use]
    pub const fn kind(&self) -> EndKind {
        self.kind
    }

    /// The status to record: that of the response head, 499 for a cancelled request, 500 for a panicked one and for a
    /// service that failed without a response.
    ///
    /// A panic in the middle of a response body is 500 too, although the client has read another status by then;
    /// [`Slot::status`] tells that one.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The `grpc-status` of a gRPC response, from its trailers, or from its head if it is "trailers-only".
    ///
    /// `None` for anything but gRPC, when the exchange broke off before the trailers, and for gRPC-Web, which hides
    /// its trailers in the body. Such a response is judged by its HTTP status.
    #[must_use]
    pub const fn grpc_status(&self) -> Option<u16> {
        self.grpc_status
    }

    /// From the moment the request came in to the end of the response body.
    #[must_use]
    pub const fn duration(&self) -> Duration {
        self.duration
    }

    /// From the moment the request came in to the response head; `None` if there was none.
    #[must_use]
    pub const fn head_duration(&self) -> Option<Duration> {
        self.head_duration
    }

    /// Bytes of request body that the handler read: content, without framing. 0 if it read none.
    #[must_use]
    pub const fn request_bytes(&self) -> u64 {
        self.request_bytes
    }

    /// Bytes of response body handed on to the server: content, without framing. 0 for a response to `HEAD`.
    #[must_use]
    pub const fn response_bytes(&self) -> u64 {
        self.response_bytes
    }
}
