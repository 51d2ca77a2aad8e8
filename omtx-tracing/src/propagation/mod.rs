//! Contexts on the wire: from the headers of what came in, and into those of what goes out.

mod b3;
mod baggage;
mod carrier;
mod extracted;
mod hex;
mod propagator;
mod propagators;
mod rejected;
mod trace_context;
mod tracestate;

pub use extracted::Extracted;
pub use propagator::Propagator;
pub use propagators::Propagators;
pub use rejected::RejectedHeaders;
