//! The handle of everything.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use arc_swap::{ArcSwap, Guard};
use http::request::Parts;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::lock::lock;
use crate::meter::Meter;
use crate::render::Identity;
use crate::runner::Runner;
use crate::spec::{LONGEST, check_name};
use crate::state::{Board, Found, Record, Snapshot};
use crate::watchdog::{Watchdog, Watchdogs};
use crate::{Answer, CheckResult, Drain, Endpoint, Error, HealthBuilder, Report, Spec, Transition};

/// The most checks that a service can have: with more, their names alone could be too much for the kubelet to read.
pub const MAX_CHECKS: usize = 50;

/// The health of this process: its checks, its answers to probes, and its [`Drain`].
///
/// A handle: clones are of the same. The checks run until the last handle is dropped, those in routers included.
///
/// ```
/// use omtx_health::{Health, Spec, Verdict};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let health = Health::builder("shop")
///     .version("1.4.2")
///     .check(Spec::new("db", || async { Ok(Verdict::up()) }))
///     .build()
///     .unwrap();
/// assert!(!health.is_ready(), "nothing has been checked yet");
/// health.subscribe().wait_for(|report| report.is_started()).await.unwrap();
/// assert!(health.is_ready());
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Health {
    pub(crate) inner: Arc<Inner>,
}

/// Tells a client who may see details from one who may not.
pub(crate) type Predicate = Arc<dyn Fn(&Parts) -> bool + Send + Sync>;

/// Tells the time.
pub(crate) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

pub(crate) struct Inner {
    pub(crate) identity: Identity,
    pub(crate) drain: Drain,
    pub(crate) watchdogs: Watchdogs,
    current: ArcSwap<Snapshot>,
    board: Mutex<Board>,
    reports: watch::Sender<Arc<Report>>,
    details: Option<Predicate>,
    clock: Clock,
    made: Instant,
    pub(crate) meter: Meter,
    pub(crate) runner: Runner,
}

/// What [`HealthBuilder`] has gathered.
pub(crate) struct Parameters {
    pub(crate) identity: Identity,
    pub(crate) drain: Drain,
    pub(crate) history: usize,
    pub(crate) by_hand: bool,
    pub(crate) details: Option<Predicate>,
    pub(crate) clock: Clock,
    pub(crate) meter: Meter,
    pub(crate) runtime: Handle,
}

impl Health {
    /// What a service of this name is made of; the name is told as `serviceId` in `application/health+json`.
    pub fn builder(service: impl Into<String>) -> HealthBuilder {
        HealthBuilder::new(service.into())
    }

    pub(crate) fn new(parameters: Parameters) -> Self {
        let Parameters {
            identity,
            drain,
            history,
            by_hand,
            details,
            clock,
            meter,
            runtime,
        } = parameters;
        // The builder adds its checks after this; until they have run, nothing has started.
        let mut board = Board::new(history, true);
        let first = board.settle(&identity, Instant::now(), clock()).snapshot;
        if !by_hand {
            board.start();
        }
        Self {
            inner: Arc::new(Inner {
                reports: watch::Sender::new(Arc::clone(&first.report)),
                current: ArcSwap::from_pointee(first),
                identity,
                drain,
                watchdogs: Watchdogs::default(),
                board: Mutex::new(board),
                details,
                clock,
                made: Instant::now(),
                meter,
                runner: Runner::new(runtime),
            }),
        }
    }

    /// Adds a check while the service runs, as for a connection that is made late. Until it has run, it is `unknown`.
    ///
    /// # Errors
    ///
    /// If its name is taken or malformed, a time is out of range, or there are [`MAX_CHECKS`] already.
    pub fn add(&self, spec: Spec) -> Result<(), Error> {
        let index = self.inner.register(&spec)?;
        self.inner.refresh();
        self.inner.runner.start(self, index, spec);
        Ok(())
    }

    /// Adds all checks of the builder, so that none of them can make the service start before the others are there.
    pub(crate) fn add_all(&self, specs: Vec<Spec>) -> Result<(), Error> {
        let mut placed = Vec::with_capacity(specs.len());
        for spec in specs {
            placed.push((self.inner.register(&spec)?, spec));
        }
        self.inner.refresh();
        for (index, spec) in placed {
            self.inner.runner.start(self, index, spec);
        }
        Ok(())
    }

    /// Answers a probe: never waits, never fails.
    pub fn answer(&self, endpoint: Endpoint<'_>, head: &Parts) -> Answer {
        self.inner.answer(endpoint, head)
    }

    /// Answers the request if its path is that of a probe: see [`Endpoint::from_path`].
    pub fn answer_path(&self, head: &Parts) -> Option<Answer> {
        let endpoint = Endpoint::from_path(head.uri.path())?;
        Some(self.inner.answer(endpoint, head))
    }

    /// How everything is now.
    #[must_use]
    pub fn report(&self) -> Arc<Report> {
        Arc::clone(&self.inner.snapshot().report)
    }

    /// True if requests may be sent here: it has started, does not drain, and the checks marked as readiness are up.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.inner.drain.is_draining() && self.inner.snapshot().readiness.ready
    }

    /// Told of every report in which a status has changed, the current one first.
    ///
    /// That a result has gone stale is noticed by whoever looks first: a probe, a scrape, any method of this handle, or the
    /// runner, once a second. A receiver that is slow sees the latest report only.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<Report>> {
        self.inner.reports.subscribe()
    }

    /// The latest changes, oldest first: [`DEFAULT_HISTORY`](crate::DEFAULT_HISTORY) of them, unless the builder was told
    /// otherwise.
    #[must_use]
    pub fn history(&self) -> Vec<Transition> {
        drop(self.inner.snapshot()); // what has gone stale is a change, too
        lock(&self.inner.board).history()
    }

    /// Has the check of this name run soon, before its interval is over; false if there is none.
    ///
    /// However often it is asked for, at most one run is in flight.
    pub fn run_soon(&self, name: &str) -> bool {
        self.inner.runner.run_soon(name)
    }

    /// Says that the service has started, if the builder was told [`startup_by_hand`](HealthBuilder::startup_by_hand).
    pub fn set_started(&self) {
        lock(&self.inner.board).start();
        self.inner.refresh();
    }

    /// A part of the process that has to say that it works at least once in `limit`, or `/live` fails.
    ///
    /// # Errors
    ///
    /// If the name is malformed, or the limit is not between 1 ms and a year.
    pub fn watchdog(&self, name: &str, limit: Duration) -> Result<Watchdog, Error> {
        check_name("watchdog name", name)?;
        if !(Duration::from_millis(1)..=LONGEST).contains(&limit) {
            let what = format!("limit of watchdog {name}");
            return Err(Error::invalid(
                &what,
                format_args!("{limit:?}"),
                "1ms to a year",
            ));
        }
        Ok(self.inner.watchdogs.add(name, limit))
    }

    /// The end of the service, in order.
    #[must_use]
    pub fn drain(&self) -> &Drain {
        &self.inner.drain
    }
}

impl Inner {
    /// Makes room for a check, and says where.
    fn register(&self, spec: &Spec) -> Result<usize, Error> {
        spec.validate()?;
        let wall = self.wall();
        let mut board = lock(&self.board);
        if board.index(&spec.name).is_some() {
            return Err(Error::conflict("check", &spec.name));
        }
        let index = board.len();
        if index == MAX_CHECKS {
            let what = "number of checks";
            return Err(Error::invalid(what, index + 1, "at most 50"));
        }
        board.add(Record::new(spec, Instant::now(), wall));
        Ok(index)
    }

    /// What holds now. Renders only if a result has gone stale since the last time.
    pub(crate) fn snapshot(&self) -> Guard<Arc<Snapshot>> {
        let snapshot = self.current.load();
        if snapshot.holds(Instant::now()) {
            return snapshot;
        }
        self.refresh();
        self.current.load()
    }

    /// Renders what holds now.
    pub(crate) fn refresh(&self) {
        self.update(|_, _, _| ());
    }

    /// Takes the result of a run that ended now.
    pub(crate) fn take(&self, index: usize, name: &str, result: CheckResult, duration: Duration) {
        self.meter.ran(name, duration, self.wall());
        self.update(|board, now, wall| board.take(index, result, duration, now, wall));
    }

    fn update(&self, change: impl FnOnce(&mut Board, Instant, SystemTime)) {
        let wall = self.wall(); // the application's clock is not asked under the lock
        let found = {
            let mut board = lock(&self.board);
            let now = Instant::now();
            change(&mut board, now, wall);
            let Found {
                snapshot,
                transitions,
                just_started,
            } = board.settle(&self.identity, now, wall);
            let report = Arc::clone(&snapshot.report);
            self.current.store(Arc::new(snapshot));
            let known = self.reports.borrow().checks.len();
            if just_started || !transitions.is_empty() || report.checks.len() != known {
                self.reports.send_replace(Arc::clone(&report));
            }
            self.meter.show(&report);
            (transitions, just_started)
        };
        let (transitions, just_started) = found;
        for transition in &transitions {
            self.meter.changed(transition);
            transition.log();
        }
        if just_started {
            let took = self.made.elapsed();
            self.meter.started(took);
            tracing::info!(
                target: "omtx_health",
                duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                "the service has started",
            );
        }
    }

    pub(crate) fn wall(&self) -> SystemTime {
        (self.clock)()
    }

    pub(crate) fn may_see_details(&self, head: &Parts) -> bool {
        self.details
            .as_ref()
            .is_some_and(|predicate| predicate(head))
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("service", &self.inner.identity.service)
            .field("report", &self.inner.snapshot().report)
            .finish_non_exhaustive()
    }
}
