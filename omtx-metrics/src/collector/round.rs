//! One round of asking, shared by all scrapes that come while it lasts.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::ForeignFamily;
use crate::lock::lock;

/// Makes sure that collectors are asked by one scrape at a time, and that the others do not queue up behind it: a scrape
/// every second of a collector that takes two would never catch up.
#[derive(Default)]
pub(super) struct Rounds {
    state: Mutex<State>,
    over: Condvar,
}

#[derive(Default)]
struct State {
    running: bool,
    /// Rounds that are over.
    number: u64,
    /// Scrapes that wait for the one that is running.
    waiting: usize,
    /// The last round's answers, as long as somebody waits for them.
    answers: Arc<[ForeignFamily]>,
}

impl Rounds {
    /// The answers that `ask` gets, or those of the round that is in progress.
    pub(super) fn join(
        &self,
        timeout: Duration,
        ask: impl FnOnce() -> Vec<ForeignFamily>,
    ) -> Arc<[ForeignFamily]> {
        let mut state = lock(&self.state);
        if state.running {
            return self.wait(state, timeout);
        }
        state.running = true;
        drop(state);

        // The round ends also if `ask` panics: the scrapes that wait get nothing, and the next one asks again.
        let mut round = Running {
            rounds: self,
            answers: Arc::default(),
        };
        round.answers = ask().into();
        Arc::clone(&round.answers)
    }

    fn wait(
        &self,
        mut state: std::sync::MutexGuard<'_, State>,
        timeout: Duration,
    ) -> Arc<[ForeignFamily]> {
        let mine = state.number;
        state.waiting += 1;
        let (mut state, _) = self
            .over
            .wait_timeout_while(state, timeout, |state| state.number == mine)
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        let answers = if state.number == mine {
            Arc::default()
        } else {
            Arc::clone(&state.answers)
        };
        if state.waiting == 0 {
            state.answers = Arc::default();
        }
        answers
    }
}

struct Running<'a> {
    rounds: &'a Rounds,
    answers: Arc<[ForeignFamily]>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.rounds.state);
        state.running = false;
        state.number += 1;
        if state.waiting > 0 {
            state.answers = Arc::clone(&self.answers);
            self.rounds.over.notify_all();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn those_who_come_during_a_round_share_it() {
        let (rounds, asked) = (Rounds::default(), AtomicUsize::new(0));
        thread::scope(|scope| {
            let followers = 5;
            rounds.join(LONG, || {
                asked.fetch_add(1, Ordering::Relaxed);
                for _ in 0..followers {
                    scope.spawn(|| {
                        rounds.join(LONG, || {
                            asked.fetch_add(1, Ordering::Relaxed);
                            Vec::new()
                        })
                    });
                }
                while lock(&rounds.state).waiting < followers {
                    thread::yield_now();
                }
                Vec::new()
            });
        });
        assert_eq!(asked.into_inner(), 1);
    }

    #[test]
    fn a_round_that_panics_is_over() {
        let rounds = Rounds::default();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            rounds.join(LONG, || panic!("a round's panic"));
        }));
        assert!(panicked.is_err());
        let mut asked = false;
        rounds.join(LONG, || {
            asked = true;
            Vec::new()
        });
        assert!(asked);
    }

    #[test]
    fn nobody_waits_longer_than_the_time_allows() {
        let rounds = Rounds::default();
        lock(&rounds.state).running = true; // and never over
        assert!(rounds.join(Duration::from_millis(1), Vec::new).is_empty());
    }
}
