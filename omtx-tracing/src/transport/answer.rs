//! What became of an attempt.

use std::time::Duration;

/// What became of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
// Lines on standard output are accepted or refused.
#[cfg_attr(
    not(any(feature = "grpc", feature = "http-protobuf")),
    allow(dead_code)
)]
pub(crate) enum Answer {
    /// Taken, but for `rejected` records of it (OTLP, "Partial Success").
    Accepted {
        rejected: u64,
        message: Option<String>,
    },
    /// Not taken; another attempt may succeed, `after` this long if the collector said so.
    Retry {
        after: Option<Duration>,
        cause: String,
    },
    /// Not taken, and it never will be.
    Refused { cause: String },
    /// It was sent, perhaps in part, and no answer of the collector's own came: nobody knows whether it was taken. Another
    /// attempt may succeed, `after` this long if a gateway said so.
    Unknown {
        after: Option<Duration>,
        cause: String,
    },
}

impl Answer {
    #[cfg(any(feature = "grpc", feature = "http-protobuf"))]
    pub(super) fn unknown(cause: impl Into<String>) -> Self {
        Self::Unknown {
            after: None,
            cause: cause.into(),
        }
    }

    pub(super) fn refused(cause: impl Into<String>) -> Self {
        Self::Refused {
            cause: cause.into(),
        }
    }
}
