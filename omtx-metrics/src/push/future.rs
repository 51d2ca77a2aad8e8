//! A push on a thread of its own, awaited.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use super::gateway::Operation;
use super::{PushError, Pushgateway};
use crate::lock::lock;

/// The outcome of a push that is under way; see [`Pushgateway::push_async`].
#[must_use = "the push goes on without it, but its error is lost"]
pub struct PushFuture {
    shared: Arc<Mutex<State>>,
}

enum State {
    Running(Option<Waker>),
    Over(Result<(), PushError>),
    Taken,
}

/// Performs `operation` on a thread.
pub(super) fn spawn(gateway: &Pushgateway, operation: Operation) -> PushFuture {
    let shared = Arc::new(Mutex::new(State::Running(None)));
    let end = End {
        shared: Arc::clone(&shared),
        outcome: Some(Err(PushError::thread(gateway.url(), None))),
    };
    let mine = gateway.clone();
    let spawned = std::thread::Builder::new()
        .name("omtx-push".into())
        .spawn(move || {
            let mut end = end;
            end.outcome = Some(mine.perform(operation));
        });
    if let Err(error) = spawned {
        *lock(&shared) = State::Over(Err(PushError::thread(gateway.url(), Some(error))));
    }
    PushFuture { shared }
}

/// Tells the future when it is dropped, so that nobody waits for a thread that is gone.
struct End {
    shared: Arc<Mutex<State>>,
    outcome: Option<Result<(), PushError>>,
}

impl Drop for End {
    fn drop(&mut self) {
        let Some(outcome) = self.outcome.take() else {
            return;
        };
        let before = std::mem::replace(&mut *lock(&self.shared), State::Over(outcome));
        if let State::Running(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl Future for PushFuture {
    type Output = Result<(), PushError>;

    /// # Panics
    ///
    /// If it is polled again after it was ready.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = lock(&self.shared);
        match std::mem::replace(&mut *state, State::Taken) {
            State::Over(outcome) => Poll::Ready(outcome),
            State::Running(_) => {
                *state = State::Running(Some(context.waker().clone()));
                Poll::Pending
            }
            State::Taken => panic!("a push was polled after it was over"),
        }
    }
}

impl fmt::Debug for PushFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushFuture").finish_non_exhaustive()
    }
}
