//! Threads look series up and count while others are removed under them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::SeriesMap;
use crate::{Counter, Labels};

#[derive(Labels)]
#[labels(crate = crate)]
struct Visitor<'a> {
    name: &'a str,
}

type Visits = SeriesMap<Visitor<'static>, Counter>;

const VISITORS: u64 = 200;

/// Counts visits of one visitor after the other, some through a handle that is kept for a while, until `stop`. Returns
/// how many.
fn visit(map: &Visits, mut random: u64, stop: &AtomicBool) -> u64 {
    let (mut held, mut visits) = (None, 0);
    while !stop.load(Ordering::Relaxed) {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let name = format!("{}", (random >> 33) % VISITORS);
        {
            let found = map.get(&Visitor { name: &name }, |_| Counter::new());
            if random >> 60 == 0 {
                held = Some(found.share());
            }
            found.get().metric.inc();
            visits += 1;
        }
        if let Some(held) = &held {
            held.metric.inc();
            visits += 1;
        }
    }
    visits
}

#[test]
fn no_update_is_lost_while_series_are_removed() {
    let map = Visits::new(Arc::new(["name".into()]), 150, true);
    let stop = AtomicBool::new(false);
    let (mut removals, mut removed) = (0, 0);
    let visits: u64 = std::thread::scope(|scope| {
        let visitors: Vec<_> = (0..4)
            .map(|thread| {
                let (map, stop) = (&map, &stop);
                scope.spawn(move || visit(map, thread, stop))
            })
            .collect();
        let mut round = 0_u32;
        // Until it was often enough, on however busy a machine.
        while removals < 500 {
            round = round.wrapping_add(1);
            // Not only idle ones: any series that nobody holds at the moment may go.
            map.remove(
                |series| (series.hash ^ round) % 3 == 0,
                0,
                |series| {
                    removals += 1;
                    removed += series.metric.get();
                },
            );
            std::thread::yield_now();
        }
        stop.store(true, Ordering::Relaxed);
        let visits = visitors.into_iter();
        visits.map(|visits| visits.join().expect("a visitor")).sum()
    });
    let mut left = Vec::new();
    map.copy_new(&mut left);
    let left: u64 = left.iter().map(|series| series.metric.get()).sum();
    assert_eq!(removed + left, visits);
}
