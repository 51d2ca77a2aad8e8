//! Native histograms as the text format and the catalogue show them.

use omtx_metrics::{Histogram, MetricSet, NativeBuckets, Registry, SetOptions};

/// A store.
#[derive(MetricSet)]
struct Store {
    /// Time to read.
    #[metric(unit = "seconds", buckets = [0.1, 1.0], native)]
    read_duration_seconds: Histogram,
    /// Size of what is written.
    #[metric(unit = "bytes", buckets = [1.0], native = NativeBuckets::new().factor(2.0).without_classic())]
    write_size_bytes: Histogram,
}

const TEXT: &str = "\
# HELP read_duration_seconds Time to read.
# TYPE read_duration_seconds histogram
read_duration_seconds_bucket{le=\"0.1\"} 1
read_duration_seconds_bucket{le=\"1\"} 2
read_duration_seconds_bucket{le=\"+Inf\"} 3
read_duration_seconds_sum 4.5625
read_duration_seconds_count 3
# HELP write_size_bytes Size of what is written.
# TYPE write_size_bytes histogram
write_size_bytes_bucket{le=\"+Inf\"} 2
write_size_bytes_sum 3
write_size_bytes_count 2
";

fn record(store: &Store) {
    for value in [0.0625, 0.5, 4.0] {
        store.read_duration_seconds.observe(value);
    }
    store.write_size_bytes.observe(1.0);
    store.write_size_bytes.observe(2.0);
}

#[test]
fn the_text_format_shows_classic_buckets_or_the_infinite_one_alone() {
    let registry = Registry::new();
    record(&registry.register::<Store>().unwrap());
    assert_eq!(registry.to_text(), TEXT);

    let catalog = registry.catalog();
    let buckets = |name| catalog.get(name).unwrap().buckets.clone();
    assert_eq!(buckets("read_duration_seconds"), [0.1, 1.0]);
    assert_eq!(buckets("write_size_bytes"), [0.0; 0]);
}

#[test]
fn durations_of_a_native_registry_keep_their_classic_buckets() {
    let registry = Registry::builder().native_histograms(true).build().unwrap();
    record(&registry.register::<Store>().unwrap());
    assert_eq!(registry.to_text(), TEXT);
}

#[test]
fn a_registration_overrides_what_the_declaration_says_of_native_buckets() {
    let registry = Registry::new();
    let options = SetOptions::new()
        .native("write_size_bytes", NativeBuckets::new())
        .native(
            "read_duration_seconds",
            NativeBuckets::new().without_classic(),
        );
    record(&registry.register_with::<Store>(options).unwrap());
    assert_eq!(
        registry.to_text(),
        "\
# HELP read_duration_seconds Time to read.
# TYPE read_duration_seconds histogram
read_duration_seconds_bucket{le=\"+Inf\"} 3
read_duration_seconds_sum 4.5625
read_duration_seconds_count 3
# HELP write_size_bytes Size of what is written.
# TYPE write_size_bytes histogram
write_size_bytes_bucket{le=\"1\"} 1
write_size_bytes_bucket{le=\"+Inf\"} 2
write_size_bytes_sum 3
write_size_bytes_count 2
"
    );
}

#[test]
fn a_native_histogram_counts_what_the_classic_one_counts() {
    let registry = Registry::new();
    let classic = registry.family::<(), Histogram>("a", "A.");
    let classic = classic.register().unwrap().handle(());
    let native = registry.family::<(), Histogram>("b", "B.");
    let native = native.native(NativeBuckets::new().without_classic());
    let native = native.register().unwrap().handle(());
    for value in [0.0, -1.0, 1e9, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        classic.observe(value);
        native.observe(value);
    }
    assert_eq!((classic.count(), classic.sum()), (6, 1e9 - 1.0));
    assert_eq!((native.count(), native.sum()), (6, 1e9 - 1.0));
}
