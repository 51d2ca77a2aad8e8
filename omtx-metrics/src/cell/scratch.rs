//! What a scrape reads, and where it puts it.

use super::exemplar::ExemplarBuffer;
use super::native::NativeReading;

/// What is to be read beyond plain values: what nobody shows is not read.
///
/// ```
/// use omtx_metrics::visit::Wants;
///
/// assert_eq!(Wants::new().native(true).exemplars(true).created(true), Wants::ALL);
/// assert_eq!(Wants::new(), Wants::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wants {
    /// Exponential buckets.
    pub(crate) native: bool,
    pub(crate) exemplars: bool,
    /// When each series began.
    pub(crate) created: bool,
}

impl Wants {
    /// All there is.
    pub const ALL: Self = Self {
        native: true,
        exemplars: true,
        created: true,
    };

    /// Values alone.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            native: false,
            exemplars: false,
            created: false,
        }
    }

    /// The native buckets of histograms that have them. Default: not.
    #[must_use]
    pub const fn native(mut self, native: bool) -> Self {
        self.native = native;
        self
    }

    /// Exemplars. Default: not.
    #[must_use]
    pub const fn exemplars(mut self, exemplars: bool) -> Self {
        self.exemplars = exemplars;
        self
    }

    /// When counters and histograms began to count. Default: not.
    #[must_use]
    pub const fn created(mut self, created: bool) -> Self {
        self.created = created;
        self
    }
}

/// Memory that is reused for every series of a scrape, and from scrape to scrape.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) values: Values,
    pub(crate) exemplars: ExemplarBuffer,
}

/// Where a histogram puts its buckets.
#[derive(Debug, Default)]
pub struct Values {
    pub(crate) buckets: Vec<u64>,
    pub(crate) native: NativeReading,
}
