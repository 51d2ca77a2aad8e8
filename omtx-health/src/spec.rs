//! How a check is run, and what it stands for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::check::ErasedCheck;
use crate::{Check, Error};

/// How long from one run of a check to the next, unless it says otherwise: 10 s.
pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(10);

/// How long a run of a check may take, unless it says otherwise: 5 s.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest time that can be set: a year. Beyond it, clocks overflow and nobody waits.
pub(crate) const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A check, its name, how it is run and what it stands for.
///
/// | setting | default |
/// |---|---|
/// | [`critical`](Self::critical) | yes: `/health` answers 503 while it fails |
/// | [`readiness`](Self::readiness) | no: `/ready` does not care |
/// | [`interval`](Self::interval) | 10 s, give or take a tenth |
/// | [`timeout`](Self::timeout) | 5 s |
/// | [`staleness`](Self::staleness) | three intervals and a timeout |
/// | [`thresholds`](Self::thresholds) | one pass, one failure |
///
/// ```
/// use omtx_health::{Spec, Verdict};
/// use std::time::Duration;
///
/// let cache = Spec::new("cache", || async { Ok(Verdict::up()) })
///     .critical(false)
///     .interval(Duration::from_secs(30))
///     .thresholds(2, 3);
/// assert_eq!(cache.name(), "cache");
/// ```
#[derive(Clone)]
pub struct Spec {
    pub(crate) name: String,
    pub(crate) check: Arc<dyn ErasedCheck>,
    pub(crate) critical: bool,
    pub(crate) readiness: bool,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) staleness: Option<Duration>,
    pub(crate) up: u32,
    pub(crate) down: u32,
}

impl Spec {
    /// A check under this name: 1 to 64 of `[a-zA-Z0-9_.-]`, which is told in bodies, labels and paths.
    #[must_use]
    pub fn new(name: impl Into<String>, check: impl Check) -> Self {
        Self {
            name: name.into(),
            check: Arc::new(check),
            critical: true,
            readiness: false,
            interval: DEFAULT_INTERVAL,
            timeout: DEFAULT_TIMEOUT,
            staleness: None,
            up: 1,
            down: 1,
        }
    }

    /// Whether the service is `unhealthy` (503) while this check fails, or `degraded` (200) only. Default: yes.
    #[must_use]
    pub fn critical(mut self, critical: bool) -> Self {
        self.critical = critical;
        self
    }

    /// Whether `/ready` answers 503 while this check fails. Default: no.
    ///
    /// Turn it on for what only *this instance* can lose: its model, its disk, its connection. A dependency that all
    /// instances share fails for all of them at once, and with all of them out of the load balancer nothing is left to
    /// answer, not even the requests that do not need it.
    #[must_use]
    pub fn readiness(mut self, readiness: bool) -> Self {
        self.readiness = readiness;
        self
    }

    /// How long from the start of one run to the start of the next. Default: [`DEFAULT_INTERVAL`].
    ///
    /// Each wait is made up to a tenth longer or shorter, by chance, so that the instances of a service do not ask the same
    /// database in step. At least 10 ms, at most a year.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// How long a run may take before it is dropped and counts as a failure. Default: [`DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How old a result may be before it counts as a failure, whatever it said. Default: three intervals and a timeout.
    ///
    /// At least an interval with its jitter and a timeout, or a check in good order would be stale between two runs.
    #[must_use]
    pub fn staleness(mut self, staleness: Duration) -> Self {
        self.staleness = Some(staleness);
        self
    }

    /// How many passes in a row bring a failed check `up`, and how many failures in a row bring it `down`. Default: one
    /// each.
    ///
    /// The first result of all counts at once.
    #[must_use]
    pub fn thresholds(mut self, up: u32, down: u32) -> Self {
        (self.up, self.down) = (up, down);
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn stale_after(&self) -> Duration {
        self.staleness
            .unwrap_or_else(|| self.interval.saturating_mul(3).saturating_add(self.timeout))
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        check_name("check name", &self.name)?;
        let time = |what: &str, value: Duration, least: Duration| {
            let within = (least..=LONGEST).contains(&value);
            let expectation = format!("{least:?} to a year");
            let what = format!("{what} of check {}", self.name);
            within
                .then_some(())
                .ok_or_else(|| Error::invalid(&what, format_args!("{value:?}"), &expectation))
        };
        time("interval", self.interval, Duration::from_millis(10))?;
        time("timeout", self.timeout, Duration::from_millis(1))?;
        let run = self.interval + self.interval / 10 + self.timeout;
        if let Some(staleness) = self.staleness {
            time("staleness", staleness, run)?;
        }
        if self.up == 0 || self.down == 0 {
            return Err(Error::invalid(
                &format!("thresholds of check {}", self.name),
                format_args!("{}, {}", self.up, self.down),
                "at least 1 each",
            ));
        }
        Ok(())
    }
}

/// Names stand in JSON keys, labels and paths as they are.
pub(crate) fn check_name(what: &str, name: &str) -> Result<(), Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    let shown: String = name.chars().take(80).collect();
    Err(Error::invalid(
        what,
        shown.escape_debug(),
        "1 to 64 of [a-zA-Z0-9_.-]",
    ))
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spec")
            .field("name", &self.name)
            .field("critical", &self.critical)
            .field("readiness", &self.readiness)
            .field("interval", &self.interval)
            .field("timeout", &self.timeout)
            .field("staleness", &self.stale_after())
            .field("thresholds", &(self.up, self.down))
            .finish_non_exhaustive()
    }
}
