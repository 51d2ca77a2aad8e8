/// Where a signal goes: `OTEL_TRACES_EXPORTER`, `OTEL_METRICS_EXPORTER`, `OTEL_LOGS_EXPORTER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Exporter {
    /// To a collector, over OTLP: `otlp`.
    Otlp,
    /// To standard output, a line a record, for a developer's eyes: `console`.
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
