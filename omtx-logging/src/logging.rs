use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tracing_core::Subscriber;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

use crate::core::Core;
use crate::deadline::after;
use crate::layer::LineLayer;
use crate::level::{LevelFilter, LevelHandle};
use crate::{Flushed, LoggingBuilder, Profile, Stats};

/// One configured logging: a layer to install, levels to change, counts to watch. Clones share it.
///
/// ```
/// use omtx_logging::testing::Lines;
/// use omtx_logging::{Logging, Severity};
///
/// # fn main() -> Result<(), omtx_logging::Error> {
/// let lines = Lines::default();
/// let logging = Logging::builder("hub").sink(lines.clone()).build()?;
/// tracing::subscriber::with_default(logging.subscriber(), || tracing::error!("no space left"));
/// assert!(lines.take()[0].contains(r#""level":"ERROR""#));
/// assert_eq!(logging.stats().lines(Severity::Error), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Logging {
    pub(crate) core: Arc<Core>,
    pub(crate) levels: LevelHandle,
}

impl Logging {
    /// Settings for the service of this name, which stands in every line.
    pub fn builder(service: impl Into<String>) -> LoggingBuilder {
        LoggingBuilder::new(service.into())
    }

    /// The layer, for a registry that has others beside it. The levels are its own: the others get their spans and events
    /// whatever `LOG_LEVEL` says.
    ///
    /// ```
    /// use omtx_logging::Logging;
    /// use omtx_logging::testing::Lines;
    /// use tracing_subscriber::layer::SubscriberExt;
    ///
    /// # fn main() -> Result<(), omtx_logging::Error> {
    /// let lines = Lines::default();
    /// let logging = Logging::builder("hub").sink(lines.clone()).build()?;
    /// let subscriber = tracing_subscriber::registry().with(logging.layer());
    /// tracing::subscriber::with_default(subscriber, || tracing::info!("ready"));
    /// assert_eq!(lines.take().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'s> LookupSpan<'s>,
    {
        let layer = LineLayer {
            core: self.core.clone(),
            levels: self.levels.clone(),
        };
        layer.with_filter(LevelFilter {
            levels: self.levels.clone(),
        })
    }

    /// The layer in a registry of its own: for `tracing::subscriber::with_default` in tests.
    #[must_use]
    pub fn subscriber(&self) -> impl Subscriber + Send + Sync + for<'s> LookupSpan<'s> + use<> {
        Registry::default().with(self.layer())
    }

    /// Changes the levels while the service runs.
    #[must_use]
    pub fn levels(&self) -> &LevelHandle {
        &self.levels
    }

    /// The shape of the lines.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.core.layout.profile
    }

    /// What was written and lost so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.core.counters.stats()
    }

    /// Waits until all lines so far, and what [`records`](LoggingBuilder::records) took, are at their destination, or the
    /// time is over.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use omtx_logging::Logging;
    /// use omtx_logging::testing::Lines;
    ///
    /// # fn main() -> Result<(), omtx_logging::Error> {
    /// let logging = Logging::builder("hub").sink(Lines::default()).build()?;
    /// assert!(logging.flush(Duration::from_secs(5)).is_complete());
    /// # Ok(())
    /// # }
    /// ```
    pub fn flush(&self, timeout: Duration) -> Flushed {
        self.core.flush(after(timeout))
    }
}

impl fmt::Debug for Logging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logging")
            .field("service", &self.core.layout.service.name)
            .field("profile", &self.profile())
            .field("levels", &self.levels)
            .finish_non_exhaustive()
    }
}
