//! Ids as the digits that headers have.

/// A number of exactly as many lower-case digits as there are bytes. Upper case is an error: W3C Trace Context (section 3.2.2)
/// and B3 write ids in lower case.
pub(super) fn parse(digits: &[u8]) -> Option<u128> {
    let mut value = 0u128;
    for digit in digits {
        let nibble = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        value = value << 4 | u128::from(nibble);
    }
    Some(value)
}

/// An id: two digits a byte.
pub(super) fn write_bytes(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        write_byte(*byte, out);
    }
}

/// Two digits.
pub(super) fn write_byte(byte: u8, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(char::from(DIGITS[usize::from(byte >> 4)]));
    out.push(char::from(DIGITS[usize::from(byte & 0xf)]));
}
