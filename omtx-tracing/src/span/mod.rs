//! Spans behind the API of `opentelemetry`, encoded on the thread that records them.

mod clock;
mod decision;
mod ids;
mod limits;
mod open;
pub(crate) mod pool;
mod provider;
mod sink;
mod tracer;

pub(crate) use clock::{Clock, nanos};
pub(crate) use decision::Decision;
pub use limits::SpanLimits;
pub use open::Span;
#[cfg(feature = "http")]
pub(crate) use open::end_at;
pub use provider::TracerProvider;
pub(crate) use sink::Sink;
pub use tracer::Tracer;
