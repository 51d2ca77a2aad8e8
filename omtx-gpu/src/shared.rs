//! What the two threads, the scrapes and the jobs have in common.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwap;

use crate::driver::Watch;
use crate::events::{Desk, WAIT};
use crate::jobs::Ledger;
use crate::lock::lock;
use crate::options::Options;
use crate::snapshot::{GpuDevice, GpuDriver, GpuSnapshot};
use crate::state::{CollectorState, Status};
use crate::xids::Xids;

/// Something that shows what was published.
pub(crate) trait Refresh: Send + Sync {
    fn refresh(&self, now: Instant);
}

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) sampler: Watch,
    pub(crate) events: Watch,
    /// Where the sampler hands the driver to the event thread.
    pub(crate) desk: Desk,
    /// Who uses which device.
    pub(crate) ledger: Ledger,
    latest: ArcSwap<GpuSnapshot>,
    xids: ArcSwap<Xids>,
    /// The registries that show this collector.
    views: Mutex<Vec<Weak<dyn Refresh>>>,
    /// Attempts to open or to ask the driver that failed.
    failures: AtomicU64,
    /// True once the threads are to end.
    stopped: Mutex<bool>,
    stopping: Condvar,
}

impl Shared {
    pub(crate) fn new(options: Options) -> Self {
        let nothing = GpuSnapshot {
            taken: Instant::now(),
            taken_at: SystemTime::now(),
            sampled_at: None,
            status: Status::not_looked(),
            driver: None,
            devices: Vec::new(),
        };
        Self {
            ledger: Ledger::new(options.max_age),
            options,
            sampler: Watch::default(),
            events: Watch::default(),
            desk: Desk::default(),
            latest: ArcSwap::from_pointee(nothing),
            xids: ArcSwap::default(),
            views: Mutex::default(),
            failures: AtomicU64::new(0),
            stopped: Mutex::new(false),
            stopping: Condvar::new(),
        }
    }

    pub(crate) fn latest(&self) -> Arc<GpuSnapshot> {
        self.latest.load_full()
    }

    /// How the collector is at `now`: what the sampler said last, unless a call hangs.
    pub(crate) fn status(&self, now: Instant) -> Status {
        let deadline = self.options.call_deadline;
        let overdue = self
            .sampler
            .overdue(now, deadline)
            .or_else(|| self.events.overdue(now, deadline + WAIT));
        match overdue {
            Some(call) => {
                let seconds = call.since.as_secs_f64();
                let reason = format!("{} has not returned for {seconds:.1} s", call.symbol);
                Status::because(CollectorState::Stuck, reason)
            }
            None => self.latest.load().status.clone(),
        }
    }

    /// Publishes what was found out, and settles the jobs' accounts by it.
    pub(crate) fn publish(
        &self,
        status: Status,
        driver: Option<Arc<GpuDriver>>,
        devices: Vec<GpuDevice>,
    ) {
        let taken_at = SystemTime::now();
        let answered = devices.iter().any(|device| device.up);
        let snapshot = GpuSnapshot {
            taken: Instant::now(),
            taken_at,
            sampled_at: answered
                .then_some(taken_at)
                .or_else(|| self.latest.load().sampled_at),
            status,
            driver,
            devices,
        };
        self.ledger.settle(&snapshot);
        self.latest.store(Arc::new(snapshot));
        // Here, so that scrapes find it done.
        let views: Vec<Weak<dyn Refresh>> = lock(&self.views).clone();
        for view in views.iter().filter_map(Weak::upgrade) {
            view.refresh(Instant::now());
        }
    }

    /// Lets `view` show what is published from now on.
    pub(crate) fn add_view(&self, view: Weak<dyn Refresh>) {
        let mut views = lock(&self.views);
        views.retain(|view| view.strong_count() > 0);
        views.push(view);
    }

    pub(crate) fn xids(&self) -> Arc<Xids> {
        self.xids.load_full()
    }

    /// For the event thread only, so that no update is lost.
    pub(crate) fn update_xids(&self, update: impl FnOnce(&mut Xids)) {
        let mut xids = (*self.xids()).clone();
        update(&mut xids);
        self.xids.store(Arc::new(xids));
    }

    pub(crate) fn count_failure(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Tells the threads to end.
    pub(crate) fn stop(&self) {
        *lock(&self.stopped) = true;
        self.stopping.notify_all();
        self.desk.stop();
    }

    /// Waits, unless the threads are to end. Returns whether they go on.
    pub(crate) fn pause(&self, duration: Duration) -> bool {
        let deadline = Instant::now() + duration; // an hour at most
        let mut stopped = lock(&self.stopped);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if *stopped || left.is_zero() {
                return !*stopped;
            }
            stopped = self
                .stopping
                .wait_timeout(stopped, left)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(stopped, _)| stopped);
        }
    }
}
