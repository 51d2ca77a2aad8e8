//! Was the file written lately?

use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::time::timeout;

use super::amount::Time;
use super::blocking::Blocking;
use super::{DEFAULT_TIMEOUT, within};
use crate::{Check, CheckResult, Failure, Verdict};

/// How far in the future a file may have been written before the clocks are reported: a minute.
const SKEW: Duration = Duration::from_secs(60);

/// Passes while a file was modified recently: the last backup, a batch job's marker, an export.
///
/// It compares the file's modification time with the system's clock. A file that was written in the future (beyond a minute:
/// clocks differ) would look fresh for as long as the clocks disagree, so it is reported as `degraded`.
///
/// The call is made on a thread of its own: on an NFS server that is gone it hangs, and then the check fails after its timeout.
///
/// | says | what to do |
/// |---|---|
/// | `/backup/last.dump is 90000 s old, more than 86400 s` | whatever writes it did not: look at its log |
/// | `/backup/last.dump: No such file or directory …` | it never ran, or the volume is not mounted |
/// | `/backup/last.dump was modified 7200 s in the future` | set the clocks |
///
/// ```
/// use omtx_health::{Check, checks::FileAge};
/// use std::time::Duration;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let path = std::env::temp_dir().join(format!("omtx-health-{}", std::process::id()));
/// let backup = FileAge::new(&path, Duration::from_secs(24 * 60 * 60));
///
/// assert!(backup.run().await.is_err());
/// std::fs::write(&path, "")?;
/// assert!(backup.run().await.is_ok());
/// # std::fs::remove_file(&path)
/// # })?;
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct FileAge {
    path: PathBuf,
    failing_above: Duration,
    degraded_above: Option<Duration>,
    timeout: Duration,
    kernel: Blocking,
}

impl FileAge {
    /// A check that fails when the file is older than `failing_above`, or not there.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, failing_above: Duration) -> Self {
        Self {
            path: path.into(),
            failing_above,
            degraded_above: None,
            timeout: DEFAULT_TIMEOUT,
            kernel: Blocking::default(),
        }
    }

    /// Above what age the check reports `degraded`. Default: no age does.
    #[must_use]
    pub fn degraded_above(mut self, age: Duration) -> Self {
        self.degraded_above = Some(age);
        self
    }

    /// How long the kernel may take to answer. Default: [`DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = within(timeout);
        self
    }

    fn judge(&self, modified: SystemTime, now: SystemTime) -> CheckResult {
        let path = self.path.display();
        let age = match now.duration_since(modified) {
            Ok(age) => age,
            Err(ahead) if ahead.duration() > SKEW => {
                let ahead = Time(ahead.duration());
                return Ok(Verdict::degraded(format!(
                    "{path} was modified {ahead} in the future"
                )));
            }
            Err(_) => Duration::ZERO,
        };
        let text = |limit: Duration| {
            let (age, limit) = (Time(age), Time(limit));
            format!("{path} is {age} old, more than {limit}")
        };
        let seconds = age.as_secs();
        if age > self.failing_above {
            return Err(Failure::new(text(self.failing_above)).detail("age_seconds", seconds));
        }
        let verdict = match self.degraded_above {
            Some(limit) if age > limit => Verdict::degraded(text(limit)),
            _ => Verdict::up(),
        };
        Ok(verdict.detail("age_seconds", seconds))
    }
}

impl Check for FileAge {
    async fn run(&self) -> CheckResult {
        let path = self.path.clone();
        let call = self.kernel.run("stat", move || -> io::Result<_> {
            std::fs::metadata(&path)?.modified()
        });
        let path = self.path.display();
        match timeout(self.timeout, call).await {
            Ok(Ok(modified)) => self.judge(modified, SystemTime::now()),
            Ok(Err(error)) => Err(Failure::new(format!("{path}: {error}"))),
            Err(_) => Err(Failure::new(format!(
                "{path}: stat did not return within {}",
                Time(self.timeout)
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(age: i64, expected: Result<Option<&str>, &str>) {
        let hour = Duration::from_secs(3600);
        let file = FileAge::new("/backup", 24 * hour).degraded_above(20 * hour);
        let now = SystemTime::UNIX_EPOCH + 1_000_000 * hour;
        let away = Duration::from_secs(age.unsigned_abs());
        let modified = if age < 0 { now + away } else { now - away };
        let result = file.judge(modified, now);
        let said = match &result {
            Ok(verdict) => Ok(verdict.message()),
            Err(failure) => Err(failure.error()),
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn the_age_decides() {
        check(60, Ok(None));
        check(20 * 3600, Ok(None));
        check(
            20 * 3600 + 1,
            Ok(Some("/backup is 72001 s old, more than 72000 s")),
        );
        check(25 * 3600, Err("/backup is 90000 s old, more than 86400 s"));
    }

    #[test]
    fn a_file_from_the_future_is_not_simply_fresh() {
        check(-60, Ok(None));
        check(-7200, Ok(Some("/backup was modified 7200 s in the future")));
    }
}
