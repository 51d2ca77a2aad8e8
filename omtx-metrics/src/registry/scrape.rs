//! What a scrape of all families looks like, in each format.

use std::sync::Arc;

use super::merge::Families;
use super::{Entry, Registry, merge};
use crate::Kind;
use crate::collector::ForeignFamily;
use crate::encode::{Encoder, OpenMetricsEncoder, ProtobufEncoder, TextEncoder};
use crate::lock::lock;
use crate::visit::{self, Visitor};

impl Registry {
    /// Everything that is registered, in text format 0.0.4, sorted by family name.
    ///
    /// `/metrics` adds the library's own families (`omtx_*`) to this; see [`Exporter`](crate::Exporter).
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = Vec::new();
        self.encode_text(&mut out);
        String::from_utf8(out).expect("all that is encoded comes from str")
    }

    /// Appends what [`to_text`](Self::to_text) returns to `out`. Where `out` is reused, a scrape of families without new
    /// series allocates nothing.
    pub fn encode_text(&self, out: &mut Vec<u8>) {
        self.encode_with(&mut TextEncoder::new(out));
    }

    /// Everything that is registered, in OpenMetrics 1.0, sorted by family name; without `_created` samples, which
    /// [`ExporterBuilder::created`](crate::ExporterBuilder::created) adds to `/metrics`.
    ///
    /// ```
    /// use omtx_metrics::{CounterF64, MetricSet, Registry};
    ///
    /// /// A power supply.
    /// #[derive(MetricSet)]
    /// struct Supply {
    ///     /// Energy drawn.
    ///     #[metric(unit = "joules")]
    ///     energy_joules_total: CounterF64,
    /// }
    ///
    /// let registry = Registry::new();
    /// registry.register::<Supply>()?.energy_joules_total.add(3.0);
    /// assert_eq!(registry.to_openmetrics(), "\
    /// ## TYPE energy_joules counter
    /// ## UNIT energy_joules joules
    /// ## HELP energy_joules Energy drawn.
    /// energy_joules_total 3.0
    /// ## EOF
    /// ");
    /// # Ok::<(), omtx_metrics::Error>(())
    /// ```
    #[must_use]
    pub fn to_openmetrics(&self) -> String {
        let mut out = Vec::new();
        self.encode_openmetrics(&mut out);
        String::from_utf8(out).expect("all that is encoded comes from str")
    }

    /// Appends what [`to_openmetrics`](Self::to_openmetrics) returns to `out`; allocates as little as
    /// [`encode_text`](Self::encode_text).
    pub fn encode_openmetrics(&self, out: &mut Vec<u8>) {
        self.encode_with(&mut OpenMetricsEncoder::new(out, false));
    }

    /// Everything that is registered, in Prometheus protobuf, sorted by family name: `io.prometheus.client.MetricFamily`
    /// messages, each behind its length as a varint.
    ///
    /// The only format that carries native histograms.
    ///
    /// ```
    /// use omtx_metrics::{Counter, Registry};
    ///
    /// let registry = Registry::new();
    /// let restarts = registry.family::<(), Counter>("restarts_total", "Restarts.").register()?;
    /// restarts.with(()).inc();
    ///
    /// let message = registry.to_protobuf();
    /// assert_eq!(usize::from(message[0]), message.len() - 1); // short enough for a varint of one byte
    /// assert!(message[1..].starts_with(b"\x0A\x0Erestarts_total\x12\x09Restarts.")); // name = 1, help = 2
    /// # Ok::<(), omtx_metrics::Error>(())
    /// ```
    #[must_use]
    pub fn to_protobuf(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode_protobuf(&mut out);
        out
    }

    /// Appends what [`to_protobuf`](Self::to_protobuf) returns to `out`; allocates as little as
    /// [`encode_text`](Self::encode_text), but for label values that need an escape in text.
    pub fn encode_protobuf(&self, out: &mut Vec<u8>) {
        self.encode_with(&mut ProtobufEncoder::new(out));
    }

    /// Shows `visitor` everything that `/metrics` shows, by family name: the registry's families, its collectors' and the
    /// library's own.
    ///
    /// Waits for [collectors](crate::Collector) as a scrape does; call it from a blocking thread if there are any. Each call
    /// is a scrape: series that may expire are one nearer to it. A visitor that panics does no harm.
    ///
    /// ```
    /// use omtx_metrics::visit::{Family, Origin, Series, Visitor, Wants};
    /// use omtx_metrics::{Counter, Registry};
    ///
    /// /// How many series the application has.
    /// struct Size(usize);
    ///
    /// impl Visitor for Size {
    ///     fn wants(&mut self, family: &Family<'_>) -> Option<Wants> {
    ///         (family.origin() == Origin::Registry).then_some(Wants::new())
    ///     }
    ///
    ///     fn series(&mut self, _: &Family<'_>, _: &Series<'_>) {
    ///         self.0 += 1;
    ///     }
    /// }
    ///
    /// let registry = Registry::new();
    /// registry.family::<(), Counter>("restarts_total", "Restarts.").register()?.with(());
    /// let mut size = Size(0);
    /// registry.visit(&mut size);
    /// assert_eq!(size.0, 1);
    /// # Ok::<(), omtx_metrics::Error>(())
    /// ```
    pub fn visit(&self, visitor: &mut dyn Visitor) {
        // As for a scrape: what is lost from here on is shown by the next.
        let library = self.library().entries(self);
        let foreign = self.gather();
        let own = self.entries();
        let mut scratch = std::mem::take(&mut *lock(&self.inner.scratch));
        Families::new(&own, &library, &foreign, &self.inner.collectors).visit(|part| match part {
            merge::Part::Own(entry) => visit::own(entry, false, visitor, &mut scratch),
            merge::Part::Library(entry) => visit::own(entry, true, visitor, &mut scratch),
            merge::Part::Foreign(family) => visit::foreign(family, visitor),
        });
        *lock(&self.inner.scratch) = scratch;
    }

    fn encode_with(&self, encoder: &mut dyn Encoder) {
        let own = self.entries();
        self.encode(encoder, [&own, &[]], &self.gather(), |_, _| true);
    }

    /// True if a family has native histograms, which only protobuf can carry.
    pub(crate) fn has_native(&self) -> bool {
        let entries = self.entries();
        entries
            .iter()
            .any(|entry| entry.spec().cell.layout.native.is_some())
    }

    /// The collectors' families, as they are now. Waits for the collectors as long as the registry says.
    pub(crate) fn gather(&self) -> Arc<[ForeignFamily]> {
        self.inner
            .collectors
            .collect(self.inner.config.collect_timeout)
    }

    /// Shows `encoder` the families of this registry, the library's and its collectors', by name, as far as `selects` says.
    pub(crate) fn encode(
        &self,
        encoder: &mut dyn Encoder,
        [own, library]: [&[Entry]; 2],
        foreign: &[ForeignFamily],
        selects: impl Fn(&str, Kind) -> bool,
    ) {
        let mut scratch = std::mem::take(&mut *lock(&self.inner.scratch));
        let families = Families::new(own, library, foreign, &self.inner.collectors);
        families.visit(|part| {
            if !selects(part.name(), part.kind()) {
                return;
            }
            if encoder.has_base_names() {
                encoder.base_name_is_taken(families.is_base_name_taken(&part));
            }
            match part {
                merge::Part::Own(entry) | merge::Part::Library(entry) => {
                    entry.collect(encoder.as_sink(), &mut scratch)
                }
                merge::Part::Foreign(family) => encoder.foreign(family),
            }
        });
        encoder.finish();
        *lock(&self.inner.scratch) = scratch;
    }
}
