//! Whole documents with exemplars and times, for which the clock has to stand still.

use std::time::Duration;

use crate::time::{self, Timestamp};
use crate::{Counter, Handle, Histogram, NativeBuckets, Registry};

/// A counter and two histograms that began at 1 699 999 000, and have exemplars of 1 700 000 000.123.
fn registry() -> Registry {
    let registry = Registry::new();
    let began = Timestamp::from_millis(1_699_999_000_000);
    let seen = Timestamp::from_millis(1_700_000_000_123);
    let trace = [("trace_id", "0af7651916cd43dd8448eb211c80319c")];
    let (counter, both, native) = time::at(began, || {
        let counter = registry.family::<(), Counter>("jobs_total", "Jobs.");
        let both = registry.family::<(), Histogram>("answer_seconds", "Time to answer.");
        let both = both
            .unit("seconds")
            .buckets([0.1, 1.0])
            .native(NativeBuckets::new());
        let native = registry.family::<(), Histogram>("write_size_bytes", "Sizes.");
        let native = native.native(NativeBuckets::new().factor(2.0).without_classic());
        (
            counter.register().unwrap().handle(()),
            both.register().unwrap().handle(()),
            native.register().unwrap().handle(()),
        )
    });
    time::at(seen, || {
        counter.inc_with_exemplar(&[("user", "a\"b\\c\n")][..]);
        for value in [0.0, 0.25, 4.0] {
            both.observe_with_exemplar(value, &trace[..]);
        }
        native.observe_with_exemplar(3.0, &trace[..]);
        native.observe(-1.0);
    });
    registry
}

fn openmetrics(registry: &Registry) -> String {
    let mut out = Vec::new();
    let own = registry.entries();
    let mut encoder = super::OpenMetricsEncoder::new(&mut out, true);
    registry.encode(&mut encoder, [&own, &[]], &[], |_, _| true);
    String::from_utf8(out).unwrap()
}

fn message(tag: &[u8], body: &[u8]) -> Vec<u8> {
    let mut out = tag.to_vec();
    super::protobuf_varint(body.len() as u64, &mut out);
    out.extend_from_slice(body);
    out
}

#[test]
fn openmetrics_shows_exemplars_and_when_a_series_began() {
    assert_eq!(
        openmetrics(&registry()),
        r##"# TYPE answer_seconds histogram
# UNIT answer_seconds seconds
# HELP answer_seconds Time to answer.
answer_seconds_bucket{le="0.1"} 1 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.0 1700000000.123
answer_seconds_bucket{le="1.0"} 2 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 0.25 1700000000.123
answer_seconds_bucket{le="+Inf"} 3 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 4.0 1700000000.123
answer_seconds_sum 4.25
answer_seconds_count 3
answer_seconds_created 1699999000.000
# TYPE jobs counter
# HELP jobs Jobs.
jobs_total 1 # {user="a\"b\\c\n"} 1.0 1700000000.123
jobs_created 1699999000.000
# TYPE write_size_bytes histogram
# HELP write_size_bytes Sizes.
write_size_bytes_bucket{le="+Inf"} 2 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 3.0 1700000000.123
write_size_bytes_sum 2.0
write_size_bytes_count 2
write_size_bytes_created 1699999000.000
# EOF
"##
    );
}

/// Byte by byte; `tests/it/protobuf` reads messages with other people's decoders.
#[test]
fn protobuf_shows_native_buckets_exemplars_and_when_a_series_began() {
    let exemplar = |value: f64| -> Vec<u8> {
        [
            &b"\x0A\x2C\x0A\x08trace_id\x12\x200af7651916cd43dd8448eb211c80319c"[..],
            b"\x11",
            &value.to_le_bytes(),
            b"\x1A\x0B\x08\x80\xE2\xCF\xAA\x06\x10\xC0\xA9\xD3\x3A",
        ]
        .concat()
    };
    let created = b"\x08\x98\xDA\xCF\xAA\x06";
    let bucket = |count: u8, bound: f64, value: f64| {
        let exemplar = message(b"\x1A", &exemplar(value));
        let parts = [&[0x08, count][..], b"\x11", &bound.to_le_bytes(), &exemplar];
        message(b"\x1A", &parts.concat())
    };
    let both = [
        b"\x08\x03".to_vec(),                             // sample_count
        [&b"\x11"[..], &4.25_f64.to_le_bytes()].concat(), // sample_sum
        bucket(1, 0.1, 0.0),
        bucket(2, 1.0, 0.25),
        bucket(3, f64::INFINITY, 4.0),
        b"\x28\x06".to_vec(),                                       // schema 3
        [&b"\x31"[..], &2.0_f64.powi(-128).to_le_bytes()].concat(), // zero_threshold
        b"\x38\x01".to_vec(),                                       // zero_count
        // 0.25 is bucket -16, 4 is bucket 16: a span of one each, 31 apart.
        b"\x62\x04\x08\x1F\x10\x01\x62\x04\x08\x3E\x10\x01".to_vec(),
        b"\x68\x02\x68\x00".to_vec(), // deltas 1 and 0
        message(b"\x7A", created),
        message(b"\x82\x01", &exemplar(0.0)),
        message(b"\x82\x01", &exemplar(0.25)),
        message(b"\x82\x01", &exemplar(4.0)),
    ]
    .concat();
    let metric = message(b"\x22", &message(b"\x3A", &both));
    let head = b"\x0A\x0Eanswer_seconds\x12\x0FTime to answer.\x18\x04\x2A\x07seconds";
    let family = message(b"", &[&head[..], &metric].concat());
    let encoded = registry().to_protobuf();
    assert_eq!(&encoded[..family.len()], family);

    // The native form alone: no classic bucket, both signs.
    let native = [
        b"\x08\x02".to_vec(),
        [&b"\x11"[..], &2.0_f64.to_le_bytes()].concat(),
        b"\x28\x00".to_vec(), // schema 0
        [&b"\x31"[..], &2.0_f64.powi(-128).to_le_bytes()].concat(),
        b"\x38\x00".to_vec(),
        b"\x4A\x04\x08\x00\x10\x01\x50\x02".to_vec(), // -1 is negative bucket 0
        b"\x62\x04\x08\x04\x10\x01\x68\x02".to_vec(), // 3 is bucket 2
        message(b"\x7A", created),
        message(b"\x82\x01", &exemplar(3.0)),
    ]
    .concat();
    let metric = message(b"\x22", &message(b"\x3A", &native));
    let head = b"\x0A\x10write_size_bytes\x12\x06Sizes.\x18\x04";
    let family = message(b"", &[&head[..], &metric].concat());
    assert!(encoded.ends_with(&family), "{encoded:02X?}");
}

/// A histogram of both forms that has one bucket too many for its limit, and may begin again after an hour.
fn coarsened() -> (Registry, Handle<Histogram>) {
    let registry = Registry::new();
    let hourly = Duration::from_secs(3_600);
    let native = NativeBuckets::new()
        .factor(2.0)
        .max_buckets(2)
        .min_reset_interval(hourly);
    let histogram = time::at(Timestamp::from_millis(1_700_000_000_000), || {
        let family = registry.family::<(), Histogram>("size_bytes", "Sizes.");
        family
            .buckets([1.0])
            .native(native)
            .register()
            .unwrap()
            .handle(())
    });
    for value in [1.0, 2.0, 4.0] {
        histogram.observe(value);
    }
    (registry, histogram)
}

const BEFORE: &str = r##"# TYPE size_bytes histogram
# HELP size_bytes Sizes.
size_bytes_bucket{le="1.0"} 1
size_bytes_bucket{le="+Inf"} 3
size_bytes_sum 7.0
size_bytes_count 3
size_bytes_created 1700000000.000
# EOF
"##;

const AFTER: &str = r##"# TYPE size_bytes histogram
# HELP size_bytes Sizes.
size_bytes_bucket{le="1.0"} 0
size_bytes_bucket{le="+Inf"} 1
size_bytes_sum 4.0
size_bytes_count 1
size_bytes_created 1700003600.000
# EOF
"##;

const TEXT_AFTER: &str = r##"# HELP size_bytes Sizes.
# TYPE size_bytes histogram
size_bytes_bucket{le="1"} 0
size_bytes_bucket{le="+Inf"} 1
size_bytes_sum 4
size_bytes_count 1
"##;

#[test]
fn a_reset_is_one_of_all_formats_and_moves_when_the_series_began() {
    let (registry, histogram) = coarsened();
    let at = |seconds: u64| Timestamp::from_millis(seconds * 1_000);
    // Without an exemplar the infinite one is left out, as in client_golang.
    let bucket = |count: u8, bound: f64| {
        let parts = [&[0x08, count][..], b"\x11", &bound.to_le_bytes()];
        message(b"\x1A", &parts.concat())
    };
    let zero = [
        [&b"\x31"[..], &2.0_f64.powi(-128).to_le_bytes()].concat(),
        b"\x38\x00".to_vec(),
    ]
    .concat();
    let family = |parts: &[Vec<u8>]| {
        let metric = message(b"\x22", &message(b"\x3A", &parts.concat()));
        let head = b"\x0A\x0Asize_bytes\x12\x06Sizes.\x18\x04";
        message(b"", &[&head[..], &metric].concat())
    };
    // An hour has passed, but text resets nothing.
    assert_eq!(
        time::at(at(1_700_003_600), || openmetrics(&registry)),
        BEFORE
    );
    let last = family(&[
        b"\x08\x03".to_vec(),
        [&b"\x11"[..], &7.0_f64.to_le_bytes()].concat(),
        bucket(1, 1.0),
        b"\x28\x01".to_vec(), // schema -1
        zero.clone(),
        // 1 is bucket 0; 2 and 4 are bucket 1.
        b"\x62\x04\x08\x00\x10\x02\x68\x02\x68\x02".to_vec(),
        message(b"\x7A", b"\x08\x80\xE2\xCF\xAA\x06"), // 1 700 000 000
    ]);
    assert_eq!(time::at(at(1_700_003_600), || registry.to_protobuf()), last);

    histogram.observe(4.0);
    assert_eq!(openmetrics(&registry), AFTER);
    assert_eq!(registry.to_text(), TEXT_AFTER);
    let first = family(&[
        b"\x08\x01".to_vec(),
        [&b"\x11"[..], &4.0_f64.to_le_bytes()].concat(),
        bucket(0, 1.0),
        b"\x28\x00".to_vec(), // schema 0
        zero,
        b"\x62\x04\x08\x04\x10\x01\x68\x02".to_vec(), // 4 is bucket 2
        message(b"\x7A", b"\x08\x90\xFE\xCF\xAA\x06"), // 1 700 003 600
    ]);
    assert_eq!(registry.to_protobuf(), first);
}
