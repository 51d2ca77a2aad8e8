//! Is there memory left before the kernel kills this process?

mod cgroup;
mod machine;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;

use super::amount::{Bytes, Time, percent};
use super::blocking::Blocking;
use super::{DEFAULT_TIMEOUT, within};
use crate::{Check, CheckResult, Failure, Verdict};

/// Passes while memory is left, at every level at which the kernel may run out of it.
///
/// A limit can stand on the container, on the pod around it and on the slice around that; reaching any of them gets a process
/// killed. The check reads them all (`memory.max` of cgroup v2, `memory.limit_in_bytes` of v1), and the machine's own memory,
/// and reports the level with the largest share in use. In use is the working set, as the kubelet computes it: the usage
/// without `inactive_file`, file pages that the kernel takes back before it kills anybody. Of the machine it is what is not
/// `MemAvailable`.
///
/// | says | what to do |
/// |---|---|
/// | `93 % of memory in use: 1.4 GiB of 1.5 GiB in control group /kubepods/pod7` | look for a leak, or raise the limit |
/// | `97 % of memory in use: 62.1 GiB of 64.0 GiB on this machine` | another process may be the cause: `ps aux --sort -rss` |
/// | `cannot read …/proc/meminfo: …` | not Linux, or `/proc` is not mounted |
///
/// With a failing memory check in `/ready`, a replica takes no more requests, and the memory of those in flight can come
/// back; so that is a place for it, and `/live` is not.
///
/// ```
/// use omtx_health::{Check, checks::Memory};
///
/// # #[cfg(target_os = "linux")]
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let memory = Memory::new().degraded_above(100).failing_above(100);
/// let verdict = memory.run().await.unwrap();
/// assert!(verdict.details()["used_bytes"].as_u64() < verdict.details()["limit_bytes"].as_u64());
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Memory {
    degraded_above: u8,
    failing_above: u8,
    timeout: Duration,
    root: PathBuf,
    kernel: Blocking,
}

impl Memory {
    /// Above what share in use the check reports `degraded`, unless it says otherwise: 90 %.
    pub const DEFAULT_DEGRADED_ABOVE: u8 = 90;

    /// Above what share in use the check fails, unless it says otherwise: 97 %.
    pub const DEFAULT_FAILING_ABOVE: u8 = 97;

    /// A check of this process' memory.
    #[must_use]
    pub fn new() -> Self {
        Self {
            degraded_above: Self::DEFAULT_DEGRADED_ABOVE,
            failing_above: Self::DEFAULT_FAILING_ABOVE,
            timeout: DEFAULT_TIMEOUT,
            root: PathBuf::from("/"),
            kernel: Blocking::default(),
        }
    }

    /// Above how many percent in use the check reports `degraded`. Default:
    /// [`DEFAULT_DEGRADED_ABOVE`](Self::DEFAULT_DEGRADED_ABOVE).
    #[must_use]
    pub fn degraded_above(mut self, percent: u8) -> Self {
        self.degraded_above = percent;
        self
    }

    /// Above how many percent in use the check fails. Default: [`DEFAULT_FAILING_ABOVE`](Self::DEFAULT_FAILING_ABOVE).
    #[must_use]
    pub fn failing_above(mut self, percent: u8) -> Self {
        self.failing_above = percent;
        self
    }

    /// How long the kernel may take to answer. Default: [`DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = within(timeout);
        self
    }

    /// Reads `proc/self/cgroup`, `proc/self/mountinfo`, `proc/meminfo` and the mounts that they name below this folder. Default:
    /// `/`.
    ///
    /// For a sidecar that watches another root, and for tests.
    #[must_use]
    pub fn root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = root.into();
        self
    }

    fn judge(&self, tightest: &Tightest) -> CheckResult {
        let share = percent(tightest.used, tightest.limit);
        let text = || {
            let (used, limit) = (Bytes(tightest.used), Bytes(tightest.limit));
            let place = match &tightest.group {
                Some(group) => format!("in control group {group}"),
                None => "on this machine".to_owned(),
            };
            format!("{share} % of memory in use: {used} of {limit} {place}")
        };
        // Above 90 % means more than that, also by a single byte.
        let above = |least: u8| {
            u128::from(tightest.used) * 100 > u128::from(least) * u128::from(tightest.limit)
        };
        if above(self.failing_above) {
            return Err(Failure::new(text())
                .detail("used_bytes", tightest.used)
                .detail("limit_bytes", tightest.limit));
        }
        let verdict = match above(self.degraded_above) {
            true => Verdict::degraded(text()),
            false => Verdict::up(),
        };
        Ok(verdict
            .detail("used_bytes", tightest.used)
            .detail("limit_bytes", tightest.limit))
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Check for Memory {
    async fn run(&self) -> CheckResult {
        let root = self.root.clone();
        // `memory.stat` makes the kernel gather figures from all CPUs, which takes a while on large machines.
        let call = self
            .kernel
            .run("read of memory figures", move || tightest(&root));
        match timeout(self.timeout, call).await {
            Ok(Ok(tightest)) => self.judge(&tightest),
            Ok(Err(error)) => Err(Failure::new(format!("cannot read {error}"))),
            Err(_) => Err(Failure::new(format!(
                "cannot read memory figures within {}",
                Time(self.timeout)
            ))),
        }
    }
}

/// The level with the largest share in use.
#[derive(Debug, PartialEq, Eq)]
struct Tightest {
    /// `None` is the machine.
    group: Option<String>,
    used: u64,
    limit: u64,
}

fn tightest(root: &Path) -> io::Result<Tightest> {
    let machine = machine::read(root)?;
    let total = machine.limit;
    let mut tightest = machine;
    for level in cgroup::levels(root, total)? {
        // used / limit, without division
        if u128::from(level.used) * u128::from(tightest.limit)
            > u128::from(tightest.used) * u128::from(level.limit)
        {
            tightest = Tightest {
                group: Some(level.group),
                used: level.used,
                limit: level.limit,
            };
        }
    }
    Ok(tightest)
}
