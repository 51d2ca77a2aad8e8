//! The life of one request: owns the observers' states, and reports the end when it is told, or else when it is dropped.

use crate::end::{End, EndKind};
use crate::request_body::Upload;
use crate::{Class, Endpoint, Method, Observer, Slot};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Request, Response, StatusCode, Version};
use http_body::Body;
use omtx_context::shield::{Shield, shielded};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Instant;

/// One request from its start to its end.
///
/// Moves from the future into the response body, so that there is always exactly one owner whose drop ends it.
pub(crate) struct Exchange<O: Observer> {
    observer: Arc<O>,
    /// Taken by the end. That it can be taken once is why there is one end.
    state: Option<O::State>,
    slot: Slot,
    /// What the response has declared and not yet delivered.
    remaining: Option<u64>,
}

impl<O: Observer> Exchange<O> {
    pub(crate) fn start<B>(observer: Arc<O>, request: &mut Request<B>, endpoint: Endpoint) -> Self {
        let mut slot = Slot::new(
            Instant::now(),
            Method::from(request.method()),
            request.version(),
            endpoint,
        );
        let state = Some(observer.on_request(request, &mut slot));
        Self {
            observer,
            state,
            slot,
            remaining: None,
        }
    }

    pub(crate) fn watch_upload(&mut self, upload: Option<&Arc<Upload>>) {
        self.slot.set_upload(upload.cloned());
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state.is_none()
    }

    /// Begins a stretch of work in which a panic ends the request as panicked; the unwind goes on.
    ///
    /// `thread::panicking()` would not do: it is also true for an innocent future dropped by someone else's unwind.
    pub(crate) fn guard(&mut self) -> PanicGuard<'_, O> {
        PanicGuard(self)
    }

    /// Runs application code with what the observers make current.
    pub(crate) fn in_scope<R>(&mut self, work: impl FnOnce() -> R) -> R {
        match &mut self.state {
            Some(state) => self.observer.in_scope(state, work),
            None => work(),
        }
    }

    /// Drops what is the application's, with what the observers make current: the caller's destructor runs this.
    ///
    /// A panic ends the request as panicked and goes on, except during an unwind, where it would abort the process.
    pub(crate) fn drop_in_scope(&mut self, mut drop: impl FnMut()) {
        let mut shield = Shield::default();
        shield.run(|| self.in_scope(&mut drop));
        if shield.is_broken() {
            // It may have been an observer's, before it came to what is to be dropped.
            shield.run(drop);
            self.end(EndKind::Panicked, Instant::now());
        }
        shield.resume();
    }

    /// The response head is known. Ends the request if there is no body to wait for.
    pub(crate) fn head<B: Body>(&mut self, response: &mut Response<B>) {
        let Some(state) = &mut self.state else { return };
        let (status, now) = (response.status(), Instant::now());
        let class = Class::of_head(self.slot.method(), status, response.headers());
        self.slot.set_head(status, class, now);
        if class == Class::Grpc {
            // A "trailers-only" response has its status among the headers.
            self.slot.set_grpc_status(grpc_status(response.headers()));
        }
        self.observer.on_response(state, response, &mut self.slot);

        if response.body().is_end_stream() || has_no_content(self.slot.method(), status) {
            return self.complete(now);
        }
        // On HTTP/2, a gRPC message is followed by trailers that carry its outcome: its last byte is not its end.
        // hyper polls for them whatever was declared.
        if class != Class::Grpc || self.slot.version() < Version::HTTP_2 {
            self.remaining = declared_length(response);
            if self.remaining == Some(0) {
                self.complete(now);
            }
        }
    }

    /// The inner service failed instead of answering.
    pub(crate) fn failed(&mut self) {
        self.end(EndKind::Error, Instant::now());
    }

    /// A frame of data is about to be handed on; `last` if the body says that nothing follows.
    pub(crate) fn data(&mut self, bytes: usize, last: bool) {
        let Some(state) = &mut self.state else { return };
        let bytes = bytes as u64;
        if bytes > 0 {
            if self.slot.response_bytes() == 0 {
                self.observer.on_first_byte(state, &mut self.slot);
            }
            self.slot.add_response_bytes(bytes);
        }
        self.remaining = self
            .remaining
            .map(|remaining| remaining.saturating_sub(bytes));
        // hyper does not poll a body beyond its declared length, so waiting for `None` would make it look aborted.
        if last || self.remaining == Some(0) {
            self.complete(Instant::now());
        }
    }

    /// Trailers are about to be handed on: nothing follows them.
    pub(crate) fn trailers(&mut self, trailers: &HeaderMap) {
        if self.slot.class() == Class::Grpc {
            self.slot
                .set_grpc_status(grpc_status(trailers).or(self.slot.grpc_status()));
        }
        self.complete(Instant::now());
    }

    /// The body ended without anything more to hand on.
    pub(crate) fn finished(&mut self) {
        self.complete(Instant::now());
    }

    /// The response body yielded an error.
    pub(crate) fn body_failed(&mut self) {
        self.end(EndKind::BodyError, Instant::now());
    }

    fn complete(&mut self, at: Instant) {
        let server_failed = self
            .slot
            .status()
            .is_some_and(|status| status.is_server_error())
            || self.slot.grpc_status().is_some_and(is_servers_fault);
        let kind = if self.slot.upload_failed() {
            EndKind::BodyError
        } else if server_failed {
            EndKind::Error
        } else {
            EndKind::Ok
        };
        self.end(kind, at);
    }

    fn end(&mut self, kind: EndKind, at: Instant) {
        let Some(state) = self.state.take() else {
            return;
        };
        let end = End::new(kind, &self.slot, at);
        let (observer, slot) = (&*self.observer, &mut self.slot);
        // This runs in destructors, some of them during an unwind, where a panic would abort the process.
        shielded(|| observer.on_end(state, slot, &end));
    }
}

/// Ends the request as panicked when it is dropped, which only an unwind does: see [`PanicGuard::defuse`].
pub(crate) struct PanicGuard<'a, O: Observer>(&'a mut Exchange<O>);

impl<O: Observer> PanicGuard<'_, O> {
    /// The stretch of work is over, without a panic.
    pub(crate) fn defuse(self) {
        std::mem::forget(self);
    }
}

impl<O: Observer> Drop for PanicGuard<'_, O> {
    #[cold]
    fn drop(&mut self) {
        self.0.end(EndKind::Panicked, Instant::now());
    }
}

impl<O: Observer> Deref for PanicGuard<'_, O> {
    type Target = Exchange<O>;

    fn deref(&self) -> &Exchange<O> {
        self.0
    }
}

impl<O: Observer> DerefMut for PanicGuard<'_, O> {
    fn deref_mut(&mut self) -> &mut Exchange<O> {
        self.0
    }
}

/// Dropped by its future before the head, or by the body before its end. After the end this does nothing.
impl<O: Observer> Drop for Exchange<O> {
    fn drop(&mut self) {
        if !self.is_over() {
            let kind = if self.slot.status().is_some() {
                EndKind::Aborted
            } else {
                EndKind::Cancelled
            };
            self.end(kind, Instant::now());
        }
    }
}

/// RFC 9110 section 6.4.1: responses that have no content, whatever their headers declare.
fn has_no_content(method: Method, status: StatusCode) -> bool {
    method == Method::Head
        || status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || (method == Method::Connect && status.is_success())
}

fn declared_length<B: Body>(response: &Response<B>) -> Option<u64> {
    response.body().size_hint().exact().or_else(|| {
        response
            .headers()
            .get(CONTENT_LENGTH)?
            .to_str()
            .ok()?
            .parse()
            .ok()
    })
}

fn grpc_status(headers: &HeaderMap) -> Option<u16> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

/// UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS: the codes that OpenTelemetry's
/// semantic conventions for gRPC count as errors of the server.
fn is_servers_fault(grpc_status: u16) -> bool {
    matches!(grpc_status, 2 | 4 | 12 | 13 | 14 | 15)
}
