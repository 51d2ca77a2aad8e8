//! A request body that knows whether it was asked for.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Whether a collector may have seen a part of a request's body.
///
/// A connection asks for the body when it has written, or is about to write, the head. What failed before cannot have been
/// taken; for what failed afterwards nobody knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent(Arc<AtomicBool>);

impl Sent {
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A request's body: two pieces, so that gRPC's prefix needs no copy of what it stands before.
#[derive(Debug)]
pub(super) struct Payload {
    prefix: Bytes,
    body: Bytes,
    sent: Sent,
}

impl Payload {
    pub(super) fn new(prefix: Bytes, body: Bytes) -> Self {
        Self {
            prefix,
            body,
            sent: Sent::default(),
        }
    }

    pub(super) fn sent(&self) -> Sent {
        self.sent.clone()
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.sent.0.store(true, Ordering::Release);
        let mut next = std::mem::take(&mut self.prefix);
        if next.is_empty() {
            next = std::mem::take(&mut self.body);
        }
        Poll::Ready((!next.is_empty()).then(|| Ok(Frame::data(next))))
    }

    fn is_end_stream(&self) -> bool {
        self.prefix.is_empty() && self.body.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.prefix.len() + self.body.len()) as u64)
    }
}
