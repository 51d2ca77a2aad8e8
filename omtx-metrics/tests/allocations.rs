//! Recording on a held series, looking a series up, scraping into a reused buffer and visiting allocate nothing.
//!
//! A binary of its own: it installs an allocator that counts.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use omtx_metrics::visit::{self, Value, Visitor, Wants};
use omtx_metrics::{
    Counter, CounterF64, Family, Gauge, Histogram, IntGauge, LabelValue, Labels, MetricSet,
    Registry, StateSet,
};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is passed on to the system's allocator; the count is a thread-local without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs `f` once to warm up, then fails if running it again allocates.
#[track_caller]
fn allocates_nothing(mut f: impl FnMut()) {
    f();
    let before = ALLOCATIONS.get();
    f();
    assert_eq!(ALLOCATIONS.get() - before, 0, "allocations");
}

#[derive(Clone, Copy, LabelValue)]
enum Outcome {
    Ok,
    Failed,
}

#[derive(Labels)]
struct Closed {
    outcome: Outcome,
    retried: bool,
}

#[derive(Labels)]
struct Open<'a> {
    path: &'a str,
    outcome: Outcome,
}

/// Every kind.
#[derive(MetricSet)]
struct Kinds {
    /// Counter.
    a_total: Counter,
    /// Counter of fractions.
    b_total: CounterF64,
    /// Gauge.
    c: Gauge,
    /// Gauge of whole things.
    d: IntGauge,
    /// Histogram.
    e: Histogram,
    /// State set.
    f: StateSet<Outcome>,
    /// Closed labels.
    g_total: Family<Closed, Counter>,
    /// Open labels.
    h_total: Family<Open<'static>, Counter>,
    /// Open labels.
    i: Family<Open<'static>, Histogram>,
    /// A family at its cap.
    #[metric(max_series = 1)]
    j_total: Family<Open<'static>, Counter>,
}

#[test]
fn recording_on_what_is_held_allocates_nothing() {
    let kinds = Registry::new().register::<Kinds>().unwrap();
    let handle = kinds.i.handle(Open {
        path: "/a",
        outcome: Outcome::Ok,
    });
    allocates_nothing(|| {
        for _ in 0..1_000 {
            kinds.a_total.inc();
            kinds.b_total.add(0.5);
            kinds.c.set(1.0);
            kinds.c.add(1.0);
            kinds.d.inc();
            kinds.e.observe(0.25);
            kinds.f.set(Outcome::Failed);
            handle.observe(0.25);
            drop(Histogram::start_timer(handle.clone()));
            drop(IntGauge::in_flight(&kinds.d));
        }
    });
}

#[test]
fn looking_a_series_up_allocates_nothing() {
    let kinds = Registry::new().register::<Kinds>().unwrap();
    allocates_nothing(|| {
        for outcome in [Outcome::Ok, Outcome::Failed] {
            for retried in [false, true] {
                kinds.g_total.with(Closed { outcome, retried }).inc();
            }
            // The last two need escapes, and the comparison with a series happens on escaped text.
            for path in ["/api/v1/jobs", "", "é", "a\"b", "a\\b\n"] {
                kinds.h_total.with(Open { path, outcome }).inc();
                kinds.i.with(Open { path, outcome }).observe(1.0);
                drop(kinds.i.handle(Open { path, outcome }));
            }
        }
    });
}

#[test]
fn looking_labels_up_beyond_the_cap_allocates_nothing() {
    let kinds = Registry::new().register::<Kinds>().unwrap();
    allocates_nothing(|| {
        for path in ["/1", "/2", "/3", "a\"b"] {
            kinds
                .j_total
                .with(Open {
                    path,
                    outcome: Outcome::Ok,
                })
                .inc();
        }
    });
}

#[test]
fn a_scrape_into_a_reused_buffer_allocates_nothing() {
    let registry = Registry::builder()
        .constant_label("region", "eu")
        .build()
        .unwrap();
    let kinds = registry.register::<Kinds>().unwrap();
    for path in ["/a", "/b", "/c"] {
        for outcome in [Outcome::Ok, Outcome::Failed] {
            kinds.h_total.with(Open { path, outcome }).inc();
            kinds.i.with(Open { path, outcome }).observe(0.5);
        }
    }
    let mut buffer = Vec::new();
    allocates_nothing(|| {
        buffer.clear();
        kinds.e.observe(3.0);
        registry.encode_text(&mut buffer);
    });
    assert_eq!(String::from_utf8(buffer).unwrap(), registry.to_text());
}

#[test]
fn other_formats_and_compression_allocate_nothing_either() {
    let registry = Registry::builder()
        .constant_label("region", "eu")
        .build()
        .unwrap();
    let kinds = registry.register::<Kinds>().unwrap();
    for path in ["/a", "/b", "/c"] {
        for outcome in [Outcome::Ok, Outcome::Failed] {
            kinds.h_total.with(Open { path, outcome }).inc();
            kinds.i.with(Open { path, outcome }).observe(0.5);
        }
    }
    let mut buffer = Vec::new();
    allocates_nothing(|| {
        buffer.clear();
        registry.encode_openmetrics(&mut buffer);
    });
    assert_eq!(
        String::from_utf8(buffer).unwrap(),
        registry.to_openmetrics()
    );
    let mut buffer = Vec::new();
    allocates_nothing(|| {
        buffer.clear();
        registry.encode_protobuf(&mut buffer);
    });
    assert_eq!(buffer, registry.to_protobuf());
}

/// What a scrape allocates is the handle of its body: the buffers and the compressor's state come back.
#[cfg(feature = "gzip")]
#[test]
fn a_compressed_scrape_allocates_the_handle_of_its_body_only() {
    let registry = Registry::new();
    let kinds = registry.register::<Kinds>().unwrap();
    for path in ["/a", "/b", "/c"] {
        let outcome = Outcome::Ok;
        kinds.i.with(Open { path, outcome }).observe(0.5);
    }
    let exporter = omtx_metrics::Exporter::new(&registry);
    let scrape = || {
        let request = omtx_metrics::ScrapeRequest::new().accept_encoding("gzip");
        let scrape = exporter.scrape_for(&request);
        assert_eq!(scrape.content_encoding(), Some("gzip"));
    };
    scrape();
    scrape();
    let before = ALLOCATIONS.get();
    scrape();
    let allocations = ALLOCATIONS.get() - before;
    assert!(allocations <= 3, "{allocations} allocations");
}

/// Looks at everything, and keeps nothing.
#[derive(Default)]
struct Looks(u64);

impl Visitor for Looks {
    fn wants(&mut self, _: &visit::Family<'_>) -> Option<Wants> {
        Some(Wants::ALL)
    }

    fn series(&mut self, family: &visit::Family<'_>, series: &visit::Series<'_>) {
        let labels: usize = series.labels().iter().map(|(_, value)| value.len()).sum();
        let value = match series.value() {
            Value::Histogram(histogram) => histogram.buckets().map(|bucket| bucket.count).sum(),
            Value::States(states) => states.iter().filter(|(_, holds)| *holds).count() as u64,
            _ => 1,
        };
        self.0 += value + (family.name().len() + labels) as u64;
    }
}

#[test]
fn a_visitor_is_shown_values_without_an_allocation() {
    let registry = Registry::new();
    let kinds = registry.register::<Kinds>().unwrap();
    kinds.e.observe(0.25);
    kinds.f.set(Outcome::Ok);
    for path in ["/api/v1/jobs", "", "é"] {
        let outcome = Outcome::Ok;
        kinds.h_total.with(Open { path, outcome }).inc();
        kinds.i.with(Open { path, outcome }).observe(1.0);
    }
    let mut looks = Looks::default();
    allocates_nothing(|| registry.visit(&mut looks));
    assert!(looks.0 > 0);
}
