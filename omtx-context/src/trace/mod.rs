//! The trace ids of the current work, where log lines and exemplars find them.

mod current;
mod id;

use std::fmt;

pub use current::{InTrace, TraceGuard, WithTrace};
pub use id::{SpanId, TraceId};

/// The flag byte of W3C Trace Context; unknown bits are kept.
///
/// ```
/// use omtx_context::TraceFlags;
///
/// assert!(TraceFlags::new(0x03).is_sampled());
/// assert!(TraceFlags::new(0x03).is_random());
/// assert_eq!(TraceFlags::SAMPLED.to_string(), "01");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TraceFlags(u8);

impl TraceFlags {
    /// Sampled, and nothing else.
    pub const SAMPLED: Self = Self(0x01);

    /// The flags of a byte.
    #[must_use]
    pub const fn new(bits: u8) -> Self {
        Self(bits)
    }

    /// The byte.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether the caller may have recorded the trace.
    #[must_use]
    pub const fn is_sampled(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// Whether the low 56 bits of the trace id are random (W3C Trace Context level 2).
    #[must_use]
    pub const fn is_random(self) -> bool {
        self.0 & 0x02 != 0
    }
}

impl fmt::Display for TraceFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

/// Where the current work is in a distributed trace: trace id, span id and flags. Valid by construction.
///
/// `omtx-tracing` publishes it; this crate neither parses nor writes headers. `Display` is the `traceparent` form,
/// which is handy in a message:
///
/// ```
/// use omtx_context::{SpanId, TraceContext, TraceFlags, TraceId};
///
/// let trace = TraceContext::new(
///     TraceId::new(0x0af7651916cd43dd8448eb211c80319c).unwrap(),
///     SpanId::new(0xb7ad6b7169203331).unwrap(),
///     TraceFlags::SAMPLED,
/// );
/// assert_eq!(trace.to_string(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: TraceId,
    span_id: SpanId,
    flags: TraceFlags,
}

impl TraceContext {
    /// From its parts.
    #[must_use]
    pub const fn new(trace_id: TraceId, span_id: SpanId, flags: TraceFlags) -> Self {
        Self {
            trace_id,
            span_id,
            flags,
        }
    }

    /// The trace.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The span.
    #[must_use]
    pub const fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// The flags.
    #[must_use]
    pub const fn flags(&self) -> TraceFlags {
        self.flags
    }

    /// Whether the trace is being recorded.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.flags.is_sampled()
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{}", self.trace_id, self.span_id, self.flags)
    }
}
