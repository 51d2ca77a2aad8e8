//! What the crate promises, one subject a file.

#[cfg(unix)]
mod direct;
mod dynamic;
mod fields;
#[cfg(all(feature = "file", unix))]
mod file;
#[cfg(feature = "http")]
mod http;
mod jobs;
#[cfg(all(feature = "journald", target_os = "linux"))]
mod journald;
mod levels;
mod limits;
#[cfg(feature = "metrics")]
mod metrics;
mod profiles;
mod queries;
mod queue;
mod records;
mod redaction;
mod safety_nets;
mod scopes;
mod spans;
mod startup_errors;
mod support;
#[cfg(all(feature = "syslog", unix))]
mod syslog;
mod values;
mod whatever_is_logged;
