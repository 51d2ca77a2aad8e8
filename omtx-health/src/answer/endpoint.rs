//! What can be asked.

/// What a probe asks.
///
/// ```
/// use omtx_health::Endpoint;
///
/// assert_eq!(Endpoint::from_path("/health/db"), Some(Endpoint::Check("db")));
/// assert_eq!(Endpoint::from_path("/metrics"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint<'a> {
    /// `/health`: how is everything? For people, dashboards and alerts.
    Health,
    /// `/health/{check}`: how is this check?
    Check(&'a str),
    /// `/ready`: may requests be sent here? For load balancers and `readinessProbe`.
    Ready,
    /// `/live`: does the process work at all? For `livenessProbe`, which kills what does not.
    Live,
    /// `/startup`: has it started? For `startupProbe`.
    Startup,
}

impl<'a> Endpoint<'a> {
    /// The endpoint at this path, if it is one's.
    #[must_use]
    pub fn from_path(path: &'a str) -> Option<Self> {
        match path {
            "/health" => Some(Self::Health),
            "/ready" => Some(Self::Ready),
            "/live" => Some(Self::Live),
            "/startup" => Some(Self::Startup),
            _ => path
                .strip_prefix("/health/")
                .filter(|name| !name.is_empty() && !name.contains('/'))
                .map(Self::Check),
        }
    }
}
