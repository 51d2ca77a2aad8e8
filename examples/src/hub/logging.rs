//! JSON lines on stdout.

use std::fmt;
use std::time::Duration;

use tracing::Level;

/// Starts logging at the level that `LOG_LEVEL` names; INFO by default.
///
/// # Errors
///
/// When `LOG_LEVEL` is set to what is no level.
pub fn init() -> Result<(), LevelError> {
    let level = match std::env::var("LOG_LEVEL") {
        Ok(name) if !name.is_empty() => name.parse().map_err(|_| LevelError(name))?,
        _ => Level::INFO,
    };
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(level)
        .init();
    Ok(())
}

/// Milliseconds as a log line has them, to the microsecond.
#[must_use]
pub fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e3
}

/// A level that does not exist.
#[derive(Debug)]
pub struct LevelError(String);

impl fmt::Display for LevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid LOG_LEVEL \"{}\"; expected error, warn, info, debug or trace",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for LevelError {}
