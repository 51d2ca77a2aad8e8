//! Families of collectors: nothing of theirs is cached, since nothing is known to come again.

use super::pieces::{write_help, write_line, write_metadata_of_taken};
#[cfg(feature = "prometheus")]
use super::shows_sum;
use super::{type_name, write_millis};
use crate::Kind;
use crate::collector::{ForeignFamily, ForeignRow, ForeignValue};
use crate::encode::number::{write_canonical, write_u64};

pub(super) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    family: &'a ForeignFamily,
    taken: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, family: &'a ForeignFamily, taken: bool) -> Self {
        Self { out, family, taken }
    }

    pub(super) fn write(mut self) {
        let family = self.family;
        match (family.kind, family.name.strip_suffix("_total")) {
            (Kind::Counter, Some(base)) if !base.is_empty() && !self.taken => {
                write_line(["TYPE", base, type_name(Kind::Counter)], self.out);
                write_help(base, &family.help, self.out);
            }
            // Others call counters as they like. What OpenMetrics has no counter for is `unknown`, as client_golang
            // has it.
            (Kind::Counter | Kind::Info, _) => {
                write_metadata_of_taken(&family.name, &family.help, family.kind, self.out);
            }
            (kind, _) => {
                write_line(["TYPE", &family.name, type_name(kind)], self.out);
                write_help(&family.name, &family.help, self.out);
            }
        }
        for row in &family.rows {
            self.row(row);
        }
    }

    fn row(&mut self, row: &ForeignRow) {
        match &row.value {
            ForeignValue::Number(value) => {
                self.line("", row, None, |out| write_canonical(*value, out));
            }
            #[cfg(feature = "prometheus")]
            ForeignValue::Missing => {}
            #[cfg(feature = "prometheus")]
            ForeignValue::Histogram {
                buckets,
                sum,
                count,
            } => {
                for (bound, cumulative) in buckets {
                    let le = Some(("le", *bound));
                    self.line("_bucket", row, le, |out| write_u64(*cumulative, out));
                }
                let le = Some(("le", f64::INFINITY));
                self.line("_bucket", row, le, |out| write_u64(*count, out));
                let first = buckets.first().map(|(bound, _)| *bound);
                if shows_sum(first, *sum) {
                    self.line("_sum", row, None, |out| write_canonical(*sum, out));
                    self.line("_count", row, None, |out| write_u64(*count, out));
                }
            }
            #[cfg(feature = "prometheus")]
            ForeignValue::Summary {
                quantiles,
                sum,
                count,
            } => {
                // "Summary": quantiles are between 0 and 1, and neither they nor the sum are negative.
                let legal = |quantile: f64, value: f64| {
                    (0.0..=1.0).contains(&quantile) && (value.is_nan() || value >= 0.0)
                };
                for &(quantile, value) in quantiles {
                    if legal(quantile, value) {
                        let label = Some(("quantile", quantile));
                        self.line("", row, label, |out| write_canonical(value, out));
                    }
                }
                if *sum >= 0.0 {
                    self.line("_sum", row, None, |out| write_canonical(*sum, out));
                }
                self.line("_count", row, None, |out| write_u64(*count, out));
            }
        }
    }

    fn line(
        &mut self,
        suffix: &str,
        row: &ForeignRow,
        extra: Option<(&str, f64)>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        self.push(&[&self.family.name, suffix]);
        if !row.labels.is_empty() || extra.is_some() {
            self.push(&["{", &row.labels]);
            if let Some((label, value)) = extra {
                let comma = if row.labels.is_empty() { "" } else { "," };
                self.push(&[comma, label, "=\""]);
                write_canonical(value, self.out);
                self.out.push(b'"');
            }
            self.out.push(b'}');
        }
        self.out.push(b' ');
        write(self.out);
        if let Some(millis) = row.timestamp_ms {
            self.out
                .extend_from_slice(if millis < 0 { b" -" } else { b" " });
            write_u64(millis.unsigned_abs() / 1_000, self.out);
            write_millis(millis.unsigned_abs() % 1_000, self.out);
        }
        self.out.push(b'\n');
    }

    fn push(&mut self, parts: &[&str]) {
        for part in parts {
            self.out.extend_from_slice(part.as_bytes());
        }
    }
}
