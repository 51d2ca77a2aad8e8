//! What the crate promises, one subject a file.

mod direct;
mod fields;
mod jobs;
mod levels;
mod limits;
mod profiles;
mod queue;
mod redaction;
mod scopes;
mod spans;
mod startup_errors;
mod support;
mod values;
