use std::time::Duration;

use super::super::pipeline::Pipeline;
use super::super::testing::{Collector, Step, lane};
use super::super::{DropReason, Exporter, ScopeId, SignalStats};
use crate::Signal;
use crate::config::Batching;

/// A lane on the test's own paused runtime.
struct Bench {
    exporter: Exporter,
    collector: Collector,
}

fn small() -> Batching {
    Batching {
        max_queue_records: 20,
        max_batch_records: 5,
        ..Batching::default()
    }
}

fn start(batching: Batching, script: impl IntoIterator<Item = Step>) -> Bench {
    let collector = Collector::new(script);
    let (exporter, driver) =
        Exporter::prepare(vec![lane(Signal::Traces, batching, &collector)], None);
    tokio::spawn(driver);
    Bench {
        exporter,
        collector,
    }
}

impl Bench {
    fn pipeline(&self) -> &Pipeline {
        self.exporter.pipeline(Signal::Traces).expect("it is there")
    }

    fn push(&self, spans: usize) {
        for _ in 0..spans {
            self.pipeline().created(1);
            // Field 5 of a span, its name.
            self.pipeline().push(ScopeId(0), b"\x2a\x04name", 1);
        }
    }

    fn stats(&self) -> SignalStats {
        let stats = self.pipeline().stats();
        assert_eq!(stats.open(), 0, "{stats:?}");
        stats
    }

    async fn until(&self, done: impl Fn(&SignalStats) -> bool) {
        for _ in 0..100_000 {
            if done(&self.stats()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it never came: {:?}", self.stats());
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_goes_at_once_and_the_rest_after_the_delay() {
    let bench = start(small(), []);
    bench.push(7);
    bench.until(|stats| stats.exported == 5).await;
    assert_eq!(bench.stats().waiting_records, 2);
    bench.until(|stats| stats.exported == 7).await;
    let times = bench.collector.times();
    assert_eq!(times.len(), 2);
    assert_eq!((times[1] - times[0]).as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_sent_again_until_it_is_taken() {
    let bench = start(
        small(),
        [Step::Retry(None), Step::Unknown, Step::Retry(None)],
    );
    bench.push(5);
    bench.until(|stats| stats.exported == 5).await;
    assert_eq!(bench.collector.attempts(), 4);
    assert_eq!(bench.stats().dropped.total(), 0);
}
