//! What the histograms of one family, or of one series, share.

use super::Bounds;
use super::native::NativeLayout;

/// Exemplars that a histogram without classic buckets keeps, as many as in client_golang.
const MAX_NATIVE_EXEMPLARS: usize = 10;

/// The forms that a histogram counts in.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Empty if there is the native form only: all observations are in one bucket then, `+Inf`.
    pub(crate) bounds: Bounds,
    pub(crate) native: Option<NativeLayout>,
    /// Observations in a sampled trace leave exemplars.
    pub(crate) exemplars: bool,
}

impl Layout {
    /// Classic buckets and nothing else.
    #[cfg(test)]
    pub(crate) fn classic(upper: &[f64]) -> Self {
        Self {
            bounds: Bounds::new(upper),
            native: None,
            exemplars: false,
        }
    }

    /// How many classic buckets there are, `+Inf` included.
    pub(crate) fn buckets(&self) -> usize {
        self.bounds.upper().len() + 1
    }

    /// Where an observation's exemplar is kept, and how many places there are. One exemplar for each classic bucket; without
    /// these, one for each doubling of the value.
    #[inline]
    pub(crate) fn exemplar_place(&self, value: f64) -> (usize, usize) {
        if self.has_classic() {
            (self.bounds.bucket_of(value), self.buckets())
        } else {
            const EXPONENT: u32 = f64::MANTISSA_DIGITS - 1;
            ((value.to_bits() >> EXPONENT) as usize, MAX_NATIVE_EXEMPLARS)
        }
    }

    /// The classic bucket that a place is in.
    pub(crate) fn exemplar_bucket(&self, place: usize) -> usize {
        if self.has_classic() { place } else { 0 }
    }

    /// True if observations are counted in classic buckets, and not in native ones alone.
    #[inline]
    pub(crate) fn has_classic(&self) -> bool {
        self.native.is_none() || !self.bounds.upper().is_empty()
    }

    /// These bounds, and everything else as it is here.
    #[cfg(feature = "http")]
    pub(crate) fn with_bounds(&self, upper: &[f64]) -> Self {
        Self {
            bounds: Bounds::new(upper),
            native: self.native,
            exemplars: self.exemplars,
        }
    }
}
