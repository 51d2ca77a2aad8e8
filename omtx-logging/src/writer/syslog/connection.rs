//! The socket and the formats: the `syslog` crate's.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use syslog::{Formatter3164, Formatter5424, LoggerBackend};

use super::Facility;
use crate::Severity;

/// Where the daemon listens.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// Where daemons of this machine do.
    Local,
    /// A socket of this machine.
    Socket(PathBuf),
    /// Another machine.
    Udp(SocketAddr),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("/dev/log"),
            Self::Socket(path) => path.display().fmt(f),
            Self::Udp(server) => write!(f, "udp://{server}"),
        }
    }
}

/// What is sent where.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) facility: Facility,
    pub(super) cee: bool,
}

/// A socket, and the format that is expected there.
pub(super) enum Connection {
    Local(syslog::Logger<LoggerBackend, Formatter3164>),
    Remote(syslog::Logger<LoggerBackend, Formatter5424>),
}

impl Target {
    pub(super) fn connect(&self) -> io::Result<Connection> {
        let local = Formatter3164 {
            facility: self.facility.into(),
            hostname: None, // the daemon knows its own machine
            process: self.name.clone(),
            pid: std::process::id(),
        };
        match &self.place {
            Place::Local => syslog::unix(local).map(Connection::Local),
            Place::Socket(path) => syslog::unix_custom(local, path).map(Connection::Local),
            Place::Udp(server) => {
                let remote = Formatter5424 {
                    facility: self.facility.into(),
                    process: self.name.clone(),
                    pid: std::process::id(),
                    ..Formatter5424::default()
                };
                let from: SocketAddr = if server.is_ipv4() {
                    ([0, 0, 0, 0], 0).into()
                } else {
                    ([0; 16], 0).into()
                };
                syslog::udp(remote, from, server).map(Connection::Remote)
            }
        }
        .map_err(io_error)
    }

    /// Sends a line; if that fails, once more over a new connection, since the daemon may have been started anew.
    pub(super) fn send(
        &self,
        connection: &mut Option<Connection>,
        severity: Severity,
        line: &str,
    ) -> io::Result<()> {
        let message = Message {
            cee: self.cee,
            line,
        };
        if let Some(connected) = connection {
            match connected.send(severity, &message) {
                // A busy daemon is still there, and a line that is too long stays so.
                Err(error) if is_lost(&error) => *connection = None,
                result => return result,
            }
        }
        let mut connected = self.connect()?;
        let result = connected.send(severity, &message);
        *connection = Some(connected);
        result
    }
}

fn is_lost(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::NotConnected
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotFound
    )
}

impl Connection {
    fn send(&mut self, severity: Severity, message: &Message<'_>) -> io::Result<()> {
        match self {
            Self::Local(logger) => match severity {
                Severity::Critical => logger.crit(message),
                Severity::Error => logger.err(message),
                Severity::Warning => logger.warning(message),
                Severity::Info => logger.info(message),
                Severity::Debug => logger.debug(message),
            },
            Self::Remote(logger) => {
                let message = (0, BTreeMap::new(), message);
                match severity {
                    Severity::Critical => logger.crit(message),
                    Severity::Error => logger.err(message),
                    Severity::Warning => logger.warning(message),
                    Severity::Info => logger.info(message),
                    Severity::Debug => logger.debug(message),
                }
            }
        }
        .map_err(io_error)
    }
}

struct Message<'a> {
    cee: bool,
    line: &'a str,
}

impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The cookie of the Common Event Expression, which outlived it.
        f.write_str(if self.cee { "@cee: " } else { "" })?;
        f.write_str(self.line)
    }
}

/// The error of the operating system, which the crate wraps in one of its own, that in a box, or in another of its own.
fn io_error(error: syslog::Error) -> io::Error {
    match error {
        syslog::Error::Write(error) | syslog::Error::Io(error) => error,
        syslog::Error::Initialization(error) => match error.downcast::<syslog::Error>() {
            Ok(error) => io_error(*error),
            Err(error) => match error.downcast::<io::Error>() {
                Ok(error) => *error,
                Err(error) => io::Error::new(io::ErrorKind::NotFound, error),
            },
        },
    }
}

impl From<Facility> for syslog::Facility {
    fn from(facility: Facility) -> Self {
        match facility {
            Facility::User => Self::LOG_USER,
            Facility::Daemon => Self::LOG_DAEMON,
            Facility::Auth => Self::LOG_AUTH,
            Facility::Local0 => Self::LOG_LOCAL0,
            Facility::Local1 => Self::LOG_LOCAL1,
            Facility::Local2 => Self::LOG_LOCAL2,
            Facility::Local3 => Self::LOG_LOCAL3,
            Facility::Local4 => Self::LOG_LOCAL4,
            Facility::Local5 => Self::LOG_LOCAL5,
            Facility::Local6 => Self::LOG_LOCAL6,
            Facility::Local7 => Self::LOG_LOCAL7,
        }
    }
}
