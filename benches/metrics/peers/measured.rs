//! `measured`: closed sets are dense arrays, open ones are interned.

use crate::labels::{Method, Route, Status};
use crate::library::{Library, Scrape};
use crate::workload::{BUCKETS, Choice, Set, choice, value};
use lasso::ThreadedRodeo;
use measured::metric::histogram::Thresholds;
use measured::text::BufferedTextEncoder;
use measured::{Counter, CounterVec, Histogram, HistogramVec, LabelGroup, MetricGroup};
use omtx_benches::{Run, Threads};
use omtx_metrics::LabelValue;
use std::hint::black_box;

#[derive(Clone, Copy, LabelGroup)]
#[label(set = ClosedSet)]
struct Closed {
    method: Method,
    route: Route,
    status: Status,
}

#[derive(Clone, Copy, LabelGroup)]
#[label(set = OpenSet)]
struct Open<'a> {
    method: Method,
    #[label(dynamic_with = ThreadedRodeo, default)]
    route: &'a str,
    status: Status,
}

#[derive(MetricGroup)]
#[metric(new())]
struct Families {
    /// Requests.
    #[metric(init = CounterVec::with_label_set(OpenSet::new()))]
    http_requests_total: CounterVec<OpenSet>,
    /// How long they took.
    #[metric(metadata = thresholds())]
    http_request_duration_seconds: HistogramVec<OpenSet, 11>,
}

fn thresholds() -> Thresholds<11> {
    Thresholds::with_buckets(BUCKETS)
}

pub(crate) struct Measured;

impl Library for Measured {
    fn name(&self) -> &'static str {
        "measured"
    }

    fn held_counter(&self, threads: Threads) -> Run {
        let counter = Counter::new();
        threads.run(move |_| black_box(&counter).inc())
    }

    fn held_histogram(&self, threads: Threads) -> Run {
        let histogram = Histogram::with_metadata(thresholds());
        threads.run(move |i| black_box(&histogram).observe(value(i)))
    }

    fn closed_lookup(&self, threads: Threads) -> Run {
        let counters = CounterVec::with_label_set(ClosedSet::new());
        threads.run(move |i| {
            let Choice {
                method,
                route,
                status,
            } = choice(i);
            counters.inc(Closed {
                method,
                route,
                status,
            });
        })
    }

    fn open_lookup(&self, threads: Threads) -> Run {
        let counters = CounterVec::with_label_set(OpenSet::new());
        threads.run(move |i| {
            let Choice {
                method,
                route,
                status,
            } = choice(i);
            let route = route.as_str();
            counters.inc(Open {
                method,
                route,
                status,
            });
        })
    }

    fn registry(&self, sets: &[Set]) -> Box<dyn Scrape> {
        Box::new(Scraped {
            families: filled(sets),
            encoder: BufferedTextEncoder::new(),
            out: bytes::Bytes::new(),
        })
    }
}

struct Scraped {
    families: Families,
    encoder: BufferedTextEncoder,
    out: bytes::Bytes,
}

impl Scrape for Scraped {
    fn drop_text(&mut self) {
        self.out = bytes::Bytes::new();
        self.encoder = BufferedTextEncoder::new();
    }

    fn scrape(&mut self) -> &[u8] {
        // Gone first, so that the encoder can have its memory back.
        self.out = bytes::Bytes::new();
        match self.families.collect_group_into(&mut self.encoder) {
            Ok(()) => self.out = self.encoder.finish(),
            Err(never) => match never {},
        }
        &self.out
    }
}

fn filled(sets: &[Set]) -> Families {
    let families = Families::new();
    for set in sets {
        let labels = Open {
            method: set.method,
            route: &set.route,
            status: set.status,
        };
        families.http_requests_total.inc_by(labels, set.count);
        set.values().for_each(|value| {
            families
                .http_request_duration_seconds
                .observe(labels, value)
        });
    }
    families
}
