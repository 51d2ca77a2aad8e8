use std::net::SocketAddr;
use std::path::PathBuf;

use super::Syslog;
use super::connection::{Place, Target};
use crate::Error;

/// Which part of the system a line is of (RFC 5424 section 6.2.1): those that applications use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Facility {
    /// A program of a user; the default.
    #[default]
    User,
    /// A daemon of the system.
    Daemon,
    /// What concerns security, for few eyes.
    Auth,
    /// `local0`.
    Local0,
    /// `local1`.
    Local1,
    /// `local2`.
    Local2,
    /// `local3`.
    Local3,
    /// `local4`.
    Local4,
    /// `local5`.
    Local5,
    /// `local6`.
    Local6,
    /// `local7`.
    Local7,
}

/// Where a [`Syslog`] sends, and as what.
#[derive(Clone, Debug)]
#[must_use = "call `connect`"]
pub struct SyslogOptions {
    target: Target,
}

impl SyslogOptions {
    pub(super) fn new(name: String) -> Self {
        Self {
            target: Target {
                place: Place::Local,
                name,
                facility: Facility::default(),
                cee: false,
            },
        }
    }

    /// Sends as this facility; [`Facility::User`] by default.
    pub fn facility(mut self, facility: Facility) -> Self {
        self.target.facility = facility;
        self
    }

    /// Sends to the socket at `path` instead of `/dev/log`, `/var/run/syslog` or `/var/run/log`.
    pub fn socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.target.place = Place::Socket(path.into());
        self
    }

    /// Sends over UDP, one datagram a line.
    pub fn udp(mut self, server: SocketAddr) -> Self {
        self.target.place = Place::Udp(server);
        self
    }

    /// Puts `@cee: ` before each line, by which daemons know JSON; not by default.
    pub fn cee(mut self, cee: bool) -> Self {
        self.target.cee = cee;
        self
    }

    /// Opens the socket.
    ///
    /// # Errors
    ///
    /// If nobody listens at the local socket, or no UDP socket can be had.
    pub fn connect(self) -> Result<Syslog, Error> {
        Syslog::start(self.target)
    }
}
