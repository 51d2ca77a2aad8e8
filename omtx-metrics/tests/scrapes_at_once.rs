//! A thousand scrapes at once: what they hold, and what goes on meanwhile.
//!
//! What is bounded: an encoded body exists once for all that are answered together, two for a thousand that come at once, and
//! each is gone with its last reader. A scrape that waits costs its request and its place, and not a copy of the body: what
//! it is given are parts of the one that is shared. And what else the service has to do waits behind a few of those parts, not
//! behind all who were waiting for the body.
//!
//! A binary of its own: it installs an allocator that counts bytes.
#![cfg(feature = "axum")]
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use bytes::Bytes;
use http_body_util::BodyExt;
use omtx_metrics::testing::Exposition;
use omtx_metrics::{Counter, Labels, Registry, Rows};
use tower::ServiceExt;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// Heads and parts of responses to scrapes.
static SENT: AtomicUsize = AtomicUsize::new(0);

struct Counting;

fn allocated(size: usize) {
    let live = LIVE.fetch_add(size, Relaxed) + size;
    PEAK.fetch_max(live, Relaxed);
}

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_sub(layout.size(), Relaxed);
        allocated(size);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SCRAPES: usize = 1_000;
const SERIES: usize = 10_000;

#[derive(Labels)]
struct ShelfLabels<'a> {
    building: &'a str,
    shelf: &'a str,
}

async fn ask(app: &Router, path: &str) -> axum::http::Response<Body> {
    let request = Request::builder()
        .uri(path)
        .header("accept-encoding", "gzip;q=0.5, identity");
    let request = request.body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap()
}

async fn text(response: axum::http::Response<Body>) -> Vec<u8> {
    response
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes()
        .into()
}

/// The parts of a body as they come, none of them copied.
async fn parts(response: axum::http::Response<Body>) -> Vec<Bytes> {
    SENT.fetch_add(1, Relaxed);
    let mut body = response.into_body();
    let mut parts = Vec::new();
    while let Some(frame) = body.frame().await {
        SENT.fetch_add(1, Relaxed);
        parts.push(frame.unwrap().into_data().unwrap());
    }
    parts
}

/// Where a body is in memory: its parts lie one behind the other if they are of one.
fn whole(parts: &[Bytes]) -> (*const u8, usize) {
    let mut end = parts[0].as_ptr();
    for part in parts {
        assert_eq!(part.as_ptr(), end, "a part was copied");
        end = part.as_ptr_range().end;
    }
    (parts[0].as_ptr(), parts.iter().map(Bytes::len).sum())
}

/// On one thread, which serves the service's own requests as well.
#[tokio::test(flavor = "current_thread")]
async fn a_thousand_scrapes_share_bodies_and_hold_nobody_up() {
    let registry = Registry::builder()
        .max_series(SERIES)
        .collect_timeout(Duration::from_secs(300))
        .build()
        .unwrap();
    let books = registry
        .family::<ShelfLabels<'static>, Counter>("books_lent_total", "Books lent.")
        .register()
        .unwrap();
    for shelf in 0..SERIES {
        let shelf = format!("shelf {shelf} of the long hall");
        let building = "the library in the old town";
        books
            .with(ShelfLabels {
                building,
                shelf: &shelf,
            })
            .inc();
    }
    // A collector that answers once the service has answered a hundred requests of its own.
    let (release, released) = std::sync::mpsc::channel::<()>();
    let collector = move |rows: &mut Rows| {
        let in_time = released.recv().is_ok();
        rows.gauge("served_meanwhile", "Whether it was.")
            .row(&[], f64::from(u8::from(in_time)));
    };
    registry.register_collector("served", collector).unwrap();
    let app = Router::new()
        .route("/metrics", registry.metrics_route())
        .route("/", get(async || "served"));

    release.send(()).unwrap();
    let alone = text(ask(&app, "/metrics").await).await.len();
    assert!(alone > 500_000, "{alone}");

    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let scrapes: Vec<_> = (0..SCRAPES)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move {
                let response = ask(&app, "/metrics").await;
                assert_eq!(response.status(), StatusCode::OK);
                // All are held until all have come, as slow readers would.
                parts(response).await
            })
        })
        .collect();
    for _ in 0..100 {
        assert_eq!(text(ask(&app, "/").await).await, b"served");
        tokio::task::yield_now().await;
    }
    // One round for the scrape that came first, one for all others.
    release.send(()).unwrap();
    release.send(()).unwrap();
    let (mut most, mut before_turn) = (0, SENT.load(Relaxed));
    while !scrapes.iter().all(tokio::task::JoinHandle::is_finished) {
        tokio::task::yield_now().await;
        let sent = SENT.load(Relaxed);
        most = most.max(sent - before_turn);
        before_turn = sent;
    }
    assert!(most < 20, "{most} heads and parts were sent in one go");
    let mut bodies = Vec::new();
    for scrape in scrapes {
        bodies.push(scrape.await.unwrap());
    }
    let held = PEAK.load(Relaxed) - before;
    // Two bodies, each of which may have grown into twice the room; and 4 KiB for each that waits.
    let bound = 2 * 2 * alone + SCRAPES * 4 * 1024;
    assert!(
        held < bound,
        "{held} bytes for {SCRAPES} scrapes of {alone}; expected less than {bound}"
    );
    let mut different: Vec<_> = bodies.iter().map(|parts| whole(parts)).collect();
    assert!(different.iter().all(|(_, length)| *length >= alone));
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), 2, "bodies for {SCRAPES} scrapes");
    drop(bodies);

    release.send(()).unwrap();
    let text = text(ask(&app, "/metrics").await).await;
    let exposition = Exposition::parse(std::str::from_utf8(&text).unwrap()).unwrap();
    assert_eq!(exposition.read("served_meanwhile", &[]), Some(1.0));
    let labels = [
        ("format", "text"),
        ("encoding", "identity"),
        ("code", "200"),
    ];
    let answered = exposition.read("omtx_scrapes_total", &labels);
    assert_eq!(answered, Some(SCRAPES as f64 + 1.0));
    let encoded = exposition.read("omtx_scrape_duration_seconds_count", &[("format", "text")]);
    assert_eq!(encoded, Some(3.0));
}
