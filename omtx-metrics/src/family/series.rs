//! One series: a cell and its labels.

use crate::label::LabelText;
use crate::time::Timestamp;

/// A cell, its labels, and what finds it again.
#[derive(Debug)]
pub(crate) struct Series<M> {
    pub(crate) metric: M,
    pub(crate) hash: u32,
    /// The combination of the closed labels; there are 4 096 at most.
    pub(crate) closed: u32,
    /// When it began to count.
    pub(crate) created: Timestamp,
    pub(crate) labels: LabelText,
}
