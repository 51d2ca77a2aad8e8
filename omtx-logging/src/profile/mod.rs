//! The shapes that lines come in.

mod ecs;
mod flat;
mod gcp;
mod layout;
mod nested;
mod place;
mod python;

use std::fmt;
use std::str::FromStr;

pub(crate) use layout::{Layout, Service, Site};
pub(crate) use place::{Origin, Place};

/// The shape of a line: which keys it has, and where they stand.
///
/// Chosen by [`LoggingBuilder::profile`](crate::LoggingBuilder::profile) or by `LOG_FORMAT`. The same event, in each:
///
/// ```
/// use omtx_logging::testing::Lines;
/// use omtx_logging::{Logging, Profile, RequestContext};
/// use std::time::{Duration, UNIX_EPOCH};
///
/// # fn main() -> Result<(), omtx_logging::Error> {
/// let line = |profile| {
///     let lines = Lines::default();
///     let logging = Logging::builder("omtx-hub-api")
///         .version("1.0.0")
///         .profile(profile)
///         .clock(|| UNIX_EPOCH + Duration::from_secs(1_737_396_000))
///         .sink(lines.clone())
///         .build()?;
///     tracing::subscriber::with_default(logging.subscriber(), || {
///         RequestContext::builder("req-12345").user("user-67890").build().in_scope(|| {
///             tracing::info!(target: "hub::jobs", { performance.duration_ms = 1250 }, "done");
///         });
///     });
///     Ok::<_, omtx_logging::Error>(lines.take().remove(0))
/// };
/// assert_eq!(line(Profile::Omtx)?, concat!(
///     r#"{"timestamp":"2025-01-20T18:00:00.000000Z","level":"INFO","logger":"hub::jobs","message":"done","#,
///     r#""service":{"name":"omtx-hub-api","version":"1.0.0"},"#,
///     r#""request_id":"req-12345","user_id":"user-67890","performance":{"duration_ms":1250}}"#,
/// ));
/// assert_eq!(line(Profile::Flat)?, concat!(
///     r#"{"timestamp":"2025-01-20T18:00:00.000000Z","level":"INFO","logger":"hub::jobs","message":"done","#,
///     r#""service":"omtx-hub-api","#,
///     r#""request_id":"req-12345","user_id":"user-67890","duration_ms":1250}"#,
/// ));
/// assert_eq!(line(Profile::Ecs)?, concat!(
///     r#"{"@timestamp":"2025-01-20T18:00:00.000000Z","log.level":"INFO","message":"done","ecs.version":"8.11.0","#,
///     r#""log.logger":"hub::jobs","service.name":"omtx-hub-api","service.version":"1.0.0","#,
///     r#""http.request.id":"req-12345","user.id":"user-67890","labels.performance_duration_ms":1250}"#,
/// ));
/// assert_eq!(
///     line(Profile::Pretty)?,
///     "2025-01-20T18:00:00.000000Z     INFO hub::jobs: done request_id=req-12345 user_id=user-67890 performance.duration_ms=1250",
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// The record of OMTX-Hub: dotted keys nest, `service` is an object. The default.
    #[default]
    Omtx,
    /// The same for Google Cloud Logging: adds `severity`, `time`, and the trace and source location keys that its agents
    /// read.
    Gcp,
    /// One level, for Loki's `| json`: `service` is the name, `performance.duration_ms` is `duration_ms`, other dots become
    /// `_`.
    Flat,
    /// The record of Python's JSON formatters: adds `module`, `line`, and the innermost span as `function`.
    Python,
    /// Elastic Common Schema 8.11: dotted top-level keys; what the schema does not know stands under `labels`.
    Ecs,
    /// For a terminal; no JSON:
    ///
    /// ```text
    /// 2025-01-20T18:00:00.000000Z     INFO hub::jobs: job completed job_id=job-abcdef trace_id=0af7651916cd43dd8448eb211c80319c span_id=b7ad6b7169203331
    /// ```
    Pretty,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 6] = [
        Self::Omtx,
        Self::Gcp,
        Self::Flat,
        Self::Python,
        Self::Ecs,
        Self::Pretty,
    ];

    /// Its name in `LOG_FORMAT`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Omtx => "omtx",
            Self::Gcp => "gcp",
            Self::Flat => "flat",
            Self::Python => "python",
            Self::Ecs => "ecs",
            Self::Pretty => "pretty",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Profile {
    type Err = crate::Error;

    /// Upper and lower case are the same.
    fn from_str(name: &str) -> Result<Self, crate::Error> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.as_str().eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                crate::Error::invalid("log format", name, "omtx, gcp, flat, python, ecs or pretty")
            })
    }
}
