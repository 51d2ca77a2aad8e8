//! The few wire types of protobuf that OTLP needs, over prost's.
//!
//! A message stands behind its length; [`message`] leaves room for two bytes of it and moves only what is longer.

use prost::encoding::{WireType, encode_key, encode_varint};

/// A varint field; left out if 0, as proto3 does.
pub(crate) fn uint(tag: u32, value: u64, out: &mut Vec<u8>) {
    if value != 0 {
        encode_key(tag, WireType::Varint, out);
        encode_varint(value, out);
    }
}

/// A `fixed64` field; left out if 0.
pub(crate) fn fixed64(tag: u32, value: u64, out: &mut Vec<u8>) {
    if value != 0 {
        encode_key(tag, WireType::SixtyFourBit, out);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// A `fixed32` field; left out if 0.
pub(crate) fn fixed32(tag: u32, value: u32, out: &mut Vec<u8>) {
    if value != 0 {
        encode_key(tag, WireType::ThirtyTwoBit, out);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// A `bool` that is written even if it is false: a member of a `oneof`.
pub(crate) fn bool_always(tag: u32, value: bool, out: &mut Vec<u8>) {
    encode_key(tag, WireType::Varint, out);
    out.push(u8::from(value));
}

/// An `int64` that is written even if it is 0: a member of a `oneof`.
pub(crate) fn int_always(tag: u32, value: i64, out: &mut Vec<u8>) {
    encode_key(tag, WireType::Varint, out);
    encode_varint(value as u64, out);
}

/// A `double` that is written even if it is 0: a member of a `oneof`.
pub(crate) fn double_always(tag: u32, value: f64, out: &mut Vec<u8>) {
    encode_key(tag, WireType::SixtyFourBit, out);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A `string` or `bytes` field; left out if empty.
pub(crate) fn bytes(tag: u32, value: &[u8], out: &mut Vec<u8>) {
    if !value.is_empty() {
        bytes_always(tag, value, out);
    }
}

/// A `string` or `bytes` field that is written even if it is empty: a member of a `oneof`.
pub(crate) fn bytes_always(tag: u32, value: &[u8], out: &mut Vec<u8>) {
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

/// A message field, written by `write`; an empty message is written too.
pub(crate) fn message(tag: u32, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    encode_key(tag, WireType::LengthDelimited, out);
    let at = out.len();
    out.push(0);
    write(out);
    let len = out.len() - at - 1;
    if len < 0x80 {
        out[at] = len as u8;
        return;
    }
    let mut varint = [0; 10];
    let width = {
        let mut rest = &mut varint[..];
        encode_varint(len as u64, &mut rest);
        10 - rest.len()
    };
    out.splice(at..=at, varint[..width].iter().copied());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_any_length_stands_behind_its_length() {
        for len in [0, 1, 127, 128, 16_383, 16_384, 3_000_000] {
            let mut out = vec![9];
            message(2, &mut out, |out| out.resize(out.len() + len, 7));
            let mut rest = &out[2..];
            assert_eq!(prost::encoding::decode_varint(&mut rest), Ok(len as u64));
            assert_eq!((out[1], rest), (0x12, &vec![7; len][..]));
        }
    }
}
