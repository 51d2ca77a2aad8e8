//! Large bodies that are sent a chunk at a time, and take turns.
//!
//! A server writes what it has into a socket in one go. With a thousand scrapes of a megabyte each, that is a second's work in
//! the runtime's queue, and the service's own requests wait behind it. So a large body hands out a chunk for each turn that
//! it has, and the response does not begin before the first.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::turns::{Place, TURNS};

/// Written in some ten microseconds. Most scrapes that are compressed fit into one, and wait for nobody.
const CHUNK: usize = 32 * 1024;

/// The body of a scrape.
pub(super) struct Paced {
    rest: Bytes,
    place: Place,
    begun: bool,
    /// Had before the response began, for the first chunk.
    has_turn: bool,
}

impl Paced {
    pub(super) fn new(body: Bytes) -> Self {
        Self {
            place: Place::new(&TURNS),
            begun: false,
            // Short ones wait for nobody.
            has_turn: body.len() <= CHUNK,
            rest: body,
        }
    }

    /// Waits for the first turn: a thousand that are made at once are not to begin at once.
    pub(super) async fn first_turn(mut self) -> Self {
        poll_fn(|context| self.poll_turn(context)).await;
        self.has_turn = true;
        self
    }

    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::take(&mut self.has_turn) {
            return Poll::Ready(());
        }
        self.place.poll_turn(context, self.begun)
    }
}

impl http_body::Body for Paced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if this.rest.is_empty() {
            return Poll::Ready(None);
        }
        ready!(this.poll_turn(context));
        this.begun = true;
        let chunk = this.rest.split_to(CHUNK.min(this.rest.len()));
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use std::future::Future;
    use std::pin::pin;
    use std::task::Waker;

    #[test]
    fn a_body_arrives_whole_whatever_its_size() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        for size in [0, 1, CHUNK, CHUNK + 1, CHUNK * 5 + 7] {
            let text: Bytes = (0..size).map(|at| at as u8).collect();
            let bodies: Vec<_> = (0..20).map(|_| Paced::new(text.clone())).collect();
            runtime.block_on(async {
                let read = bodies.into_iter().enumerate().map(async |(at, body)| {
                    assert_eq!(http_body::Body::size_hint(&body).exact(), Some(size as u64));
                    let body = if at % 2 == 0 {
                        body.first_turn().await
                    } else {
                        body
                    };
                    body.collect().await
                });
                for read in futures_util::future::join_all(read).await {
                    assert_eq!(read.unwrap().to_bytes(), text);
                }
            });
        }
    }

    #[test]
    fn without_a_runtime_a_body_arrives_too() {
        let text: Bytes = (0..CHUNK * 3).map(|at| at as u8).collect();
        let body = Paced::new(text.clone());
        let mut read = pin!(async { body.first_turn().await.collect().await });
        let mut context = Context::from_waker(Waker::noop());
        let read = loop {
            match read.as_mut().poll(&mut context) {
                Poll::Ready(read) => break read,
                Poll::Pending => std::thread::yield_now(), // others may have their turn
            }
        };
        assert_eq!(read.unwrap().to_bytes(), text);
    }
}
