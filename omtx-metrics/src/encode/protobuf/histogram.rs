//! Histograms: classic buckets, native ones, or both.

use super::wire::{
    Open, double_field, message_field, varint_field, varint_len, write_double, write_integer,
    write_varint, write_zigzag,
};
use super::{write_exemplar, write_timestamp};
use crate::cell::{Bounds, Exemplars, NativeReading};
use crate::time::Timestamp;

// message Histogram
pub(super) const SAMPLE_COUNT: u8 = varint_field(1);
pub(super) const SAMPLE_SUM: u8 = double_field(2);
pub(super) const BUCKET: u8 = message_field(3);
const SCHEMA: u8 = varint_field(5);
const ZERO_THRESHOLD: u8 = double_field(6);
const ZERO_COUNT: u8 = varint_field(7);
const NEGATIVE_SPAN: u8 = message_field(9);
const NEGATIVE_DELTA: u8 = varint_field(10);
const POSITIVE_SPAN: u8 = message_field(12);
const POSITIVE_DELTA: u8 = varint_field(13);
const CREATED_TIMESTAMP: u8 = message_field(15);
/// Number 16: the first whose tag takes two bytes.
const EXEMPLARS: [u8; 2] = [0x82, 0x01];

// message Bucket
pub(super) const CUMULATIVE_COUNT: u8 = varint_field(1);
pub(super) const UPPER_BOUND: u8 = double_field(2);
const EXEMPLAR: u8 = message_field(3);

// message BucketSpan
const OFFSET: u8 = varint_field(1);
const LENGTH: u8 = varint_field(2);

/// Appends the fields of a histogram.
pub(super) fn write_histogram(
    bounds: &Bounds,
    buckets: &[u64],
    sum: f64,
    native: Option<&NativeReading>,
    exemplars: Exemplars<'_>,
    created: Option<Timestamp>,
    out: &mut Vec<u8>,
) {
    let count = buckets.iter().fold(0_u64, |sum, &n| sum.wrapping_add(n));
    let (count, sum) = native.map_or((count, sum), |native| (native.count, native.sum));
    write_integer(SAMPLE_COUNT, count, out);
    write_double(SAMPLE_SUM, sum, out);

    let is_classic = !bounds.upper().is_empty() || native.is_none();
    if is_classic {
        write_classic(bounds.upper(), buckets, exemplars, out);
    }
    if let Some(native) = native {
        write_native(native, out);
    }
    write_timestamp(CREATED_TIMESTAMP, created, out);
    if native.is_some() {
        for exemplar in exemplars.iter() {
            out.extend_from_slice(&EXEMPLARS);
            let open = Open::new(1, out);
            write_exemplar(&exemplar, out);
            open.close(out);
        }
    }
}

/// The buckets with finite bounds. That of `+Inf` is what the count says, and is there only where it has an exemplar.
fn write_classic(upper: &[f64], buckets: &[u64], exemplars: Exemplars<'_>, out: &mut Vec<u8>) {
    let mut exemplars = exemplars.iter().peekable();
    let mut cumulative = 0_u64;
    let bounds = upper.iter().copied().chain([f64::INFINITY]);
    for (index, (bound, bucket)) in bounds.zip(buckets).enumerate() {
        cumulative = cumulative.wrapping_add(*bucket);
        let exemplar = exemplars.next_if(|exemplar| exemplar.bucket == index);
        if let Some(exemplar) = exemplar {
            out.push(BUCKET);
            let open = Open::new(1, out);
            write_integer(CUMULATIVE_COUNT, cumulative, out);
            write_double(UPPER_BOUND, bound, out);
            out.push(EXEMPLAR);
            let inner = Open::new(1, out);
            write_exemplar(&exemplar, out);
            inner.close(out);
            open.close(out);
            // A bucket has one exemplar at most; of several, the first is the newest.
            while exemplars.next_if(|other| other.bucket == index).is_some() {}
        } else if bound.is_finite() {
            #[allow(clippy::cast_possible_truncation)] // a varint takes 10 bytes at most
            let len = 10 + varint_len(cumulative) as u8;
            out.extend_from_slice(&[BUCKET, len, CUMULATIVE_COUNT]);
            write_varint(cumulative, out);
            write_double(UPPER_BOUND, bound, out);
        }
    }
}

fn write_native(native: &NativeReading, out: &mut Vec<u8>) {
    out.push(SCHEMA);
    write_zigzag(native.schema.into(), out);
    write_double(ZERO_THRESHOLD, native.zero_threshold, out);
    write_integer(ZERO_COUNT, native.zero_count, out);
    write_spans(NEGATIVE_SPAN, &native.negative, out);
    write_deltas(NEGATIVE_DELTA, &native.negative, out);
    write_spans(POSITIVE_SPAN, &native.positive, out);
    write_deltas(POSITIVE_DELTA, &native.positive, out);
    if native.zero_count == 0 && native.negative.is_empty() && native.positive.is_empty() {
        // A span of nothing, by which it is told from a classic histogram.
        write_span(POSITIVE_SPAN, 0, 0, out);
    }
}

/// Up to this many empty buckets are cheaper to list than another span is (client_golang, `makeBuckets`).
const GAP: i64 = 2;

/// How many empty buckets lie between two populated ones.
fn gap(before: i32, index: i32) -> i64 {
    i64::from(index) - i64::from(before) - 1
}

/// Runs of buckets: how far each is from the end of the one before, and how long it is.
fn write_spans(tag: u8, buckets: &[(i32, u64)], out: &mut Vec<u8>) {
    let mut rest = buckets.iter().map(|&(index, _)| index);
    let Some(first) = rest.next() else {
        return;
    };
    let (mut offset, mut length, mut last) = (i64::from(first), 1, first);
    for index in rest {
        let gap = gap(last, index);
        if gap <= GAP {
            length += gap + 1;
        } else {
            write_span(tag, offset, length, out);
            (offset, length) = (gap, 1);
        }
        last = index;
    }
    write_span(tag, offset, length, out);
}

fn write_span(tag: u8, offset: i64, length: i64, out: &mut Vec<u8>) {
    out.push(tag);
    let open = Open::new(1, out);
    out.push(OFFSET);
    write_zigzag(offset, out);
    write_integer(LENGTH, length.unsigned_abs(), out);
    open.close(out);
}

/// The difference of each bucket's count to that of the one before it, listed empty ones included.
fn write_deltas(tag: u8, buckets: &[(i32, u64)], out: &mut Vec<u8>) {
    let mut count = 0_i64;
    let mut last = None;
    let mut write = |next: i64| {
        out.push(tag);
        write_zigzag(next.wrapping_sub(count), out);
        count = next;
    };
    for &(index, next) in buckets {
        let gap = last.map_or(0, |last| gap(last, index));
        if gap <= GAP {
            (0..gap).for_each(|_| write(0));
        }
        #[allow(clippy::cast_possible_wrap)] // no bucket counts to 2^63
        write(next as i64);
        last = Some(index);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Spans and deltas as numbers, for buckets that Prometheus' own data model has as an example.
    #[test]
    fn gaps_of_two_are_filled_and_longer_ones_begin_a_span() {
        let buckets = [(-3, 2), (-2, 5), (1, 1), (5, 7), (6, 7)];
        let mut spans = Vec::new();
        write_spans(POSITIVE_SPAN, &buckets, &mut spans);
        let zigzag = |value: i8| (value << 1 ^ value >> 7) as u8;
        let span = |offset, length| [POSITIVE_SPAN, 4, OFFSET, zigzag(offset), LENGTH, length];
        assert_eq!(spans, [span(-3, 5), span(3, 2)].concat());

        let mut deltas = Vec::new();
        write_deltas(POSITIVE_DELTA, &buckets, &mut deltas);
        let expected: Vec<u8> = [2, 3, -5, 0, 1, 6, 0]
            .into_iter()
            .flat_map(|delta| [POSITIVE_DELTA, zigzag(delta)])
            .collect();
        assert_eq!(deltas, expected);
    }

    #[test]
    fn nothing_observed_is_one_span_of_nothing() {
        let mut out = Vec::new();
        write_native(
            &NativeReading {
                schema: 3,
                ..NativeReading::default()
            },
            &mut out,
        );
        assert_eq!(
            out[out.len() - 6..],
            [POSITIVE_SPAN, 4, OFFSET, 0, LENGTH, 0]
        );
    }
}
