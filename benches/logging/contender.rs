//! A subscriber, and what it is put through.

use std::hint::black_box;

use omtx_benches::{Run, Threads};
use tracing::Dispatch;
use tracing::dispatcher::with_default;

use crate::work::{Around, Event};

/// One subscriber.
#[derive(Clone)]
pub(crate) struct Contender {
    dispatch: Dispatch,
}

impl Contender {
    pub(crate) fn new(dispatch: impl Into<Dispatch>) -> Self {
        Self {
            dispatch: dispatch.into(),
        }
    }

    /// Events on one thread, inside `around`.
    pub(crate) fn events(self, around: Around, event: Event) -> Run {
        let around = with_default(&self.dispatch, around);
        Run::batch(move |times| {
            with_default(&self.dispatch, || {
                around.enter(|| (0..times as usize).for_each(|n| event(black_box(n))));
            });
        })
    }

    /// Events on two threads; each is its thread's subscriber anew for each event.
    pub(crate) fn on_two_threads(self, event: Event) -> Run {
        Threads::Two.run(move |n| with_default(&self.dispatch, || event(black_box(n))))
    }
}
