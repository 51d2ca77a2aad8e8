//! What runs last.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Flush, FlushOutcome};

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct Hook {
    name: String,
    flush: Box<dyn FnOnce(Duration) -> Running + Send>,
}

impl Hook {
    pub(super) fn new<F, Fut>(name: String, flush: F) -> Self
    where
        F: FnOnce(Duration) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self {
            name,
            flush: Box::new(|remaining| Box::pin(flush(remaining))),
        }
    }
}

/// Runs the hooks one after the other, all within the deadline.
pub(super) async fn run(hooks: Vec<Hook>, deadline: Instant) -> Vec<Flush> {
    let mut flushed = Vec::with_capacity(hooks.len());
    for Hook { name, flush } in hooks {
        let began = Instant::now();
        let remaining = deadline.saturating_duration_since(began);
        // A task of its own: its panic is its own, and it may block its thread without anybody waiting for it.
        let mut task = tokio::spawn(async move { flush(remaining).await });
        let outcome = match timeout_at(deadline, &mut task).await {
            Ok(Ok(())) => FlushOutcome::Done,
            Ok(Err(_)) => FlushOutcome::Panicked,
            Err(_) => {
                task.abort();
                FlushOutcome::TimedOut
            }
        };
        if outcome != FlushOutcome::Done {
            tracing::warn!(target: "omtx_health", hook = name, ?outcome, "a flush hook did not finish");
        }
        flushed.push(Flush {
            name,
            outcome,
            took: began.elapsed(),
        });
    }
    flushed
}
