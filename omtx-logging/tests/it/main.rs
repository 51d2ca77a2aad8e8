//! Tests of omtx-logging.

mod direct;
mod queue;
mod redaction;
