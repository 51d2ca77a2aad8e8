//! The thread, and how it ends.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::backoff::Backoff;
use super::blocks::Reader;
use super::ended::{Ended, Ending};
use super::flushed::Flushed;
use super::fork::Process;
use super::hooks::{BeforeFlush, Hooks, Occasion};
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

/// The thread that exports all signals. Dropping it shuts it down, with [`DEFAULT_SHUTDOWN`](Self::DEFAULT_SHUTDOWN).
pub(crate) struct Exporter {
    pipelines: Vec<Pipeline>,
    thread: Option<Running>,
    before_flush: Hooks,
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
            before_flush: Hooks::default(),
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
        self.before_flush.add(hook);
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        for pipeline in &self.pipelines {
            stats.set(pipeline.signal(), pipeline.stats());
        }
        stats
    }

    /// Sends what was recorded before now, of all signals at once. What is not settled in time is sent later.
    pub(crate) fn flush(&self, timeout: Duration) -> Flushed {
        if ON_THREAD.get() || !self.process.is_current() {
            // It would wait for itself, or for nobody.
            return Flushed::incomplete();
        }
        let deadline = after(timeout);
        let mut flushed = match self.run_hooks(Occasion::Flush, timeout) {
            true => Flushed::default(),
            false => Flushed::incomplete(),
        };
        let asked: Vec<_> = self.pipelines.iter().map(|one| one.queue.flush()).collect();
        for (pipeline, until) in self.pipelines.iter().zip(asked) {
            if !until.is_some_and(|until| pipeline.queue.wait(until, deadline)) {
                let stats = pipeline.stats();
                let left = stats.waiting_records + stats.in_flight_records;
                flushed.set_left(pipeline.signal(), left);
            }
        }
        flushed
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
    /// False if they took longer.
    fn run_hooks(&self, occasion: Occasion, timeout: Duration) -> bool {
        if self.before_flush.is_empty() {
            return true;
        }
        for pipeline in &self.pipelines {
            pipeline.queue.flush();
        }
        self.before_flush.run(occasion, timeout / 2)
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
