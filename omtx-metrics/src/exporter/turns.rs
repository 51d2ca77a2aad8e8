//! Turns: who of many that have much to send sends next, and when.
//!
//! Those who wait stand in one line for the whole process, since they share its workers. A few are called at a time. Whoever
//! is called lets its worker look for anything else to do first, requests that have just arrived among it, and then has one
//! turn. So the service's own work waits behind one turn for each worker, however many wait in line.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use crate::lock::lock;

/// Called at a time: while one has its turn, the next looks for other work.
const AT_A_TIME: usize = 2;

/// Who is called and does not come, because its server does not ask it any more, is passed over after this long, when somebody
/// else asks.
const PATIENCE: Duration = Duration::from_millis(100);

static LINE: Mutex<Line> = Mutex::new(Line::new());

/// A place in the line, once it is asked for. Dropping it gives the place up.
#[derive(Default)]
pub(super) struct Place {
    ticket: Option<u64>,
    /// While it is called: ready once the worker has found nothing else to do.
    nothing_else: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Place {
    /// Ready when it has its turn, which is over at once: whoever wants another asks again.
    ///
    /// Those who have `begun` come before those who have not. Thus as few as possible are under way: one that is not done,
    /// and does not ask, has a slow reader.
    pub(super) fn poll_turn(&mut self, context: &mut Context<'_>, begun: bool) -> Poll<()> {
        let is_called = change(|line, calls| {
            line.ask(
                &mut self.ticket,
                begun,
                context.waker(),
                Instant::now(),
                calls,
            )
        });
        match is_called {
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
            change(|line, calls| line.leave(ticket, Instant::now(), calls));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Changes the line, and wakes those who are called once it is free again.
fn change<T>(change: impl FnOnce(&mut Line, &mut Vec<Waker>) -> T) -> T {
    let mut calls = Vec::new();
    let changed = change(&mut lock(&LINE), &mut calls);
    calls.into_iter().for_each(Waker::wake);
    changed
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// Nobody is there to give way to.
    FirstOfAll,
    IsCalled,
    Waits,
}

/// Who waits, and who was called.
struct Line {
    /// Given in ascending order, and so each queue is sorted.
    tickets: u64,
    begun: VecDeque<(u64, Waker)>,
    new: VecDeque<(u64, Waker)>,
    called: Vec<(u64, Instant)>,
}

impl Line {
    const fn new() -> Self {
        Self {
            tickets: 0,
            begun: VecDeque::new(),
            new: VecDeque::new(),
            called: Vec::new(),
        }
    }

    fn ask(
        &mut self,
        ticket: &mut Option<u64>,
        begun: bool,
        waker: &Waker,
        now: Instant,
        calls: &mut Vec<Waker>,
    ) -> Asked {
        let is_called = |(called, _): &(u64, Instant)| Some(*called) == *ticket;
        if self.called.iter().any(is_called) {
            return Asked::IsCalled;
        }
        let queue = if begun {
            &mut self.begun
        } else {
            &mut self.new
        };
        let known = ticket.and_then(|ticket| queue.binary_search_by_key(&ticket, |it| it.0).ok());
        if let Some(at) = known {
            queue[at].1.clone_from(waker); // which clones nothing if it is the same
        } else {
            // Between two turns of its own one waits in any case: its server has to write.
            let is_empty = self.begun.is_empty() && self.new.is_empty();
            if !begun && is_empty && self.called.len() < AT_A_TIME {
                return Asked::FirstOfAll;
            }
            // It is new here, or came too late when it was called.
            let queue = if begun {
                &mut self.begun
            } else {
                &mut self.new
            };
            self.tickets += 1;
            *ticket = Some(self.tickets);
            queue.push_back((self.tickets, waker.clone()));
        }
        self.call(now, calls);
        Asked::Waits
    }

    fn leave(&mut self, ticket: u64, now: Instant, calls: &mut Vec<Waker>) {
        self.called.retain(|(called, _)| *called != ticket);
        for queue in [&mut self.begun, &mut self.new] {
            if let Ok(at) = queue.binary_search_by_key(&ticket, |it| it.0) {
                queue.remove(at);
            }
        }
        self.call(now, calls);
    }

    fn call(&mut self, now: Instant, calls: &mut Vec<Waker>) {
        self.called
            .retain(|(_, since)| now.saturating_duration_since(*since) < PATIENCE);
        while self.called.len() < AT_A_TIME {
            let next = self.begun.pop_front().or_else(|| self.new.pop_front());
            let Some((ticket, waker)) = next else { break };
            self.called.push((ticket, now));
            calls.push(waker);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    /// Counts how often it was called.
    #[derive(Default)]
    struct Calls(AtomicUsize);

    impl Wake for Calls {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One who asks, in a line of the test's own.
    #[derive(Default)]
    struct Asks {
        ticket: Option<u64>,
        begun: bool,
        calls: Arc<Calls>,
    }

    impl Asks {
        /// Asks for a turn and, if it is called, has it.
        fn asks(&mut self, line: &mut Line, now: Instant) -> bool {
            let (waker, mut calls) = (Waker::from(self.calls.clone()), Vec::new());
            let asked = line.ask(&mut self.ticket, self.begun, &waker, now, &mut calls);
            let has_turn = asked != Asked::Waits;
            if has_turn {
                self.begun = true;
                if let Some(ticket) = self.ticket.take() {
                    line.leave(ticket, now, &mut calls);
                }
            }
            calls.into_iter().for_each(Waker::wake);
            has_turn
        }

        fn calls(&self) -> usize {
            self.calls.0.swap(0, Ordering::Relaxed)
        }
    }

    fn several<const N: usize>() -> [Asks; N] {
        std::array::from_fn(|_| Asks::default())
    }

    fn calls(all: &[Asks]) -> Vec<usize> {
        all.iter().map(Asks::calls).collect()
    }

    #[test]
    fn a_few_are_called_at_a_time_and_those_who_have_begun_before_those_who_have_not() {
        let (mut line, now) = (Line::new(), Instant::now());
        let mut all = several::<4>();
        let [first, second, ..] = &mut all;
        assert!(
            first.asks(&mut line, now) && second.asks(&mut line, now),
            "nobody waits"
        );
        for one in &mut all {
            assert!(!one.asks(&mut line, now));
        }
        assert_eq!(calls(&all), [1, 1, 0, 0]);
        assert!(all[0].asks(&mut line, now), "its turn");
        assert_eq!(calls(&all), [0, 0, 1, 0], "no other that has begun asks");
        assert!(!all[0].asks(&mut line, now));
        assert!(all[1].asks(&mut line, now));
        assert_eq!(calls(&all), [1, 0, 0, 0], "before the last, who is new");
        assert!(all[2].asks(&mut line, now) && all[0].asks(&mut line, now));
        assert_eq!(calls(&all), [0, 0, 0, 1], "the others are done");
        assert!(all[3].asks(&mut line, now));
        assert!(line.begun.is_empty() && line.new.is_empty() && line.called.is_empty());
    }

    #[test]
    fn those_who_have_begun_take_turns() {
        let (mut line, now) = (Line::new(), Instant::now());
        let mut all = several::<5>();
        for one in &mut all {
            one.begun = true;
            assert!(!one.asks(&mut line, now));
        }
        for round in 0..3 {
            for one in &mut all {
                assert_eq!(one.calls(), 1, "round {round}");
                assert!(one.asks(&mut line, now), "round {round}");
                assert!(!one.asks(&mut line, now), "round {round}");
            }
        }
    }

    #[test]
    fn one_that_leaves_or_does_not_come_holds_nobody_up() {
        let (mut line, now) = (Line::new(), Instant::now());
        let mut all = several::<6>();
        for one in &mut all {
            one.begun = true;
            assert!(!one.asks(&mut line, now));
        }
        assert_eq!(calls(&all), [1, 1, 0, 0, 0, 0]);
        let mut next = Vec::new();
        line.leave(all[0].ticket.unwrap(), now, &mut next);
        next.into_iter().for_each(Waker::wake);
        assert_eq!(calls(&all), [0, 0, 1, 0, 0, 0]);

        // The second and the third do not come; somebody asks.
        let later = now + PATIENCE;
        assert!(!all[5].asks(&mut line, later));
        assert_eq!(calls(&all), [0, 0, 0, 1, 1, 0]);
        // Late, they wait like all others.
        assert!(!all[1].asks(&mut line, later));
        assert!(all[3].asks(&mut line, later));
        assert_eq!(calls(&all), [0, 0, 0, 0, 0, 1]);
        assert!(all[4].asks(&mut line, later));
        assert_eq!(calls(&all), [0, 1, 0, 0, 0, 0]);
        assert!(all[1].asks(&mut line, later) && all[5].asks(&mut line, later));
    }

    #[test]
    fn who_moves_to_another_task_is_called_there() {
        let (mut line, now) = (Line::new(), Instant::now());
        let mut all = several::<3>();
        for one in &mut all {
            one.begun = true;
            assert!(!one.asks(&mut line, now));
        }
        let before = std::mem::take(&mut all[2].calls);
        assert!(!all[2].asks(&mut line, now));
        assert!(all[0].asks(&mut line, now));
        assert_eq!((before.0.load(Ordering::Relaxed), all[2].calls()), (0, 1));
    }
}
