//! When the sources are read, and when what they said is too old.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use sysinfo::Disks;

#[cfg(target_os = "linux")]
use super::cgroup::{Cgroup, CgroupMetrics};
use super::machine::Machine;
use super::{DiskMetrics, MachineMetrics, ProcessMetrics};
use crate::lock::lock;
use crate::{Counter, Error, Family, LabelValue, Labels, MetricSet, Registry};

/// How often the sources are read unless the builder says otherwise: as often as Prometheus usually scrapes.
pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(15);

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, LabelValue)]
#[label(crate = crate)]
#[non_exhaustive]
pub enum Source {
    /// This process.
    Process,
    /// CPU, memory and network of the machine.
    Machine,
    /// File systems and block devices.
    Disks,
    /// The control group of this process.
    Cgroup,
}

/// What is read.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct SourceLabels {
    /// The source.
    pub source: Source,
}

/// What could not be read; and the way to have everything read: [`builder`](Self::builder).
#[derive(Debug, MetricSet)]
#[metrics(bare, crate = crate)]
#[non_exhaustive]
pub struct SystemMetrics {
    /// Attempts to read a source that failed, wholly or in part, and times that its rows went away because they were too old.
    #[metric(zeroed)]
    pub omtx_system_sample_errors_total: Family<SourceLabels, Counter>,
}

impl SystemMetrics {
    /// Everything, every [`DEFAULT_INTERVAL`].
    pub fn builder() -> SystemMetricsBuilder {
        SystemMetricsBuilder {
            interval: DEFAULT_INTERVAL,
            process: true,
            machine: true,
            disks: true,
            cgroup: true,
        }
    }

    fn count(&self, source: Source) {
        let labels = SourceLabels { source };
        self.omtx_system_sample_errors_total.with(labels).inc();
    }
}

/// What to read, and how often.
///
/// ```
/// use std::time::Duration;
/// use omtx_metrics::Registry;
/// use omtx_metrics::system::SystemMetrics;
///
/// let registry = Registry::new();
/// SystemMetrics::builder()
///     .interval(Duration::from_secs(60))
///     .disks(false) // node exporter has them
///     .start(&registry)?;
/// assert!(registry.to_text().contains("\nprocess_start_time_seconds "));
///
/// let error = SystemMetrics::builder().interval(Duration::ZERO).start(&Registry::new()).unwrap_err();
/// assert_eq!(error.to_string(), r#"invalid sampling interval "0ns"; expected 1 s to 1 h"#);
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is read before `start`"]
pub struct SystemMetricsBuilder {
    interval: Duration,
    process: bool,
    machine: bool,
    disks: bool,
    cgroup: bool,
}

impl SystemMetricsBuilder {
    /// How often the sources are read: 1 s to 1 h, [`DEFAULT_INTERVAL`] unless set.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Whether to read this process (`process_*`); true unless set.
    pub fn process(mut self, process: bool) -> Self {
        self.process = process;
        self
    }

    /// Whether to read the machine's CPU, memory and network (`system_*`); true unless set.
    pub fn machine(mut self, machine: bool) -> Self {
        self.machine = machine;
        self
    }

    /// Whether to read file systems and block devices (`system_disk_*`), on a thread of their own; true unless set.
    pub fn disks(mut self, disks: bool) -> Self {
        self.disks = disks;
        self
    }

    /// Whether to read the control group (`cgroup_*`); true unless set. There is none but on Linux.
    pub fn cgroup(mut self, cgroup: bool) -> Self {
        self.cgroup = cgroup;
        self
    }

    /// Reads everything but the disks once, and goes on in the background for as long as the registry lives. A registry is
    /// sampled once: if this was called for it before, nothing changes.
    ///
    /// # Errors
    ///
    /// If the interval is outside its range, the registry has a family of one of the names, or the operating system refuses
    /// a thread.
    pub fn start(self, registry: &Registry) -> Result<(), Error> {
        let range = Duration::from_secs(1)..=Duration::from_secs(3600);
        if !range.contains(&self.interval) {
            return Err(Error::invalid(
                "sampling interval",
                format_args!("{:?}", self.interval),
                "1 s to 1 h",
            ));
        }
        let mut new = None;
        registry.shared(|| {
            let sampling = Arc::new(Sampling::new(&self, registry)?);
            new = Some(Arc::clone(&sampling));
            Ok(sampling)
        })?;
        if let Some(sampling) = new {
            let sampling = Arc::downgrade(&sampling);
            registry.before_scrape(move || {
                if let Some(sampling) = sampling.upgrade() {
                    sampling.tracks.iter().for_each(|track| track.forget_old());
                }
            });
        }
        Ok(())
    }
}

/// The threads of one registry. They end when it is dropped.
struct Sampling {
    tracks: Vec<Arc<Track>>,
}

impl Sampling {
    fn new(builder: &SystemMetricsBuilder, registry: &Registry) -> Result<Self, Error> {
        let errors = registry.register::<SystemMetrics>()?;
        let mut sources: Vec<Look> = Vec::new();
        let mut forget: Vec<Forget> = Vec::new();
        if builder.process {
            let metrics = registry.register::<ProcessMetrics>()?;
            let clear: Forget = Arc::new({
                let metrics = Arc::clone(&metrics);
                move || metrics.clear()
            });
            forget.push(Arc::clone(&clear));
            sources.push((Source::Process, guarded(clear, move || metrics.sample())));
        }
        if builder.machine {
            let metrics = registry.register::<MachineMetrics>()?;
            let clear: Forget = Arc::new({
                let metrics = Arc::clone(&metrics);
                move || metrics.clear()
            });
            forget.push(Arc::clone(&clear));
            let mut machine = Machine::new();
            let look = move || machine.sample(&metrics);
            sources.push((Source::Machine, guarded(clear, look)));
        }
        #[cfg(target_os = "linux")]
        if builder.cgroup {
            let metrics = registry.register::<CgroupMetrics>()?;
            let clear: Forget = Arc::new({
                let metrics = Arc::clone(&metrics);
                move || metrics.clear()
            });
            forget.push(Arc::clone(&clear));
            let cgroup = Cgroup::new();
            let look = move || cgroup.sample(&metrics);
            sources.push((Source::Cgroup, guarded(clear, look)));
        }
        let mut sampling = Self { tracks: Vec::new() };
        let mut track = |name, now, sources: Vec<Look>, mut forget: Vec<Forget>| {
            // A source that hangs does not say that it failed.
            for (source, _) in &sources {
                let (errors, source) = (Arc::clone(&errors), *source);
                forget.push(Arc::new(move || errors.count(source)));
            }
            let track = Arc::new(Track::new(builder.interval, forget));
            // Told to stop if the next thread is refused.
            sampling.tracks.push(Arc::clone(&track));
            let looks = Looks {
                errors: Arc::clone(&errors),
                sources,
            };
            track.start(name, now, looks)
        };
        if !sources.is_empty() {
            track("omtx-system", true, sources, forget)?;
        }
        if builder.disks {
            let metrics = registry.register::<DiskMetrics>()?;
            let clear: Forget = Arc::new({
                let metrics = Arc::clone(&metrics);
                move || metrics.clear()
            });
            let mut disks = Disks::new();
            let look = move || {
                metrics.sample(&mut disks);
                true
            };
            track(
                "omtx-disks",
                false,
                vec![(Source::Disks, guarded(Arc::clone(&clear), look))],
                vec![clear],
            )?;
        }
        Ok(sampling)
    }
}

impl Drop for Sampling {
    fn drop(&mut self) {
        // Not joined: one that asks a dead file system never ends.
        self.tracks.iter().for_each(|track| track.stop());
    }
}

/// Reads a source; false if that failed.
type Look = (Source, Box<dyn FnMut() -> bool + Send>);
/// Takes a source's rows away.
type Forget = Arc<dyn Fn() + Send + Sync>;

/// `look`, that loses its own rows and no more if it panics, which is a failure like any other.
fn guarded(
    forget: Forget,
    mut look: impl FnMut() -> bool + Send + 'static,
) -> Box<dyn FnMut() -> bool + Send> {
    Box::new(move || {
        catch_unwind(AssertUnwindSafe(&mut look)).unwrap_or_else(|payload| {
            // What was thrown may panic itself when it is dropped.
            std::mem::forget(payload);
            forget();
            false
        })
    })
}

/// What one thread reads.
struct Looks {
    errors: Arc<SystemMetrics>,
    sources: Vec<Look>,
}

impl Looks {
    fn look(&mut self) {
        for (source, look) in &mut self.sources {
            if !look() {
                self.errors.count(*source);
            }
        }
    }
}

/// One thread, and how old what it read is.
struct Track {
    interval: Duration,
    state: Mutex<State>,
    stopped: Condvar,
    forget: Vec<Forget>,
}

struct State {
    stop: bool,
    /// When the last look, or the track, began to count; `None` once the rows were taken away.
    looked: Option<Instant>,
    /// How often the rows were taken away.
    forgotten: u64,
}

/// Intervals after which rows that were not read again go away.
const MAX_AGE: u32 = 3;

impl Track {
    fn new(interval: Duration, forget: Vec<Forget>) -> Self {
        Self {
            interval,
            state: Mutex::new(State {
                stop: false,
                looked: Some(Instant::now()),
                forgotten: 0,
            }),
            stopped: Condvar::new(),
            forget,
        }
    }

    /// `now`: the first look is over when this returns.
    fn start(self: &Arc<Self>, name: &str, now: bool, mut looks: Looks) -> Result<(), Error> {
        if now {
            self.look(&mut looks);
        }
        let track = Arc::clone(self);
        thread::Builder::new()
            .name(name.into())
            .spawn(move || {
                if !now {
                    track.look(&mut looks);
                }
                while track.wait() {
                    track.look(&mut looks);
                }
            })
            .map(drop)
            .map_err(|error| Error::thread(name, error))
    }

    fn look(&self, looks: &mut Looks) {
        let before = lock(&self.state).forgotten;
        looks.look();
        let mut state = lock(&self.state);
        state.looked = Some(Instant::now());
        let forgotten = state.forgotten != before;
        drop(state);
        if forgotten {
            looks.look(); // what it had shown may have been taken away by the scrape that found the last look too old
        }
    }

    /// Until the next look is due; false if there will be none.
    fn wait(&self) -> bool {
        let state = lock(&self.state);
        let (state, _) = self
            .stopped
            .wait_timeout_while(state, self.interval, |state| !state.stop)
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        !state.stop
    }

    fn stop(&self) {
        lock(&self.state).stop = true;
        self.stopped.notify_all();
    }

    /// Takes away what is too old; a look that comes to an end later brings it back.
    fn forget_old(&self) {
        let mut state = lock(&self.state);
        let old = state
            .looked
            .is_some_and(|looked| looked.elapsed() > self.interval * MAX_AGE);
        if old {
            state.looked = None;
            state.forgotten += 1;
            self.forget.iter().for_each(|forget| forget());
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    fn errors() -> Arc<SystemMetrics> {
        Registry::new().register().unwrap()
    }

    #[test]
    fn what_was_not_read_for_three_intervals_goes_away_and_comes_back() {
        let forgotten = Arc::new(AtomicUsize::new(0));
        let forget = {
            let forgotten = Arc::clone(&forgotten);
            move || {
                forgotten.fetch_add(1, Ordering::Relaxed);
            }
        };
        let track = Track::new(Duration::from_secs(10), vec![Arc::new(forget)]);
        let mut looks = Looks {
            errors: errors(),
            sources: Vec::new(),
        };
        track.forget_old(); // nothing was read yet
        track.look(&mut looks);
        track.forget_old();
        assert_eq!(forgotten.load(Ordering::Relaxed), 0, "it is fresh");

        let long_ago = Instant::now().checked_sub(Duration::from_secs(31)).unwrap();
        lock(&track.state).looked = Some(long_ago);
        track.forget_old();
        track.forget_old();
        assert_eq!(forgotten.load(Ordering::Relaxed), 1, "once is enough");

        track.look(&mut looks);
        assert!(lock(&track.state).looked.is_some());
    }

    #[test]
    fn rows_that_are_taken_away_during_a_look_are_shown_again() {
        let shown = Arc::new(AtomicUsize::new(0));
        let forget = {
            let shown = Arc::clone(&shown);
            move || shown.store(0, Ordering::Relaxed)
        };
        let track = Arc::new(Track::new(Duration::from_secs(10), vec![Arc::new(forget)]));
        let long_ago = Instant::now().checked_sub(Duration::from_secs(31)).unwrap();
        lock(&track.state).looked = Some(long_ago);
        let look = {
            let (shown, track) = (Arc::clone(&shown), Arc::clone(&track));
            move || {
                shown.store(1, Ordering::Relaxed);
                track.forget_old(); // a scrape, before the look is over
                true
            }
        };
        let mut looks = Looks {
            errors: errors(),
            sources: vec![(Source::Disks, Box::new(look))],
        };
        track.look(&mut looks);
        assert_eq!(shown.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_source_that_hangs_from_the_start_is_counted_once() {
        let registry = Registry::new();
        let builder = SystemMetrics::builder().machine(false).cgroup(false);
        let sampling = Sampling::new(&builder.disks(false), &registry).unwrap();
        let errors = registry.register::<SystemMetrics>().unwrap();
        let count = || {
            let family = &errors.omtx_system_sample_errors_total;
            let source = Source::Process;
            family.with(SourceLabels { source }).get()
        };
        let before = count();
        let long_ago = Instant::now().checked_sub(Duration::from_secs(46)).unwrap();
        lock(&sampling.tracks[0].state).looked = Some(long_ago);
        sampling.tracks[0].forget_old();
        sampling.tracks[0].forget_old();
        assert_eq!(count() - before, 1);
        assert!(!registry.to_text().contains("\nprocess_"));
    }

    #[test]
    fn a_source_that_fails_is_counted_and_the_others_are_read() {
        let errors = errors();
        let read = Arc::new(AtomicUsize::new(0));
        let second = Arc::clone(&read);
        let mut looks = Looks {
            errors: Arc::clone(&errors),
            sources: vec![
                (Source::Cgroup, Box::new(|| false)),
                (
                    Source::Process,
                    Box::new(move || second.fetch_add(1, Ordering::Relaxed) == 0),
                ),
            ],
        };
        looks.look();
        let count = |source| {
            let family = &errors.omtx_system_sample_errors_total;
            family.with(SourceLabels { source }).get()
        };
        assert_eq!((count(Source::Cgroup), count(Source::Process)), (1, 0));
        assert_eq!(read.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_source_that_panics_loses_its_rows_and_the_others_are_read() {
        let errors = errors();
        let (forgotten, read) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let forget = {
            let forgotten = Arc::clone(&forgotten);
            move || {
                forgotten.fetch_add(1, Ordering::Relaxed);
            }
        };
        let second = Arc::clone(&read);
        let mut looks = Looks {
            errors: Arc::clone(&errors),
            sources: vec![
                (
                    Source::Machine,
                    guarded(Arc::new(forget), || panic!("a source's panic")),
                ),
                (
                    Source::Cgroup,
                    Box::new(move || second.fetch_add(1, Ordering::Relaxed) == 0),
                ),
            ],
        };
        looks.look();
        let family = &errors.omtx_system_sample_errors_total;
        let source = Source::Machine;
        assert_eq!(family.with(SourceLabels { source }).get(), 1);
        assert_eq!(forgotten.load(Ordering::Relaxed), 1);
        assert_eq!(read.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_thread_that_hangs_holds_up_nobody_and_ends_when_it_can() {
        let (release, held) = mpsc::channel::<()>();
        let (ended, end) = mpsc::channel::<()>();
        let looks = Looks {
            errors: errors(),
            sources: vec![(
                Source::Disks,
                Box::new(move || {
                    let _ = held.recv(); // a file system whose server is gone
                    let _ = &ended; // dropped with the thread
                    true
                }),
            )],
        };
        let track = Arc::new(Track::new(Duration::from_secs(1), Vec::new()));
        track.start("omtx-disks", false, looks).unwrap();
        track.forget_old();
        track.stop();
        release.send(()).unwrap();
        assert!(end.recv().is_err(), "the thread is gone");
    }
}
