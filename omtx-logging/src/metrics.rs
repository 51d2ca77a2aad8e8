//! What was logged and lost, as metrics.

use std::sync::{Arc, Mutex, PoisonError};

use omtx_metrics::{Counter, Error, Family, LabelValue, Labels, MetricSet, Registry};

use crate::{Counters, DropReason, Logging, Severity, Stats};

/// The label `level` of [`LogMetrics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, LabelValue)]
pub enum LogLevel {
    /// Of DEBUG and TRACE events.
    Debug,
    /// Of INFO events.
    Info,
    /// Of WARN events.
    Warning,
    /// Of ERROR events.
    Error,
    /// Of `critical!`, and of panics.
    Critical,
}

/// The label `reason` of [`LogMetrics`]: see [`DropReason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, LabelValue)]
#[non_exhaustive]
pub enum LogDropReason {
    /// [`DropReason::QueueFull`]
    QueueFull,
    /// [`DropReason::Closed`]
    Closed,
    /// [`DropReason::WouldBlock`]
    WouldBlock,
    /// [`DropReason::DiskFull`]
    DiskFull,
    /// [`DropReason::WriteError`]
    WriteError,
    /// [`DropReason::Panicked`]
    Panicked,
    /// [`DropReason::RateLimited`]
    RateLimited,
    /// [`DropReason::Recursion`]
    Recursion,
    /// [`DropReason::Shutdown`]
    Shutdown,
}

/// How serious a line was.
#[derive(Clone, Copy, Debug, Labels)]
pub struct LogLabels {
    /// Its level, in lower case.
    pub level: LogLevel,
}

/// Which lines were lost, and why.
#[derive(Clone, Copy, Debug, Labels)]
pub struct LogDropLabels {
    /// Their level, in lower case.
    pub level: LogLevel,
    /// What became of them.
    pub reason: LogDropReason,
}

/// What a [`Logging`] wrote and lost.
///
/// A line that was handed over and lost after that, in a queue that was full or by a disk that was, is in
/// `omtx_log_lines_total` as well as in `omtx_log_lines_dropped_total`. A healthy service keeps all but the first two at 0.
///
/// ```
/// use omtx_logging::testing::Lines;
/// use omtx_logging::{LogMetrics, Logging};
/// use omtx_metrics::Registry;
///
/// let logging = Logging::builder("hub").sink(Lines::default()).build().unwrap();
/// let registry = Registry::new();
/// LogMetrics::expose(&registry, &logging)?;
/// tracing::subscriber::with_default(logging.subscriber(), || tracing::warn!("slow"));
/// assert!(registry.to_text().contains(r#"omtx_log_lines_total{level="warning"} 1"#));
/// # Ok::<(), omtx_metrics::Error>(())
/// ```
#[derive(Debug, MetricSet)]
#[metrics(bare)]
#[non_exhaustive]
pub struct LogMetrics {
    /// Log lines that were encoded and handed to the writer.
    #[metric(zeroed)]
    pub omtx_log_lines_total: Family<LogLabels, Counter>,
    /// Bytes of log lines that were encoded and handed to the writer.
    pub omtx_log_bytes_total: Counter,
    /// Log lines that were lost, before or after they were encoded.
    #[metric(zeroed)]
    pub omtx_log_lines_dropped_total: Family<LogDropLabels, Counter>,
    /// Fields that were moved to "fields.KEY", because their key is reserved or is an object in the same line.
    pub omtx_log_fields_collided_total: Counter,
    /// Values that were cut, and fields that were left out, because of the limits on values and lines.
    pub omtx_log_values_truncated_total: Counter,
    /// Values whose Debug, Display or Serialize panicked or failed.
    pub omtx_log_values_lost_total: Counter,
    /// Scope guards that were held across an await, in the whole process.
    pub omtx_log_context_misuse_total: Counter,
}

impl LogMetrics {
    /// Registers the set, and brings it up to date before every scrape. A second logging in the same registry is not shown.
    ///
    /// # Errors
    ///
    /// If the registry has a family of these names that is not ours.
    pub fn expose(registry: &Registry, logging: &Logging) -> Result<(), Error> {
        let mut new = false;
        let mirror = registry.shared(|| {
            new = true;
            Ok(Arc::new(Mirror {
                metrics: registry.register()?,
                counters: logging.core.counters.clone(),
                updating: Mutex::new(()),
            }))
        })?;
        if new {
            registry.before_scrape(move || mirror.update());
        }
        Ok(())
    }
}

/// Copies the counts of one logging into one registry.
struct Mirror {
    metrics: Arc<LogMetrics>,
    counters: Arc<Counters>,
    updating: Mutex<()>,
}

impl Mirror {
    fn update(&self) {
        // Two scrapes at once must not both add what is new.
        let _one_writer = self.updating.lock().unwrap_or_else(PoisonError::into_inner);
        let stats: Stats = self.counters.stats();
        let metrics = &self.metrics;
        for severity in Severity::ALL {
            let level = LogLevel::from(severity);
            let lines = metrics.omtx_log_lines_total.with(LogLabels { level });
            raise(&lines, stats.lines(severity));
            for reason in DropReason::ALL {
                let dropped = stats.dropped(severity, reason);
                let reason = LogDropReason::from(reason);
                let labels = LogDropLabels { level, reason };
                raise(&metrics.omtx_log_lines_dropped_total.with(labels), dropped);
            }
        }
        raise(&metrics.omtx_log_bytes_total, stats.bytes);
        raise(
            &metrics.omtx_log_fields_collided_total,
            stats.fields_collided,
        );
        raise(
            &metrics.omtx_log_values_truncated_total,
            stats.values_truncated,
        );
        raise(&metrics.omtx_log_values_lost_total, stats.values_lost);
        raise(&metrics.omtx_log_context_misuse_total, stats.context_misuse);
    }
}

fn raise(counter: &Counter, total: u64) {
    counter.add(total.saturating_sub(counter.get()));
}

impl From<Severity> for LogLevel {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Debug => Self::Debug,
            Severity::Info => Self::Info,
            Severity::Warning => Self::Warning,
            Severity::Error => Self::Error,
            Severity::Critical => Self::Critical,
        }
    }
}

impl From<DropReason> for LogDropReason {
    fn from(reason: DropReason) -> Self {
        match reason {
            DropReason::QueueFull => Self::QueueFull,
            DropReason::Closed => Self::Closed,
            DropReason::WouldBlock => Self::WouldBlock,
            DropReason::DiskFull => Self::DiskFull,
            DropReason::WriteError => Self::WriteError,
            DropReason::Panicked => Self::Panicked,
            DropReason::RateLimited => Self::RateLimited,
            DropReason::Recursion => Self::Recursion,
            DropReason::Shutdown => Self::Shutdown,
        }
    }
}
