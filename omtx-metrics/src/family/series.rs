//! One series: a cell and its labels.

use crate::label::LabelText;

/// A cell, its labels, and what finds it again.
#[derive(Debug)]
pub(crate) struct Series<M> {
    pub(crate) metric: M,
    pub(crate) hash: u64,
    /// The combination of the closed labels.
    pub(crate) closed: usize,
    pub(crate) labels: LabelText,
}
