//! The ready-made checks against what they check.

#[cfg(any(feature = "http-check", feature = "postgres", feature = "redis"))]
mod cleanup;
#[cfg(feature = "disk")]
mod disk;
mod engine;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod followed;
#[cfg(feature = "http-check")]
mod http;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
mod tcp;
#[cfg(all(feature = "tls", any(feature = "http-check", feature = "redis")))]
mod tls;

use omtx_health::Check;

/// What a run said: its reservation, or its error.
pub(crate) async fn say(check: &impl Check) -> Result<Option<String>, String> {
    match check.run().await {
        Ok(verdict) => Ok(verdict.message().map(str::to_owned)),
        Err(failure) => Err(failure.error().to_owned()),
    }
}

#[track_caller]
pub(crate) fn degraded(expected: impl Into<String>) -> Result<Option<String>, String> {
    Ok(Some(expected.into()))
}
