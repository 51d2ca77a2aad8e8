//! Summaries.

use omtx_metrics::visit::Summary;

use super::field::double;
use crate::encode::wire;

/// What a `SummaryDataPoint` says of values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quantiles {
    quantiles: Vec<(f64, f64)>,
    count: u64,
    sum: f64,
}

impl Quantiles {
    pub(super) fn read(summary: &Summary<'_>) -> Self {
        Self {
            quantiles: summary.quantiles().to_vec(),
            count: summary.count(),
            sum: summary.sum(),
        }
    }

    /// The fields of a `SummaryDataPoint` that hold values.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        wire::fixed64(4, self.count, out);
        double(5, self.sum, out);
        for &(quantile, value) in &self.quantiles {
            wire::message(6, out, |out| {
                double(1, quantile, out);
                double(2, value, out);
            });
        }
    }
}
