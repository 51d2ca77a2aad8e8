//! A metric set of one's own, with labels of both kinds: a closed one, which is an enum, and an open one, which is text and
//! has a cap.
//!
//! `cargo run --example custom_metrics`

#![allow(clippy::print_stdout)] // the exposition is what it shows

use omtx_metrics::{Counter, Family, Histogram, IntGauge, LabelValue, Labels, MetricSet, Registry};

/// What a look into the cache found. Every value that the label can have; their series are found by index.
#[derive(Clone, Copy, LabelValue)]
enum Outcome {
    Hit,
    Miss,
}

#[derive(Labels)]
struct LookupLabels<'a> {
    outcome: Outcome,
    /// Text from elsewhere: the cap below bounds how many can be told apart.
    tenant: &'a str,
}

/// The cache. Comments of fields become HELP texts, and their names the names of families.
#[derive(MetricSet)]
struct CacheMetrics {
    /// Looks into the cache.
    #[metric(max_series = 4)]
    cache_lookups_total: Family<LookupLabels<'static>, Counter>,
    /// Time to fill an entry.
    #[metric(unit = "seconds", buckets = [0.01, 0.1, 1.0])]
    cache_fill_duration_seconds: Histogram,
    /// Entries that are being filled.
    cache_fills_active: IntGauge,
}

impl CacheMetrics {
    fn looked_up(&self, outcome: Outcome, tenant: &str) {
        self.cache_lookups_total
            .with(LookupLabels { outcome, tenant })
            .inc();
    }
}

fn main() -> Result<(), omtx_metrics::Error> {
    let registry = Registry::builder().namespace("shop").build()?;
    let cache = registry.register::<CacheMetrics>()?;

    cache.looked_up(Outcome::Hit, "acme");
    cache.looked_up(Outcome::Miss, "acme");
    {
        let _active = IntGauge::in_flight(&cache.cache_fills_active); // until the end of the block, also by a panic
        cache.cache_fill_duration_seconds.time(|| "an entry");
    }
    for n in 0..100 {
        cache.looked_up(Outcome::Hit, &format!("tenant-{n}"));
    }

    let exposition = registry.to_text();
    print!("{exposition}");
    for row in [
        r#"shop_cache_lookups_total{outcome="hit",tenant="acme"} 1"#,
        r#"shop_cache_lookups_total{outcome="hit",tenant="overflow"} 98"#, // two of the hundred had room
        "shop_cache_fill_duration_seconds_count 1",
        "shop_cache_fills_active 0",
    ] {
        assert!(exposition.contains(row), "{row}");
    }
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
