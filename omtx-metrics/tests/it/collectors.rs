//! Collectors that panic, block and lie lose their own rows, and each loss is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use omtx_metrics::testing::Exposition;
use omtx_metrics::{Counter, Exporter, Gauge, Registry, Rows};

/// Scrapes, and what `omtx_collector_errors_total` said before each.
struct Scraper(Exporter);

impl Scraper {
    fn new(registry: &Registry) -> Self {
        Self(Exporter::new(registry))
    }

    fn scrape(&self) -> Exposition {
        let body = self.0.scrape().into_body();
        Exposition::parse(std::str::from_utf8(&body).unwrap()).unwrap()
    }

    /// The errors of all scrapes before this call, which is a scrape itself.
    #[track_caller]
    fn errors(&self, collector: &str) -> f64 {
        let labels = [("collector", collector)];
        self.scrape()
            .read("omtx_collector_errors_total", &labels)
            .unwrap()
    }
}

/// A registry with a family of ours and a collector that behaves, both of which must be in every scrape.
fn registry(timeout: Duration) -> Registry {
    let registry = Registry::builder()
        .collect_timeout(timeout)
        .build()
        .unwrap();
    let ours = registry
        .family::<(), Gauge>("ours", "Ours.")
        .register()
        .unwrap();
    ours.with(()).set(1.0);
    registry
        .register_collector("honest", |rows: &mut Rows| {
            rows.gauge("honest", "Honest.").row(&[], 1.0);
        })
        .unwrap();
    registry
}

#[track_caller]
fn assert_others_are_there(exposition: &Exposition) {
    assert_eq!(exposition.read("ours", &[]), Some(1.0));
    assert_eq!(exposition.read("honest", &[]), Some(1.0));
}

/// Longer than any collector of these tests needs, unless it is stuck.
const PATIENT: Duration = Duration::from_secs(60);

/// Waited out once by each test whose collector is stuck.
const IMPATIENT: Duration = Duration::from_millis(500);

#[test]
fn a_panicking_collector_loses_its_rows_and_recovers() {
    let registry = registry(PATIENT);
    let call = AtomicU64::new(0);
    registry
        .register_collector("moody", move |rows: &mut Rows| {
            rows.gauge("moody", "Moody.").row(&[], 1.0);
            if call.fetch_add(1, Ordering::Relaxed) < 2 {
                // Unwinds as a panic does, without the hook's message on stderr.
                std::panic::resume_unwind(Box::new("moody"));
            }
        })
        .unwrap();
    let scraper = Scraper::new(&registry);
    for _ in 0..2 {
        let exposition = scraper.scrape();
        assert_others_are_there(&exposition);
        assert_eq!(exposition.read("moody", &[]), None);
    }
    assert_eq!(scraper.scrape().read("moody", &[]), Some(1.0));
    assert_eq!(scraper.errors("moody"), 2.0);
    assert_eq!(scraper.errors("honest"), 0.0);
}

/// A collector that blocks at its first call until the test sends, and tells when it begins.
fn stuck(registry: &Registry) -> (Receiver<()>, Sender<()>) {
    let (begins, begun) = channel();
    let (release, released) = channel::<()>();
    let mut first = true;
    registry
        .register_collector("stuck", move |rows: &mut Rows| {
            if std::mem::take(&mut first) {
                let _ = begins.send(());
                let _ = released.recv();
            }
            rows.gauge("stuck", "Stuck.").row(&[], 1.0);
        })
        .unwrap();
    (begun, release)
}

#[test]
fn a_blocked_collector_loses_its_rows_until_it_returns() {
    let registry = registry(IMPATIENT);
    let (begun, release) = stuck(&registry);
    let scraper = Scraper::new(&registry);

    let mut lost = 0.0;
    for _ in 0..5 {
        let exposition = scraper.scrape();
        assert_others_are_there(&exposition);
        assert_eq!(exposition.read("stuck", &[]), None);
        lost += 1.0;
    }
    begun.recv().unwrap();
    assert!(
        begun.try_recv().is_err(),
        "a collector that is busy was called again"
    );
    assert_eq!(scraper.errors("stuck"), lost);
    lost += 1.0; // by the scrape that has just read it

    release.send(()).unwrap();
    while scraper.scrape().read("stuck", &[]).is_none() {
        lost += 1.0;
        std::thread::yield_now();
    }
    assert_eq!(scraper.errors("stuck"), lost);
}

#[test]
fn a_registry_can_be_dropped_while_a_collector_is_stuck() {
    let registry = registry(IMPATIENT);
    let (begun, release) = stuck(&registry);
    // Held by the collector, so that it tells when the collector is dropped.
    let held = Arc::new(());
    let witness = Arc::downgrade(&held);
    registry
        .register_collector("witness", move |_: &mut Rows| drop(Arc::clone(&held)))
        .unwrap();

    assert_others_are_there(&Exposition::parse(&registry.to_text()).unwrap());
    begun.recv().unwrap();
    drop(registry);

    // The thread of the stuck collector ends when it returns, and drops its end of the channel.
    release.send(()).unwrap();
    while begun.recv().is_ok() {}
    while witness.strong_count() > 0 {
        std::thread::yield_now();
    }
}

#[test]
fn a_collector_may_use_the_registry_that_asks_it() {
    let registry = registry(IMPATIENT);
    let asked = registry.clone();
    registry
        .register_collector("reentrant", move |rows: &mut Rows| {
            let families = asked.catalog().families.len();
            rows.gauge("families", "Families.")
                .row(&[], families as f64);
        })
        .unwrap();
    let exposition = Exposition::parse(&registry.to_text()).unwrap();
    assert_eq!(exposition.read("families", &[]), Some(1.0));
}

#[track_caller]
fn nonsense(collect: impl Fn(&mut Rows) + Send + 'static, kept: &[&str], lost: f64) {
    let registry = registry(PATIENT);
    registry
        .register_collector("liar", move |rows: &mut Rows| collect(rows))
        .unwrap();
    let scraper = Scraper::new(&registry);
    let exposition = scraper.scrape();
    assert_others_are_there(&exposition);
    let found: Vec<String> = exposition
        .samples()
        .map(ToString::to_string)
        .filter(|line| line.starts_with("liar"))
        .collect();
    assert_eq!(found, kept);
    assert_eq!(scraper.errors("liar"), lost);
    assert_eq!(
        scraper.errors("liar"),
        lost * 2.0,
        "each scrape counts what it lost"
    );
    assert_eq!(scraper.errors("honest"), 0.0);
}

#[test]
fn malformed_names_lose_the_family() {
    for name in [
        "",
        "9x",
        "a-b",
        "a b",
        "a\n# TYPE b gauge\nb 1",
        "é",
        "a{x=\"1\"}",
    ] {
        nonsense(
            move |rows| {
                rows.gauge(name, "Bad.").row(&[], 1.0);
            },
            &[],
            1.0,
        );
    }
}

#[test]
fn malformed_labels_lose_the_row() {
    for label in ["", "9x", "a-b", "__name__", "x=\"1\",y", "é"] {
        nonsense(
            move |rows| {
                rows.gauge("liar", "Bad.")
                    .row(&[(label, "x")], 1.0)
                    .row(&[], 2.0);
            },
            &["liar 2"],
            1.0,
        );
    }
}

#[test]
fn a_row_that_is_there_already_is_lost() {
    nonsense(
        |rows| {
            rows.gauge("liar", "Twice.")
                .row(&[("a", "1"), ("b", "2")], 1.0)
                .row(&[("b", "2"), ("a", "1")], 2.0);
            rows.gauge("liar", "Twice.")
                .row(&[("a", "1"), ("b", "2")], 3.0);
            rows.gauge("liar", "Twice.")
                .row(&[("a", "1"), ("a", "2")], 4.0);
        },
        &[r#"liar{a="1",b="2"} 1"#],
        3.0,
    );
}

#[test]
fn counters_that_cannot_be_are_lost() {
    nonsense(
        |rows| {
            rows.counter("liar_total", "Counts.")
                .row(&[("x", "1")], -1.0)
                .row(&[("x", "2")], f64::NAN)
                .row(&[("x", "3")], f64::NEG_INFINITY)
                .row(&[("x", "4")], 0.0);
        },
        &[r#"liar_total{x="4"} 0"#],
        3.0,
    );
}

#[test]
fn a_family_under_two_types_keeps_the_first() {
    nonsense(
        |rows| {
            rows.gauge("liar", "A gauge.").row(&[], 1.0);
            rows.unknown("liar", "Unknown.").row(&[("x", "1")], 2.0);
        },
        &["liar 1"],
        1.0,
    );
}

#[test]
fn rows_beyond_the_limit_are_lost_and_counted_once() {
    let registry = registry(PATIENT);
    registry
        .register_collector("many", |rows: &mut Rows| {
            let mut family = rows.gauge("many", "Many.");
            for index in 0..Rows::MAX + 10 {
                family = family.row(&[("index", &index.to_string())], 1.0);
            }
        })
        .unwrap();
    let scraper = Scraper::new(&registry);
    let exposition = scraper.scrape();
    assert_others_are_there(&exposition);
    assert_eq!(exposition.family("many").unwrap().samples.len(), Rows::MAX);
    assert_eq!(scraper.errors("many"), 1.0);
}

#[test]
fn our_families_win_over_a_collectors() {
    let registry = registry(PATIENT);
    let ours = registry
        .family::<(), Counter>("jobs_total", "Ours.")
        .register()
        .unwrap();
    ours.with(()).inc();
    registry
        .register_collector("thief", |rows: &mut Rows| {
            rows.counter("jobs_total", "Theirs.").row(&[], 7.0);
            rows.gauge("honest", "Theirs.").row(&[], 7.0);
            rows.counter("omtx_scrapes_total", "Theirs.").row(&[], 7.0);
            rows.gauge("thief", "Theirs.").row(&[], 7.0);
        })
        .unwrap();
    let scraper = Scraper::new(&registry);
    scraper.scrape();
    let exposition = scraper.scrape();
    assert_others_are_there(&exposition);
    assert_eq!(exposition.read("jobs_total", &[]), Some(1.0));
    assert_eq!(
        exposition.family("jobs_total").unwrap().help.as_deref(),
        Some("Ours.")
    );
    assert_eq!(exposition.read("omtx_scrapes_total", &[]), None);
    assert_eq!(exposition.read("thief", &[]), Some(7.0));
    assert_eq!(
        exposition.read("omtx_collector_errors_total", &[("collector", "honest")]),
        Some(0.0)
    );
    // The first scrape had no `omtx_scrapes_total` of ours yet, so that it lost one family less.
    let lost = exposition
        .read("omtx_collector_errors_total", &[("collector", "thief")])
        .unwrap();
    assert_eq!(scraper.errors("thief") - lost, 3.0);
}

/// `jobs_seconds_count` would be read as the histogram's own sample, and strict parsers refuse the whole exposition.
#[test]
fn a_family_named_like_a_sample_of_a_histogram_is_lost() {
    let registry = registry(PATIENT);
    let ours = registry
        .family::<(), omtx_metrics::Histogram>("jobs_seconds", "Ours.")
        .buckets([1.0])
        .register()
        .unwrap();
    ours.with(()).observe(0.5);
    registry
        .register_collector("thief", |rows: &mut Rows| {
            for name in [
                "jobs_seconds_bucket",
                "jobs_seconds_count",
                "jobs_seconds_sum",
            ] {
                rows.gauge(name, "Theirs.").row(&[], 7.0);
            }
            rows.gauge("jobs_seconds_max", "Theirs.").row(&[], 7.0);
        })
        .unwrap();
    let scraper = Scraper::new(&registry);
    let exposition = scraper.scrape();
    assert_others_are_there(&exposition);
    assert_eq!(exposition.read("jobs_seconds_count", &[]), Some(1.0));
    assert_eq!(exposition.read("jobs_seconds_max", &[]), Some(7.0));
    assert_eq!(scraper.errors("thief"), 3.0);
}

#[test]
fn what_overflows_a_familys_cap_is_counted_in_the_next_scrape() {
    #[derive(omtx_metrics::Labels)]
    struct PathLabels<'a> {
        path: &'a str,
    }
    let registry = Registry::builder().max_series(1).build().unwrap();
    let family = registry
        .family::<PathLabels<'static>, Counter>("requests_total", "Requests.")
        .register()
        .unwrap();
    for path in ["/a", "/b", "/c"] {
        family.with(PathLabels { path }).inc();
    }
    let exposition = Scraper::new(&registry).scrape();
    let labels = [("family", "requests_total")];
    assert_eq!(
        exposition.read("omtx_series_dropped_total", &labels),
        Some(2.0)
    );
}

#[test]
fn an_applications_family_wins_over_the_librarys() {
    let registry = Registry::new();
    let ours = registry
        .family::<(), Counter>("omtx_scrapes_total", "Scrapes of something else.")
        .register()
        .unwrap();
    ours.with(()).inc();
    let scraper = Scraper::new(&registry);
    scraper.scrape();
    assert_eq!(scraper.scrape().read("omtx_scrapes_total", &[]), Some(1.0));
}

/// What a panic throws is dropped by whoever catches it, and that can panic again.
#[test]
fn a_collector_whose_panic_panics_when_it_is_dropped_is_asked_again() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a payload's panic");
        }
    }
    let registry = Registry::new();
    let mut first = true;
    registry
        .register_collector("bomb", move |rows: &mut Rows| {
            if std::mem::take(&mut first) {
                std::panic::panic_any(Bomb);
            }
            rows.gauge("calm", "Calm.").row(&[], 1.0);
        })
        .unwrap();
    assert_eq!(registry.to_text(), "");
    assert!(registry.to_text().ends_with("calm 1\n"));
}
