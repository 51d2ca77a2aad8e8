//! Large bodies that are sent a chunk at a time, and take turns.
//!
//! A server writes what it has into a socket in one go. With a thousand scrapes of a megabyte each, that is a second's work in
//! the runtime's queue, and the service's own requests wait behind it. So a body hands out a chunk and waits in line; a few
//! bodies of the whole process have their turn at a time, and whatever else is ready comes between them.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::lock::lock;

/// Written in some ten microseconds. Most scrapes that are compressed fit into one, and wait for nobody.
const CHUNK: usize = 32 * 1024;

/// Bodies that have their turn at a time: one is written while another is woken.
const TURNS: usize = 2;

/// A body that was woken for its turn and does not come, because its server does not ask it any more, loses it after this
/// long to the next that asks.
const PATIENCE: Duration = Duration::from_millis(100);

/// Those of all exporters, which share the process's workers.
static LINE: Mutex<Line> = Mutex::new(Line::new());

/// The body of a scrape.
pub(super) struct Paced {
    rest: Bytes,
    id: u64,
    /// What the line wakes; `None` if the body is not in it.
    waits: Option<Waker>,
    begun: bool,
}

impl Paced {
    pub(super) fn new(body: Bytes) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            rest: body,
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            waits: None,
            begun: false,
        }
    }

    fn turn(&mut self, waker: &Waker, now: Instant) -> Poll<()> {
        let mut woken = Vec::new();
        let turn = lock(&LINE).turn(self, waker, now, &mut woken);
        woken.into_iter().for_each(Waker::wake);
        turn
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
        let is_short = !this.begun && this.rest.len() <= CHUNK;
        if !is_short && this.turn(context.waker(), Instant::now()).is_pending() {
            return Poll::Pending;
        }
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

impl Drop for Paced {
    fn drop(&mut self) {
        if self.waits.is_some() {
            let mut woken = Vec::new();
            lock(&LINE).leave(self.id, Instant::now(), &mut woken);
            woken.into_iter().for_each(Waker::wake);
        }
    }
}

/// Who waits, and who was woken. Wakers are called by the caller, once the lock is free.
struct Line {
    waiting: VecDeque<(u64, Waker)>,
    /// Until they come for their chunk.
    woken: Vec<(u64, Instant)>,
}

impl Line {
    const fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            woken: Vec::new(),
        }
    }

    /// Whether it is this body's turn; if not, it is woken when it is.
    fn turn(
        &mut self,
        body: &mut Paced,
        waker: &Waker,
        now: Instant,
        woken: &mut Vec<Waker>,
    ) -> Poll<()> {
        let is_turn = match self.woken.iter().position(|(id, _)| *id == body.id) {
            Some(at) => {
                self.woken.swap_remove(at);
                true
            }
            // Nobody to give way to. Between two chunks of its own a body waits in any case: its server has to write.
            None => !body.begun && self.waiting.is_empty() && self.woken.len() < TURNS,
        };
        if is_turn {
            body.waits = None;
        } else if !body
            .waits
            .as_ref()
            .is_some_and(|known| known.will_wake(waker))
        {
            body.waits = Some(waker.clone());
            match self.waiting.iter_mut().find(|(id, _)| *id == body.id) {
                Some((_, known)) => known.clone_from(waker),
                None => self.waiting.push_back((body.id, waker.clone())),
            }
        } else if !self.waiting.iter().any(|(id, _)| *id == body.id) {
            self.waiting.push_back((body.id, waker.clone())); // it came too late for its turn
        }
        self.wake_next(now, woken);
        if is_turn {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn leave(&mut self, id: u64, now: Instant, woken: &mut Vec<Waker>) {
        self.waiting.retain(|(waiting, _)| *waiting != id);
        self.woken.retain(|(woken, _)| *woken != id);
        self.wake_next(now, woken);
    }

    fn wake_next(&mut self, now: Instant, woken: &mut Vec<Waker>) {
        self.woken
            .retain(|(_, since)| now.saturating_duration_since(*since) < PATIENCE);
        while self.woken.len() < TURNS {
            let Some((id, waker)) = self.waiting.pop_front() else {
                break;
            };
            self.woken.push((id, now));
            woken.push(waker);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    /// Counts how often it was woken.
    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A body, and a line of the test's own.
    struct InLine {
        body: Paced,
        woken: Arc<Woken>,
    }

    impl InLine {
        fn new() -> Self {
            Self {
                body: Paced::new(Bytes::new()),
                woken: Arc::default(),
            }
        }

        /// Asks for a chunk.
        fn asks(&mut self, line: &mut Line, now: Instant) -> bool {
            let (waker, mut woken) = (Waker::from(self.woken.clone()), Vec::new());
            let turn = line.turn(&mut self.body, &waker, now, &mut woken);
            woken.into_iter().for_each(Waker::wake);
            self.body.begun |= turn.is_ready();
            turn.is_ready()
        }

        fn was_woken(&self) -> usize {
            self.woken.0.swap(0, Ordering::Relaxed)
        }
    }

    impl Drop for InLine {
        fn drop(&mut self) {
            self.body.waits = None; // it is not in the process's line
        }
    }

    #[test]
    fn bodies_take_turns_and_a_few_are_awake_at_a_time() {
        let (mut line, now) = (Line::new(), Instant::now());
        let mut bodies: Vec<InLine> = (0..5).map(|_| InLine::new()).collect();
        for body in &mut bodies {
            assert!(body.asks(&mut line, now), "nobody waits");
        }
        for round in 0..3 {
            // Each is woken as soon as it waits, or when one before it has come for its chunk.
            for body in &mut bodies {
                assert!(!body.asks(&mut line, now), "round {round}");
            }
            let awake = bodies
                .iter()
                .filter(|body| line.woken.iter().any(|(id, _)| *id == body.body.id));
            assert_eq!(awake.count(), TURNS);
            for body in &mut bodies {
                assert_eq!(body.was_woken(), 1, "round {round}");
                assert!(body.asks(&mut line, now), "round {round}");
            }
        }
        assert!(line.waiting.is_empty() && line.woken.is_empty());
    }

    #[test]
    fn one_that_leaves_or_does_not_come_holds_nobody_up() {
        let (mut line, now) = (Line::new(), Instant::now());
        let mut bodies: Vec<InLine> = (0..6).map(|_| InLine::new()).collect();
        for body in &mut bodies {
            body.body.begun = true;
            assert!(!body.asks(&mut line, now));
        }
        let woken =
            |bodies: &[InLine]| -> Vec<usize> { bodies.iter().map(InLine::was_woken).collect() };
        assert_eq!(woken(&bodies), [1, 1, 0, 0, 0, 0]);
        let mut next = Vec::new();
        line.leave(bodies[0].body.id, now, &mut next);
        next.into_iter().for_each(Waker::wake);
        assert_eq!(woken(&bodies), [0, 0, 1, 0, 0, 0]);

        // The second and the third do not come; somebody asks.
        let later = now + PATIENCE;
        assert!(!bodies[5].asks(&mut line, later));
        assert_eq!(woken(&bodies), [0, 0, 0, 1, 1, 0]);
        // Late, they wait like all others.
        assert!(!bodies[1].asks(&mut line, later));
        assert!(bodies[3].asks(&mut line, later));
        assert_eq!(woken(&bodies), [0, 0, 0, 0, 0, 1]);
        assert!(bodies[4].asks(&mut line, later));
        assert_eq!(woken(&bodies), [0, 1, 0, 0, 0, 0]);
        assert!(bodies[1].asks(&mut line, later) && bodies[5].asks(&mut line, later));
    }

    #[test]
    fn a_body_arrives_whole_whatever_its_size() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        for size in [0, 1, CHUNK, CHUNK + 1, CHUNK * 5 + 7] {
            let text: Bytes = (0..size).map(|at| at as u8).collect();
            let bodies: Vec<_> = (0..20).map(|_| Paced::new(text.clone())).collect();
            runtime.block_on(async {
                let read = bodies.into_iter().map(|body| {
                    assert_eq!(http_body::Body::size_hint(&body).exact(), Some(size as u64));
                    http_body_util::BodyExt::collect(body)
                });
                for read in futures_util::future::join_all(read).await {
                    assert_eq!(read.unwrap().to_bytes(), text);
                }
            });
        }
    }
}
