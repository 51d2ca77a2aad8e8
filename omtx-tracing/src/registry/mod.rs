//! The metrics of a registry as OTLP, at an interval.
//!
//! ```text
//! reader.rs   when: at an interval, and before every flush
//! round.rs    a visitor of the registry: families to `Metric`s, series to points
//! streams.rs  what was there in the round before: for series that have gone, and for differences
//! measured.rs explicit.rs exponential.rs quantiles.rs   what a point says     exemplars.rs unit.rs
//! chunk.rs    the points that travel together         field.rs    their bytes
//! ```
//!
//! What becomes what is the specification's: OpenTelemetry, "Prometheus and OpenMetrics Compatibility", "Prometheus Metric
//! points to OTLP".

mod chunk;
mod exemplars;
mod explicit;
mod exponential;
mod field;
mod measured;
mod quantiles;
mod reader;
mod round;
mod streams;
mod unit;

#[cfg(test)]
mod tests;

use std::time::{SystemTime, UNIX_EPOCH};

/// As OTLP has times; 0 for those before the epoch, which it does not know.
fn nanos(time: SystemTime) -> u64 {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX)
}
