//! One signal's way out: cut a batch, send it, and again until it is taken or its time is over.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::backoff::Backoff;
use super::blocks::Reader;
use super::queue::{Next, Phase, Queue, Settled};
use super::request::Batch;
use super::{DropReason, later};
use crate::transport::{Answer, Transport};

/// The task of one signal.
pub(super) struct Lane {
    pub(super) queue: Arc<Queue>,
    pub(super) transport: Box<dyn Transport>,
    /// Of one attempt.
    pub(super) timeout: Duration,
    pub(super) reader: Reader,
    pub(super) backoff: Backoff,
    /// Before the next batch, because of the last one.
    pub(super) wait: Option<Wait>,
}

/// A wait, and whose wish it is.
pub(super) enum Wait {
    /// Ours: given up when there is a shutdown, since what is not sent then never will be.
    Backoff(Instant),
    /// The collector's: kept.
    Throttled(Instant),
}

/// The queue was closed, and with it everything settled.
struct Closed;

/// The runtime's clock, which tests can move.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

async fn woken_until(queue: &Queue, until: Option<Instant>) {
    match until {
        Some(until) => drop(tokio::time::timeout_at(until.into(), queue.woken()).await),
        None => queue.woken().await,
    }
}

impl Lane {
    /// Until the queue is closed. A panic costs what the lane held, and some time.
    pub(super) async fn run(mut self) {
        loop {
            match catch(self.work()).await {
                Ok(()) => return,
                Err(panic) => {
                    self.queue
                        .abandon(format!("the exporter panicked: {}", message(&*panic)));
                    self.reader.clear();
                    let wait = self.backoff.failed();
                    if self.pause(now() + wait).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    async fn work(&mut self) {
        loop {
            match self.queue.next(&mut self.reader, now()) {
                Next::Send(batch) => {
                    if self.deliver(batch).await.is_err() {
                        return;
                    }
                }
                Next::Wait(until) => woken_until(&self.queue, until).await,
                Next::Closed => return,
            }
        }
    }

    /// Sends a batch until it is settled.
    async fn deliver(&mut self, batch: Batch) -> Result<(), Closed> {
        let mut perhaps_taken = false;
        match self.wait.take() {
            Some(Wait::Backoff(until)) => self.pause(until).await?,
            Some(Wait::Throttled(until)) => self.hold_off(until).await?,
            None => {}
        }
        // The wait was the fault of another batch: the time of this one begins here.
        let over = later(now(), self.queue.batching().export_timeout);
        loop {
            let answer = self.attempt(&batch, over, perhaps_taken).await?;
            perhaps_taken |= matches!(answer, Answer::Unknown { .. });
            let settled = match answer {
                Answer::Accepted { rejected, message } => {
                    self.backoff.reset();
                    if message.is_some() || rejected > 0 {
                        self.queue.noticed(partial(rejected, message));
                    }
                    Some(Settled::Exported { rejected })
                }
                Answer::Refused { .. } => {
                    // The collector is there, and the next batch may be better.
                    self.backoff.reset();
                    Some(lost(perhaps_taken))
                }
                Answer::Retry {
                    after: Some(after), ..
                }
                | Answer::Unknown {
                    after: Some(after), ..
                } => {
                    self.backoff.reset();
                    let left = over.saturating_duration_since(now());
                    if after < left {
                        self.hold_off(now() + after).await?;
                        None
                    } else {
                        let longest = self.queue.batching().export_timeout;
                        self.wait = Some(Wait::Throttled(later(now(), after.min(longest))));
                        Some(lost(perhaps_taken))
                    }
                }
                Answer::Retry { after: None, .. } | Answer::Unknown { after: None, .. } => {
                    self.back_off(over, perhaps_taken).await?
                }
            };
            if let Some(settled) = settled {
                self.queue.settle(settled);
                return Ok(());
            }
        }
    }

    async fn attempt(
        &mut self,
        batch: &Batch,
        over: Instant,
        perhaps_taken: bool,
    ) -> Result<Answer, Closed> {
        let begun = now();
        let mut deadline = over.min(later(begun, self.timeout));
        if let Phase::Closing(end) = self.queue.phase() {
            deadline = deadline.min(end);
        }
        self.queue.sending();
        let answer = {
            let queue = &self.queue;
            let signal = queue.signal();
            let export = async {
                let export = self
                    .transport
                    .export(signal, batch.request.clone(), deadline);
                // A transport keeps its deadline; this one holds if it does not.
                tokio::time::timeout_at(deadline.into(), export).await
            };
            tokio::select! {
                biased;
                answer = catch(export) => match answer {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(_)) => Answer::Unknown { after: None, cause: "no answer came in time".to_owned() },
                    Err(panic) => Answer::Unknown { after: None, cause: format!("the transport panicked: {}", message(&*panic)) },
                },
                Closed = closed(queue) => return Err(Closed),
            }
        };
        let (error, unknown) = match &answer {
            Answer::Accepted { .. } => (None, false),
            Answer::Retry { cause, .. } | Answer::Refused { cause } => (Some(cause), false),
            Answer::Unknown { cause, .. } => (Some(cause), true),
        };
        self.queue.attempted(
            now().saturating_duration_since(begun),
            |attempts| match answer {
                Answer::Accepted { .. } => attempts.accepted += 1,
                Answer::Retry { .. } => attempts.retryable += 1,
                Answer::Refused { .. } => attempts.refused += 1,
                Answer::Unknown { .. } => attempts.unknown += 1,
            },
            perhaps_taken || unknown,
            error.cloned(),
        );
        Ok(answer)
    }

    /// Waits before the next attempt of a batch, or gives it up.
    async fn back_off(
        &mut self,
        over: Instant,
        perhaps_taken: bool,
    ) -> Result<Option<Settled>, Closed> {
        let next = now() + self.backoff.failed();
        if let Phase::Closing(end) = self.queue.phase() {
            if next >= end {
                self.queue.close_now();
                return Err(Closed);
            }
        }
        if next < over {
            self.pause(next).await?;
            return Ok(None);
        }
        // The time of this batch would be over; that of the next one begins after the wait.
        self.wait = Some(Wait::Backoff(next));
        Ok(Some(lost(perhaps_taken)))
    }

    /// Waits for as long as we chose ourselves. What is to be sent before a shutdown is tried at once.
    async fn pause(&mut self, until: Instant) -> Result<(), Closed> {
        let was_open = self.queue.phase() == Phase::Open;
        loop {
            match self.queue.phase() {
                Phase::Closed => return Err(Closed),
                Phase::Closing(_) if was_open => {
                    self.backoff.reset();
                    return Ok(());
                }
                _ if now() >= until => return Ok(()),
                _ => woken_until(&self.queue, Some(until)).await,
            }
        }
    }

    /// Waits for as long as the collector asked us to, even before a shutdown: if that is too long, everything is lost at once.
    async fn hold_off(&mut self, until: Instant) -> Result<(), Closed> {
        loop {
            match self.queue.phase() {
                Phase::Closed => return Err(Closed),
                Phase::Closing(end) if end <= until => {
                    self.queue.close_now();
                    return Err(Closed);
                }
                _ if now() >= until => return Ok(()),
                _ => woken_until(&self.queue, Some(until)).await,
            }
        }
    }
}

fn lost(perhaps_taken: bool) -> Settled {
    Settled::Dropped(if perhaps_taken {
        DropReason::Unknown
    } else {
        DropReason::ExportFailed
    })
}

fn partial(rejected: u64, message: Option<String>) -> String {
    let message = message.unwrap_or_default();
    format!("the collector rejected {rejected} records: {message}")
}

async fn closed(queue: &Queue) -> Closed {
    while queue.phase() != Phase::Closed {
        queue.woken().await;
    }
    Closed
}

/// A future, and the panic that ended it.
async fn catch<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // Whoever comes back after a panic looks at nothing that the future was changing, but throws it away.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => std::task::Poll::Ready(Err(panic)),
        }
    })
    .await
}

fn message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "no message",
    }
}
