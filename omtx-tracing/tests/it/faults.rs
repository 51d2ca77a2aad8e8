//! What is counted, against what a collector holds that fails in every way that there is.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::{Duration, Instant};

use omtx_tracing::{DropReason, SignalStats, Telemetry};
use opentelemetry::trace::{Span, Tracer, TracerProvider};

use crate::receiver::{PATIENCE, Receiver};

const PROTOCOLS: [&str; 2] = ["grpc", "http/protobuf"];

/// Longer than any test, so that only what the collector does ends an attempt.
const NEVER: &str = "600000";

fn telemetry(receiver: &Receiver, protocol: &str, timeouts: &str) -> Telemetry {
    let endpoint = match protocol {
        "grpc" => receiver.grpc_endpoint(),
        _ => receiver.http_endpoint(),
    };
    let read = |name: &str| {
        let value = match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => &endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL" => protocol,
            "OTEL_EXPORTER_OTLP_TIMEOUT" | "OTEL_BSP_EXPORT_TIMEOUT" => timeouts,
            "OTEL_BSP_SCHEDULE_DELAY" => "10",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE" => "16",
            "OTEL_BSP_MAX_QUEUE_SIZE" => "64",
            _ => return None,
        };
        Some(OsString::from(value))
    };
    Telemetry::builder("omtx-hub-api")
        .detect_resource(false)
        .from_vars(read)
        .and_then(|builder| builder.strict(true).build())
        .unwrap()
}

/// Begins and ends so many spans on each of four threads.
fn record(telemetry: &Telemetry, spans: usize) {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let tracer = telemetry.tracer_provider().tracer("faults");
                for _ in 0..spans {
                    tracer.start("work").end();
                }
            });
        }
    });
}

/// The ids of the spans that the collector holds, each once.
fn held(receiver: &Receiver) -> BTreeSet<String> {
    let ids = receiver.spans().into_iter();
    ids.map(|span| span["span_id"].as_str().unwrap().to_owned())
        .collect()
}

/// The numbers once everything that was sent before them has been heard.
fn settled(telemetry: &Telemetry, receiver: &Receiver) -> SignalStats {
    let stats = telemetry.stats().traces.unwrap();
    receiver.wait_for("all that was exported", |lines| {
        let spans = lines.iter().filter(|line| line["type"] == "span");
        let ids: BTreeSet<_> = spans.map(|span| span["span_id"].to_string()).collect();
        (ids.len() as u64 >= stats.exported).then_some(())
    });
    stats
}

#[track_caller]
fn adds_up(stats: &SignalStats, created: u64) {
    assert_eq!(stats.created, created, "{stats:?}");
    assert_eq!(stats.exported + stats.dropped.total(), created, "{stats:?}");
}

#[test]
fn what_was_exported_is_what_the_collector_holds_whatever_it_answered() {
    for protocol in PROTOCOLS {
        let Some(receiver) = Receiver::start() else {
            return;
        };
        let telemetry = telemetry(&receiver, protocol, NEVER);
        let faults = [
            "accept",
            "for 1 unavailable",
            "for 3 unavailable 0",
            "for 3 exhausted 0",
            "for 3 partial 5 not these",
            "for 1 status INVALID_ARGUMENT 400",
            "for 1 garbage",
            "for 1 close_midstream",
            "reset",
        ];
        for (n, fault) in faults.iter().enumerate() {
            receiver.tell(fault);
            record(&telemetry, 25);
            assert!(
                telemetry.flush(PATIENCE),
                "{fault}: {:?}",
                telemetry.stats()
            );
            let stats = settled(&telemetry, &receiver);
            adds_up(&stats, 100 * (n as u64 + 1));
            assert_eq!(
                held(&receiver).len() as u64,
                stats.exported,
                "{protocol}, {fault}: {stats:?}"
            );
        }
        let stats = telemetry.stats().traces.unwrap();
        assert!(stats.dropped.of(DropReason::Rejected) > 0, "{stats:?}");
        assert!(stats.dropped.of(DropReason::ExportFailed) > 0, "{stats:?}");
        assert_eq!(
            stats.dropped.of(DropReason::Unknown),
            0,
            "each was sent again, and taken"
        );
    }
}

#[test]
fn a_collector_that_comes_back_is_used_again_without_being_asked() {
    for protocol in PROTOCOLS {
        let Some(receiver) = Receiver::start() else {
            return;
        };
        let telemetry = telemetry(&receiver, protocol, NEVER);
        record(&telemetry, 1);
        receiver.wait_for_spans(4);
        receiver.tell("refuse");
        // Ten times as many as there is room for.
        record(&telemetry, 160);
        let stats = telemetry.stats().traces.unwrap();
        assert_eq!(stats.created, 644);
        assert!(
            stats.dropped.of(DropReason::QueueFull) >= 640 - 64 - 16,
            "{stats:?}"
        );
        receiver.tell("resume");
        assert!(telemetry.flush(PATIENCE), "{:?}", telemetry.stats());
        let stats = settled(&telemetry, &receiver);
        adds_up(&stats, 644);
        assert_eq!(held(&receiver).len() as u64, stats.exported);
        assert_eq!(
            stats.dropped.total(),
            stats.dropped.of(DropReason::QueueFull)
        );
    }
}

#[test]
fn an_answer_that_never_comes_is_counted_as_unknown() {
    for protocol in PROTOCOLS {
        let Some(receiver) = Receiver::start() else {
            return;
        };
        for fault in ["hang", "swallow"] {
            // A second for each batch, its attempts together.
            let telemetry = telemetry(&receiver, protocol, "1000");
            receiver.tell(fault);
            record(&telemetry, 4);
            assert!(telemetry.flush(PATIENCE), "{:?}", telemetry.stats());
            let stats = telemetry.stats().traces.unwrap();
            adds_up(&stats, 16);
            // Which of both it was, nobody can tell from here.
            assert_eq!(stats.exported, 0, "{stats:?}");
            assert!(stats.dropped.of(DropReason::Unknown) > 0, "{stats:?}");
        }
    }
}

#[test]
fn a_shutdown_keeps_its_deadline_whatever_the_collector_does() {
    for protocol in PROTOCOLS {
        let Some(receiver) = Receiver::start() else {
            return;
        };
        for fault in [
            "hang",
            "swallow",
            "unavailable",
            "exhausted 500",
            "garbage",
            "close_midstream",
            "refuse",
        ] {
            let telemetry = telemetry(&receiver, protocol, NEVER);
            receiver.tell(fault);
            record(&telemetry, 10);
            let begun = Instant::now();
            telemetry.shutdown(Duration::from_millis(500));
            // A tenth of what the exporter would give it.
            assert!(begun.elapsed() < PATIENCE, "{protocol}, {fault}");
            let stats = telemetry.stats().traces.unwrap();
            adds_up(&stats, 40);
            assert_eq!(stats.exported, 0, "{fault}: {stats:?}");
        }
    }
}
