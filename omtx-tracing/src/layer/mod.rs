//! Spans of the `tracing` crate, through tracing-opentelemetry.
//!
//! ```text
//! Filtered( OpenTelemetryLayer ──► Follow , Switch )
//!           begins and ends spans   │        decides whether the two hear of a span or event at all
//!                                   └ keeps the ids for log lines and exemplars in step
//! ```

mod builder;
mod follow;
mod switch;

pub use builder::LayerBuilder;
