//! Eight writers against a scraper: nothing goes down, nothing is lost, and every scrape is whole.

use std::collections::HashMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use omtx_metrics::testing::{Exposition, Sample};
use omtx_metrics::{Counter, CounterF64, Family, Histogram, Labels, MetricSet, Registry};

const WRITERS: usize = 8;
const ROUNDS: u64 = 20_000;

#[derive(Labels)]
struct WriterLabels<'a> {
    writer: &'a str,
}

/// What eight threads write at once.
#[derive(MetricSet)]
struct Shared {
    /// Written by all.
    shared_total: Counter,
    /// Written by all.
    shared_joules_total: CounterF64,
    /// Written by all.
    #[metric(buckets = [1.0, 2.0, 3.0])]
    shared_size: Histogram,
    /// Written by one each.
    own_total: Family<WriterLabels<'static>, Counter>,
    /// Written by one each.
    #[metric(buckets = [1.0, 2.0, 3.0])]
    own_size: Family<WriterLabels<'static>, Histogram>,
}

/// Fails if a sample that only goes up went down since the scrape before.
#[derive(Default)]
struct Watch(HashMap<(String, Vec<(String, String)>), f64>);

impl Watch {
    /// `parse` itself refuses an exposition in which buckets are not cumulative or `+Inf` is not `_count`.
    fn scrape(&mut self, registry: &Registry) -> Exposition {
        let exposition = Exposition::parse(&registry.to_text()).unwrap();
        for Sample {
            name,
            labels,
            value,
            ..
        } in exposition.samples()
        {
            let before = self.0.insert((name.clone(), labels.clone()), *value);
            assert!(
                before.is_none_or(|before| before <= *value),
                "{name} went from {before:?} to {value}"
            );
        }
        exposition
    }
}

/// Eight threads run `write` for every round while this one scrapes until they are done.
fn run(registry: &Registry, write: impl Fn(usize, u64) + Sync) -> Exposition {
    let (start, running) = (Barrier::new(WRITERS + 1), AtomicUsize::new(WRITERS));
    let mut watch = Watch::default();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (start, running, write) = (&start, &running, &write);
            scope.spawn(move || {
                start.wait();
                (0..ROUNDS).for_each(|round| write(writer, round));
                running.fetch_sub(1, Ordering::Release);
            });
        }
        start.wait();
        while running.load(Ordering::Acquire) > 0 {
            watch.scrape(registry);
        }
    });
    watch.scrape(registry)
}

#[test]
fn no_sample_goes_down_and_every_total_is_exact() {
    const NAMES: [&str; WRITERS] = ["a", "b", "c", "d", "e", "f", "g", "h"];

    let registry = Registry::new();
    let shared = registry.register::<Shared>().unwrap();
    let last = run(&registry, |writer, round| {
        shared.shared_total.inc();
        shared.shared_joules_total.add(0.5);
        shared.shared_size.observe((round % 4) as f64 + 0.5);
        let labels = || WriterLabels {
            writer: NAMES[writer],
        };
        shared.own_total.with(labels()).add(2);
        shared
            .own_size
            .with(labels())
            .observe((round % 4) as f64 + 0.5);
    });

    let all = (WRITERS as u64 * ROUNDS) as f64;
    assert_eq!(last.read("shared_total", &[]), Some(all));
    assert_eq!(last.read("shared_joules_total", &[]), Some(all / 2.0));
    assert_eq!(last.read("shared_size_sum", &[]), Some(all * 2.0));
    assert_eq!(last.read("shared_size_count", &[]), Some(all));
    for (le, share) in [("1", 0.25), ("2", 0.5), ("3", 0.75), ("+Inf", 1.0)] {
        assert_eq!(
            last.read("shared_size_bucket", &[("le", le)]),
            Some(all * share)
        );
    }
    for writer in NAMES {
        let labels = [("writer", writer)];
        assert_eq!(last.read("own_total", &labels), Some(2.0 * ROUNDS as f64));
        assert_eq!(last.read("own_size_count", &labels), Some(ROUNDS as f64));
        assert_eq!(
            last.read("own_size_sum", &labels),
            Some(2.0 * ROUNDS as f64)
        );
    }
}

/// By the second run the cells have been fought over, and have split where they do.
#[test]
fn cells_that_were_fought_over_stay_exact_when_it_goes_on() {
    let registry = Registry::new();
    let shared = registry.register::<Shared>().unwrap();
    for times in [1.0, 2.0, 3.0] {
        let last = run(&registry, |_, _| {
            shared.shared_total.inc();
            shared.shared_joules_total.add(0.25);
            shared.shared_size.observe(2.0);
        });
        let all = times * (WRITERS as u64 * ROUNDS) as f64;
        assert_eq!(last.read("shared_total", &[]), Some(all));
        assert_eq!(last.read("shared_joules_total", &[]), Some(all / 4.0));
        assert_eq!(last.read("shared_size_count", &[]), Some(all));
        assert_eq!(last.read("shared_size_sum", &[]), Some(all * 2.0));
    }
}

#[test]
fn eight_threads_that_make_the_same_series_make_each_once() {
    const LABELS: usize = 1_000;
    let registry = Registry::builder().max_series(LABELS).build().unwrap();
    let shared = registry.register::<Shared>().unwrap();
    let labels: Vec<String> = (0..LABELS).map(|label| format!("w{label}")).collect();
    let start = Barrier::new(WRITERS);
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                start.wait();
                for writer in &labels {
                    shared.own_total.with(WriterLabels { writer }).inc();
                }
            });
        }
    });
    assert_eq!(shared.own_total.len(), LABELS);
    assert_eq!(
        shared.own_total.dropped(),
        0,
        "labels within the cap went to the overflow series"
    );
    for writer in &labels {
        assert_eq!(
            shared.own_total.with(WriterLabels { writer }).get(),
            WRITERS as u64
        );
    }
}

#[test]
fn eight_threads_that_register_the_same_set_get_the_same_one() {
    let registry = Registry::new();
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| registry.register::<Shared>().unwrap().shared_total.inc());
        }
    });
    assert_eq!(
        registry.register::<Shared>().unwrap().shared_total.get(),
        WRITERS as u64
    );
}
