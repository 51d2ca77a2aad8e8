//! Ids as the digits that headers have.

/// What each byte is worth as a digit; [`NONE`] for all that is none. Upper case is none: W3C Trace Context (section 3.2.2) and B3
/// write ids in lower case.
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < 16 {
        values[DIGITS[value as usize] as usize] = value;
        value += 1;
    }
    values
};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Has a bit that no digit has.
const NONE: u8 = 0x80;

/// The number that up to 32 digits are.
pub(super) fn parse(digits: &[u8]) -> Option<u128> {
    let (high, low) = digits.split_at(digits.len().saturating_sub(16));
    Some(u128::from(parse_half(high)?) << 64 | u128::from(parse_half(low)?))
}

fn parse_half(digits: &[u8]) -> Option<u64> {
    // Looked at once and at the end, so that there is no branch for each digit.
    let mut seen = 0;
    let mut value = 0;
    for digit in digits {
        let digit = VALUES[usize::from(*digit)];
        seen |= digit;
        value = value << 4 | u64::from(digit);
    }
    (seen & NONE == 0).then_some(value)
}

/// Writes two digits a byte, to the beginning of `out`.
pub(super) fn write(bytes: &[u8], out: &mut [u8]) {
    for (two, byte) in out.chunks_exact_mut(2).zip(bytes) {
        two[0] = DIGITS[usize::from(byte >> 4)];
        two[1] = DIGITS[usize::from(byte & 0xf)];
    }
}

/// Bytes that are ASCII as text; nothing if they are not.
pub(super) fn text(ascii: &[u8]) -> String {
    std::str::from_utf8(ascii).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_read_as_the_standard_library_reads_them(digits in "[0-9a-g:/`@A]{1,32}") {
            let lower = !digits.bytes().any(|byte| byte.is_ascii_uppercase());
            let expected = u128::from_str_radix(&digits, 16).ok().filter(|_| lower);
            prop_assert_eq!(parse(digits.as_bytes()), expected);
        }

        #[test]
        fn numbers_are_written_as_the_standard_library_writes_them(number: u128) {
            let mut out = *b"................................--";
            write(&number.to_be_bytes(), &mut out);
            prop_assert_eq!(text(&out), format!("{number:032x}--"));
        }
    }
}
