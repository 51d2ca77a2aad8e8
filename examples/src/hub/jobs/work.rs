//! A job's work, and the workers that do it.

use std::sync::Arc;
use std::time::Duration;

use omtx_context::{QueuedJob, stage};

use super::{Observers, Queue, Store};
use crate::hub::compute::{Analysis, ComputeError, Control};
use crate::hub::fasta::Record;

/// A fault that a client may ask for where `HUB_FAULTS=true`, to see what a broken job looks like from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The work panics.
    Panic,
    /// The work fails.
    Error,
    /// The work gets nowhere, until somebody stops it.
    Hang,
}

/// What is to be done.
#[derive(Debug)]
pub struct Work {
    /// What to compute.
    pub analysis: Analysis,
    /// On what.
    pub records: Vec<Record>,
    /// Its brakes.
    pub control: Arc<Control>,
    /// What is to go wrong.
    pub fault: Option<Fault>,
}

/// A job with its work.
#[derive(Debug)]
pub struct Pending {
    /// The job.
    pub job: QueuedJob<Observers>,
    /// Its work.
    pub work: Work,
}

impl Pending {
    /// Does the work on this thread. The job ends here, one way or another.
    fn run(self, store: &Store, timeout: Duration) {
        let Self { job, work } = self;
        let info = job.info().clone();
        // Observers tell the outcome; nobody else asks for it.
        let _ = job.run_blocking_with(
            || {
                work.control.start(timeout);
                match work.fault {
                    Some(Fault::Panic) => panic!("a panic was injected"),
                    Some(Fault::Error) => return Err(ComputeError::Injected),
                    Some(Fault::Hang) => return hang(&work.control),
                    None => {}
                }
                let result = work.analysis.run(&work.records, &work.control)?;
                stage("store");
                store.keep(info.id(), result);
                Ok(())
            },
            ComputeError::failure,
        );
    }
}

/// Looks at nothing but the brakes.
fn hang(control: &Control) -> Result<(), ComputeError> {
    stage("hang");
    loop {
        control.check()?;
        std::thread::park_timeout(LOOK);
    }
}

/// Between two looks of a job that gets nowhere.
const LOOK: Duration = Duration::from_millis(5);

/// Takes jobs from the queue until it is closed. Each runs on a blocking thread: it computes, and would hold up an async
/// worker.
pub async fn worker(queue: Arc<Queue<Pending>>, store: Arc<Store>, timeout: Duration) {
    while let Some(pending) = queue.pop().await {
        let store = store.clone();
        // A job that panics has ended as panicked, and its last line says so; the worker goes on.
        let _ = tokio::task::spawn_blocking(move || pending.run(&store, timeout)).await;
    }
}
