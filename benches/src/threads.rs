//! One thread, or two at once.

use crate::{Round, Run};
use std::fs::File;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// On how many threads an operation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// On the thread that measures.
    One,
    /// On two that live as long as the process, as a runtime's workers do, each on a core of its own, and start
    /// together. A round's time is the wall time from the first start to the last end, divided by the operations of
    /// both.
    Two,
}

impl Threads {
    /// `operation` is given a number that goes up by one each time (on each thread), to choose inputs by.
    pub fn run(self, operation: impl Fn(usize) + Send + Sync + 'static) -> Run {
        match self {
            Self::One => Run::batch(move |times| (0..times as usize).for_each(&operation)),
            Self::Two => {
                let operation = Arc::new(operation);
                Run::new(move |times| on_both(&operation, times))
            }
        }
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// A thread on the `index`th core: left alone, schedulers that pack threads would put both on one for a short round,
/// and they would not contend.
fn worker(index: usize) -> Mutex<Sender<Job>> {
    let (sender, jobs) = channel::<Job>();
    std::thread::spawn(move || {
        let core = core_affinity::get_core_ids().and_then(|cores| cores.get(index).copied());
        core.map(core_affinity::set_for_current);
        jobs.into_iter().for_each(|job| job());
    });
    Mutex::new(sender)
}

/// How long this thread has been ready to run while its core ran something else; 0 where the kernel does not tell.
pub(crate) fn waited() -> Duration {
    // Linux, Documentation/scheduler/sched-stats.rst: time on the CPU, time waiting on a run queue, both in nanoseconds.
    // Read without allocating, since allocations may be being counted.
    let mut stat = [0; 128];
    let length = File::open("/proc/thread-self/schedstat")
        .and_then(|mut file| file.read(&mut stat))
        .unwrap_or(0);
    let stat = std::str::from_utf8(&stat[..length]).unwrap_or_default();
    let nanos = stat
        .split_ascii_whitespace()
        .nth(1)
        .and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

fn on_both(operation: &Arc<impl Fn(usize) + Send + Sync + 'static>, times: u64) -> Round {
    static WORKERS: LazyLock<[Mutex<Sender<Job>>; 2]> = LazyLock::new(|| [worker(0), worker(1)]);

    let each = times.div_ceil(2) as usize;
    let arrived = Arc::new(AtomicUsize::new(0));
    let (sender, ends) = channel();
    for (index, worker) in WORKERS.iter().enumerate() {
        let (operation, arrived, sender) =
            (Arc::clone(operation), Arc::clone(&arrived), sender.clone());
        let job: Job = Box::new(move || {
            arrived.fetch_add(1, Ordering::AcqRel);
            while arrived.load(Ordering::Acquire) < 2 {
                std::hint::spin_loop();
            }
            // Far apart in a sequence of inputs.
            let first = index * 509;
            let waited = waited();
            let start = Instant::now();
            for i in first..first + each {
                operation(i);
            }
            let end = Instant::now();
            let _ = sender.send((start, end, self::waited().saturating_sub(waited)));
        });
        let worker = worker.lock().unwrap_or_else(PoisonError::into_inner);
        worker.send(job).expect("a worker ends with the process");
    }
    drop(sender);
    let [a, b] = std::array::from_fn(|_| {
        ends.recv()
            .expect("both workers answer, unless the operation panicked")
    });
    Round {
        took: a.1.max(b.1) - a.0.min(b.0),
        waited: a.2.max(b.2),
    }
}
