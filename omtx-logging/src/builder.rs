use std::sync::Arc;

use crate::core::Core;
use crate::limit::RateLimit;
use crate::{Counters, Flushed, Redact, Sink, Stats};

/// Collects the settings of a [`Logging`].
#[must_use = "call `build` or `install`"]
pub struct LoggingBuilder {
    pub(crate) sink: Option<Arc<dyn Sink>>,
    pub(crate) redact: Option<Arc<dyn Redact>>,
    pub(crate) limit: RateLimit,
}

impl LoggingBuilder {
    /// Writes to `sink` instead of standard output.
    pub fn sink(mut self, sink: impl Sink) -> Self {
        self.sink = Some(Arc::new(sink));
        self
    }

    /// Limits how often each callsite may log; not at all by default.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.limit = limit;
        self
    }

    /// Keeps secrets out of the lines; nothing is hidden by default.
    pub fn redact(mut self, redact: impl Redact) -> Self {
        self.redact = Some(Arc::new(redact));
        self
    }

    /// Logging as configured; nothing is installed.
    #[must_use]
    pub fn build(self) -> Logging {
        let counters = Arc::new(Counters::default());
        let sink = self.sink.unwrap_or_else(crate::writer::default_sink);
        sink.attach(&counters);
        Logging {
            core: Arc::new(Core {
                counters,
                sink,
                redact: self.redact,
                limit: self.limit,
            }),
        }
    }
}

/// A handle of one configured logging. Clones share it.
#[derive(Clone)]
pub struct Logging {
    pub(crate) core: Arc<Core>,
}

impl Logging {
    /// Settings for the service of this name.
    pub fn builder(service: impl Into<String>) -> LoggingBuilder {
        let _: String = service.into();
        LoggingBuilder {
            sink: None,
            redact: None,
            limit: RateLimit::default(),
        }
    }

    /// What was written and lost so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core.counters.stats()
    }

    /// Waits until all lines so far are at their destination, or the deadline has passed.
    pub fn flush(&self, deadline: std::time::Instant) -> Flushed {
        self.core.sink.flush(deadline)
    }
}
