//! Prometheus text format 0.0.4.
//!
//! Source: Prometheus documentation, "Exposition formats", "Text-based format".

use super::Encoder;
use super::number::{go_float, write_f64, write_i64, write_u64};
use crate::cell::{Bounds, Reading};
use crate::collector::{ForeignFamily, ForeignValue};
use crate::family::Spec;
use crate::label::escape_help;
use crate::sample::{Sample, Sink};

/// Writes families as text. A line is a few copies of cached bytes and one number.
pub(crate) struct TextEncoder<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> TextEncoder<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// `name{labels`, without the brace at the end; true if there is a brace to close.
    fn start(&mut self, start: &str, labels: &str) {
        self.out.extend_from_slice(start.as_bytes());
        self.out.extend_from_slice(labels.as_bytes());
    }

    /// One sample whose value `write` appends.
    #[inline]
    fn sample(&mut self, spec: &Spec, start: &str, labels: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.start(start, labels);
        self.out
            .extend_from_slice(if spec.has_labels() { b"} " } else { b" " });
        write(self.out);
        self.out.push(b'\n');
    }

    fn histogram(&mut self, spec: &Spec, labels: &str, bounds: &Bounds, buckets: &[u64], sum: f64) {
        let text = &spec.text;
        let line = self.out.len();
        self.start(&text.bucket, labels);
        if !labels.is_empty() {
            self.out.push(b',');
        }
        // All bucket lines of a series start alike: the first is written, the others are copied from it.
        let start = line..self.out.len();
        let mut cumulative = 0_u64;
        for (index, (le, bucket)) in bounds.text().iter().zip(buckets).enumerate() {
            if index > 0 {
                self.out.extend_from_within(start.clone());
            }
            self.out.extend_from_slice(le.as_bytes());
            cumulative = cumulative.wrapping_add(*bucket);
            write_u64(cumulative, self.out);
            self.out.push(b'\n');
        }
        if !bounds.is_negative() {
            self.sample(spec, &text.sum, labels, |out| write_f64(sum, out));
        }
        // The same number as the `+Inf` bucket, by construction.
        self.sample(spec, &text.count, labels, |out| write_u64(cumulative, out));
    }

    fn states(&mut self, spec: &Spec, labels: &str, mask: u64, states: &[&str]) {
        for (index, state) in states.iter().enumerate() {
            self.start(&spec.text.plain, labels);
            if !labels.is_empty() {
                self.out.push(b',');
            }
            self.out.extend_from_slice(spec.state_label.as_bytes());
            self.out.extend_from_slice(b"=\"");
            self.out.extend_from_slice(state.as_bytes());
            self.out.extend_from_slice(if mask >> index & 1 == 1 {
                b"\"} 1\n"
            } else {
                b"\"} 0\n"
            });
        }
    }
}

/// Families of collectors: nothing of theirs is cached, since nothing is known to come again.
impl Encoder for TextEncoder<'_> {
    fn as_sink(&mut self) -> &mut dyn Sink {
        self
    }

    fn foreign(&mut self, family: &ForeignFamily) {
        let name = &family.name;
        self.push(&["# HELP ", name, " "]);
        escape_help(&family.help, self.out);
        self.push(&["\n# TYPE ", name, " ", family.kind.as_text(), "\n"]);
        for row in &family.rows {
            let mut line =
                |suffix: &str, extra: Option<(&str, f64)>, write: &dyn Fn(&mut Vec<u8>)| {
                    self.foreign_line([name, suffix], &row.labels, extra);
                    write(self.out);
                    if let Some(timestamp) = row.timestamp_ms {
                        self.out.push(b' ');
                        write_i64(timestamp, self.out);
                    }
                    self.out.push(b'\n');
                };
            match &row.value {
                ForeignValue::Number(value) => line("", None, &|out| write_f64(*value, out)),
                #[cfg(feature = "prometheus")]
                ForeignValue::Missing => {}
                #[cfg(feature = "prometheus")]
                ForeignValue::Histogram {
                    buckets,
                    sum,
                    count,
                } => {
                    for (bound, cumulative) in buckets {
                        line("_bucket", Some(("le", *bound)), &|out| {
                            write_u64(*cumulative, out)
                        });
                    }
                    line("_bucket", Some(("le", f64::INFINITY)), &|out| {
                        write_u64(*count, out)
                    });
                    line("_sum", None, &|out| write_f64(*sum, out));
                    line("_count", None, &|out| write_u64(*count, out));
                }
                #[cfg(feature = "prometheus")]
                ForeignValue::Summary {
                    quantiles,
                    sum,
                    count,
                } => {
                    for (quantile, value) in quantiles {
                        line("", Some(("quantile", *quantile)), &|out| {
                            write_f64(*value, out)
                        });
                    }
                    line("_sum", None, &|out| write_f64(*sum, out));
                    line("_count", None, &|out| write_u64(*count, out));
                }
            }
        }
    }
}

impl TextEncoder<'_> {
    fn foreign_line(&mut self, name: [&str; 2], labels: &str, extra: Option<(&str, f64)>) {
        self.push(&name);
        if labels.is_empty() && extra.is_none() {
            return self.push(&[" "]);
        }
        self.push(&["{", labels]);
        if let Some((label, value)) = extra {
            let comma = if labels.is_empty() { "" } else { "," };
            self.push(&[comma, label, "=\"", &go_float(value), "\""]);
        }
        self.push(&["} "]);
    }

    fn push(&mut self, parts: &[&str]) {
        for part in parts {
            self.out.extend_from_slice(part.as_bytes());
        }
    }
}

impl Sink for TextEncoder<'_> {
    fn family(&mut self, spec: &Spec) {
        self.out.extend_from_slice(spec.text.metadata.as_bytes());
    }

    fn series(&mut self, spec: &Spec, labels: &str, sample: Sample<'_>) {
        let plain = &spec.text.plain;
        match sample.reading {
            Reading::Counter(value) => {
                self.sample(spec, plain, labels, |out| write_u64(value, out))
            }
            Reading::IntGauge(value) => {
                self.sample(spec, plain, labels, |out| write_i64(value, out))
            }
            Reading::CounterF64(value) | Reading::Gauge(value) => {
                self.sample(spec, plain, labels, |out| write_f64(value, out));
            }
            Reading::Histogram {
                bounds,
                buckets,
                sum,
                ..
            } => {
                self.histogram(spec, labels, bounds, buckets, sum);
            }
            Reading::States { mask, states } => self.states(spec, labels, mask, states),
        }
    }
}
