//! What is exported besides spans.

#[cfg(feature = "metrics")]
pub(crate) mod metrics;
