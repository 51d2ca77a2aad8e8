//! How something is.

use std::fmt;

/// How a check is, or the service as a whole.
///
/// ```
/// use omtx_health::Status;
///
/// assert_eq!(Status::Degraded.as_str(), "degraded");
/// assert!(Status::Degraded.is_up() && !Status::Unknown.is_up());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Not looked at yet. Only checks can be; the service as a whole counts it as a reservation.
    #[default]
    Unknown,
    /// It works.
    Healthy,
    /// It works, with a reservation.
    Degraded,
    /// It does not work, or nobody has looked for too long.
    Unhealthy,
}

impl Status {
    /// The status in lower case, as bodies, labels and log lines have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }

    /// True if it works, with a reservation or without.
    #[must_use]
    pub const fn is_up(self) -> bool {
        matches!(self, Self::Healthy | Self::Degraded)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
