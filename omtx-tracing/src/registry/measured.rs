//! What a point says.

use omtx_metrics::visit::Number;

use super::explicit::Explicit;
use super::exponential::Exponential;
use super::field::{double_always, fixed64_always};
use super::quantiles::Quantiles;

/// A value as it was read, or what came since it was read before.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Measured {
    Number(Number),
    Explicit(Explicit),
    Exponential(Exponential),
    Quantiles(Quantiles),
}

impl Measured {
    /// What came since `earlier`. `None` if something is smaller now than it was then: counting has begun anew.
    pub(super) fn since(&self, earlier: &Self) -> Option<Self> {
        match (self, earlier) {
            (Self::Number(now), Self::Number(then)) => number_since(*now, *then).map(Self::Number),
            (Self::Explicit(now), Self::Explicit(then)) => now.since(then).map(Self::Explicit),
            (Self::Exponential(now), Self::Exponential(then)) => {
                now.since(then).map(Self::Exponential)
            }
            _ => None,
        }
    }

    /// The fields of a point that hold values.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Number(number) => write_number(*number, out),
            Self::Explicit(histogram) => histogram.write(out),
            Self::Exponential(histogram) => histogram.write(out),
            Self::Quantiles(summary) => summary.write(out),
        }
    }
}

fn number_since(now: Number, then: Number) -> Option<Number> {
    match (now, then) {
        (Number::Unsigned(now), Number::Unsigned(then)) => {
            now.checked_sub(then).map(Number::Unsigned)
        }
        (Number::Float(now), Number::Float(then)) if now >= then => Some(Number::Float(now - then)),
        _ => None,
    }
}

/// The `value` of a `NumberDataPoint`: an integer stays one, as far as `sfixed64` reaches.
#[allow(clippy::cast_sign_loss)] // two's complement
fn write_number(number: Number, out: &mut Vec<u8>) {
    const AS_DOUBLE: u32 = 4;
    const AS_INT: u32 = 6;
    let integer = match number {
        Number::Unsigned(value) => i64::try_from(value).ok(),
        Number::Signed(value) => Some(value),
        _ => None,
    };
    match integer {
        Some(value) => fixed64_always(AS_INT, value as u64, out),
        None => double_always(AS_DOUBLE, number.as_f64(), out),
    }
}
