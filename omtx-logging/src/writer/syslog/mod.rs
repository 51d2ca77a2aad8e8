//! Lines to a syslog daemon.

mod connection;
mod options;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::attached::{Attached, reason};
use super::fork::PerProcess;
use crate::{Counters, Error, Severity, Sink};
use connection::{Connection, Target};

pub use options::{Facility, SyslogOptions};

/// Sends lines to a syslog daemon: to the one of this machine in its traditional format (RFC 3164), over UDP as RFC 5424
/// has it.
///
/// The severity is CRITICAL 2, ERROR 3, WARNING 4, INFO 6, DEBUG 7; the message is the whole line, so that its fields are
/// JSON on the other side as well:
///
/// ```text
/// <27>Mar  5 07:11:02 omtx-hub-api[4711]: {"timestamp":"2026-03-05T07:11:02.000001Z","level":"ERROR","message":"no space"}
/// ```
///
/// With [`SyslogOptions::cee`], `@cee: ` before the line tells rsyslog's `mmjsonparse` and syslog-ng's `json-parser` so.
///
/// A daemon that was started anew is found again with the next line. What it does not take is counted: `closed` while it
/// does not run, `write_error` for a line that is longer than a datagram may be. Over UDP nobody knows what arrives.
///
/// Sending waits while the daemon is busy: put a [`Queue`](super::Queue) in front.
///
/// ```no_run
/// use omtx_logging::Logging;
/// use omtx_logging::writer::{Facility, Queue, Syslog};
///
/// let syslog = Syslog::options("omtx-hub-api").facility(Facility::Daemon).cee(true).connect()?;
/// let logging = Logging::builder("omtx-hub-api").sink(Queue::new(syslog)?);
/// # drop(logging);
/// # Ok::<(), omtx_logging::Error>(())
/// ```
pub struct Syslog {
    target: Target,
    connection: PerProcess<Mutex<Option<Connection>>>,
    attached: Attached,
}

impl Syslog {
    /// Where to send, and as what. `name` is what the daemon calls the program.
    pub fn options(name: impl Into<String>) -> SyslogOptions {
        SyslogOptions::new(name.into())
    }

    fn start(target: Target) -> Result<Self, Error> {
        let connection = target
            .connect()
            .map_err(|error| Error::io(format_args!("reach syslog at {}", target.place), error))?;
        let _ = super::fork::watch();
        Ok(Self {
            target,
            connection: PerProcess::new(Mutex::new(Some(connection))),
            attached: Attached::default(),
        })
    }
}

impl Sink for Syslog {
    fn write(&self, severity: Severity, line: &[u8]) {
        let line = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(line));
        let mut connection = self
            .connection
            .get()
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = self.target.send(&mut connection, severity, &line) {
            self.attached.dropped(severity, reason(&error));
        }
    }

    fn attach(&self, counters: &Arc<Counters>) {
        self.attached.attach(counters);
    }
}

impl fmt::Debug for Syslog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Syslog")
            .field("place", &self.target.place)
            .finish_non_exhaustive()
    }
}
