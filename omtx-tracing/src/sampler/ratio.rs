//! A share of all traces, told by the trace id.

use std::fmt;

use opentelemetry::trace::TraceId;

use crate::Error;

/// Of the 63 bits that are looked at, those below a bound.
///
/// The specification leaves the algorithm open ("TraceIdRatioBased"); what it asks for is that all who take part agree. So
/// this is the rule of the SDKs in service (`TraceIDRatioBased` in Go, `TraceIdRatioBased` in Rust and Java), not that of the
/// coming "ProbabilitySampler", which samples the other end of the id's low 56 bits and needs `ot=th:` in tracestate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ratio {
    ratio: f64,
    bound: u64,
}

impl Ratio {
    pub(super) fn new(ratio: f64) -> Result<Self, Error> {
        if (0.0..=1.0).contains(&ratio) {
            Ok(Self {
                ratio,
                bound: (ratio * (1_u64 << 63) as f64) as u64,
            })
        } else {
            Err(Error::invalid(
                "sampling ratio",
                ratio,
                "a number from 0 to 1",
            ))
        }
    }

    #[inline]
    pub(super) fn samples(self, trace_id: TraceId) -> bool {
        let low = u128::from_be_bytes(trace_id.to_bytes()) as u64;
        low >> 1 < self.bound
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceIdRatioBased{{{}}}", self.ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(ratio: f64, trace_id: u128) -> bool {
        Ratio::new(ratio).unwrap().samples(TraceId::from(trace_id))
    }

    #[test]
    fn one_takes_every_id_and_zero_none() {
        for id in [1, u128::from(u64::MAX), u128::MAX] {
            assert_eq!((samples(1.0, id), samples(0.0, id)), (true, false));
        }
    }

    #[test]
    fn the_bound_lies_where_the_other_sdks_have_it() {
        // Half of 2⁶³, one bit up since the lowest is not looked at.
        let bound = u128::from(1_u64 << 63);
        assert!(samples(0.5, bound - 1) && !samples(0.5, bound));
        assert!(
            samples(0.5, 0xffff << 64 | 1),
            "the high half is not looked at"
        );
    }

    #[test]
    fn what_is_no_ratio_is_refused() {
        for ratio in [-0.1, 1.000_1, f64::NAN, f64::INFINITY] {
            assert!(Ratio::new(ratio).unwrap_err().is_invalid());
        }
    }
}
