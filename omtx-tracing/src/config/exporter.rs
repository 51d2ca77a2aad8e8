/// Where a signal goes: `OTEL_TRACES_EXPORTER`, `OTEL_METRICS_EXPORTER`, `OTEL_LOGS_EXPORTER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Exporter {
    /// To a collector, over OTLP: `otlp`.
    Otlp,
    /// To standard output, a line a record, for a developer's eyes: `console`.
    ///
    /// Lines come 100 ms after their records ([`DEFAULT_CONSOLE_BATCH_DELAY`](crate::DEFAULT_CONSOLE_BATCH_DELAY)), unless a
    /// [delay](crate::Batching::delay) was chosen. Beside a collector, a batch is shown when it is first sent. Where standard output is not
    /// read on, the exporter waits for it with all of its signals; the service never does.
    Console,
}

/// The exporters of one signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exporters {
    pub(crate) otlp: bool,
    pub(crate) console: bool,
}

impl FromIterator<Exporter> for Exporters {
    fn from_iter<I: IntoIterator<Item = Exporter>>(exporters: I) -> Self {
        let mut all = Self::default();
        for exporter in exporters {
            match exporter {
                Exporter::Otlp => all.otlp = true,
                Exporter::Console => all.console = true,
            }
        }
        all
    }
}
