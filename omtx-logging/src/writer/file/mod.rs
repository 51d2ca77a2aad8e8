//! A log file that is rotated.

mod options;
mod rotate;
mod state;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

pub use options::{DEFAULT_KEEP, Every, RotatingFileOptions};

use super::batch::Batch;
use super::fork::PerProcess;
use crate::{Counters, Error, Flushed, Severity, Sink};
use options::Settings;
use state::State;

/// Appends lines to a file, and starts a new one by size or by time.
///
/// Rotation renames `hub.log` to `hub.log.20260305T000000` (the local time at which it happened) and deletes the oldest
/// beyond [`DEFAULT_KEEP`]. Lines are never cut in two files. If a file cannot be renamed or opened, lines go on into the old
/// one, and the next try is a minute later. What the disk refuses is counted, see [`Direct`](super::Direct).
///
/// With neither a size nor a time it is left to another program, such as logrotate: that renames the file and then tells
/// the service, which calls [`reopen`](Self::reopen). `copytruncate` works without.
///
/// Writing waits for the disk: put a [`Queue`](super::Queue) in front. Clones share the file. A forked child appends to the
/// same file through a descriptor of its own and does not rotate it.
///
/// ```
/// use omtx_logging::writer::{Every, Queue, RotatingFile};
/// use omtx_logging::{Severity, Sink};
///
/// # let folder = std::env::temp_dir().join(format!("omtx-rotating-file-{}", std::process::id()));
/// # let path = folder.join("hub.log");
/// let file = RotatingFile::options(&path)
///     .max_bytes(100 * 1024 * 1024)
///     .every(Every::Day)
///     .keep(14)
///     .open()?;
/// let queue = Queue::new(file.clone())?;
/// queue.write(Severity::Info, b"{\"message\":\"hello\"}\n");
/// drop(queue);
/// assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"message\":\"hello\"}\n");
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), omtx_logging::Error>(())
/// ```
///
/// With logrotate's `postrotate kill -HUP …`:
///
/// ```no_run
/// # use omtx_logging::writer::RotatingFile;
/// # async fn example(file: RotatingFile) -> std::io::Result<()> {
/// use tokio::signal::unix::{SignalKind, signal};
///
/// let mut hangup = signal(SignalKind::hangup())?;
/// tokio::spawn(async move {
///     while hangup.recv().await.is_some() {
///         if let Err(error) = file.reopen() {
///             tracing::warn!(%error, "cannot reopen the log file");
///         }
///     }
/// });
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RotatingFile {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    state: PerProcess<Mutex<State>>,
    attached: super::attached::Attached,
}

impl RotatingFile {
    /// Appends to the file at `path`, which another program rotates, or none.
    ///
    /// # Errors
    ///
    /// If the file, or its folder, can be neither found nor made.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::options(path).open()
    }

    /// When to rotate, and what to keep.
    pub fn options(path: impl Into<PathBuf>) -> RotatingFileOptions {
        RotatingFileOptions::new(path.into())
    }

    fn start(settings: Settings) -> Result<Self, Error> {
        let _ = super::fork::watch();
        let state = State::open(&settings)
            .map_err(|error| Error::io(format_args!("open {}", settings.path.display()), error))?;
        Ok(Self {
            shared: Arc::new(Shared {
                settings,
                state: PerProcess::new(Mutex::new(state)),
                attached: super::attached::Attached::default(),
            }),
        })
    }

    /// Where the lines of now go.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.settings.path
    }

    /// Opens the file at the path again, because another program has moved it away.
    ///
    /// # Errors
    ///
    /// If that is not possible; lines go on into the file that was open.
    pub fn reopen(&self) -> Result<(), Error> {
        let Shared {
            settings, attached, ..
        } = &*self.shared;
        self.lock()
            .reopen(settings, attached)
            .map_err(|error| Error::io(format_args!("reopen {}", settings.path.display()), error))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .get()
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for RotatingFile {
    fn write(&self, severity: Severity, line: &[u8]) {
        let Shared {
            settings, attached, ..
        } = &*self.shared;
        self.lock().write(settings, attached, severity, line);
    }

    fn write_batch(&self, batch: &mut Batch) {
        let Shared {
            settings, attached, ..
        } = &*self.shared;
        self.lock().write_batch(settings, attached, batch);
    }

    fn flush(&self, deadline: Instant) -> Flushed {
        self.lock().flush(deadline)
    }

    fn attach(&self, counters: &Arc<Counters>) {
        self.shared.attached.attach(counters);
    }
}

impl fmt::Debug for RotatingFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotatingFile")
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use super::*;

    /// Seconds since 1970; the one test that has a clock sets it.
    static NOW: AtomicU64 = AtomicU64::new(0);

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW.load(SeqCst))
    }

    fn set(day: u64, hour: u64) {
        NOW.store((20_000 + day) * 86_400 + hour * 3600, SeqCst);
    }

    #[test]
    fn a_new_day_begins_a_new_file_and_so_does_a_file_of_another_day() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/hub.log");
        let files = || std::fs::read_dir(path.parent().unwrap()).unwrap().count();
        let read = || std::fs::read_to_string(&path).unwrap();
        let open = || {
            RotatingFile::options(&path)
                .every(Every::Day)
                .clock(now)
                .open()
                .unwrap()
        };

        set(0, 1);
        let file = open();
        file.write(Severity::Info, b"one\n");
        set(0, 23);
        file.write(Severity::Info, b"two\n");
        assert_eq!((files(), read()), (1, "one\ntwo\n".into()));
        set(1, 0);
        file.write(Severity::Info, b"three\n");
        assert_eq!((files(), read()), (2, "three\n".into()));
        file.write(Severity::Info, b"four\n");
        assert_eq!((files(), read()), (2, "three\nfour\n".into()));

        // Its last change was when this test ran, which is no day of this clock.
        drop(file);
        set(2, 0);
        let file = open();
        file.write_batch(&mut Batch::from_lines([
            (Severity::Info, "five\n"),
            (Severity::Info, "six\n"),
        ]));
        assert_eq!((files(), read()), (3, "five\nsix\n".into()));
    }
}
