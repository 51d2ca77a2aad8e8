//! Encoders: from series to bytes, without a tree in between.

#[cfg(all(test, not(loom)))]
mod golden;
pub(crate) mod number;
mod openmetrics;
mod protobuf;
mod text;

pub(crate) use openmetrics::{
    OpenMetricsEncoder, OpenMetricsPieces, type_name as openmetrics_type,
};
#[cfg(all(test, not(loom)))]
use protobuf::write_varint as protobuf_varint;
pub(crate) use protobuf::{ProtobufEncoder, ProtobufPieces};
pub(crate) use text::TextEncoder;

use crate::collector::ForeignFamily;
use crate::sample::Sink;

/// A format: takes families one after the other, and appends them to a buffer.
pub(crate) trait Encoder: Sink {
    /// What takes the families of this registry. (Rust casts to a supertrait by itself since 1.86.)
    fn as_sink(&mut self) -> &mut dyn Sink;

    /// True if counters and infos are called by their names without `_total` and `_info`.
    fn has_base_names(&self) -> bool {
        false
    }

    /// Called before each family of an encoder that has such names: true if it is another family's too.
    fn base_name_is_taken(&mut self, _: bool) {}

    /// A family of a collector, with all its rows.
    fn foreign(&mut self, family: &ForeignFamily);

    /// What stands at the end.
    fn finish(&mut self) {}
}
