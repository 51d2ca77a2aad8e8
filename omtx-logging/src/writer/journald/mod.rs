//! Lines to systemd's journal.

mod entry;
mod socket;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::attached::{Attached, reason};
use super::fork::PerProcess;
use crate::{Counters, Error, Severity, Sink};
use entry::Entry;
use socket::Socket;

/// Where journald listens unless told otherwise: `/run/systemd/journal/socket`.
pub const DEFAULT_JOURNALD_SOCKET: &str = "/run/systemd/journal/socket";

/// Sends lines to journald by its [native protocol](https://systemd.io/JOURNAL_NATIVE_PROTOCOL/), each field of a line as a
/// field of the journal.
///
/// The keys become upper case, what nests is joined with `_`, and the severity becomes the `PRIORITY`: CRITICAL 2, ERROR 3,
/// WARNING 4, INFO 6, DEBUG 7. The line
///
/// ```json
/// {"timestamp":"2026-03-05T07:11:02.000001Z","level":"ERROR","message":"no space","job_id":"j-1","performance":{"duration_ms":12.5}}
/// ```
///
/// is found with `journalctl -t omtx-hub-api -p err JOB_ID=j-1` and has
///
/// ```text
/// PRIORITY=3
/// SYSLOG_IDENTIFIER=omtx-hub-api
/// TIMESTAMP=2026-03-05T07:11:02.000001Z
/// LEVEL=ERROR
/// MESSAGE=no space
/// JOB_ID=j-1
/// PERFORMANCE_DURATION_MS=12.5
/// ```
///
/// A line that is no JSON object is the `MESSAGE` as a whole. A line too long for a datagram is passed in memory. What
/// journald does not take is counted: `closed` while it does not run.
///
/// Sending waits while journald is busy: put a [`Queue`](super::Queue) in front.
///
/// ```no_run
/// use omtx_logging::Logging;
/// use omtx_logging::writer::{Journald, Queue};
///
/// let journal = Queue::new(Journald::connect("omtx-hub-api")?)?;
/// let logging = Logging::builder("omtx-hub-api").sink(journal);
/// # drop(logging);
/// # Ok::<(), omtx_logging::Error>(())
/// ```
#[derive(Debug)]
pub struct Journald {
    identifier: String,
    socket: Socket,
    /// Memory for one entry.
    entry: PerProcess<Mutex<Entry>>,
    attached: Attached,
}

impl Journald {
    /// Sends to the journal of this machine, under this `SYSLOG_IDENTIFIER`.
    ///
    /// # Errors
    ///
    /// If nobody listens at [`DEFAULT_JOURNALD_SOCKET`].
    pub fn connect(identifier: impl Into<String>) -> Result<Self, Error> {
        Self::connect_to(identifier, DEFAULT_JOURNALD_SOCKET)
    }

    /// The same with a socket elsewhere: that of a container, or of a journal namespace.
    ///
    /// # Errors
    ///
    /// If nobody listens there.
    pub fn connect_to(
        identifier: impl Into<String>,
        socket: impl Into<PathBuf>,
    ) -> Result<Self, Error> {
        let path = socket.into();
        let failed = format!("reach journald at {}", path.display());
        let _ = super::fork::watch();
        Ok(Self {
            identifier: identifier.into(),
            socket: Socket::new(path).map_err(|error| Error::io(failed, error))?,
            entry: PerProcess::new(Mutex::default()),
            attached: Attached::default(),
        })
    }
}

impl Sink for Journald {
    fn write(&self, severity: Severity, line: &[u8]) {
        let mut entry = self
            .entry
            .get()
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let payload = entry.encode(severity, &self.identifier, line);
        if let Err(error) = self.socket.send(payload) {
            self.attached.dropped(severity, reason(&error));
        }
    }

    fn attach(&self, counters: &Arc<Counters>) {
        self.attached.attach(counters);
    }
}
