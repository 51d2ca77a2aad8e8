//! Native histograms: exponential buckets that appear where observations fall.

mod reading;

pub(crate) use reading::NativeReading;
