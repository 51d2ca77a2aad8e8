//! Labels without end cost a bounded number of series.

use std::sync::Barrier;

use omtx_metrics::testing::Exposition;
use omtx_metrics::{
    Counter, Family, Histogram, LabelValue, Labels, MetricSet, OVERFLOW, Registry, SetOptions,
};

#[derive(Clone, Copy, LabelValue)]
enum Method {
    Get,
    Post,
}

#[derive(Labels)]
struct ScanLabels<'a> {
    method: Method,
    path: &'a str,
}

/// What a scanner asks for.
#[derive(MetricSet)]
struct Scanned {
    /// Requests.
    requests_total: Family<ScanLabels<'static>, Counter>,
    /// Sizes.
    #[metric(buckets = [1.0], max_series = 2)]
    request_size: Family<ScanLabels<'static>, Histogram>,
}

#[test]
fn a_million_different_labels_make_a_bounded_number_of_series() {
    const CAP: usize = 100;
    const ALL: u64 = 1_000_000;

    let registry = Registry::builder().max_series(CAP).build().unwrap();
    let scanned = registry.register::<Scanned>().unwrap();
    let mut path = String::new();
    for index in 0..ALL {
        use std::fmt::Write as _;
        path.clear();
        write!(path, "/{index}").unwrap();
        let method = if index % 2 == 0 {
            Method::Get
        } else {
            Method::Post
        };
        scanned
            .requests_total
            .with(ScanLabels {
                method,
                path: &path,
            })
            .inc();
    }

    // The cap, and one overflow series for each method.
    assert_eq!(scanned.requests_total.len(), CAP + 2);
    assert_eq!(scanned.requests_total.dropped(), ALL - CAP as u64);
    let exposition = Exposition::parse(&registry.to_text()).unwrap();
    for method in ["get", "post"] {
        let labels = [("method", method), ("path", OVERFLOW)];
        let expected = (ALL - CAP as u64) as f64 / 2.0;
        assert_eq!(exposition.read("requests_total", &labels), Some(expected));
    }
    let total: f64 = exposition.samples().map(|sample| sample.value).sum();
    assert_eq!(total, ALL as f64, "the sum over all series stays right");
}

#[test]
fn series_that_are_there_stay_and_go_on_counting() {
    let registry = Registry::builder().max_series(2).build().unwrap();
    let scanned = registry.register::<Scanned>().unwrap();
    let requests = |path: &'static str| {
        scanned.requests_total.with(ScanLabels {
            method: Method::Get,
            path,
        })
    };
    for path in ["/a", "/b", "/c", "/a", "/c"] {
        requests(path).inc();
    }
    assert_eq!(requests("/a").get(), 2);
    assert_eq!(requests("/b").get(), 1);
    assert_eq!(scanned.requests_total.dropped(), 2);
    assert_eq!(
        registry.to_text(),
        r#"# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{method="get",path="/a"} 2
requests_total{method="get",path="/b"} 1
requests_total{method="get",path="overflow"} 2
"#,
    );
}

#[test]
fn held_handles_beyond_the_cap_lead_to_the_overflow_series() {
    let registry = Registry::new();
    let scanned = registry.register::<Scanned>().unwrap();
    let handles: Vec<_> = ["/1", "/2", "/3", "/4"]
        .into_iter()
        .map(|path| {
            scanned.request_size.handle(ScanLabels {
                method: Method::Post,
                path,
            })
        })
        .collect();
    for handle in &handles {
        handle.observe(0.5);
    }
    assert_eq!(scanned.request_size.len(), 3);
    assert_eq!(scanned.request_size.dropped(), 2);
    assert_eq!(handles[2].count(), 2);
    drop(registry);
    drop(scanned);
    handles[3].observe(0.5); // keeps its series alive
    assert_eq!(handles[2].count(), 3);
}

#[test]
fn the_value_that_stands_for_overflow_is_a_value_like_others() {
    let registry = Registry::builder().max_series(1).build().unwrap();
    let scanned = registry.register::<Scanned>().unwrap();
    for path in [OVERFLOW, "/a", OVERFLOW] {
        scanned
            .requests_total
            .with(ScanLabels {
                method: Method::Get,
                path,
            })
            .inc();
    }
    assert_eq!(scanned.requests_total.len(), 1);
    assert_eq!(
        scanned
            .requests_total
            .with(ScanLabels {
                method: Method::Get,
                path: OVERFLOW
            })
            .get(),
        3
    );
}

#[test]
fn the_cap_of_the_registration_wins_over_those_of_declaration_and_registry() {
    let registry = Registry::builder().max_series(10).build().unwrap();
    let scanned = registry
        .register_with::<Scanned>(SetOptions::new().max_series(1))
        .unwrap();
    for path in ["/a", "/b", "/c"] {
        let labels = || ScanLabels {
            method: Method::Get,
            path,
        };
        scanned.requests_total.with(labels()).inc();
        scanned.request_size.with(labels()).observe(1.0);
    }
    assert_eq!(
        (
            scanned.requests_total.len(),
            scanned.requests_total.dropped()
        ),
        (2, 2)
    );
    assert_eq!(
        (scanned.request_size.len(), scanned.request_size.dropped()),
        (2, 2)
    );
}

#[test]
fn eight_threads_beyond_the_cap_lose_no_update() {
    const WRITERS: usize = 8;
    const EACH: usize = 5_000;
    let registry = Registry::builder().max_series(64).build().unwrap();
    let scanned = registry.register::<Scanned>().unwrap();
    let start = Barrier::new(WRITERS);
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                start.wait();
                for index in 0..EACH {
                    let path = format!("/{index}");
                    scanned
                        .requests_total
                        .with(ScanLabels {
                            method: Method::Get,
                            path: &path,
                        })
                        .inc();
                }
            });
        }
    });
    assert_eq!(scanned.requests_total.len(), 64 + 1);
    let exposition = Exposition::parse(&registry.to_text()).unwrap();
    let total: f64 = exposition.samples().map(|sample| sample.value).sum();
    assert_eq!(total, (WRITERS * EACH) as f64);
    let overflow = exposition.read("requests_total", &[("method", "get"), ("path", OVERFLOW)]);
    assert_eq!(overflow, Some(scanned.requests_total.dropped() as f64));
    assert_eq!(overflow, Some((WRITERS * (EACH - 64)) as f64));
}
