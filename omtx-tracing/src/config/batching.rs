use std::time::Duration;

use crate::{Error, Signal};

/// Records that may wait: 2048, as the specification has it.
pub const DEFAULT_MAX_QUEUE_RECORDS: usize = 2048;

/// Encoded bytes that may wait: 8 MiB.
pub const DEFAULT_MAX_QUEUE_BYTES: usize = 8 << 20;

/// Records of one request: 512, as the specification has it.
pub const DEFAULT_MAX_BATCH_RECORDS: usize = 512;

/// Encoded bytes of one request: 3 MiB. gRPC servers take 4 MiB unless they are told otherwise.
pub const DEFAULT_MAX_BATCH_BYTES: usize = 3 << 20;

/// How long a span waits for others at most before it is sent: 5 s, as the specification has it.
pub const DEFAULT_BATCH_DELAY: Duration = Duration::from_secs(5);

/// The same for log records: 1 s, as the specification has it.
pub const DEFAULT_LOG_BATCH_DELAY: Duration = Duration::from_secs(1);

/// How long a record of a signal that goes to the [console](crate::Exporter::Console) waits at most, unless a delay was chosen:
/// 100 ms, as somebody looks at it.
pub const DEFAULT_CONSOLE_BATCH_DELAY: Duration = Duration::from_millis(100);

/// Metric points that may wait: 262 144. A registry exports all of its points at once; bytes are the bound that matters.
pub const DEFAULT_METRICS_MAX_QUEUE_RECORDS: usize = 1 << 18;

/// Encoded bytes of metrics that may wait: 16 MiB, some 80 000 counters.
pub const DEFAULT_METRICS_MAX_QUEUE_BYTES: usize = 16 << 20;

/// Metric points of one request: 8192, as the OpenTelemetry Collector's batches have.
pub const DEFAULT_METRICS_MAX_BATCH_RECORDS: usize = 8192;

/// The same for metrics: 200 ms. All points of one look at a registry come at once.
pub const DEFAULT_METRICS_BATCH_DELAY: Duration = Duration::from_millis(200);

/// How often metrics are sent: every 60 s, as the specification has it.
pub const DEFAULT_METRICS_INTERVAL: Duration = Duration::from_secs(60);

/// All attempts of one batch together: 30 s, as the specification has it.
pub const DEFAULT_EXPORT_TIMEOUT: Duration = Duration::from_secs(30);

/// The bounds of one signal's queue and batches: the `OTEL_BSP_*` and `OTEL_BLRP_*` variables, in code.
///
/// What does not fit is dropped and counted, the newest first; nobody ever waits for room.
///
/// ```
/// use omtx_tracing::{Batching, Signal, Telemetry};
///
/// # fn main() -> Result<(), omtx_tracing::Error> {
/// Telemetry::builder("hub")
///     .batching(Signal::Traces, Batching::new(Signal::Traces).max_queue_records(8192))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batching {
    pub(crate) max_queue_records: usize,
    pub(crate) max_queue_bytes: usize,
    pub(crate) max_batch_records: usize,
    pub(crate) max_batch_bytes: usize,
    pub(crate) delay: Duration,
    /// Whether somebody has chosen it.
    pub(crate) is_delay_set: bool,
    pub(crate) export_timeout: Duration,
}

impl Batching {
    /// The defaults of a signal: those of spans and log records differ in [`delay`](Self::delay) only, and metrics, which come
    /// all at once, have [more room](DEFAULT_METRICS_MAX_QUEUE_RECORDS).
    #[must_use]
    pub const fn new(signal: Signal) -> Self {
        let spans = Self {
            max_queue_records: DEFAULT_MAX_QUEUE_RECORDS,
            max_queue_bytes: DEFAULT_MAX_QUEUE_BYTES,
            max_batch_records: DEFAULT_MAX_BATCH_RECORDS,
            max_batch_bytes: DEFAULT_MAX_BATCH_BYTES,
            delay: DEFAULT_BATCH_DELAY,
            is_delay_set: false,
            export_timeout: DEFAULT_EXPORT_TIMEOUT,
        };
        match signal {
            Signal::Traces => spans,
            Signal::Logs => Self {
                delay: DEFAULT_LOG_BATCH_DELAY,
                ..spans
            },
            Signal::Metrics => Self {
                max_queue_records: DEFAULT_METRICS_MAX_QUEUE_RECORDS,
                max_queue_bytes: DEFAULT_METRICS_MAX_QUEUE_BYTES,
                max_batch_records: DEFAULT_METRICS_MAX_BATCH_RECORDS,
                delay: DEFAULT_METRICS_BATCH_DELAY,
                ..spans
            },
        }
    }

    /// Records that may wait: [`DEFAULT_MAX_QUEUE_RECORDS`] or
    /// [`DEFAULT_METRICS_MAX_QUEUE_RECORDS`], 1 at least. `OTEL_BSP_MAX_QUEUE_SIZE`, `OTEL_BLRP_MAX_QUEUE_SIZE`.
    #[must_use]
    pub const fn max_queue_records(mut self, records: usize) -> Self {
        self.max_queue_records = records;
        self
    }

    /// Encoded bytes that may wait: [`DEFAULT_MAX_QUEUE_BYTES`] or [`DEFAULT_METRICS_MAX_QUEUE_BYTES`], 1 at least.
    #[must_use]
    pub const fn max_queue_bytes(mut self, bytes: usize) -> Self {
        self.max_queue_bytes = bytes;
        self
    }

    /// Records of one request: [`DEFAULT_MAX_BATCH_RECORDS`] or [`DEFAULT_METRICS_MAX_BATCH_RECORDS`], 1 at least, and no more
    /// than may wait. `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`, `OTEL_BLRP_MAX_EXPORT_BATCH_SIZE`.
    #[must_use]
    pub const fn max_batch_records(mut self, records: usize) -> Self {
        self.max_batch_records = records;
        self
    }

    /// Encoded bytes of one request: [`DEFAULT_MAX_BATCH_BYTES`], more than the [`Resource`](crate::Resource) takes. A record that
    /// is longer is dropped.
    #[must_use]
    pub const fn max_batch_bytes(mut self, bytes: usize) -> Self {
        self.max_batch_bytes = bytes;
        self
    }

    /// How long a record waits for others at most: [`DEFAULT_BATCH_DELAY`], [`DEFAULT_LOG_BATCH_DELAY`] for logs,
    /// [`DEFAULT_METRICS_BATCH_DELAY`] for metrics; [`DEFAULT_CONSOLE_BATCH_DELAY`] for what goes to the console.
    /// `OTEL_BSP_SCHEDULE_DELAY`, `OTEL_BLRP_SCHEDULE_DELAY`.
    #[must_use]
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self.is_delay_set = true;
        self
    }

    /// For a signal that somebody looks at.
    pub(crate) fn for_console(mut self) -> Self {
        if !self.is_delay_set {
            self.delay = self.delay.min(DEFAULT_CONSOLE_BATCH_DELAY);
        }
        self
    }

    /// All attempts of one batch together: [`DEFAULT_EXPORT_TIMEOUT`], more than nothing. `OTEL_BSP_EXPORT_TIMEOUT`,
    /// `OTEL_BLRP_EXPORT_TIMEOUT`, `OTEL_METRIC_EXPORT_TIMEOUT`.
    #[must_use]
    pub const fn export_timeout(mut self, timeout: Duration) -> Self {
        self.export_timeout = timeout;
        self
    }

    /// Each request has the resource, which is so long; without room beside it every record would be dropped.
    pub(crate) fn check_room(&self, resource: usize) -> Result<(), Error> {
        if resource < self.max_batch_bytes {
            return Ok(());
        }
        let expected = format!("more than the {resource} that the resource takes in each request");
        let most = self.max_batch_bytes;
        Err(Error::invalid("max_batch_bytes", most, &expected))
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let at_least_one = [
            ("max_queue_records", self.max_queue_records),
            ("max_queue_bytes", self.max_queue_bytes),
            ("max_batch_records", self.max_batch_records),
            ("max_batch_bytes", self.max_batch_bytes),
        ];
        for (what, value) in at_least_one {
            if value == 0 {
                return Err(Error::invalid(what, value, "1 at least"));
            }
        }
        if self.max_batch_records > self.max_queue_records {
            let expected = format!("no more than the {} that may wait", self.max_queue_records);
            let batch = self.max_batch_records;
            return Err(Error::invalid("max_batch_records", batch, &expected));
        }
        if self.export_timeout.is_zero() {
            return Err(Error::invalid("export_timeout", "0", "more than nothing"));
        }
        Ok(())
    }
}

impl Default for Batching {
    fn default() -> Self {
        Self::new(Signal::Traces)
    }
}
