//! Values, as a visitor sees them.

use std::fmt;

use super::{Histogram, Summary};
use crate::cell::Reading;
use crate::collector::ForeignValue;
use crate::encode::number::write_f64;
use crate::family::Spec;

/// What a series says.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Of a counter, a gauge, an unknown, and of an info, where it is 1.
    Number(Number),
    /// Of a histogram.
    Histogram(Histogram<'a>),
    /// Of a state set.
    States(States<'a>),
    /// Of a summary; only collectors have them.
    Summary(Summary<'a>),
}

/// A number as it is counted.
///
/// ```
/// use omtx_metrics::visit::Number;
///
/// assert_eq!(Number::Unsigned(u64::MAX).to_string(), "18446744073709551615");
/// assert_eq!(Number::Float(0.1).as_f64(), 0.1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Number {
    /// Of a [`Counter`](crate::Counter).
    Unsigned(u64),
    /// Of an [`IntGauge`](crate::IntGauge).
    Signed(i64),
    /// Of the others, and of collectors: any double, NaN and infinities too.
    Float(f64),
}

impl Number {
    /// The nearest double, as Prometheus keeps it: integers are exact up to 2^53.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // said above
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Unsigned(value) => value as f64,
            Self::Signed(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

/// As text format 0.0.4 has it: `17`, `0.25`, `+Inf`, `NaN`.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned(value) => value.fmt(f),
            Self::Signed(value) => value.fmt(f),
            Self::Float(value) => {
                let mut text = Vec::with_capacity(24);
                write_f64(*value, &mut text);
                f.pad(&String::from_utf8_lossy(&text))
            }
        }
    }
}

/// The states of a state set.
#[derive(Debug, Clone, Copy)]
pub struct States<'a> {
    label: &'a str,
    states: &'static [&'static str],
    mask: u64,
}

impl<'a> States<'a> {
    /// The label that carries the states in an exposition.
    #[must_use]
    pub fn label(&self) -> &'a str {
        self.label
    }

    /// Every state, as declared, and whether it holds.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, bool)> + use<> {
        let mask = self.mask;
        let states = self.states.iter().enumerate();
        states.map(move |(index, state)| (*state, mask >> index & 1 == 1))
    }
}

impl<'a> Value<'a> {
    pub(super) fn own(spec: &'a Spec, reading: Reading<'a>) -> Self {
        match reading {
            Reading::Counter(value) => Self::Number(Number::Unsigned(value)),
            Reading::IntGauge(value) => Self::Number(Number::Signed(value)),
            Reading::CounterF64(value) | Reading::Gauge(value) => {
                Self::Number(Number::Float(value))
            }
            Reading::Histogram {
                bounds,
                buckets,
                sum,
                native,
                ..
            } => Self::Histogram(Histogram::own(bounds.upper(), buckets, sum, native)),
            Reading::States { mask, states } => Self::States(States {
                label: &spec.state_label,
                states,
                mask,
            }),
        }
    }

    pub(super) fn foreign(value: &'a ForeignValue) -> Option<Self> {
        Some(match value {
            ForeignValue::Number(value) => Self::Number(Number::Float(*value)),
            #[cfg(feature = "prometheus")]
            ForeignValue::Missing => return None,
            #[cfg(feature = "prometheus")]
            ForeignValue::Histogram {
                buckets,
                sum,
                count,
            } => Self::Histogram(Histogram::foreign(buckets, *sum, *count)),
            #[cfg(feature = "prometheus")]
            ForeignValue::Summary {
                quantiles,
                sum,
                count,
            } => Self::Summary(Summary::new(quantiles, *sum, *count)),
        })
    }
}
