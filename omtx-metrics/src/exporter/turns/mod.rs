//! Turns: who of many that have much to send sends next, and when.
//!
//! Those who wait stand in one line for the whole process, since they share its workers. A few are called at a time. Whoever
//! is called lets its worker look for anything else to do first, requests that have just arrived among it, and then has one
//! turn. So the service's own work waits behind one turn for each worker, however many wait in line.

mod line;

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

use crate::lock::lock;
use line::{Asked, Line, PATIENCE};

/// The process's line.
pub(super) static TURNS: Turns = Turns::new();

/// A line that goes on by itself.
pub(super) struct Turns {
    state: Mutex<State>,
}

struct State {
    line: Line,
    /// Whether there is a thread that passes over those who do not come.
    is_watched: bool,
}

impl Turns {
    const fn new() -> Self {
        Self {
            state: Mutex::new(State {
                line: Line::new(),
                is_watched: false,
            }),
        }
    }

    /// Changes the line, and wakes those who are called once it is free again.
    fn change<T>(&'static self, change: impl FnOnce(&mut Line, &mut Vec<Waker>) -> T) -> T {
        let mut calls = Vec::new();
        let mut state = lock(&self.state);
        let changed = change(&mut state.line, &mut calls);
        let is_to_be_watched = state.line.is_waiting() && !state.is_watched;
        state.is_watched |= is_to_be_watched;
        drop(state);
        calls.into_iter().for_each(Waker::wake);
        if is_to_be_watched {
            self.watch();
        }
        changed
    }

    /// Two slow readers who are called and do not come would hold up all who wait, were there nobody else who asks. A thread
    /// and not a timer: the runtime may have none.
    fn watch(&'static self) {
        let watch = || {
            loop {
                std::thread::sleep(PATIENCE);
                if !self.pass_over() {
                    break;
                }
            }
        };
        let thread = std::thread::Builder::new().name("omtx-scrapes".into());
        if thread.spawn(watch).is_err() {
            lock(&self.state).is_watched = false; // whoever asks next tries again
        }
    }

    /// Calls others instead of those who have not come in time; whether anybody still waits.
    fn pass_over(&self) -> bool {
        let mut calls = Vec::new();
        let mut state = lock(&self.state);
        state.line.call(Instant::now(), &mut calls);
        state.is_watched = state.line.is_waiting();
        let is_watched = state.is_watched;
        drop(state);
        calls.into_iter().for_each(Waker::wake);
        is_watched
    }
}

/// A place in the line, once it is asked for. Dropping it gives the place up.
pub(super) struct Place {
    turns: &'static Turns,
    ticket: Option<u64>,
    /// While it is called: ready once the worker has found nothing else to do.
    nothing_else: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Place {
    pub(super) fn new(turns: &'static Turns) -> Self {
        Self {
            turns,
            ticket: None,
            nothing_else: None,
        }
    }

    /// Ready when it has its turn, which is over at once: whoever wants another asks again.
    ///
    /// Those who have `begun` come before those who have not. Thus as few as possible are under way: one that is not done,
    /// and does not ask, has a slow reader.
    pub(super) fn poll_turn(&mut self, context: &mut Context<'_>, begun: bool) -> Poll<()> {
        let (ticket, waker) = (&mut self.ticket, context.waker());
        let asked = self
            .turns
            .change(|line, calls| line.ask(ticket, begun, waker, Instant::now(), calls));
        match asked {
            Asked::FirstOfAll => return Poll::Ready(()),
            Asked::Waits => return Poll::Pending,
            Asked::IsCalled => {}
        }
        // tokio polls for I/O, and runs what has become ready, before it wakes one that yields.
        let nothing_else = self
            .nothing_else
            .get_or_insert_with(|| Box::pin(tokio::task::yield_now()));
        ready!(nothing_else.as_mut().poll(context));
        self.leave();
        Poll::Ready(())
    }

    fn leave(&mut self) {
        self.nothing_else = None;
        if let Some(ticket) = self.ticket.take() {
            self.turns
                .change(|line, calls| line.leave(ticket, Instant::now(), calls));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::task::Wake;
    use std::time::Duration;

    /// Tells that it was called.
    struct Called(Sender<()>);

    impl Wake for Called {
        fn wake(self: Arc<Self>) {
            let _ = self.0.send(());
        }
    }

    fn called() -> (Waker, Receiver<()>) {
        let (call, called) = channel();
        (Waker::from(Arc::new(Called(call))), called)
    }

    fn poll(place: &mut Place, waker: &Waker) -> bool {
        place
            .poll_turn(&mut Context::from_waker(waker), true)
            .is_ready()
    }

    /// A line that is the test's own.
    fn turns() -> &'static Turns {
        Box::leak(Box::new(Turns::new()))
    }

    #[test]
    fn who_waits_is_called_although_others_do_not_come_and_nobody_asks() {
        let turns = turns();
        let mut silent = [(); line::AT_A_TIME].map(|()| Place::new(turns));
        for place in &mut silent {
            assert!(!poll(place, Waker::noop()));
        }
        let (waker, calls) = called();
        let mut waits = Place::new(turns);
        assert!(!poll(&mut waits, &waker));
        calls
            .recv_timeout(Duration::from_secs(60))
            .expect("a call, without a question");
        while !poll(&mut waits, &waker) {} // its worker has nothing else to do
    }

    #[test]
    fn a_line_without_anybody_who_waits_is_not_watched() {
        let turns = turns();
        let mut alone = Place::new(turns);
        for _ in 0..3 {
            while !poll(&mut alone, Waker::noop()) {}
        }
        assert!(!lock(&turns.state).is_watched);
        lock(&turns.state).is_watched = true;
        assert!(!turns.pass_over());
        assert!(!lock(&turns.state).is_watched);
    }
}
