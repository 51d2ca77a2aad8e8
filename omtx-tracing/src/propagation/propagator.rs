//! The formats, by their names.

use std::fmt;

/// A format of context on the wire: one of the names in `OTEL_PROPAGATORS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Propagator {
    /// `tracecontext`: W3C Trace Context, `traceparent` and `tracestate`.
    TraceContext,
    /// `baggage`: W3C Baggage.
    Baggage,
    /// `b3`: B3 in one header. Both forms of B3 are read.
    B3,
    /// `b3multi`: B3 in `x-b3-*` headers. Both forms of B3 are read.
    B3Multi,
}

impl Propagator {
    /// The formats' names in `OTEL_PROPAGATORS`, in one line for a message.
    pub(crate) const EXPECTED: &'static str =
        "a list of tracecontext, baggage, b3, b3multi, or none";

    /// The format of a name; `None` if there is none of that name.
    ///
    /// ```
    /// use omtx_tracing::Propagator;
    ///
    /// assert_eq!(Propagator::from_name("b3multi"), Some(Propagator::B3Multi));
    /// assert_eq!(Propagator::from_name("jaeger"), None);
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::TraceContext, Self::Baggage, Self::B3, Self::B3Multi]
            .into_iter()
            .find(|format| format.as_str() == name)
    }

    /// Its name in `OTEL_PROPAGATORS`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TraceContext => "tracecontext",
            Self::Baggage => "baggage",
            Self::B3 => "b3",
            Self::B3Multi => "b3multi",
        }
    }

    /// The headers that it writes.
    pub(super) const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::TraceContext => &["traceparent", "tracestate"],
            Self::Baggage => &["baggage"],
            Self::B3 => &["b3"],
            Self::B3Multi => &["x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags"],
        }
    }
}

impl fmt::Display for Propagator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
