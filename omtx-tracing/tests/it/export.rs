//! What becomes of spans when a collector misbehaves: counted by the exporter, and compared with what a receiver that is not
//! ours holds.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use omtx_tracing::DropReason::{ExportFailed, QueueFull, Rejected, Shutdown, Unknown};
use omtx_tracing::{
    Batching, Lost, Otlp, Protocol, Sampler, Signal, SignalStats, Telemetry, TracerProvider,
};
use opentelemetry::trace::{Tracer as _, TracerProvider as _};

use crate::receiver::{PATIENCE, Receiver};

const PROTOCOLS: [Protocol; 2] = [Protocol::Grpc, Protocol::HttpProtobuf];

/// A service that makes spans, and the receiver that it exports them to.
struct Service {
    telemetry: Telemetry,
    receiver: Receiver,
    made: u64,
}

impl Service {
    fn start(protocol: Protocol) -> Option<Self> {
        let receiver = Receiver::start()?;
        let endpoint = match protocol {
            Protocol::Grpc => receiver.grpc_endpoint(),
            _ => receiver.http_endpoint(),
        };
        let batching = Batching::new(Signal::Traces)
            .max_queue_records(40)
            .max_batch_records(10)
            .delay(Duration::from_millis(20))
            .export_timeout(PATIENCE);
        let otlp = Otlp::new()
            .endpoint(&endpoint)
            .protocol(protocol)
            .timeout(PATIENCE / 2);
        let telemetry = Telemetry::builder("service")
            .sampler(Sampler::always_on())
            .batching(Signal::Traces, batching)
            .otlp(otlp)
            .build()
            .expect("valid settings");
        Some(Self {
            telemetry,
            receiver,
            made: 0,
        })
    }

    /// Makes spans whose names are told apart.
    fn make(&mut self, spans: u64) {
        make(
            self.telemetry.tracer_provider(),
            self.made..self.made + spans,
        );
        self.made += spans;
    }

    /// The counts; open spans are none of them.
    #[track_caller]
    fn stats(&self) -> SignalStats {
        let stats = self.telemetry.stats().traces.expect("spans are exported");
        assert_eq!(stats.open(), 0, "{stats:?}");
        stats
    }

    #[track_caller]
    fn wait(&self, what: &str, done: impl Fn(&SignalStats) -> bool) {
        let begun = Instant::now();
        while !done(&self.stats()) {
            assert!(
                begun.elapsed() < PATIENCE,
                "{what} never came: {:?}",
                self.stats()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The spans that the receiver holds; the same span twice is one.
    fn held(&self) -> u64 {
        let spans = self.receiver.spans();
        let ids: BTreeSet<_> = spans
            .iter()
            .map(|span| span["span_id"].to_string())
            .collect();
        ids.len() as u64
    }

    /// Ends the service, and proves its account.
    #[track_caller]
    fn end(&self, timeout: Duration) -> (Lost, SignalStats) {
        let lost = self.telemetry.shutdown(timeout);
        let stats = self.stats();
        assert_eq!((stats.waiting_records, stats.in_flight_records), (0, 0));
        assert_eq!(stats.created, self.made);
        assert_eq!(
            stats.exported + stats.dropped.total(),
            self.made,
            "{stats:?}"
        );
        // The answer to this comes after everything that it printed.
        self.receiver.tell("accept");
        let held = self.held();
        let perhaps = stats.dropped.of(Unknown);
        assert!(
            stats.exported <= held && held <= stats.exported + perhaps,
            "{held} are held: {stats:?}"
        );
        (lost, stats)
    }
}

fn make(provider: &TracerProvider, names: std::ops::Range<u64>) {
    let tracer = provider.tracer("test");
    for name in names {
        drop(tracer.start(name.to_string()));
    }
}

/// For both protocols, if there is a receiver.
fn both(test: impl Fn(Service, Protocol)) {
    for protocol in PROTOCOLS {
        if let Some(service) = Service::start(protocol) {
            test(service, protocol);
        }
    }
}

#[test]
fn a_collector_that_is_well_gets_everything_once() {
    both(|mut service, _| {
        for _ in 0..10 {
            service.make(25);
            assert!(service.telemetry.flush(PATIENCE).is_complete());
        }
        let (lost, stats) = service.end(PATIENCE);
        assert!(lost.is_empty());
        assert_eq!((stats.exported, service.receiver.spans().len()), (250, 250));
        assert!(stats.last_success.is_some() && stats.last_error.is_none());
    });
}

#[test]
fn a_collector_that_is_not_there_for_a_while_is_found_again() {
    both(|mut service, _| {
        service.receiver.tell("refuse");
        service.make(30);
        service.wait("a failed attempt", |stats| stats.attempts.retryable > 1);
        service.receiver.tell("resume");
        assert!(service.telemetry.flush(PATIENCE).is_complete());
        service.make(5);
        let (_, stats) = service.end(PATIENCE);
        assert_eq!((stats.exported, service.held()), (35, 35));
        assert!(
            stats
                .last_error
                .is_some_and(|error| !error.text().is_empty())
        );
    });
}

#[test]
fn what_is_refused_for_now_is_sent_again() {
    for answer in ["unavailable", "unavailable 1", "exhausted 1"] {
        both(|mut service, _| {
            service.receiver.tell(&format!("for 2 {answer}"));
            service.make(30);
            let (lost, stats) = service.end(PATIENCE);
            assert!(lost.is_empty(), "{answer}: {lost}");
            assert_eq!(
                (stats.exported, stats.attempts.retryable),
                (30, 2),
                "{answer}"
            );
            assert_eq!(service.receiver.spans().len(), 30);
        });
    }
}

#[test]
fn what_is_refused_for_good_is_lost_alone() {
    both(|mut service, protocol| {
        // RESOURCE_EXHAUSTED without a time is final over gRPC; over HTTP, it is a 429, which is not.
        let answer = match protocol {
            Protocol::Grpc => "exhausted",
            _ => "status INVALID_ARGUMENT",
        };
        service.receiver.tell(&format!("for 1 {answer}"));
        service.make(20);
        let (_, stats) = service.end(PATIENCE);
        assert_eq!(stats.attempts.refused, 1, "{stats:?}");
        let failed = stats.dropped.of(ExportFailed);
        assert!((1..=10).contains(&failed), "{stats:?}");
        assert_eq!(service.held(), 20 - failed);
    });
}

#[test]
fn what_a_collector_rejects_of_a_batch_is_counted_apart() {
    both(|mut service, _| {
        service
            .receiver
            .tell("for 1 partial 3 attribute values too long");
        service.make(10);
        assert!(service.telemetry.flush(PATIENCE).is_complete());
        let (_, stats) = service.end(PATIENCE);
        assert_eq!(stats.dropped.of(Rejected), 3);
        assert_eq!((stats.exported, service.held()), (7, 7));
        let error = stats.last_error.expect("the collector said something");
        assert!(
            error.text().contains("attribute values too long"),
            "{error}"
        );
    });
}

#[test]
fn a_connection_that_breaks_is_made_anew() {
    both(|mut service, _| {
        service.receiver.tell("for 2 close_midstream");
        service.make(20);
        let (_, stats) = service.end(PATIENCE);
        assert_eq!((stats.exported, service.held()), (20, 20));
        assert!(
            stats.attempts.unknown + stats.attempts.retryable >= 2,
            "{stats:?}"
        );
    });
}

#[test]
fn an_answer_that_is_lost_leaves_its_batch_unknown_and_no_other() {
    both(|mut service, _| {
        service.receiver.tell("swallow");
        service.make(10);
        service.receiver.wait_for_spans(1);
        service.make(5);
        let (lost, stats) = service.end(Duration::from_millis(300));
        let lost = lost.of(Signal::Traces);
        assert!(lost.of(Unknown) > 0 && lost.of(Shutdown) > 0, "{lost:?}");
        assert_eq!(stats.exported, 0);
        // It has them, and nobody was told.
        assert_eq!(service.held(), stats.dropped.of(Unknown));
    });
}

#[test]
fn a_shutdown_keeps_its_deadline_whatever_the_collector_does() {
    for mode in [
        "hang",
        "swallow",
        "slow 3600",
        "unavailable",
        "exhausted 3600",
        "garbage",
        "close_midstream",
        "refuse",
    ] {
        both(|mut service, _| {
            service.receiver.tell(mode);
            service.make(30);
            let begun = Instant::now();
            service.end(Duration::from_millis(300));
            assert!(begun.elapsed() < PATIENCE / 2, "{mode}");
        });
    }
}

#[test]
fn a_full_queue_drops_and_the_service_goes_on() {
    both(|mut service, _| {
        service.receiver.tell("hang");
        service.make(1000);
        service.wait("a full queue", |stats| stats.dropped.of(QueueFull) == 960);
        service.receiver.tell("accept");
        let (_, stats) = service.end(Duration::from_secs(5));
        assert!(stats.dropped.of(Unknown) <= 10, "{stats:?}");
    });
}

#[test]
fn nothing_is_lost_from_the_account_in_a_storm_of_faults() {
    both(|mut service, _| {
        let provider = service.telemetry.tracer_provider().clone();
        std::thread::scope(|scope| {
            let makers: Vec<_> = (0..3_u64)
                .map(|thread| {
                    let provider = &provider;
                    scope.spawn(move || {
                        for n in 0..300 {
                            make(provider, thread * 1000 + n..thread * 1000 + n + 1);
                            std::thread::sleep(Duration::from_millis(1));
                        }
                    })
                })
                .collect();
            let faults = [
                "close_midstream",
                "unavailable",
                "partial 2",
                "reset",
                "garbage",
                "refuse",
                "resume",
                "slow 0.01",
                "accept",
            ];
            for fault in faults.iter().cycle() {
                if makers.iter().all(|maker| maker.is_finished()) {
                    break;
                }
                service.receiver.tell(fault);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        service.made = 900;
        service.receiver.tell("resume");
        service.receiver.tell("accept");
        assert!(service.telemetry.flush(PATIENCE).is_complete());
        service.make(7);
        let (lost, stats) = service.end(PATIENCE);
        assert!(lost.is_empty() && stats.exported >= 7, "{stats:?}");
    });
}

#[test]
fn losses_are_told_to_whoever_asked() {
    let Some(receiver) = Receiver::start() else {
        return;
    };
    receiver.tell("status INVALID_ARGUMENT");
    let (tell, told) = mpsc::channel();
    let telemetry = Telemetry::builder("service")
        .sampler(Sampler::always_on())
        .otlp(
            Otlp::new()
                .endpoint(receiver.grpc_endpoint())
                .protocol(Protocol::Grpc),
        )
        .on_loss(move |loss| {
            let _ = tell.send(loss.to_string());
        })
        .build()
        .expect("valid settings");
    make(telemetry.tracer_provider(), 0..3);
    assert!(telemetry.flush(PATIENCE).is_complete());
    let told = told.recv_timeout(PATIENCE).expect("the hook is called");
    assert!(told.starts_with("lost 3 spans (export_failed): "), "{told}");
}

#[tokio::test]
async fn a_runtime_with_one_thread_flushes_and_shuts_down_without_blocking() {
    let Some(mut service) = Service::start(Protocol::Grpc) else {
        return;
    };
    service.receiver.tell("slow 0.05");
    service.make(5);
    assert!(service.telemetry.flush_async(PATIENCE).await.is_complete());
    service.receiver.tell("hang");
    service.make(5);
    let ticks = async {
        let mut ticks = 0_u32;
        loop {
            tokio::task::yield_now().await;
            ticks += 1;
            if ticks % 1000 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    };
    let lost = tokio::select! {
        lost = service.telemetry.shutdown_async(Duration::from_millis(100)) => lost,
        () = ticks => unreachable!("it ticks for ever"),
    };
    assert_eq!(lost.of(Signal::Traces).total(), 5);
    let (again, stats) = service.end(PATIENCE);
    assert!(again.is_empty());
    assert_eq!(stats.exported, 5);
}

#[test]
fn the_last_clone_sends_what_waits_when_it_is_dropped() {
    let Some(mut service) = Service::start(Protocol::HttpProtobuf) else {
        return;
    };
    service.make(3);
    let Service {
        telemetry,
        receiver,
        ..
    } = service;
    let provider = telemetry.tracer_provider().clone();
    drop(telemetry.clone());
    drop(telemetry);
    // Settled when the drop returns; the receiver's lines take their time.
    assert_eq!(receiver.wait_for_spans(3).len(), 3);
    make(&provider, 3..4);
    assert_eq!(receiver.spans().len(), 3);
}
