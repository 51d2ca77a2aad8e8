//! Log lines: one for each request and each job, and those in between know both.

use std::time::Duration;

use omtx_logging::writer::{Direct, Queue};
use omtx_logging::{Error, Logging, LoggingBuilder};
use omtx_tracing::Telemetry;

/// How long `main` waits for the last lines when it returns.
pub const FLUSH: Duration = Duration::from_secs(2);

/// Starts logging to stdout, through a bounded queue: a slow reader costs lines, and never a request its time. A panic
/// leaves a line, too. What is logged is also exported by `telemetry`, if that exports log records.
///
/// # Errors
///
/// When `LOG_FORMAT`, `LOG_LEVEL`, `OMTX_HUB_LOG_LEVEL` or `RUST_LOG` says what cannot be, or something else logs already.
pub fn install(telemetry: &Telemetry) -> Result<Logging, Error> {
    let logging = settings()
        .sink(Queue::new(Direct::stdout())?)
        .records(telemetry.log_sink())
        .from_env()?
        .install()?;
    // It says all that Rust's own says on stderr, which is for people, and often goes to the same place.
    logging.panic_hook().replace_previous(true).install();
    Ok(logging)
}

/// What stands in every line of the service.
pub fn settings() -> LoggingBuilder {
    Logging::builder("omtx-hub").version(env!("CARGO_PKG_VERSION"))
}
