//! What an exporter holds when far more comes than goes. Alone in its binary: it installs an allocator.

#![cfg(all(feature = "grpc", feature = "http-protobuf"))]
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use omtx_tracing::{Batching, DropReason, Otlp, Protocol, Sampler, Signal, Telemetry};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is the system allocator's own; the counts beside it touch no heap.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(live, Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Ten times what fits, to a collector that accepts connections and says nothing.
fn overload(protocol: Protocol) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let batching = Batching::new(Signal::Traces)
        .max_queue_records(1 << 20)
        .max_queue_bytes(2 << 20)
        .max_batch_bytes(256 << 10);
    let telemetry = Telemetry::builder("overloaded")
        .sampler(Sampler::always_on())
        .batching(Signal::Traces, batching)
        .otlp(Otlp::new().endpoint(&endpoint).protocol(protocol))
        .build()
        .expect("valid settings");
    let tracer = telemetry.tracer_provider().tracer("memory");
    let text = "x".repeat(1000);
    let traces = || telemetry.stats().traces.expect("spans are exported");

    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let mut sent = 0;
    let mut most = 0;
    while sent < 20 * (2 << 20) {
        let mut span = tracer.start("span");
        span.set_attribute(KeyValue::new("text", text.clone()));
        drop(span);
        sent += text.len();
        let stats = traces();
        most = most.max(stats.waiting_bytes + stats.in_flight_bytes);
    }
    // Until a request is on its way, so that its copies are counted.
    let begun = Instant::now();
    while traces().in_flight_records == 0 && begun.elapsed() < Duration::from_secs(60) {
        std::thread::yield_now();
    }
    let held = PEAK.load(Relaxed) - before;
    assert!(
        held <= batching.memory_bound(),
        "{held} bytes for {protocol:?}"
    );
    assert!(most <= 2 << 20, "{most} bytes waited");
    assert!(
        most > 1 << 20,
        "{most} bytes waited, which is not the overload that was meant"
    );

    let stats = traces();
    assert!(
        stats.dropped.of(DropReason::Bytes) > stats.created / 2,
        "{stats:?}"
    );
    let lost = telemetry.shutdown(Duration::from_millis(100));
    let stats = traces();
    assert_eq!((stats.open(), stats.exported), (0, 0));
    assert_eq!(stats.dropped.total(), stats.created);
    assert!(lost.of(Signal::Traces).total() > 0);

    // What was held is given back, but for what libraries keep for their next connection.
    drop((telemetry, tracer));
    let begun = Instant::now();
    while LIVE.load(Relaxed) > before + (512 << 10) {
        let left = LIVE.load(Relaxed) - before;
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{left} bytes are still held"
        );
        std::thread::yield_now();
    }
}

#[test]
fn an_exporter_holds_no_more_than_its_bound_and_gives_it_back() {
    // One after the other: the allocator counts for all.
    overload(Protocol::Grpc);
    overload(Protocol::HttpProtobuf);
}
