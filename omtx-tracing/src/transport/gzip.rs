//! `OTEL_EXPORTER_OTLP_COMPRESSION=gzip`.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Level 1: a batch repeats its keys so much that higher levels gain little, and the exporter's thread waits for it.
pub(super) fn encode(body: &[u8]) -> Bytes {
    let out = Vec::with_capacity(body.len() / 4);
    let mut encoder = GzEncoder::new(out, Compression::fast());
    let written = encoder.write_all(body).and_then(|()| encoder.finish());
    Bytes::from(written.expect("a vector takes everything"))
}
