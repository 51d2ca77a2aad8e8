//! The task that runs one check again and again.

use std::any::Any;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, sleep_until, timeout};

use super::jitter::Jitter;
use crate::health::Inner;
use crate::{CheckResult, Failure, Spec};

/// Runs `spec` once per interval, until the health that it is for is gone.
///
/// Each run is a task of its own, so that this one can look at the clock while a check blocks its thread, and so that a
/// panic ends the run only.
pub(super) async fn supervise(health: Weak<Inner>, index: usize, spec: Spec, asked: Arc<Notify>) {
    let mut jitter = Jitter::new();
    loop {
        let began = Instant::now();
        let mut run = Run::start(&spec);
        let (result, over) = match timeout(spec.timeout, &mut run.task).await {
            Ok(ended) => (ended.unwrap_or_else(died), true),
            Err(_) => {
                run.task.abort();
                (Err(no_answer(spec.timeout)), false)
            }
        };
        {
            let Some(health) = health.upgrade() else {
                return;
            };
            health.take(index, &spec.name, result, began.elapsed());
        }
        if !over {
            // Nothing is started while a run is still there: it could hold a connection, or a thread.
            while timeout(spec.interval, &mut run.task).await.is_err() {
                let Some(health) = health.upgrade() else {
                    return;
                };
                let age = began.elapsed();
                health.take(index, &spec.name, Err(still_there(age)), age);
            }
        }
        tokio::select! {
            () = sleep_until(began + jitter.around(spec.interval)) => {}
            () = asked.notified() => {}
        }
    }
}

/// A run in flight; dropped, it is told to end.
struct Run {
    task: JoinHandle<CheckResult>,
}

impl Run {
    fn start(spec: &Spec) -> Self {
        let check = Arc::clone(&spec.check);
        Self {
            task: tokio::spawn(async move { check.run_boxed().await }),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn no_answer(limit: Duration) -> Failure {
    Failure::new(format!("no answer within {limit:?}"))
}

fn still_there(age: Duration) -> Failure {
    Failure::new(format!(
        "still running after {} s, although it was told to stop: it blocks its thread",
        age.as_secs()
    ))
}

/// A run that ended without a result.
fn died(error: JoinError) -> CheckResult {
    match error.try_into_panic() {
        Ok(panic) => Err(Failure::new(format!("panicked: {}", message(&*panic)))),
        Err(_) => Err(Failure::new("stopped with its runtime")),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
