//! Spans of the `tracing` crate, through tracing-opentelemetry.
//!
//! ```text
//! Filtered( Adopt ──► OpenTelemetryLayer ──► Follow , Switch )
//!           │         begins and ends spans   │        decides whether the three hear of a span or event at all
//!           │                                 └ keeps the ids for log lines and exemplars in step
//!           └ makes the current ids the parent where no OpenTelemetry context has one
//! ```

mod adopt;
mod builder;
mod follow;
mod switch;

pub use builder::LayerBuilder;
