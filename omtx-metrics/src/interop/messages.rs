//! Our families as the generated messages of the `prometheus` crate, with what that crate's schema does not know.

use prometheus::proto::{Gauge, Histogram, MetricFamily, MetricType};
use protobuf::{CodedInputStream, Message};

use crate::Registry;
use crate::encode::ProtobufEncoder;
use crate::registry::Entry;

/// The families of `registry` and of the `library`.
///
/// They are encoded by the current schema, and read by that of the crate (client_model of 2015): native buckets, exemplars,
/// created timestamps and units are unknown fields to it, which it keeps and writes out again as they came.
pub(super) fn families(registry: &Registry, library: &[Entry]) -> Vec<MetricFamily> {
    let mut bytes = Vec::new();
    let own = registry.entries();
    let encoder = &mut ProtobufEncoder::new(&mut bytes);
    registry.encode(encoder, [&own, library], &[], |_, _| true);
    let mut input = CodedInputStream::from_bytes(&bytes);
    let mut families = Vec::new();
    // What we wrote can be read; if it could not, what came before is right.
    while let Ok(false) = input.eof() {
        let Ok(family) = input.read_message::<MetricFamily>() else {
            break;
        };
        families.push(for_their_text_encoder(family));
    }
    families
}

/// The same, without what the crate's text encoder gets wrong.
fn for_their_text_encoder(mut family: MetricFamily) -> MetricFamily {
    let is_untyped = family.get_field_type() == MetricType::UNTYPED;
    if is_untyped {
        family.set_field_type(MetricType::GAUGE); // it panics at the other
    }
    for metric in family.mut_metric() {
        if is_untyped {
            let mut gauge = Gauge::default();
            gauge.set_value(metric.untyped.take().unwrap_or_default().value());
            metric.set_gauge(gauge);
        }
        if let Some(histogram) = metric.histogram.as_mut() {
            hide_infinite_bucket(histogram);
        }
    }
    family
}

/// Makes the bucket of `+Inf`, which is listed where it has an exemplar, an unknown field as well: the text encoder would
/// write its bound as `inf`, which is another series, while the other encoder writes unknown fields behind the known ones.
fn hide_infinite_bucket(histogram: &mut Histogram) {
    const BUCKET: u32 = 3;
    let last = histogram.bucket.last();
    if last.is_none_or(|bucket| bucket.upper_bound() != f64::INFINITY) {
        return;
    }
    if let Some(bytes) = histogram
        .bucket
        .pop()
        .and_then(|bucket| bucket.write_to_bytes().ok())
    {
        let unknown = histogram.special_fields.mut_unknown_fields();
        unknown.add_length_delimited(BUCKET, bytes);
    }
}
