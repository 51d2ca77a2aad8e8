//! A batch job that ends before anybody could scrape it: it pushes what it measured, whether it succeeds or not.
//!
//! `cargo run --example batch_push` pushes to a Pushgateway on this host (`apt-get install prometheus-pushgateway`), or to that
//! of `PUSHGATEWAY_URL`. Without one it says so: metrics that do not arrive are no reason for a job to fail.

#![allow(clippy::print_stdout, clippy::print_stderr)] // the outcome is what it shows

use std::error::Error;
use std::num::ParseFloatError;
use std::time::{Duration, SystemTime};

use omtx_metrics::push::Pushgateway;
use omtx_metrics::{Family, Gauge, IntGauge, MetricSet, Registry};

/// The import.
#[derive(MetricSet)]
struct ImportMetrics {
    /// Rows of this import.
    ///
    /// No counter: the next run starts from 0 again.
    import_rows: IntGauge,
    /// Sum of the amounts.
    #[metric(unit = "dollars")]
    import_amount_dollars: Gauge,
    /// How long it took.
    #[metric(unit = "seconds")]
    import_duration_seconds: Gauge,
    /// When an import last succeeded.
    ///
    /// A family without labels has no row before it is looked up: an import that fails does
    /// not push this one, and the time of the last success stays in the Pushgateway.
    #[metric(unit = "seconds")]
    import_last_success_timestamp_seconds: Family<(), Gauge>,
}

const ORDERS: &str = "1042,19.90\n1043,5.25\n1044,120.00\n";

/// The work.
fn import(orders: &str, metrics: &ImportMetrics) -> Result<f64, ParseFloatError> {
    let mut sum = 0.0;
    for row in orders.lines() {
        let amount = row.rsplit(',').next().unwrap_or_default();
        sum += amount.parse::<f64>()?;
        metrics.import_rows.inc();
    }
    Ok(sum)
}

fn run(url: String, orders: &str, registry: &Registry) -> Result<(), Box<dyn Error>> {
    let metrics = registry.register::<ImportMetrics>()?;
    let pushgateway = Pushgateway::builder(url)
        .job("nightly_import")
        .timeout(Duration::from_secs(5))
        .retries(1)
        .on_error(|error| eprintln!("the metrics were not pushed: {error}"))
        .build(registry)?;
    // From here on, every way out pushes: the end, `?`, a panic.
    let _push = pushgateway.push_add_on_drop();

    let started = SystemTime::now();
    let sum = import(orders, &metrics)?;
    metrics.import_amount_dollars.set(sum);
    let now = SystemTime::now();
    metrics
        .import_duration_seconds
        .set(now.duration_since(started)?.as_secs_f64());
    metrics
        .import_last_success_timestamp_seconds
        .with(())
        .set(now.duration_since(SystemTime::UNIX_EPOCH)?.as_secs_f64());
    println!("imported; pushing to {}", pushgateway.url());
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("PUSHGATEWAY_URL").unwrap_or_else(|_| "http://127.0.0.1:9091".into());
    let registry = Registry::builder().namespace("shop").build()?;
    run(url, ORDERS, &registry)?;

    let exposition = registry.to_text();
    print!("{exposition}");
    assert!(exposition.contains("shop_import_rows 3\n"));
    assert!(exposition.contains("shop_import_amount_dollars 145.15\n"));
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}

#[test]
fn an_import_that_fails_says_nothing_of_the_last_success() {
    let registry = Registry::new();
    // Port 1: nobody is there, and the job's own error is what comes back.
    let error = run("127.0.0.1:1".into(), "1042,free\n", &registry).unwrap_err();
    assert!(error.is::<ParseFloatError>());
    let exposition = registry.to_text();
    assert!(exposition.contains("import_rows 0\n"));
    assert!(!exposition.contains("last_success"));
}
