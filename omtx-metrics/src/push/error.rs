//! Why a push did not arrive.

use std::fmt;

/// Why a push, or the deletion of a group, failed.
///
/// The message names the address (without credentials), what happened, and how often it was tried:
///
/// ```text
/// http://pushgateway:9091/metrics/job/nightly answered 400 to PUT: pushed metrics are invalid or inconsistent with
/// existing metrics: collected metric "rows" … is not a GAUGE; expected 200 or 202
/// ```
///
/// ```
/// use omtx_metrics::Registry;
/// use omtx_metrics::push::Pushgateway;
///
/// // Port 1 of this host: nobody listens there.
/// let pushgateway = Pushgateway::builder("127.0.0.1:1").job("nightly").retries(0).build(&Registry::new())?;
/// let error = pushgateway.push().unwrap_err();
/// assert!(error.is_unreachable());
/// assert_eq!(error.status(), None);
/// assert!(error.to_string().starts_with("cannot reach http://127.0.0.1:1/metrics/job/nightly"));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug)]
pub struct PushError {
    kind: Kind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Clash,
    Refused(u16),
    Unreachable,
    Thread,
}

impl PushError {
    /// A family has a label that the grouping key sets.
    pub(super) fn clash(url: &str, family: &str, label: &str) -> Self {
        Self {
            kind: Kind::Clash,
            message: format!(
                "cannot push to {url}: family \"{family}\" has the label \"{label}\" of the grouping key; expected grouping labels that no family has"
            ),
            source: None,
        }
    }

    /// The Pushgateway, or whatever answers there, said no.
    pub(super) fn refused(url: &str, method: &str, status: u16, body: &str, attempts: u32) -> Self {
        let body = if body.is_empty() { "(no text)" } else { body };
        Self {
            kind: Kind::Refused(status),
            message: format!(
                "{url} answered {status} to {method}{}: {body}; expected 200 or 202",
                Attempts(attempts)
            ),
            source: None,
        }
    }

    /// No answer.
    pub(super) fn unreachable(url: &str, source: ureq::Error, attempts: u32) -> Self {
        Self {
            kind: Kind::Unreachable,
            message: format!("cannot reach {url}{}: {source}", Attempts(attempts)),
            source: Some(match source {
                ureq::Error::Io(source) => source.into(),
                source => source.into(),
            }),
        }
    }

    /// The time was over before anything could be sent.
    pub(super) fn too_late(url: &str, timeout: std::time::Duration) -> Self {
        Self {
            kind: Kind::Unreachable,
            message: format!(
                "cannot reach {url}: the timeout of {timeout:?} was over when the metrics had been collected"
            ),
            source: None,
        }
    }

    /// No thread to push on, or it went away.
    pub(super) fn thread(url: &str, source: Option<std::io::Error>) -> Self {
        Self {
            kind: Kind::Thread,
            message: format!(
                "cannot push to {url}: no thread; expected the operating system to grant one"
            ),
            source: source.map(Into::into),
        }
    }

    /// The status of the answer, if there was one that was neither 200 nor 202.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.kind {
            Kind::Refused(status) => Some(status),
            _ => None,
        }
    }

    /// True if a family has a label that the grouping key sets; nothing was sent.
    #[must_use]
    pub fn is_clash(&self) -> bool {
        self.kind == Kind::Clash
    }

    /// True if no answer came: no connection, or none in time.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        self.kind == Kind::Unreachable
    }
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PushError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// How often it was tried, where that is more than once.
struct Attempts(u32);

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 | 1 => Ok(()),
            attempts => write!(f, " in {attempts} attempts"),
        }
    }
}
