use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proptest::prelude::*;

use super::super::testing::{Collector, Step, lane};
use super::super::{DropReason, Exporter, ScopeId};
use super::small;
use crate::Signal;
use crate::config::Batching;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Accept),
        1 => (0..9_u64).prop_map(Step::Reject),
        1 => Just(Step::Retry(None)),
        1 => Just(Step::Retry(Some(Duration::from_millis(3)))),
        1 => Just(Step::Retry(Some(Duration::from_secs(3600)))),
        2 => Just(Step::Refuse),
        1 => Just(Step::Unknown),
        1 => Just(Step::Slow(Duration::from_millis(1))),
        1 => Just(Step::HangForEver),
        1 => Just(Step::Panic),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_created_is_accounted_for_at_every_moment(
        script in prop::collection::vec(step(), 0..12),
        otherwise in step(),
        threads in prop::collection::vec(prop::collection::vec((0..400_usize, 0..4_u32), 0..80), 1..4),
        flush in any::<bool>(),
        timeout in 0..60_u64,
    ) {
        let collector = Collector::new(script);
        collector.otherwise(otherwise);
        let batching = Batching { max_queue_bytes: 4000, max_batch_bytes: 1000, ..small() };
        let lanes = vec![lane(Signal::Traces, batching, &collector)];
        let exporter = Exporter::start(lanes, None).expect("a thread");
        let pipeline = exporter.pipeline(Signal::Traces).expect("it is there");
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                let mut looks = 0;
                while !over.load(Ordering::Acquire) || looks == 0 {
                    let stats = pipeline.stats();
                    let ended = stats.exported + stats.dropped.total() + stats.waiting_records + stats.in_flight_records;
                    assert!(ended <= stats.created, "{stats:?}");
                    assert!(stats.waiting_records + stats.in_flight_records <= 20, "{stats:?}");
                    assert!(stats.waiting_bytes + stats.in_flight_bytes <= 4000, "{stats:?}");
                    looks += 1;
                    std::thread::yield_now();
                }
            });
            let pushers: Vec<_> = threads
                .iter()
                .map(|pushes| {
                    scope.spawn(move || {
                        for &(len, records) in pushes {
                            pipeline.created(records.into());
                            if records == 3 {
                                pipeline.dropped(DropReason::Bytes, 3);
                            } else {
                                pipeline.push(ScopeId(0), &super::span(&"x".repeat(len)), records);
                            }
                        }
                    })
                })
                .collect();
            if flush {
                let _ = exporter.flush(Duration::from_millis(timeout));
            }
            if timeout % 2 == 0 {
                pushers.into_iter().for_each(|pusher| pusher.join().expect("no panic"));
            }
            exporter.shutdown(Duration::from_millis(timeout));
            over.store(true, Ordering::Release);
            watcher.join().expect("no panic");
        });
        let stats = pipeline.stats();
        let created: u64 = threads.iter().flatten().map(|&(_, records)| u64::from(records)).sum();
        prop_assert_eq!(stats.created, created);
        prop_assert_eq!(stats.open(), 0);
        prop_assert_eq!((stats.waiting_records, stats.in_flight_records), (0, 0));
        prop_assert_eq!(stats.exported + stats.dropped.total(), created);
    }
}
