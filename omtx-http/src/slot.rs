//! What all observers of one request share.

use crate::request_body::Upload;
use crate::{Class, Endpoint, Method};
use http::{StatusCode, Version};
use omtx_context::{Scope, TraceContext};
use std::sync::Arc;
use std::time::Instant;

/// What all observers of one request share: the facts of the exchange so far.
///
/// It lies inline in the future and then in the response body, so that handing something from one observer to the next
/// costs nothing.
///
/// # Examples
///
/// One observer opens the request's scope, another finds it:
///
/// ```
/// use omtx_context::Scope;
/// use omtx_http::{End, ObserveLayer, Observer, Slot, on_end};
/// use std::sync::mpsc;
///
/// struct Opens;
///
/// impl Observer for Opens {
///     type State = ();
///
///     fn on_request<B>(&self, _request: &mut http::Request<B>, slot: &mut Slot) {
///         slot.set_scope(Scope::root().with("request_id", "r-1").build());
///     }
///
///     fn on_end(&self, (): (), _slot: &mut Slot, _end: &End) {}
/// }
///
/// let (ids, seen) = mpsc::channel();
/// let finds = on_end(move |slot, _end| {
///     let _ = ids.send(slot.scope().and_then(|scope| scope.get("request_id")));
/// });
/// let layer = ObserveLayer::new((Opens, finds));
///
/// # use http::{Request, Response};
/// # use http_body_util::Empty;
/// # use tower::{Layer, Service, service_fn};
/// # let mut service = layer.layer(service_fn(async |_request: Request<_>| {
/// #     Ok::<_, std::convert::Infallible>(Response::new(Empty::<&[u8]>::new()))
/// # }));
/// # drop(service.call(Request::new(Empty::<&[u8]>::new())));
/// assert_eq!(seen.recv()?.unwrap().as_str(), Some("r-1"));
/// # Ok::<_, mpsc::RecvError>(())
/// ```
#[derive(Debug)]
pub struct Slot {
    started: Instant,
    head_at: Option<Instant>,
    endpoint: Endpoint,
    upload: Option<Arc<Upload>>,
    scope: Option<Scope>,
    trace: Option<TraceContext>,
    response_bytes: u64,
    version: Version,
    status: Option<StatusCode>,
    grpc_status: Option<u16>,
    method: Method,
    class: Class,
}

impl Slot {
    pub(crate) fn new(
        started: Instant,
        method: Method,
        version: Version,
        endpoint: Endpoint,
    ) -> Self {
        Self {
            started,
            head_at: None,
            endpoint,
            upload: None,
            scope: None,
            trace: None,
            response_bytes: 0,
            version,
            status: None,
            grpc_status: None,
            method,
            class: Class::Unary,
        }
    }

    /// When the request came in, on the monotonic clock.
    #[must_use]
    pub const fn started(&self) -> Instant {
        self.started
    }

    /// The method of the request.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The route that the request matched; [`Endpoint::UNMATCHED`] if it matched none.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The protocol version of the request.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The status of the response head; `None` until there is one.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// When the response head was known; `None` until then.
    #[must_use]
    pub const fn head_at(&self) -> Option<Instant> {
        self.head_at
    }

    /// The kind of exchange; [`Class::Unary`] until the response head is known.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// Bytes of request body that the handler has read so far.
    #[must_use]
    pub fn request_bytes(&self) -> u64 {
        self.upload.as_ref().map_or(0, |upload| upload.bytes())
    }

    /// Bytes of response body handed on so far.
    #[must_use]
    pub const fn response_bytes(&self) -> u64 {
        self.response_bytes
    }

    /// The scope of the request (its ids, its user), if an observer has opened one.
    #[must_use]
    pub const fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// Leaves the scope of the request for the other observers.
    ///
    /// This does not make it current; that is for [`Observer::in_scope`](crate::Observer::in_scope).
    pub fn set_scope(&mut self, scope: Scope) {
        self.scope = Some(scope);
    }

    /// The trace that the request belongs to, if an observer has found or begun one.
    #[must_use]
    pub const fn trace(&self) -> Option<TraceContext> {
        self.trace
    }

    /// Leaves the trace context of the request for the other observers.
    ///
    /// This does not make it current; that is for [`Observer::in_scope`](crate::Observer::in_scope).
    pub fn set_trace(&mut self, trace: TraceContext) {
        self.trace = Some(trace);
    }

    pub(crate) const fn grpc_status(&self) -> Option<u16> {
        self.grpc_status
    }

    pub(crate) fn upload_failed(&self) -> bool {
        self.upload.as_ref().is_some_and(|upload| upload.failed())
    }

    pub(crate) fn set_upload(&mut self, upload: Option<Arc<Upload>>) {
        self.upload = upload;
    }

    pub(crate) fn set_head(&mut self, status: StatusCode, class: Class, at: Instant) {
        self.status = Some(status);
        self.class = class;
        self.head_at = Some(at);
    }

    pub(crate) fn set_grpc_status(&mut self, status: Option<u16>) {
        self.grpc_status = status;
    }

    pub(crate) fn add_response_bytes(&mut self, bytes: u64) {
        self.response_bytes += bytes;
    }
}
