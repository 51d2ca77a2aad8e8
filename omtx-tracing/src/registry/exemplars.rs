//! Exemplars: from labels back to ids.

use omtx_metrics::visit::Exemplar;

use super::field::{attribute, double_always};
use super::nanos;
use crate::encode::wire;

/// Writes an `Exemplar`. Labels that are valid ids become the ids; all others are attributes (OpenTelemetry, "Prometheus and
/// OpenMetrics Compatibility", "Exemplars").
pub(super) fn write(tag: u32, exemplar: &Exemplar<'_>, out: &mut Vec<u8>) {
    wire::message(tag, out, |out| {
        wire::fixed64(2, nanos(exemplar.timestamp()), out);
        double_always(3, exemplar.value(), out);
        for (name, value) in exemplar.labels().iter() {
            match name {
                "span_id" if write_id::<8>(4, &value, out) => {}
                "trace_id" if write_id::<16>(5, &value, out) => {}
                _ => attribute(7, name, &value, out),
            }
        }
    });
}

/// Writes the bytes of an id in hexadecimal. False if it is too long or too short, has other characters, or is zero.
fn write_id<const N: usize>(tag: u32, hex: &str, out: &mut Vec<u8>) -> bool {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok();
    if hex.len() != 2 * N {
        return false;
    }
    let mut id = [0; N];
    for (byte, digits) in id.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        match pair(digits) {
            Some(value) => *byte = value,
            None => return false,
        }
    }
    if id != [0; N] {
        wire::bytes(tag, &id, out);
    }
    id != [0; N]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(hex: &str, expected: Option<[u8; 2]>) {
        let mut out = Vec::new();
        assert_eq!(write_id::<2>(4, hex, &mut out), expected.is_some());
        let written = expected.map(|[high, low]| vec![0x22, 2, high, low]);
        assert_eq!(out, written.unwrap_or_default());
    }

    #[test]
    fn only_ids_are_taken_for_ids() {
        check("0aF1", Some([0x0A, 0xF1]));
        for hex in ["0000", "0af", "0af10", "", "0ag1", "+af1", "0é1"] {
            check(hex, None);
        }
    }
}
