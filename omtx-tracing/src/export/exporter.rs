//! The thread, and how it ends.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::backoff::Backoff;
use super::blocks::Reader;
use super::ended::{Ended, Ending};
use super::fork::Process;
use super::lane::Lane;
use super::later;
use super::loss::{Lost, OnLoss, Reporter};
use super::pipeline::Pipeline;
use super::queue::Queue;
use super::stats::Stats;
use crate::config::Batching;
use crate::transport::Transport;
use crate::{Error, Signal};

thread_local! {
    pub(super) static ON_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// One signal: where it goes, and within which bounds.
pub(crate) struct LaneSpec {
    pub(crate) signal: Signal,
    pub(crate) batching: Batching,
    /// Of one attempt: `OTEL_EXPORTER_OTLP_TIMEOUT`.
    pub(crate) timeout: Duration,
    /// An encoded `opentelemetry.proto.resource.v1.Resource`.
    pub(crate) resource: Vec<u8>,
    /// Of the resource; empty if it has none.
    pub(crate) schema_url: &'static str,
    pub(crate) transport: Box<dyn Transport>,
}

/// What runs when something is about to be flushed: a round of a reader.
pub(crate) type BeforeFlush = Arc<dyn Fn(Occasion) + Send + Sync>;

/// What something is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// There will be others.
    Flush,
    /// The last one: what is read later would be lost.
    Shutdown,
}

/// The thread that exports all signals. Dropping it shuts it down, with [`DEFAULT_SHUTDOWN`](Self::DEFAULT_SHUTDOWN).
pub(crate) struct Exporter {
    pipelines: Vec<Pipeline>,
    thread: Option<Running>,
    before_flush: Mutex<Vec<BeforeFlush>>,
    process: Process,
}

/// A thread that was started.
struct Running {
    runtime: Handle,
    ended: Arc<Ended>,
}

impl Exporter {
    /// What a drop of the last handle allows for what is still to be sent.
    pub(crate) const DEFAULT_SHUTDOWN: Duration = Duration::from_secs(5);

    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// If there is no thread to be had, or no event queue of the system's.
    pub(crate) fn start(lanes: Vec<LaneSpec>, on_loss: Option<OnLoss>) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_name("omtx-otlp-aside")
            .build()
            .map_err(|error| Error::system("cannot start the exporter's runtime").because(error))?;
        let (mut exporter, driver) = Self::prepare(lanes, on_loss);
        let handle = runtime.handle().clone();
        let ended = Arc::new(Ended::default());
        let ending = Ending::of(&ended);
        let thread = thread::Builder::new().name("omtx-otlp".to_owned());
        match thread.spawn(move || run(runtime, driver, &ending)) {
            Ok(_) => {
                exporter.thread = Some(Running {
                    runtime: handle,
                    ended,
                });
                Ok(exporter)
            }
            Err(error) => {
                for pipeline in &exporter.pipelines {
                    pipeline.queue.close_now();
                }
                Err(Error::system("cannot start the exporter's thread").because(error))
            }
        }
    }

    /// The exporter, and what its thread does.
    pub(super) fn prepare(
        lanes: Vec<LaneSpec>,
        on_loss: Option<OnLoss>,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let lost = Arc::new(Notify::new());
        let mut pipelines = Vec::new();
        let mut tasks = Vec::new();
        for lane in lanes {
            let queue = Arc::new(Queue::new(
                lane.signal,
                lane.batching,
                &lane.resource,
                lane.schema_url,
                Arc::clone(&lost),
            ));
            pipelines.push(Pipeline {
                queue: Arc::clone(&queue),
            });
            tasks.push(Lane {
                queue,
                transport: lane.transport,
                timeout: lane.timeout,
                reader: Reader::default(),
                backoff: Backoff::default(),
                wait: None,
            });
        }
        let reporter = on_loss.map(|hook| Reporter {
            queues: pipelines.iter().map(|one| Arc::clone(&one.queue)).collect(),
            lost,
            hook,
        });
        let exporter = Self {
            pipelines,
            thread: None,
            before_flush: Mutex::new(Vec::new()),
            process: Process::current(),
        };
        let driver = async move {
            let mut lanes = JoinSet::new();
            for task in tasks {
                lanes.spawn(task.run());
            }
            let done = async move { while lanes.join_next().await.is_some() {} };
            match reporter {
                Some(reporter) => reporter.run(done).await,
                None => done.await,
            }
        };
        (exporter, driver)
    }

    /// One signal's way to the collector; none if it is not exported.
    pub(crate) fn pipeline(&self, signal: Signal) -> Option<&Pipeline> {
        self.pipelines.iter().find(|one| one.signal() == signal)
    }

    /// Runs a task on the exporter's thread, until the last signal is shut down. It must not block: all signals share the thread.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(thread) = &self.thread {
            thread.runtime.spawn(task);
        }
    }

    /// Has this run at the begin of every flush and of the shutdown, on a thread of its own.
    pub(crate) fn before_flush(&self, hook: BeforeFlush) {
        self.hooks().push(hook);
    }

    fn hooks(&self) -> std::sync::MutexGuard<'_, Vec<BeforeFlush>> {
        self.before_flush
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        for pipeline in &self.pipelines {
            stats.set(pipeline.signal(), pipeline.stats());
        }
        stats
    }

    /// Sends what was recorded before now, of all signals at once. False if not all of it was settled in time; then the rest is
    /// sent later.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        if ON_THREAD.get() {
            // It would wait for itself.
            return false;
        }
        let deadline = after(timeout);
        self.run_hooks(Occasion::Flush, timeout);
        let asked: Vec<_> = self
            .pipelines
            .iter()
            .map(|one| (&one.queue, one.queue.flush()))
            .collect();
        asked.into_iter().all(|(queue, until)| match until {
            Some(until) => queue.wait(until, deadline),
            None => false,
        })
    }

    /// Sends what was recorded, of all signals at once, and ends the thread. What was not sent in time is lost, as is what is
    /// recorded from now on. Blocks for as long as `timeout`, and returns at once if it was called before.
    pub(crate) fn shutdown(&self, timeout: Duration) -> Lost {
        let mut lost = Lost::default();
        if !self.process.is_current() {
            return lost;
        }
        let deadline = after(timeout);
        if ON_THREAD.get() {
            // The last handle was dropped in a hook. The lanes go on when it returns, and look at the deadline themselves.
            for pipeline in &self.pipelines {
                pipeline.queue.begin_close(deadline);
            }
            return lost;
        }
        let before: Vec<_> = self
            .pipelines
            .iter()
            .map(|one| one.queue.dropped_so_far())
            .collect();
        if self.pipelines.iter().any(|one| one.queue.is_open()) {
            self.run_hooks(Occasion::Shutdown, timeout);
        }
        for pipeline in &self.pipelines {
            pipeline.queue.begin_close(deadline);
        }
        for (pipeline, before) in self.pipelines.iter().zip(&before) {
            pipeline.queue.finish_close(deadline);
            lost.set(
                pipeline.signal(),
                pipeline.queue.dropped_so_far().since(before),
            );
        }
        if let Some(thread) = &self.thread {
            // It has nothing left to do but to tell of losses.
            thread.ended.wait(deadline);
        }
        lost
    }

    /// Gives hooks half of the time: what they leave is for what they have handed over. Meanwhile everything else is on its way.
    fn run_hooks(&self, occasion: Occasion, timeout: Duration) {
        if !self.process.is_current() {
            return;
        }
        let hooks = self.hooks().clone();
        if hooks.is_empty() {
            return;
        }
        for pipeline in &self.pipelines {
            pipeline.queue.flush();
        }
        let deadline = after(timeout / 2);
        let (done, wait) = mpsc::sync_channel::<()>(1);
        let work = move || {
            for hook in hooks {
                // The next one is somebody else's.
                let _ = catch_unwind(AssertUnwindSafe(|| hook(occasion)));
            }
            drop(done);
        };
        // On a thread of its own, so that a reader that hangs does not keep anybody longer than the deadline.
        if thread::Builder::new()
            .name("omtx-otlp-flush".to_owned())
            .spawn(work)
            .is_ok()
        {
            let _ = wait.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        }
    }
}

fn after(timeout: Duration) -> Instant {
    later(Instant::now(), timeout)
}

fn run(runtime: Runtime, driver: impl Future<Output = ()>, _ending: &Ending) {
    ON_THREAD.set(true);
    runtime.block_on(driver);
    // A name that is being looked up does not keep the thread.
    runtime.shutdown_background();
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.shutdown(Self::DEFAULT_SHUTDOWN);
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter")
            .field("pipelines", &self.pipelines)
            .finish_non_exhaustive()
    }
}
