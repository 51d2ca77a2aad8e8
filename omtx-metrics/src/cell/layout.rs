//! What the histograms of one family, or of one series, share.

use super::Bounds;
use super::native::NativeLayout;

/// The forms that a histogram counts in.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Empty if there is the native form only: all observations are in one bucket then, `+Inf`.
    pub(crate) bounds: Bounds,
    pub(crate) native: Option<NativeLayout>,
}

impl Layout {
    /// Classic buckets and nothing else.
    #[cfg(test)]
    pub(crate) fn classic(upper: &[f64]) -> Self {
        Self {
            bounds: Bounds::new(upper),
            native: None,
        }
    }

    /// How many classic buckets there are, `+Inf` included.
    pub(crate) fn buckets(&self) -> usize {
        self.bounds.upper().len() + 1
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
        }
    }
}
