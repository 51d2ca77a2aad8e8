//! JSON lines on stdout, and what joins them.

use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

use omtx_context::{Scope, keys};
use tracing::{Level, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging at the level that `LOG_LEVEL` names; INFO by default.
///
/// # Errors
///
/// When `LOG_LEVEL` is set to what is no level.
pub fn init() -> Result<(), LevelError> {
    lines(level(std::env::var_os("LOG_LEVEL"))?, std::io::stdout).init();
    Ok(())
}

/// Writes each event as a line of JSON.
pub fn lines<W>(level: Level, to: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(level)
        .with_writer(to)
        .finish()
}

fn level(name: Option<OsString>) -> Result<Level, LevelError> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Ok(Level::INFO);
    };
    let level = name.to_str().and_then(|name| name.parse().ok());
    level.ok_or(LevelError(name))
}

/// Milliseconds as a log line has them, to the microsecond.
#[must_use]
pub fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e3
}

/// What a line belongs to, by which it is found beside the others of the same request or job. What is not known is left
/// out of the line.
#[derive(Debug, Default)]
pub struct Ids {
    /// The request.
    pub request_id: Option<String>,
    /// Who asked.
    pub user_id: Option<String>,
    /// The job.
    pub job_id: Option<String>,
    /// What it computes.
    pub job_type: Option<String>,
}

impl Ids {
    /// Those that a scope knows.
    #[must_use]
    pub fn of(scope: &Scope) -> Self {
        let id = |key| scope.get(key).map(|value| value.to_string());
        Self {
            request_id: id(keys::REQUEST_ID),
            user_id: id(keys::USER_ID),
            job_id: id(keys::JOB_ID),
            job_type: id(keys::JOB_TYPE),
        }
    }

    /// Those that the current scope knows.
    #[must_use]
    pub fn current() -> Self {
        Scope::current().as_ref().map(Self::of).unwrap_or_default()
    }
}

/// A level that does not exist.
#[derive(Debug)]
pub struct LevelError(OsString);

impl fmt::Display for LevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid LOG_LEVEL {:?}; expected error, warn, info, debug or trace",
            self.0
        )
    }
}

impl std::error::Error for LevelError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_one_of_five() {
        assert_eq!(level(None).unwrap(), Level::INFO);
        assert_eq!(level(Some("".into())).unwrap(), Level::INFO);
        assert_eq!(level(Some("Debug".into())).unwrap(), Level::DEBUG);
        let error = level(Some("loud".into())).unwrap_err().to_string();
        assert_eq!(
            error,
            "invalid LOG_LEVEL \"loud\"; expected error, warn, info, debug or trace"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_level_that_is_not_utf_8_is_none() {
        use std::os::unix::ffi::OsStringExt;
        let error = level(Some(OsString::from_vec(vec![0xff]))).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with(r#"invalid LOG_LEVEL "\xFF";"#),
            "{error}"
        );
    }
}
