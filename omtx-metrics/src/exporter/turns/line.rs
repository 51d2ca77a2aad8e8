//! Who waits for a turn, and who was called.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::{Duration, Instant};

/// Called at a time: while one has its turn, the next looks for other work.
pub(super) const AT_A_TIME: usize = 2;

/// Who is called and does not come is passed over after this long: another is called as well. Its server does not ask it any
/// more, because the client does not read; or else the workers are busy, and it comes late.
pub(super) const PATIENCE: Duration = Duration::from_millis(20);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nobody is there to give way to.
    FirstOfAll,
    IsCalled,
    Waits,
}

/// Those who wait, and those who were called; wakers are handed to the caller, who wakes them once it has let go of the line.
pub(super) struct Line {
    /// Given in ascending order, and so each queue is sorted.
    tickets: u64,
    begun: VecDeque<(u64, Waker)>,
    new: VecDeque<(u64, Waker)>,
    called: Vec<(u64, Instant)>,
}

impl Line {
    pub(super) const fn new() -> Self {
        Self {
            tickets: 0,
            begun: VecDeque::new(),
            new: VecDeque::new(),
            called: Vec::new(),
        }
    }

    pub(super) fn ask(
        &mut self,
        ticket: &mut Option<u64>,
        begun: bool,
        waker: &Waker,
        now: Instant,
        calls: &mut Vec<Waker>,
    ) -> Asked {
        match *ticket {
            None => {
                // Between two turns of its own one waits in any case: its server has to write.
                if !begun && !self.is_waiting() && self.called.len() < AT_A_TIME {
                    return Asked::FirstOfAll;
                }
                self.tickets += 1;
                *ticket = Some(self.tickets);
                let queue = if begun {
                    &mut self.begun
                } else {
                    &mut self.new
                };
                queue.push_back((self.tickets, waker.clone()));
            }
            Some(ticket) => match self.waiting(ticket) {
                Some((queue, at)) => queue[at].1.clone_from(waker), // which clones nothing if it is the same
                // Perhaps others were called since, because it came late: its turn it has nevertheless.
                None => return Asked::IsCalled,
            },
        }
        self.call(now, calls);
        Asked::Waits
    }

    /// Where somebody stands who has not been called.
    fn waiting(&mut self, ticket: u64) -> Option<(&mut VecDeque<(u64, Waker)>, usize)> {
        [&mut self.begun, &mut self.new]
            .into_iter()
            .find_map(|queue| {
                let at = queue.binary_search_by_key(&ticket, |it| it.0).ok()?;
                Some((queue, at))
            })
    }

    pub(super) fn leave(&mut self, ticket: u64, now: Instant, calls: &mut Vec<Waker>) {
        self.called.retain(|(called, _)| *called != ticket);
        if let Some((queue, at)) = self.waiting(ticket) {
            queue.remove(at);
        }
        self.call(now, calls);
    }

    /// Whether anybody waits to be called.
    pub(super) fn is_waiting(&self) -> bool {
        !(self.begun.is_empty() && self.new.is_empty())
    }

    /// Calls as many as there is room for.
    pub(super) fn call(&mut self, now: Instant, calls: &mut Vec<Waker>) {
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
        // One that comes late has its turn: on a busy service all do.
        assert!(all[1].asks(&mut line, later));
        assert_eq!(calls(&all), [0; 6]);
        assert!(all[3].asks(&mut line, later));
        assert_eq!(calls(&all), [0, 0, 0, 0, 0, 1]);
        assert!(all[4].asks(&mut line, later) && all[5].asks(&mut line, later));
        assert!(!line.is_waiting() && line.called.is_empty());
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
