//! From a request to a result: the queue that jobs wait in, the workers that run them, the store that remembers them.

mod queue;
mod store;
mod work;

pub use queue::{Full, Permit, Queue};
pub use store::{CAPACITY_BYTES, Cancelled, JobView, State, Store};
pub use work::{Fault, Pending, Work, worker};

use std::sync::Arc;

use omtx_logging::JobLog;
use omtx_metrics::jobs::JobMetricsObserver;
use omtx_tracing::JobSpans;

use super::webhook::Notify;

/// Who hears of each job. At its end in reverse order: the store knows the state before a webhook tells of it.
pub type Observers = (JobSpans, Notify, JobLog, JobMetricsObserver, Arc<Store>);
