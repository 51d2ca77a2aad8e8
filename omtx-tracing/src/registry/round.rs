//! One look at everything, as `Metric` messages.

use std::time::SystemTime;

use omtx_metrics::Kind as Type;
use omtx_metrics::visit::{Family, Number, Origin, Series, Value, Visitor, Wants};

use super::chunk::{Chunk, Head, Kind, Shape};
use super::explicit::Explicit;
use super::exponential::Exponential;
use super::field::attribute;
use super::measured::Measured;
use super::quantiles::Quantiles;
use super::streams::{FamilyStreams, Streams};
use super::unit::ucum;
use super::{exemplars, nanos};
use crate::config::{HistogramAggregation, Temporality};
use crate::encode::wire;

/// Bit 0 of a point's flags: there was a series, and now there is none. What a staleness marker is to Prometheus.
const NO_RECORDED_VALUE: u64 = 1;

const MILLISECOND: u64 = 1_000_000;

/// What a reader wants, in every round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    pub(super) temporality: Temporality,
    pub(super) histograms: HistogramAggregation,
    /// When the reader began, in nanoseconds since the epoch: differences of series that do not know when they began are first
    /// taken from here.
    pub(super) since: u64,
}

/// Writes what it is shown as `Metric`s; what becomes what, says the [module](super).
pub(super) struct Round<'a> {
    options: Options,
    clock: &'a dyn Fn() -> SystemTime,
    /// Of all points in this round. Read when the collectors have answered, which may take a while; 0 before.
    now: u64,
    number: u64,
    streams: &'a mut Streams,
    family: Option<(String, FamilyStreams)>,
    chunk: Chunk<'a>,
    attributes: Vec<u8>,
}

impl<'a> Round<'a> {
    /// `push` is given every `Metric`, and how many points it has.
    pub(super) fn new(
        options: Options,
        clock: &'a dyn Fn() -> SystemTime,
        streams: &'a mut Streams,
        push: &'a mut dyn FnMut(&[u8], u32),
    ) -> Self {
        Self {
            options,
            clock,
            now: 0,
            number: streams.begin_round(),
            streams,
            family: None,
            chunk: Chunk::new(push),
            attributes: Vec::new(),
        }
    }

    /// Marks the series that have gone. To be called when everything was shown.
    pub(super) fn finish(mut self) {
        self.read_clock();
        let (now, chunk) = (self.now, &mut self.chunk);
        self.streams.sweep(|family, gone| {
            // Nothing came is all that a difference could say.
            let Some(shape) = family.shape.filter(|shape| !shape.is_delta) else {
                return;
            };
            for attributes in gone {
                let full = chunk.point(|out| {
                    out.extend_from_slice(attributes);
                    wire::fixed64(3, now, out);
                    wire::uint(shape.kind.flags(), NO_RECORDED_VALUE, out);
                });
                if full {
                    chunk.flush(&family.head, shape);
                }
            }
            chunk.flush(&family.head, shape);
        });
    }

    fn read_clock(&mut self) {
        if self.now == 0 {
            self.now = nanos((self.clock)());
        }
    }

    /// Adds a point to the family's.
    fn point(
        &mut self,
        kind: Kind,
        series: &Series<'_>,
        state: Option<(&str, &str)>,
        value: Measured,
    ) {
        let Some((_, family)) = &mut self.family else {
            return;
        };
        let is_delta = family.shape.is_some_and(|shape| shape.is_delta);
        let shape = Shape { kind, is_delta };
        if let Some(other) = family.shape.replace(shape) {
            if other != shape {
                self.chunk.flush(&family.head, other);
            }
        }

        self.attributes.clear();
        let labels = series.labels();
        for (name, value) in labels.iter() {
            attribute(kind.attributes(), name, &value, &mut self.attributes);
        }
        if let Some((name, value)) = state {
            attribute(kind.attributes(), name, value, &mut self.attributes);
        }
        let created = series.created().map(nanos);
        // No point ends before it begins, also where the series began while this round was under way, or the clock was set back.
        let time = series
            .timestamp()
            .map_or(self.now, nanos)
            .max(created.unwrap_or(0));
        let stream = family.series(&self.attributes, kind, self.number);
        let (value, start) = if is_delta {
            stream.difference(value, time, created, self.options.since)
        } else {
            (value, created.unwrap_or(0))
        };

        let attributes = &self.attributes;
        let full = self.chunk.point(|out| {
            out.extend_from_slice(attributes);
            wire::fixed64(2, start.min(time), out);
            wire::fixed64(3, time, out);
            value.write(out);
            for exemplar in series.exemplars() {
                // One that was exported with the difference that it belongs to is not part of the next. Their times are whole
                // milliseconds.
                if !is_delta || nanos(exemplar.timestamp()) + MILLISECOND > start {
                    exemplars::write(kind.exemplars(), &exemplar, out);
                }
            }
        });
        if full {
            self.chunk.flush(&family.head, shape);
        }
    }
}

impl Visitor for Round<'_> {
    fn wants(&mut self, _: &Family<'_>) -> Option<Wants> {
        self.read_clock();
        Some(Wants::ALL)
    }

    fn family(&mut self, shown: &Family<'_>) {
        let (name, mut family) = self.streams.take(shown.name());
        let head = Head {
            name: shown.name(),
            description: shown.help(),
            unit: ucum(shown.unit()),
            prometheus_type: type_name(shown.kind()),
        };
        family.head.clear();
        head.write(&mut family.head);
        let of_collector = matches!(shown.origin(), Origin::Collector(_));
        let counts = matches!(shown.kind(), Type::Counter | Type::Histogram);
        family.shape = Some(Shape {
            kind: Kind::of(shown.kind()),
            is_delta: counts && self.options.temporality.is_delta(of_collector),
        });
        self.family = Some((name, family));
    }

    fn series(&mut self, family: &Family<'_>, series: &Series<'_>) {
        let kind = Kind::of(family.kind());
        match series.value() {
            Value::Number(number) => self.point(kind, series, None, Measured::Number(number)),
            Value::States(states) => {
                for (state, holds) in states.iter() {
                    let holds = Number::Signed(holds.into());
                    let state = Some((states.label(), state));
                    self.point(kind, series, state, Measured::Number(holds));
                }
            }
            Value::Histogram(histogram) => {
                let prefers_explicit = self.options.histograms
                    == HistogramAggregation::ExplicitBucket
                    && histogram.has_classic_buckets();
                match histogram.native().filter(|_| !prefers_explicit) {
                    Some(native) => {
                        let native = Measured::Exponential(Exponential::read(&native));
                        self.point(Kind::ExponentialHistogram, series, None, native);
                    }
                    None => {
                        let classic = Measured::Explicit(Explicit::read(&histogram));
                        self.point(kind, series, None, classic);
                    }
                }
            }
            Value::Summary(summary) => {
                let summary = Measured::Quantiles(Quantiles::read(&summary));
                self.point(kind, series, None, summary);
            }
            _ => {} // there are no others; the enumeration is open for what OpenMetrics may add
        }
    }

    fn family_end(&mut self, _: &Family<'_>) {
        if let Some((name, family)) = self.family.take() {
            if let Some(shape) = family.shape {
                self.chunk.flush(&family.head, shape);
            }
            self.streams.put((name, family));
        }
    }
}

/// The word behind `# TYPE` in OpenMetrics.
fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Counter => "counter",
        Type::Gauge => "gauge",
        Type::Histogram => "histogram",
        Type::Info => "info",
        Type::StateSet => "stateset",
        Type::Summary => "summary",
        _ => "unknown",
    }
}
