//! Fields of the messages in `opentelemetry/proto/metrics/v1/metrics.proto`, beyond those in [`wire`](crate::encode::wire).

use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

use crate::encode::wire;

/// A `fixed64` or `sfixed64` that is written even if it is 0: a member of a `oneof`.
pub(super) fn fixed64_always(tag: u32, value: u64, out: &mut Vec<u8>) {
    encode_key(tag, WireType::SixtyFourBit, out);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A `double` that is written even if it is 0: optional, or a member of a `oneof`.
pub(super) fn double_always(tag: u32, value: f64, out: &mut Vec<u8>) {
    fixed64_always(tag, value.to_bits(), out);
}

/// A `double`; left out if it is 0, but not if it is -0.
pub(super) fn double(tag: u32, value: f64, out: &mut Vec<u8>) {
    wire::fixed64(tag, value.to_bits(), out);
}

/// A `sint32`; left out if it is 0.
#[allow(clippy::cast_sign_loss)] // zigzag
pub(super) fn sint32(tag: u32, value: i32, out: &mut Vec<u8>) {
    wire::uint(tag, u64::from((value << 1 ^ value >> 31) as u32), out);
}

/// A packed `repeated fixed64` or `repeated double`.
pub(super) fn packed_fixed64(
    tag: u32,
    values: impl ExactSizeIterator<Item = u64>,
    out: &mut Vec<u8>,
) {
    if values.len() > 0 {
        encode_key(tag, WireType::LengthDelimited, out);
        encode_varint(values.len() as u64 * 8, out);
        values.for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
    }
}

/// A packed `repeated uint64`.
pub(super) fn packed_uint(tag: u32, values: &[u64], out: &mut Vec<u8>) {
    if !values.is_empty() {
        let len: usize = values.iter().map(|&value| encoded_len_varint(value)).sum();
        encode_key(tag, WireType::LengthDelimited, out);
        encode_varint(len as u64, out);
        values.iter().for_each(|&value| encode_varint(value, out));
    }
}

/// A `KeyValue` with a string. Its lengths are known before it is written, so that nothing is moved.
pub(super) fn attribute(tag: u32, key: &str, value: &str, out: &mut Vec<u8>) {
    let len = |content: usize| 1 + encoded_len_varint(content as u64) + content;
    let any_value = len(value.len());
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint((len(key.len()) + len(any_value)) as u64, out);
    wire::bytes_always(1, key.as_bytes(), out);
    encode_key(2, WireType::LengthDelimited, out);
    encode_varint(any_value as u64, out);
    wire::bytes_always(1, value.as_bytes(), out); // AnyValue.string_value
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
    use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
    use proptest::prelude::*;
    use prost::Message;

    proptest! {
        #[test]
        fn an_attribute_is_what_prost_writes(key in "[a-z_]{1,200}", value in any::<String>()) {
            let mut out = Vec::new();
            attribute(7, &key, &value, &mut out);
            let mut expected = Vec::new();
            let value = AnyValue { value: Some(any_value::Value::StringValue(value)) };
            let message = KeyValue { key, value: Some(value), ..KeyValue::default() };
            prost::encoding::message::encode(7, &message, &mut expected);
            prop_assert_eq!(out, expected);
        }

        #[test]
        fn buckets_are_what_prost_writes(offset in any::<i32>(), bucket_counts in prop::collection::vec(any::<u64>(), 0..40)) {
            let mut out = Vec::new();
            sint32(1, offset, &mut out);
            packed_uint(2, &bucket_counts, &mut out);
            prop_assert_eq!(out, Buckets { offset, bucket_counts }.encode_to_vec());
        }
    }
}
