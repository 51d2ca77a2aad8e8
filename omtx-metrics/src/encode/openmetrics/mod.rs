//! OpenMetrics 1.0, text format.
//!
//! Source: OpenMetrics 1.0.0, <https://prometheus.io/docs/specs/om/open_metrics_spec/>.

mod foreign;
mod pieces;

pub(crate) use pieces::OpenMetricsPieces;

use super::Encoder;
use super::number::{write_canonical, write_i64, write_u64};
use crate::Kind;
use crate::cell::{Bounds, Exemplar, Exemplars, Reading, Wants};
use crate::collector::ForeignFamily;
use crate::family::Spec;
use crate::sample::{Sample, Sink};
use crate::time::Timestamp;

/// Writes families as OpenMetrics. As in text, a line is a few copies of cached bytes and one number.
pub(crate) struct OpenMetricsEncoder<'a> {
    out: &'a mut Vec<u8>,
    /// Whether `_created` samples are shown.
    created: bool,
    /// The family at hand cannot be exposed under its base name.
    taken: bool,
}

impl<'a> OpenMetricsEncoder<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>, created: bool) -> Self {
        Self {
            out,
            created,
            taken: false,
        }
    }

    /// `name{labels} `
    #[inline]
    fn start(&mut self, spec: &Spec, start: &str, labels: &str) {
        self.out.extend_from_slice(start.as_bytes());
        self.out.extend_from_slice(labels.as_bytes());
        self.out
            .extend_from_slice(if spec.has_labels() { b"} " } else { b" " });
    }

    /// One sample whose value `write` appends.
    #[inline]
    fn sample(&mut self, spec: &Spec, start: &str, labels: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.start(spec, start, labels);
        write(self.out);
        self.out.push(b'\n');
    }

    fn counter(
        &mut self,
        spec: &Spec,
        labels: &str,
        sample: &Sample<'_>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        self.start(spec, &spec.text.plain, labels);
        write(self.out);
        // An info's 1 comes this way too; only counters have exemplars.
        if let Some(exemplar) = sample.exemplars.iter().next() {
            self.exemplar(&exemplar);
        }
        self.out.push(b'\n');
        self.created(spec, labels, sample.created);
    }

    fn histogram(
        &mut self,
        spec: &Spec,
        labels: &str,
        bounds: &Bounds,
        buckets: &[u64],
        sum: f64,
        exemplars: Exemplars<'_>,
    ) {
        let text = &spec.text;
        let line = self.out.len();
        self.out.extend_from_slice(text.bucket.as_bytes());
        self.out.extend_from_slice(labels.as_bytes());
        if !labels.is_empty() {
            self.out.push(b',');
        }
        // All bucket lines of a series start alike: the first is written, the others are copied from it.
        let start = line..self.out.len();
        let mut exemplars = exemplars.iter().peekable();
        let mut cumulative = 0_u64;
        for (index, (le, bucket)) in bounds.canonical().iter().zip(buckets).enumerate() {
            if index > 0 {
                self.out.extend_from_within(start.clone());
            }
            self.out.extend_from_slice(le.as_bytes());
            cumulative = cumulative.wrapping_add(*bucket);
            write_u64(cumulative, self.out);
            // A sample has one exemplar at most; of several, the first is the newest.
            if let Some(exemplar) = exemplars.next_if(|exemplar| exemplar.bucket == index) {
                self.exemplar(&exemplar);
                while exemplars.next_if(|other| other.bucket == index).is_some() {}
            }
            self.out.push(b'\n');
        }
        // "Histogram": no sum where observations may be negative, and no count without a sum; `+Inf` has it.
        if shows_sum(bounds.upper().first().copied(), sum) {
            self.sample(spec, &text.sum, labels, |out| write_canonical(sum, out));
            self.sample(spec, &text.count, labels, |out| write_u64(cumulative, out));
        }
    }

    fn states(&mut self, spec: &Spec, labels: &str, mask: u64, states: &[&str]) {
        for (index, state) in states.iter().enumerate() {
            let comma = if labels.is_empty() { "" } else { "," };
            let parts = [
                &spec.text.plain,
                labels,
                comma,
                &spec.state_label,
                "=\"",
                state,
            ];
            self.push(&parts);
            self.out.extend_from_slice(if mask >> index & 1 == 1 {
                b"\"} 1\n"
            } else {
                b"\"} 0\n"
            });
        }
    }

    /// ` # {labels} value time`, at the end of a sample. "Exemplars"
    fn exemplar(&mut self, exemplar: &Exemplar<'_>) {
        if self.taken {
            return; // the family is `unknown`, and has none
        }
        self.push(&[" # {", exemplar.labels, "} "]);
        write_canonical(exemplar.value, self.out);
        self.out.push(b' ');
        write_seconds(exemplar.at, self.out);
    }

    fn created(&mut self, spec: &Spec, labels: &str, created: Option<Timestamp>) {
        if let (Some(created), false) = (created, self.taken) {
            let start = &spec.openmetrics.created;
            self.sample(spec, start, labels, |out| write_seconds(created, out));
        }
    }

    fn push(&mut self, parts: &[&str]) {
        for part in parts {
            self.out.extend_from_slice(part.as_bytes());
        }
    }
}

impl Sink for OpenMetricsEncoder<'_> {
    fn wants(&self) -> Wants {
        Wants {
            native: false,
            exemplars: true,
            created: self.created,
        }
    }

    fn family(&mut self, spec: &Spec) {
        if self.taken {
            pieces::write_metadata_of_taken(&spec.name, &spec.help, spec.kind, self.out);
        } else {
            self.out
                .extend_from_slice(spec.openmetrics.metadata.as_bytes());
        }
    }

    fn series(&mut self, spec: &Spec, labels: &str, sample: Sample<'_>) {
        let plain = &spec.text.plain;
        match sample.reading {
            Reading::Counter(value) => {
                self.counter(spec, labels, &sample, |out| write_u64(value, out));
            }
            Reading::CounterF64(value) => {
                self.counter(spec, labels, &sample, |out| write_canonical(value, out));
            }
            Reading::IntGauge(value) => {
                self.sample(spec, plain, labels, |out| write_i64(value, out));
            }
            Reading::Gauge(value) => {
                self.sample(spec, plain, labels, |out| write_canonical(value, out));
            }
            Reading::Histogram {
                bounds,
                buckets,
                sum,
                ..
            } => {
                self.histogram(spec, labels, bounds, buckets, sum, sample.exemplars);
                self.created(spec, labels, sample.created);
            }
            Reading::States { mask, states } => self.states(spec, labels, mask, states),
        }
    }
}

impl Encoder for OpenMetricsEncoder<'_> {
    fn as_sink(&mut self) -> &mut dyn Sink {
        self
    }

    fn has_base_names(&self) -> bool {
        true
    }

    fn base_name_is_taken(&mut self, taken: bool) {
        self.taken = taken;
    }

    fn foreign(&mut self, family: &ForeignFamily) {
        foreign::Writer::new(self.out, family, self.taken).write();
    }

    fn finish(&mut self) {
        self.out.extend_from_slice(b"# EOF\n");
    }
}

/// True if a histogram with this first bound may show its sum, which counts: it is a number, and does not go down.
fn shows_sum(first_bound: Option<f64>, sum: f64) -> bool {
    sum >= 0.0 && first_bound.is_none_or(|first| first >= 0.0)
}

/// The word behind `# TYPE`.
pub(crate) const fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
        Kind::Info => "info",
        Kind::StateSet => "stateset",
        Kind::Unknown => "unknown",
        Kind::Summary => "summary",
    }
}

/// Appends seconds since the epoch with their milliseconds.
fn write_seconds(at: Timestamp, out: &mut Vec<u8>) {
    write_u64(at.millis() / 1_000, out);
    write_millis(at.millis() % 1_000, out);
}

/// Appends `.123`.
#[allow(clippy::cast_possible_truncation)] // digits
fn write_millis(millis: u64, out: &mut Vec<u8>) {
    let digit = |place: u64| b'0' + (millis / place % 10) as u8;
    out.extend_from_slice(&[b'.', digit(100), digit(10), digit(1)]);
}
