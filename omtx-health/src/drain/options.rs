//! How long a drain may take.

use std::ffi::OsString;
use std::time::Duration;

use crate::Error;
use crate::spec::LONGEST;

/// How long a service that is not ready serves on, unless it is told otherwise: 5 s.
///
/// Long enough for the endpoints of a Kubernetes service to be updated on all nodes, and for a load balancer that probes
/// every two seconds and gives up after the second failure.
pub const DEFAULT_DRAIN_DELAY: Duration = Duration::from_secs(5);

/// How long what is in flight has to finish, unless it is told otherwise: 20 s.
///
/// With [`DEFAULT_DRAIN_DELAY`] and [`FLUSH_GRACE`] that is 27 s, and Kubernetes kills after 30 s
/// (`terminationGracePeriodSeconds`).
pub const DEFAULT_SHUTDOWN_DEADLINE: Duration = Duration::from_secs(20);

/// What the flush hooks have at least, even if the requests in flight have used up the deadline: 2 s.
pub const FLUSH_GRACE: Duration = Duration::from_secs(2);

/// How long a [`Drain`](crate::Drain) may take.
///
/// | environment | setting | default |
/// |---|---|---|
/// | `OMTX_DRAIN_DELAY` | [`delay`](Self::delay) | 5 s |
/// | `OMTX_SHUTDOWN_DEADLINE` | [`deadline`](Self::deadline) | 20 s |
///
/// **Kubernetes kills the process `terminationGracePeriodSeconds` (30 by default) after SIGTERM was due, a `preStop` hook
/// included.** Keep delay + deadline + [`FLUSH_GRACE`] below it.
///
/// ```
/// use omtx_health::DrainOptions;
/// use std::time::Duration;
///
/// let options = DrainOptions::default().deadline(Duration::from_secs(60)).from_vars(|name| {
///     (name == "OMTX_DRAIN_DELAY").then(|| "2.5".into())
/// })?;
/// assert_eq!(options, DrainOptions::default()
///     .delay(Duration::from_millis(2500))
///     .deadline(Duration::from_secs(60)));
/// # Ok::<_, omtx_health::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrainOptions {
    pub(super) delay: Duration,
    pub(super) deadline: Duration,
}

impl Default for DrainOptions {
    fn default() -> Self {
        Self {
            delay: DEFAULT_DRAIN_DELAY,
            deadline: DEFAULT_SHUTDOWN_DEADLINE,
        }
    }
}

impl DrainOptions {
    /// How long the service serves on after it has said that it is not ready. Default: [`DEFAULT_DRAIN_DELAY`]; at most a
    /// year.
    ///
    /// Nothing else than the load balancer decides how long this has to be: until it has noticed, it sends requests.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay.min(LONGEST);
        self
    }

    /// How long what is in flight has to finish, counted from the end of the delay; the flush hooks have what is left.
    /// Default: [`DEFAULT_SHUTDOWN_DEADLINE`]; at most a year.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline.min(LONGEST);
        self
    }

    /// These options, where the environment does not say otherwise: `OMTX_DRAIN_DELAY` and `OMTX_SHUTDOWN_DEADLINE`, in
    /// seconds, with a fraction if need be. An empty variable counts as absent.
    ///
    /// # Errors
    ///
    /// If one is no number of seconds from 0 to a year. The message names variable, value and expectation.
    pub fn from_env(self) -> Result<Self, Error> {
        self.from_vars(|name| std::env::var_os(name))
    }

    /// [`from_env`](Self::from_env) with variables of your own: for tests, and for configuration from elsewhere.
    ///
    /// # Errors
    ///
    /// Those of [`from_env`](Self::from_env).
    pub fn from_vars(mut self, var: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        for (name, option) in [
            ("OMTX_DRAIN_DELAY", &mut self.delay),
            ("OMTX_SHUTDOWN_DEADLINE", &mut self.deadline),
        ] {
            if let Some(value) = var(name).filter(|value| !value.is_empty()) {
                let value = value.to_string_lossy(); // what is not UTF-8 becomes what is no number
                *option = seconds(&value).ok_or_else(|| {
                    let shown: String = value.chars().take(80).collect();
                    Error::invalid(name, shown.escape_debug(), "seconds, 0 to 31536000")
                })?;
            }
        }
        Ok(self)
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds = text.parse::<f64>().ok()?;
    let duration = Duration::try_from_secs_f64(seconds).ok()?;
    (duration <= LONGEST).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: Result<f64, &str>) {
        let options = DrainOptions::default();
        let read = options.from_vars(|name| (name == "OMTX_DRAIN_DELAY").then(|| value.into()));
        let read = read.map(|options| options.delay.as_secs_f64());
        assert_eq!(
            read.map_err(|error| error.to_string()),
            expected.map_err(str::to_owned)
        );
    }

    #[test]
    fn seconds_may_have_a_fraction() {
        check("0", Ok(0.0));
        check("2.5", Ok(2.5));
        check("31536000", Ok(31_536_000.0));
        check("", Ok(5.0));
    }

    #[test]
    fn what_is_no_number_of_seconds_is_refused_by_name() {
        for value in ["-1", "5s", "NaN", "inf", "1e300", "31536001", " 5"] {
            check(
                value,
                Err(&format!(
                    "invalid OMTX_DRAIN_DELAY \"{value}\"; expected seconds, 0 to 31536000"
                )),
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_utf_8_is_refused_by_name() {
        use std::os::unix::ffi::OsStringExt;

        let value = OsString::from_vec(b"5\xff".to_vec());
        let read = DrainOptions::default()
            .from_vars(|name| (name == "OMTX_SHUTDOWN_DEADLINE").then(|| value.clone()));
        assert_eq!(
            read.unwrap_err().to_string(),
            "invalid OMTX_SHUTDOWN_DEADLINE \"5\u{fffd}\"; expected seconds, 0 to 31536000"
        );
    }

    #[test]
    fn options_beyond_a_year_are_a_year() {
        let options = DrainOptions::default()
            .delay(Duration::MAX)
            .deadline(Duration::MAX);
        assert_eq!((options.delay, options.deadline), (LONGEST, LONGEST));
    }
}
