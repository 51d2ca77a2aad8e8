//! Families of collectors.

#[cfg(feature = "prometheus")]
use super::histogram::{BUCKET, CUMULATIVE_COUNT, SAMPLE_COUNT, SAMPLE_SUM, UPPER_BOUND};
use super::labels::write_labels;
use super::pieces::write_head;
use super::wire::{Open, varint_field, write_double, write_varint};
#[cfg(feature = "prometheus")]
use super::wire::{double_field, message_field, write_integer};
use super::{COUNTER, METRIC, VALUE, write_number};
use crate::Kind;
use crate::collector::{ForeignFamily, ForeignRow, ForeignValue};

// message Metric
#[cfg(feature = "prometheus")]
const SUMMARY: u8 = message_field(4);
const TIMESTAMP_MS: u8 = varint_field(6);

// message Summary
#[cfg(feature = "prometheus")]
const SUMMARY_QUANTILE: u8 = message_field(3);

// message Quantile
#[cfg(feature = "prometheus")]
const QUANTILE: u8 = double_field(1);
#[cfg(feature = "prometheus")]
const QUANTILE_VALUE: u8 = double_field(2);

pub(super) fn write_family(family: &ForeignFamily, out: &mut Vec<u8>) {
    let open = Open::new(2, out);
    write_head(&family.name, &family.help, family.kind, out);
    for row in &family.rows {
        out.push(METRIC);
        let metric = Open::new(1, out);
        write_row(row, family.kind, out);
        metric.close(out);
    }
    open.close(out);
}

fn write_row(row: &ForeignRow, kind: Kind, out: &mut Vec<u8>) {
    write_labels(&row.labels, out);
    match &row.value {
        ForeignValue::Number(value) if kind == Kind::Counter => {
            out.extend_from_slice(&[COUNTER, 9]);
            write_double(VALUE, *value, out);
        }
        ForeignValue::Number(value) => write_number(kind, *value, out),
        #[cfg(feature = "prometheus")]
        ForeignValue::Missing => {}
        #[cfg(feature = "prometheus")]
        ForeignValue::Histogram {
            buckets,
            sum,
            count,
        } => {
            out.push(super::HISTOGRAM);
            let histogram = Open::new(1, out);
            write_integer(SAMPLE_COUNT, *count, out);
            write_double(SAMPLE_SUM, *sum, out);
            for &(bound, cumulative) in buckets {
                out.push(BUCKET);
                let bucket = Open::new(1, out);
                write_integer(CUMULATIVE_COUNT, cumulative, out);
                write_double(UPPER_BOUND, bound, out);
                bucket.close(out);
            }
            histogram.close(out);
        }
        #[cfg(feature = "prometheus")]
        ForeignValue::Summary {
            quantiles,
            sum,
            count,
        } => {
            out.push(SUMMARY);
            let summary = Open::new(1, out);
            // The numbers of a histogram's fields are those of a summary's.
            write_integer(SAMPLE_COUNT, *count, out);
            write_double(SAMPLE_SUM, *sum, out);
            for &(quantile, value) in quantiles {
                out.extend_from_slice(&[SUMMARY_QUANTILE, 18]);
                write_double(QUANTILE, quantile, out);
                write_double(QUANTILE_VALUE, value, out);
            }
            summary.close(out);
        }
    }
    if let Some(timestamp) = row.timestamp_ms {
        out.push(TIMESTAMP_MS);
        #[allow(clippy::cast_sign_loss)] // `int64`: a negative number is its two's complement
        write_varint(timestamp as u64, out);
    }
}
