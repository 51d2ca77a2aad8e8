//! What became of each job. The store is an observer like any other, so that what a client reads and what the metrics
//! say come from the same calls.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use omtx_context::{JobEnd, JobInfo, JobObserver, JobStatus};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::hub::compute::Control;

/// Finished jobs that are remembered.
const MAX_FINISHED: usize = 1000;

/// Bytes of results that are kept; beyond it the oldest jobs are forgotten.
pub const CAPACITY_BYTES: usize = 64 << 20;

/// Where a job is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// It has a result.
    Completed,
    /// It has none, and says why.
    Failed,
    /// Somebody stopped it.
    Cancelled,
    /// It broke.
    Panicked,
}

/// A job as a client sees it.
#[derive(Clone, Debug, Serialize)]
pub struct JobView {
    /// Its id.
    pub job_id: String,
    /// What it computes.
    pub job_type: String,
    /// Where it is.
    pub state: State,
    /// When it was submitted, RFC 3339.
    pub submitted_at: String,
    /// How long it waited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued_ms: Option<u64>,
    /// How long it ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_ms: Option<u64>,
    /// Why it has no result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// What it computed.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "through_arc"
    )]
    pub result: Option<Arc<RawValue>>,
}

fn through_arc<S: Serializer>(
    result: &Option<Arc<RawValue>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    result.as_deref().serialize(serializer)
}

/// How an attempt to cancel went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It was told to stop.
    Asked,
    /// It was over.
    TooLate,
    /// There is no such job.
    Unknown,
}

/// Every job that is not over, and the last ones that are.
#[derive(Debug, Default)]
pub struct Store(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    jobs: HashMap<String, Entry>,
    /// Oldest first.
    finished: VecDeque<String>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    view: JobView,
    control: Arc<Control>,
    callback: Option<http::Uri>,
}

impl Store {
    /// The job as it is now.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<JobView> {
        self.inner().jobs.get(id).map(|entry| entry.view.clone())
    }

    /// Bytes that the results take.
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        self.inner().bytes
    }

    /// Puts the brakes and the callback of a job that was just submitted beside it.
    pub fn attach(&self, id: &str, control: Arc<Control>, callback: Option<http::Uri>) {
        if let Some(entry) = self.inner().jobs.get_mut(id) {
            (entry.control, entry.callback) = (control, callback);
        }
    }

    /// Who wants to hear of the job's end.
    #[must_use]
    pub fn callback(&self, id: &str) -> Option<http::Uri> {
        self.inner().jobs.get(id)?.callback.clone()
    }

    /// Keeps the result of a job that is about to complete.
    pub fn keep(&self, id: &str, result: Box<RawValue>) {
        let inner = &mut *self.inner();
        if let Some(entry) = inner.jobs.get_mut(id) {
            inner.bytes += result.get().len();
            entry.view.result = Some(result.into());
        }
    }

    /// Tells a job to stop. One that waits must be taken out of the queue besides.
    pub fn cancel(&self, id: &str) -> Cancelled {
        match self.inner().jobs.get(id) {
            None => Cancelled::Unknown,
            Some(entry) if !matches!(entry.view.state, State::Queued | State::Running) => {
                Cancelled::TooLate
            }
            Some(entry) => {
                entry.control.cancel();
                Cancelled::Asked
            }
        }
    }

    /// Tells every job to stop.
    pub fn cancel_all(&self) {
        self.inner()
            .jobs
            .values()
            .for_each(|entry| entry.control.cancel());
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn forget_the_oldest(&mut self) {
        while self.finished.len() > MAX_FINISHED || self.bytes > CAPACITY_BYTES {
            let Some(id) = self.finished.pop_front() else {
                break;
            };
            let result = self.jobs.remove(&id).and_then(|entry| entry.view.result);
            self.bytes -= result.map_or(0, |result| result.get().len());
        }
    }
}

impl JobObserver for Store {
    type State = ();

    fn on_submit(&self, job: &JobInfo) {
        let view = JobView {
            job_id: job.id().to_owned(),
            job_type: job.job_type().to_owned(),
            state: State::Queued,
            submitted_at: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
            queued_ms: None,
            run_ms: None,
            reason: None,
            result: None,
        };
        let entry = Entry {
            view,
            control: Arc::default(),
            callback: None,
        };
        self.inner().jobs.insert(job.id().to_owned(), entry);
    }

    fn on_start(&self, (): &mut (), job: &JobInfo, queued: Duration) {
        if let Some(entry) = self.inner().jobs.get_mut(job.id()) {
            entry.view.state = State::Running;
            entry.view.queued_ms = Some(millis(queued));
        }
    }

    fn on_end(&self, (): &(), job: &JobInfo, end: &JobEnd) {
        let inner = &mut *self.inner();
        if let Some(Entry { view, .. }) = inner.jobs.get_mut(job.id()) {
            view.state = match end.status {
                JobStatus::Completed => State::Completed,
                JobStatus::Failed => State::Failed,
                JobStatus::Cancelled => State::Cancelled,
                JobStatus::Panicked => State::Panicked,
            };
            view.queued_ms = Some(millis(end.queued));
            view.run_ms = end.run.map(millis);
            view.reason = end.reason;
            inner.finished.push_back(job.id().to_owned());
        }
        inner.forget_the_oldest();
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use omtx_context::{JobSpec, Jobs};

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    fn finish(jobs: &Jobs<Arc<Store>>, id: &str, result: &str) {
        let job = jobs.submit(JobSpec::new("kmer").id(id)).begin();
        jobs.observer().keep(id, raw(result));
        job.succeed();
    }

    #[test]
    fn a_job_is_seen_in_each_state() {
        let store = Arc::new(Store::default());
        let jobs = Jobs::new(store.clone());
        let state = || store.get("j").unwrap().state;
        let job = jobs.submit(JobSpec::new("kmer").id("j"));
        assert_eq!(state(), State::Queued);
        let job = job.begin();
        assert_eq!(state(), State::Running);
        job.fail("too_short");
        assert_eq!(state(), State::Failed);
        assert_eq!(store.get("j").unwrap().reason, Some("too_short"));
        assert_eq!(store.cancel("j"), Cancelled::TooLate);
        assert_eq!(store.cancel("other"), Cancelled::Unknown);
    }

    #[test]
    fn the_oldest_results_are_forgotten_when_they_are_too_many_or_too_large() {
        let store = Arc::new(Store::default());
        let jobs = Jobs::new(store.clone());
        (0..=MAX_FINISHED).for_each(|n| finish(&jobs, &n.to_string(), "12345"));
        assert!(store.get("0").is_none());
        assert!(store.get("1").is_some());
        assert_eq!(store.used_bytes(), 5 * MAX_FINISHED);
        let large = format!("\"{}\"", "x".repeat(CAPACITY_BYTES - 2));
        finish(&jobs, "large", &large);
        assert_eq!(store.used_bytes(), CAPACITY_BYTES);
        assert!(store.get("large").is_some(), "the newest stays");
    }
}
