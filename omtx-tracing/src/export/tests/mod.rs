//! Lanes under a clock that the tests move, and exporters with their thread.

mod accounting;
mod bounds;
mod delivery;
mod flush;
#[cfg(unix)]
mod fork;
mod hook;
mod shutdown;
mod thread;

use std::time::{Duration, Instant};

use super::pipeline::Pipeline;
use super::testing::{Collector, Step, lane};
use super::{Exporter, ScopeId, SignalStats};
use crate::Signal;
use crate::config::Batching;

/// Far more than anything here takes; for what would otherwise hang.
const LONG: Duration = Duration::from_secs(60);

/// Batches of 5 in a queue of 20.
fn small() -> Batching {
    Batching {
        max_queue_records: 20,
        max_batch_records: 5,
        ..Batching::default()
    }
}

/// A span with a name: field 5.
fn span(name: &str) -> Vec<u8> {
    let mut span = Vec::new();
    crate::encode::wire::bytes(5, name.as_bytes(), &mut span);
    span
}

/// Closes a lane that is on the thread that would wait for it.
struct End(Option<Pipeline>);

impl Drop for End {
    fn drop(&mut self) {
        if let Some(pipeline) = &self.0 {
            pipeline.queue.close_now();
        }
    }
}

/// An exporter of spans, and the collector at its other end.
struct Bench {
    /// Before the exporter, as it is to be dropped first.
    _end: End,
    exporter: Exporter,
    collector: Collector,
}

impl Bench {
    /// With its lane on the runtime of the test, whose clock is paused.
    fn virtual_time(batching: Batching, script: impl IntoIterator<Item = Step>) -> Self {
        let collector = Collector::new(script);
        let lanes = vec![lane(Signal::Traces, batching, &collector)];
        let (exporter, driver) = Exporter::prepare(lanes, None);
        tokio::spawn(driver);
        Self {
            _end: End(exporter.pipeline(Signal::Traces).cloned()),
            exporter,
            collector,
        }
    }

    /// With a thread of its own.
    fn real_time(batching: Batching, script: impl IntoIterator<Item = Step>) -> Self {
        let collector = Collector::new(script);
        let lanes = vec![lane(Signal::Traces, batching, &collector)];
        let exporter = Exporter::start(lanes, None).expect("a thread");
        Self {
            _end: End(None),
            exporter,
            collector,
        }
    }

    fn pipeline(&self) -> &Pipeline {
        self.exporter.pipeline(Signal::Traces).expect("it is there")
    }

    fn push(&self, spans: usize) {
        for _ in 0..spans {
            self.push_span("name");
        }
    }

    fn push_span(&self, name: &str) {
        self.pipeline().created(1);
        self.pipeline().push(ScopeId(0), &span(name), 1);
    }

    /// The counts; they always add up.
    #[track_caller]
    fn stats(&self) -> SignalStats {
        let stats = self.pipeline().stats();
        assert_eq!(stats.open(), 0, "{stats:?}");
        let sum = stats.waiting_records
            + stats.in_flight_records
            + stats.exported
            + stats.dropped.total();
        assert_eq!(sum, stats.created, "{stats:?}");
        stats
    }

    /// Lets the clock go on until it is so.
    async fn until(&self, done: impl Fn(&Self) -> bool) {
        for _ in 0..100_000 {
            if done(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it never came: {:?}", self.stats());
    }

    async fn until_settled(&self) {
        self.until(|bench| {
            let stats = bench.stats();
            stats.waiting_records + stats.in_flight_records == 0
        })
        .await;
    }

    /// Waits in real time until it is so.
    #[track_caller]
    fn wait(&self, done: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !done(self) {
            assert!(start.elapsed() < LONG, "it never came: {:?}", self.stats());
            std::thread::yield_now();
        }
    }
}
