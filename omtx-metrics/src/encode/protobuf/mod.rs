//! Prometheus protobuf: one `MetricFamily` after the other, each behind its length.
//!
//! Source: `io/prometheus/client/metrics.proto` of prometheus/client_model; the constants are named after its fields.
//! Messages are written from front to back, without a tree and without a second pass: see [`wire::Open`].

mod foreign;
mod histogram;
mod labels;
mod pieces;
mod wire;

pub(crate) use pieces::ProtobufPieces;

use super::Encoder;
use crate::Kind;
use crate::cell::{Exemplar, Reading, Wants};
use crate::collector::ForeignFamily;
use crate::family::Spec;
use crate::sample::{Sample, Sink};
use crate::time::Timestamp;
use histogram::write_histogram;
use labels::{write_label, write_labels};
#[cfg(all(test, not(loom)))]
pub(super) use wire::write_varint;
use wire::{Open, double_field, message_field, varint_field, write_double, write_integer};

// message MetricFamily
const METRIC: u8 = message_field(4);

// message Metric
const GAUGE: u8 = message_field(2);
const COUNTER: u8 = message_field(3);
const UNTYPED: u8 = message_field(5);
const HISTOGRAM: u8 = message_field(7);

// message Gauge, message Counter, message Untyped
const VALUE: u8 = double_field(1);

// message Counter
const COUNTER_EXEMPLAR: u8 = message_field(2);
const COUNTER_CREATED: u8 = message_field(3);

// message Exemplar
const EXEMPLAR_VALUE: u8 = double_field(2);
const EXEMPLAR_TIMESTAMP: u8 = message_field(3);

// message google.protobuf.Timestamp
const SECONDS: u8 = varint_field(1);
const NANOS: u8 = varint_field(2);

/// Writes families as protobuf.
pub(crate) struct ProtobufEncoder<'a> {
    out: &'a mut Vec<u8>,
    family: Option<Open>,
    /// How many bytes the lengths of the last metric and its histogram took: a family's are mostly alike.
    metric_width: usize,
    histogram_width: usize,
}

impl<'a> ProtobufEncoder<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            family: None,
            metric_width: 1,
            histogram_width: 1,
        }
    }

    /// One metric, whose value `write` appends.
    #[inline]
    fn metric(&mut self, spec: &Spec, labels: &str, write: impl FnOnce(&mut Self)) {
        self.out.push(METRIC);
        let metric = Open::new(self.metric_width, self.out);
        self.out.extend_from_slice(&spec.protobuf.constant_labels);
        write_labels(labels, self.out);
        write(self);
        self.metric_width = metric.close(self.out);
    }

    fn counter(&mut self, spec: &Spec, labels: &str, value: f64, sample: &Sample<'_>) {
        self.metric(spec, labels, |this| {
            this.out.push(COUNTER);
            let counter = Open::new(1, this.out);
            write_double(VALUE, value, this.out);
            if let Some(exemplar) = sample.exemplars.iter().next() {
                this.out.push(COUNTER_EXEMPLAR);
                let open = Open::new(1, this.out);
                write_exemplar(&exemplar, this.out);
                open.close(this.out);
            }
            write_timestamp(COUNTER_CREATED, sample.created, this.out);
            counter.close(this.out);
        });
    }

    fn number(&mut self, spec: &Spec, labels: &str, value: f64) {
        self.metric(spec, labels, |this| {
            write_number(spec.kind, value, this.out);
        });
    }
}

/// The value of a gauge, or of a family of unknown type.
fn write_number(kind: Kind, value: f64, out: &mut Vec<u8>) {
    let field = match kind {
        Kind::Unknown => UNTYPED,
        _ => GAUGE,
    };
    out.extend_from_slice(&[field, 9]);
    write_double(VALUE, value, out);
}

/// The fields of an exemplar.
fn write_exemplar(exemplar: &Exemplar<'_>, out: &mut Vec<u8>) {
    write_labels(exemplar.labels, out);
    write_double(EXEMPLAR_VALUE, exemplar.value, out);
    write_timestamp(EXEMPLAR_TIMESTAMP, Some(exemplar.at), out);
}

/// A field with a time, if there is one.
fn write_timestamp(tag: u8, at: Option<Timestamp>, out: &mut Vec<u8>) {
    let Some(at) = at else {
        return;
    };
    out.push(tag);
    let open = Open::new(1, out);
    let (seconds, millis) = (at.millis() / 1_000, at.millis() % 1_000);
    // Proto 3: a field that is 0 is left out.
    if seconds > 0 {
        write_integer(SECONDS, seconds, out);
    }
    if millis > 0 {
        write_integer(NANOS, millis * 1_000_000, out);
    }
    open.close(out);
}

impl Sink for ProtobufEncoder<'_> {
    fn wants(&self) -> Wants {
        Wants {
            native: true,
            exemplars: true,
            created: true,
        }
    }

    fn family(&mut self, spec: &Spec) {
        let pieces = &spec.protobuf;
        self.family = Some(Open::new(pieces.width.expected(), self.out));
        self.out.extend_from_slice(&pieces.head);
    }

    #[allow(clippy::cast_precision_loss)] // the schema has doubles only
    fn series(&mut self, spec: &Spec, labels: &str, sample: Sample<'_>) {
        match sample.reading {
            Reading::Counter(value) if spec.kind == Kind::Counter => {
                self.counter(spec, labels, value as f64, &sample);
            }
            Reading::Counter(value) => self.number(spec, labels, value as f64), // an info's 1
            Reading::CounterF64(value) => self.counter(spec, labels, value, &sample),
            Reading::IntGauge(value) => self.number(spec, labels, value as f64),
            Reading::Gauge(value) => self.number(spec, labels, value),
            Reading::Histogram {
                bounds,
                buckets,
                sum,
                native,
                ..
            } => self.metric(spec, labels, |this| {
                this.out.push(HISTOGRAM);
                let histogram = Open::new(this.histogram_width, this.out);
                let (exemplars, created) = (sample.exemplars, sample.created);
                write_histogram(bounds, buckets, sum, native, exemplars, created, this.out);
                this.histogram_width = histogram.close(this.out);
            }),
            Reading::States { mask, states } => {
                for (index, state) in states.iter().enumerate() {
                    self.metric(spec, labels, |this| {
                        write_label(&spec.state_label, state, this.out);
                        write_number(spec.kind, (mask >> index & 1) as f64, this.out);
                    });
                }
            }
        }
    }

    fn family_end(&mut self, spec: &Spec) {
        if let Some(family) = self.family.take() {
            spec.protobuf.width.was(family.close(self.out));
        }
    }
}

impl Encoder for ProtobufEncoder<'_> {
    fn as_sink(&mut self) -> &mut dyn Sink {
        self
    }

    fn foreign(&mut self, family: &ForeignFamily) {
        foreign::write_family(family, self.out);
    }
}
