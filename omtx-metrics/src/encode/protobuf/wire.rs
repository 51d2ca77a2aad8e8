//! The wire format: varints, fields, and messages that know their length only once they are written.
//!
//! Source: Protocol Buffers, "Encoding".

/// The tag of a field that is a varint.
pub(super) const fn varint_field(number: u8) -> u8 {
    tag(number, 0)
}

/// The tag of a field that is a `double`.
pub(super) const fn double_field(number: u8) -> u8 {
    tag(number, 1)
}

/// The tag of a field that is a string or a message.
pub(super) const fn message_field(number: u8) -> u8 {
    tag(number, 2)
}

const fn tag(number: u8, wire_type: u8) -> u8 {
    assert!(number < 16, "a tag of one byte");
    number << 3 | wire_type
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // seven bits at a time
pub(in crate::encode) fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes [`write_varint`] appends.
#[inline]
pub(super) const fn varint_len(value: u64) -> usize {
    // Seven bits a byte, and one byte for 0.
    (u64::BITS - (value | 1).leading_zeros()).div_ceil(7) as usize
}

/// `sint32` and `sint64`: small numbers are short, whatever their sign.
#[inline]
#[allow(clippy::cast_sign_loss)] // the sign is in the lowest bit
pub(super) fn write_zigzag(value: i64, out: &mut Vec<u8>) {
    write_varint((value << 1 ^ value >> 63) as u64, out);
}

#[inline]
pub(super) fn write_double(tag: u8, value: f64, out: &mut Vec<u8>) {
    let mut field = [tag; 9];
    field[1..].copy_from_slice(&value.to_le_bytes());
    out.extend_from_slice(&field);
}

#[inline]
pub(super) fn write_integer(tag: u8, value: u64, out: &mut Vec<u8>) {
    out.push(tag);
    write_varint(value, out);
}

#[inline]
pub(super) fn write_string(tag: u8, value: &str, out: &mut Vec<u8>) {
    out.push(tag);
    write_varint(value.len() as u64, out);
    out.extend_from_slice(value.as_bytes());
}

/// A message that is being written. Its length stands before it, and is known when it is finished.
#[derive(Debug, Clone, Copy)]
#[must_use = "a message has to be closed"]
pub(super) struct Open {
    /// Where the length stands.
    at: usize,
    /// How many bytes are kept for it.
    width: usize,
}

impl Open {
    /// Begins a message whose length is expected to take `width` bytes, as that of the one before it did.
    #[inline]
    pub(super) fn new(width: usize, out: &mut Vec<u8>) -> Self {
        let at = out.len();
        out.resize(at + width, 0);
        Self { at, width }
    }

    /// Fills in the length and returns how many bytes it took. Nothing is moved if that is what was expected.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // seven bits at a time
    pub(super) fn close(self, out: &mut Vec<u8>) -> usize {
        let start = self.at + self.width;
        let len = out.len() - start;
        let width = varint_len(len as u64);
        if width != self.width {
            let end = self.at + width + len;
            out.resize(end.max(out.len()), 0);
            out.copy_within(start..start + len, self.at + width);
            out.truncate(end);
        }
        let mut rest = len;
        let last = self.at + width - 1;
        for byte in &mut out[self.at..last] {
            *byte = rest as u8 | 0x80;
            rest >>= 7;
        }
        out[last] = rest as u8;
        width
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_those_of_the_specification() {
        let written = |value| {
            let mut out = Vec::new();
            write_varint(value, &mut out);
            out
        };
        assert_eq!(written(1), [1]);
        assert_eq!(written(150), [0x96, 0x01]);
        assert_eq!(written(u64::MAX).len(), 10);

        for (value, encoded) in [
            (0, 0),
            (-1, 1),
            (1, 2),
            (-2, 3),
            (i64::MAX, u64::MAX - 1),
            (i64::MIN, u64::MAX),
        ] {
            let mut out = Vec::new();
            write_zigzag(value, &mut out);
            assert_eq!(out, written(encoded));
        }
    }

    proptest! {
        #[test]
        fn a_message_s_length_is_right_whatever_was_expected(
            before in prop::collection::vec(any::<u8>(), 0..4),
            len in prop_oneof![0..300_usize, 16_000..17_000_usize],
            width in 0..5_usize,
        ) {
            let body: Vec<u8> = (0..len).map(|at| at as u8).collect();
            let mut expected = before.clone();
            write_varint(len as u64, &mut expected);
            prop_assert_eq!(expected.len() - before.len(), varint_len(len as u64));
            expected.extend_from_slice(&body);

            let mut out = before;
            let open = Open::new(width, &mut out);
            out.extend_from_slice(&body);
            prop_assert_eq!(open.close(&mut out), varint_len(len as u64));
            prop_assert_eq!(out, expected);
        }
    }
}
