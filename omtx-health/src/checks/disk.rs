//! Is there room left on the filesystem?

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use rustix::fs::{StatVfs, StatVfsMountFlags};
use tokio::time::timeout;

use super::amount::{Bytes, Time, percent};
use super::blocking::Blocking;
use super::{DEFAULT_TIMEOUT, within};
use crate::{Check, CheckResult, Failure, Verdict};

/// How much has to be free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // space is counted in these two ways
pub enum Free {
    /// That many bytes.
    Bytes(u64),
    /// That share, in percent; of space and of inodes alike.
    Percent(u8),
}

impl fmt::Display for Free {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => Bytes(*bytes).fmt(f),
            Self::Percent(percent) => write!(f, "{percent} %"),
        }
    }
}

/// Passes while the filesystem that holds a path has room.
///
/// It asks `statvfs(2)` for the path itself, so that bind mounts, overlays and links are seen as the service sees them, and
/// counts as `df` does: free is what an ordinary user may still use, and the share is that of used and free together, without
/// the blocks that are kept for root. A share holds for inodes too, where the filesystem has a fixed number of them: without
/// one, no file can be created, however much space is left.
///
/// A quota that the filesystem does not tell is not seen, such as the `sizeLimit` of a Kubernetes `emptyDir`: what is
/// reported is the node's disk. A volume claim has a filesystem of its own.
///
/// The call is made on a thread of its own. On an NFS server that is gone it hangs; the check then fails after its timeout,
/// the thread stays until the server is back, and no second one is started.
///
/// | says | what to do |
/// |---|---|
/// | `/data: 1.9 GiB of 50.0 GiB free (3 %), less than 5 %` | clean up, or grow the volume |
/// | `/data: 4 % of inodes free, less than 5 %` | many small files: look for a spool or a cache that nobody empties |
/// | `/data is mounted read-only` | the kernel may have remounted it after an I/O error: `dmesg` |
/// | `/data: statvfs did not return within 3 s` | a network filesystem whose server does not answer |
/// | `/data: No such file or directory …` | the volume is not mounted, or the path is wrong |
///
/// ```
/// use omtx_health::{Check, checks::{Disk, Free}};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let never_degraded = Disk::new("/").degraded_below(Free::Bytes(0)).failing_below(Free::Bytes(0));
/// assert!(never_degraded.run().await.unwrap().details()["total_bytes"].as_u64() > Some(0));
///
/// let failure = Disk::new("/").failing_below(Free::Bytes(u64::MAX)).run().await.unwrap_err();
/// assert!(failure.error().ends_with(", less than 16.0 EiB"), "{failure}");
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Disk {
    path: PathBuf,
    degraded_below: Free,
    failing_below: Free,
    writable: bool,
    timeout: Duration,
    kernel: Blocking,
}

impl Disk {
    /// Below what the check reports `degraded`, unless it says otherwise: 15 % free.
    pub const DEFAULT_DEGRADED_BELOW: Free = Free::Percent(15);

    /// Below what the check fails, unless it says otherwise: 5 % free.
    pub const DEFAULT_FAILING_BELOW: Free = Free::Percent(5);

    /// A check of the filesystem that holds `path`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            degraded_below: Self::DEFAULT_DEGRADED_BELOW,
            failing_below: Self::DEFAULT_FAILING_BELOW,
            writable: false,
            timeout: DEFAULT_TIMEOUT,
            kernel: Blocking::default(),
        }
    }

    /// Below what the check reports `degraded`. Default: [`DEFAULT_DEGRADED_BELOW`](Self::DEFAULT_DEGRADED_BELOW).
    #[must_use]
    pub fn degraded_below(mut self, free: Free) -> Self {
        self.degraded_below = free;
        self
    }

    /// Below what the check fails. Default: [`DEFAULT_FAILING_BELOW`](Self::DEFAULT_FAILING_BELOW).
    #[must_use]
    pub fn failing_below(mut self, free: Free) -> Self {
        self.failing_below = free;
        self
    }

    /// Whether the check fails when the filesystem is mounted read-only. Default: no.
    #[must_use]
    pub fn writable(mut self, writable: bool) -> Self {
        self.writable = writable;
        self
    }

    /// How long the kernel may take to answer. Default: [`DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = within(timeout);
        self
    }

    fn judge(&self, usage: &Usage) -> CheckResult {
        let path = self.path.display();
        if self.writable && usage.read_only {
            return Err(Failure::new(format!("{path} is mounted read-only")));
        }
        let shortage = |least| usage.shortage(least).map(|text| format!("{path}: {text}"));
        if let Some(error) = shortage(self.failing_below) {
            return Err(Failure::new(error)
                .detail("free_bytes", usage.free)
                .detail("total_bytes", usage.total));
        }
        let verdict = shortage(self.degraded_below).map_or_else(Verdict::up, Verdict::degraded);
        Ok(verdict
            .detail("free_bytes", usage.free)
            .detail("total_bytes", usage.total))
    }
}

impl Check for Disk {
    async fn run(&self) -> CheckResult {
        let path = self.path.clone();
        let call = self.kernel.run("statvfs", move || {
            Ok(Usage::from(rustix::fs::statvfs(&path)?))
        });
        let path = self.path.display();
        match timeout(self.timeout, call).await {
            Ok(Ok(usage)) => self.judge(&usage),
            Ok(Err(error)) => Err(Failure::new(format!("{path}: {error}"))),
            Err(_) => Err(Failure::new(format!(
                "{path}: statvfs did not return within {}",
                Time(self.timeout)
            ))),
        }
    }
}

/// What `df` and `df -i` print.
#[derive(Clone, Copy)]
struct Usage {
    total: u64,
    free: u64,
    /// Used and free, which is less than the total where blocks are kept for root.
    usable: u64,
    inodes_free: u64,
    /// 0 where inodes are made as needed (btrfs, some network filesystems).
    inodes: u64,
    read_only: bool,
}

impl From<StatVfs> for Usage {
    fn from(stat: StatVfs) -> Self {
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        let used = stat.f_blocks.saturating_sub(stat.f_bfree);
        let inodes_used = stat.f_files.saturating_sub(stat.f_ffree);
        Self {
            total: bytes(stat.f_blocks),
            free: bytes(stat.f_bavail),
            usable: bytes(used.saturating_add(stat.f_bavail)),
            inodes_free: stat.f_favail,
            inodes: match stat.f_files {
                0 => 0,
                _ => inodes_used.saturating_add(stat.f_favail),
            },
            read_only: stat.f_flag.contains(StatVfsMountFlags::RDONLY),
        }
    }
}

impl Usage {
    /// What is missing to `least`, in words.
    fn shortage(&self, least: Free) -> Option<String> {
        let share = percent(self.free, self.usable);
        let short = match least {
            Free::Bytes(bytes) => self.free < bytes,
            // A pseudo filesystem has no size, and never fills up.
            Free::Percent(percent) => self.usable > 0 && share < u64::from(percent),
        };
        if short {
            let (free, total) = (Bytes(self.free), Bytes(self.total));
            return Some(format!(
                "{free} of {total} free ({share} %), less than {least}"
            ));
        }
        let inodes = percent(self.inodes_free, self.inodes);
        match least {
            Free::Percent(percent) if self.inodes > 0 && inodes < u64::from(percent) => {
                Some(format!("{inodes} % of inodes free, less than {least}"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// 100 GiB of which 5 are kept for root.
    fn usage(free: u64, inodes_free: u64) -> Usage {
        Usage {
            total: 100 * GIB,
            free: free * GIB,
            usable: 95 * GIB,
            inodes_free,
            inodes: 1000,
            read_only: false,
        }
    }

    #[track_caller]
    fn check(disk: &Disk, usage: Usage, expected: Result<Option<&str>, &str>) {
        let result = disk.judge(&usage);
        let said = match &result {
            Ok(verdict) => Ok(verdict.message()),
            Err(failure) => Err(failure.error()),
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn what_is_left_decides_and_the_message_says_how_much_it_is() {
        let disk = Disk::new("/data");
        check(&disk, usage(50, 500), Ok(None));
        check(
            &disk,
            usage(14, 500),
            Ok(Some(
                "/data: 14.0 GiB of 100.0 GiB free (14 %), less than 15 %",
            )),
        );
        check(
            &disk,
            usage(4, 500),
            Err("/data: 4.0 GiB of 100.0 GiB free (4 %), less than 5 %"),
        );
    }

    #[test]
    fn inodes_run_out_too() {
        let disk = Disk::new("/data");
        check(
            &disk,
            usage(50, 149),
            Ok(Some("/data: 14 % of inodes free, less than 15 %")),
        );
        check(
            &disk,
            usage(50, 0),
            Err("/data: 0 % of inodes free, less than 5 %"),
        );
        let bytes = disk
            .degraded_below(Free::Bytes(0))
            .failing_below(Free::Bytes(0));
        check(&bytes, usage(50, 0), Ok(None));
    }

    #[test]
    fn a_filesystem_without_a_fixed_size_or_number_of_inodes_never_fills_up() {
        let disk = Disk::new("/proc");
        let pseudo = Usage {
            total: 0,
            free: 0,
            usable: 0,
            inodes_free: 0,
            inodes: 0,
            read_only: false,
        };
        check(&disk, pseudo, Ok(None));
    }

    #[test]
    fn a_read_only_mount_is_a_failure_only_where_the_service_writes() {
        let mut remounted = usage(50, 500);
        remounted.read_only = true;
        check(&Disk::new("/data"), remounted, Ok(None));
        check(
            &Disk::new("/data").writable(true),
            remounted,
            Err("/data is mounted read-only"),
        );
    }

    #[tokio::test]
    async fn a_path_that_is_not_there_is_named() {
        let failure = Disk::new("/no/such/volume").run().await.unwrap_err();
        assert_eq!(
            failure.error(),
            "/no/such/volume: No such file or directory (os error 2)"
        );
    }
}
