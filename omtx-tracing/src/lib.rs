//! OTLP traces that cost nothing until they are wanted.
#![cfg_attr(docsrs, feature(doc_cfg))]
// Lifted when every module of the first release has landed.
#![allow(dead_code, unused_imports, unreachable_pub)]

mod active;
pub mod baggage;
mod builder;
#[cfg(any(feature = "client", feature = "reqwest"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "client", feature = "reqwest"))))]
pub mod client;
mod config;
pub mod context;
mod encode;
mod error;
mod error_type;
mod export;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub mod http;
mod jobs;
#[cfg(feature = "tracing")]
mod layer;
#[cfg(feature = "logs")]
#[cfg_attr(docsrs, doc(cfg(feature = "logs")))]
pub mod logs;
pub mod messaging;
#[cfg(feature = "metrics")]
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
pub mod metrics;
mod propagation;
#[cfg(feature = "metrics")]
mod registry;
mod resource;
mod sampler;
#[cfg(feature = "sdk")]
mod sdk;
#[cfg(any(feature = "client", feature = "http", feature = "reqwest"))]
mod semconv;
mod signal;
mod span;
mod telemetry;
pub mod testing;
mod transport;

pub use builder::TelemetryBuilder;
pub use config::{
    Batching, DEFAULT_BATCH_DELAY, DEFAULT_EXPORT_TIMEOUT, DEFAULT_LOG_BATCH_DELAY,
    DEFAULT_MAX_BATCH_BYTES, DEFAULT_MAX_BATCH_RECORDS, DEFAULT_MAX_QUEUE_BYTES,
    DEFAULT_MAX_QUEUE_RECORDS, DEFAULT_METRICS_BATCH_DELAY, DEFAULT_METRICS_INTERVAL,
    DEFAULT_METRICS_MAX_BATCH_RECORDS, DEFAULT_METRICS_MAX_QUEUE_BYTES,
    DEFAULT_METRICS_MAX_QUEUE_RECORDS, DEFAULT_TIMEOUT, Exporter, HistogramAggregation, Otlp,
    Protocol, Temporality, Warning,
};
pub use error::Error;
pub use error_type::{ErrorType, TypeName};
pub use export::{Attempts, DropReason, Dropped, ExportError, Loss, Lost, SignalStats, Stats};
pub use jobs::{JobSpan, JobSpans};
#[cfg(feature = "tracing")]
pub use layer::LayerBuilder;
pub use propagation::{Extracted, Propagator, Propagators, RejectedHeaders};
pub use resource::Resource;
pub use sampler::{ParentBased, Sampler, SamplingRequest, ShouldSample};
#[cfg(feature = "sdk")]
pub use sdk::SpanProcessor;
#[cfg(any(feature = "client", feature = "http", feature = "reqwest"))]
pub use semconv::DEFAULT_REDACTED;
pub use signal::Signal;
pub use span::{Span, SpanLimits, Tracer, TracerProvider};
pub use telemetry::Telemetry;
