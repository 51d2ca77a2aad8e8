//! What was logged and lost as metrics.

use omtx_logging::testing::Lines;
use omtx_logging::writer::Queue;
use omtx_logging::{LogMetrics, Redaction, Severity, Sink};
use omtx_metrics::Registry;

use crate::support::builder;

#[test]
fn every_count_is_a_metric_and_each_scrape_shows_it_as_it_is() {
    let logging = builder()
        .redact(Redaction::new())
        .max_value_len(64)
        .sink(Lines::default())
        .build()
        .unwrap();
    let registry = Registry::new();
    LogMetrics::expose(&registry, &logging).unwrap();
    LogMetrics::expose(&registry, &logging).unwrap();
    let sample = |name: &str| {
        let text = registry.to_text();
        let line = text.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in {text}"));
        line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()
    };
    assert_eq!(
        sample("omtx_log_lines_total{level=\"critical\"}"),
        0,
        "there from the start"
    );
    tracing::subscriber::with_default(logging.subscriber(), || {
        tracing::info!("one");
        tracing::info!(level = "mine", long = "x".repeat(100), "two");
        omtx_logging::critical!("three");
    });
    for _ in 0..2 {
        assert_eq!(sample("omtx_log_lines_total{level=\"info\"}"), 2);
        assert_eq!(sample("omtx_log_lines_total{level=\"critical\"}"), 1);
        assert_eq!(sample("omtx_log_bytes_total"), logging.stats().bytes);
        assert_eq!(sample("omtx_log_fields_collided_total"), 1);
        assert_eq!(sample("omtx_log_values_truncated_total"), 1);
        assert_eq!(sample("omtx_log_values_lost_total"), 0);
    }
    assert!(sample("omtx_log_bytes_total") > 300);
}

#[test]
fn what_a_queue_loses_is_shown_by_level_and_reason() {
    let queue = Queue::options().max_lines(0).start(()).unwrap();
    let logging = builder().sink(queue.clone()).build().unwrap();
    let registry = Registry::new();
    LogMetrics::expose(&registry, &logging).unwrap();
    queue.write(Severity::Error, b"lost\n");
    let text = registry.to_text();
    let expected = "omtx_log_lines_dropped_total{level=\"error\",reason=\"queue_full\"} 1\n";
    assert!(text.contains(expected), "{text}");
    let rows = text
        .lines()
        .filter(|line| line.starts_with("omtx_log_lines_dropped_total{"));
    assert_eq!(rows.count(), 5 * 9);
}
