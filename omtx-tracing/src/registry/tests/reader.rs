//! When a registry is looked at, and who waits for it.

use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use omtx_metrics::{Counter, Registry, Rows};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{metric::Data, number_data_point::Value};

use super::super::reader::{self, start};
use super::*;
use crate::Signal;
use crate::config::Batching;
use crate::export::testing::{Collector, Step, lane};
use crate::export::{DropReason, Exporter, Occasion, ScopeId};

const LONG: Duration = Duration::from_secs(60);
/// Longer than any test runs.
const NEVER: Duration = Duration::from_secs(3_600);

fn exporter(collector: &Collector) -> Exporter {
    let lane = lane(Signal::Metrics, Batching::new(Signal::Metrics), collector);
    Exporter::start(vec![lane], None).unwrap()
}

fn read(exporter: &Exporter, registry: &Registry, interval: Duration) {
    start(exporter, registry, interval, Reader::new(registry).options);
}

fn registry() -> (Registry, Arc<omtx_metrics::Family<(), Counter>>) {
    let registry = Registry::new();
    let orders = registry.family::<(), Counter>("orders_total", "Orders.");
    let orders = orders.register().unwrap();
    (registry, orders)
}

/// The values that `orders_total` had, request by request.
fn orders(collector: &Collector) -> Vec<i64> {
    let mut values = Vec::new();
    for request in collector.requests() {
        let request = ExportMetricsServiceRequest::decode(request).unwrap();
        let scopes = request
            .resource_metrics
            .iter()
            .flat_map(|group| &group.scope_metrics);
        for scope in scopes {
            assert_eq!(scope.scope.as_ref().unwrap().name, "omtx-metrics");
            for metric in scope
                .metrics
                .iter()
                .filter(|metric| metric.name == "orders_total")
            {
                match metric.data.as_ref() {
                    Some(Data::Sum(sum)) => match sum.data_points[0].value {
                        Some(Value::AsInt(value)) => values.push(value),
                        other => panic!("{other:?}"),
                    },
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    values
}

#[track_caller]
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_registry_is_read_at_an_interval() {
    let collector = Collector::default();
    let exporter = exporter(&collector);
    let (registry, counter) = registry();
    read(&exporter, &registry, Duration::from_millis(5));
    until("a second value", || {
        counter.with(()).inc();
        let values = orders(&collector);
        values.last() > values.first()
    });
    assert!(exporter.shutdown(LONG).is_empty());
}

#[test]
fn a_round_that_waited_for_the_last_one_reads_nothing_that_would_be_lost() {
    let collector = Collector::default();
    let exporter = exporter(&collector);
    let (registry, counter) = registry();
    let reader = reader::Reader::new(
        registry.clone(),
        exporter.pipeline(Signal::Metrics).unwrap().clone(),
        Reader::new(&registry).options,
    );
    counter.with(()).inc();
    reader.read(Occasion::Shutdown);
    counter.with(()).inc();
    reader.read(Occasion::Flush);
    assert!(exporter.shutdown(LONG).is_empty());
    assert_eq!(orders(&collector), [1]);
}

#[test]
fn a_flush_and_the_shutdown_send_what_is_there_by_then() {
    let collector = Collector::default();
    let exporter = exporter(&collector);
    let (registry, counter) = registry();
    read(&exporter, &registry, NEVER);
    counter.with(()).inc();
    assert!(exporter.flush(LONG).is_complete());
    counter.with(()).inc();
    assert!(exporter.shutdown(LONG).is_empty());
    assert_eq!(orders(&collector), [1, 2]);
    let stats = exporter.stats();
    let stats = stats.of(Signal::Metrics).unwrap();
    assert!(stats.created > 0);
    assert_eq!(stats.created, stats.exported);
}

#[test]
fn a_registry_that_is_handed_over_twice_is_read_once() {
    let collector = Collector::default();
    let exporter = exporter(&collector);
    let (registry, counter) = registry();
    counter.with(()).inc();
    read(&exporter, &registry, NEVER);
    read(&exporter, &registry.clone(), NEVER);
    assert!(exporter.flush(LONG).is_complete());
    assert_eq!(orders(&collector), [1]);

    // Somewhere else is something else.
    let another = Collector::default();
    let elsewhere = self::exporter(&another);
    read(&elsewhere, &registry, NEVER);
    assert!(elsewhere.flush(LONG).is_complete());
    assert_eq!(orders(&another), [1]);
}

#[test]
fn nothing_else_waits_while_a_registry_is_read() {
    let (spans, metrics) = (Collector::default(), Collector::default());
    let lanes = vec![
        lane(
            Signal::Traces,
            Batching::new(Signal::Traces).delay(Duration::ZERO),
            &spans,
        ),
        lane(Signal::Metrics, Batching::new(Signal::Metrics), &metrics),
    ];
    let exporter = Exporter::start(lanes, None).unwrap();
    let registry = Registry::builder().collect_timeout(LONG).build().unwrap();
    let (asked, asks) = mpsc::channel();
    let (answer, answers) = mpsc::channel::<()>();
    let blocks = move |_: &mut Rows| {
        let _ = asked.send(());
        let _ = answers.recv();
    };
    registry.register_collector("blocks", blocks).unwrap();
    read(&exporter, &registry, Duration::from_millis(1));
    asks.recv().unwrap();

    let traces = exporter.pipeline(Signal::Traces).unwrap();
    traces.created(1);
    traces.push(ScopeId(0), b"\x2a\x04name", 1);
    until("the span has come", || spans.spans().len() == 1);
    assert!(metrics.requests().is_empty());
    drop(answer);
    until("the metrics have come", || !metrics.requests().is_empty());
}

#[test]
fn a_registry_that_hangs_does_not_keep_spans_from_being_sent_before_the_shutdown_is_over() {
    let (spans, metrics) = (Collector::default(), Collector::default());
    let batching = Batching::new(Signal::Traces).delay(NEVER);
    let lanes = vec![
        lane(Signal::Traces, batching, &spans),
        lane(Signal::Metrics, Batching::new(Signal::Metrics), &metrics),
    ];
    let exporter = Exporter::start(lanes, None).unwrap();
    let registry = Registry::builder().collect_timeout(NEVER).build().unwrap();
    let (_answer, answers) = mpsc::channel::<()>();
    let blocks = move |_: &mut Rows| {
        let _ = answers.recv();
    };
    registry.register_collector("blocks", blocks).unwrap();
    read(&exporter, &registry, NEVER);

    let traces = exporter.pipeline(Signal::Traces).unwrap();
    traces.created(1);
    traces.push(ScopeId(0), b"\x2a\x04name", 1);
    assert!(exporter.shutdown(Duration::from_secs(2)).is_empty());
    assert_eq!(spans.spans().len(), 1);
}

#[test]
fn a_round_that_panics_is_followed_by_another() {
    let collector = Collector::default();
    let exporter = exporter(&collector);
    let (registry, counter) = registry();
    counter.with(()).inc();
    let first = Mutex::new(true);
    registry.before_scrape(move || {
        let panics = std::mem::take(&mut *first.lock().unwrap());
        assert!(!panics, "a refresh's panic");
    });
    read(&exporter, &registry, Duration::from_millis(5));
    until("a value", || !orders(&collector).is_empty());
}

#[test]
fn points_that_find_no_room_are_counted_as_points() {
    let collector = Collector::default();
    collector.always(Step::Refuse);
    let batching = Batching::new(Signal::Metrics).max_queue_bytes(200);
    let exporter =
        Exporter::start(vec![lane(Signal::Metrics, batching, &collector)], None).unwrap();
    let (registry, counter) = registry();
    counter.with(()).inc();
    let levels = registry.family::<Level<'static>, Counter>("levels_total", "Levels.");
    let levels = levels.register().unwrap();
    for level in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        levels.with(Level { level }).inc();
    }
    read(&exporter, &registry, NEVER);
    exporter.shutdown(LONG);
    let stats = exporter.stats();
    let stats = stats.of(Signal::Metrics).unwrap();
    let too_many = stats.dropped.of(DropReason::Bytes);
    assert!(too_many >= 8, "{stats:?}");
    assert_eq!(
        stats.created,
        too_many + stats.dropped.of(DropReason::ExportFailed)
    );
}

#[derive(omtx_metrics::Labels)]
struct Level<'a> {
    level: &'a str,
}
