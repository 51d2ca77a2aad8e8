//! `fastmetrics`: a label set is a key that the family owns.

use crate::labels::{Method, Route, Status};
use crate::library::{Library, Scrape};
use crate::workload::{BUCKETS, Choice, Set, choice, value};
use fastmetrics::derive::LabelSet;
use fastmetrics::format::text::{self, TextProfile};
use fastmetrics::metrics::counter::Counter;
use fastmetrics::metrics::family::Family;
use fastmetrics::metrics::histogram::Histogram;
use fastmetrics::registry::Registry;
use omtx_benches::{Run, Threads};
use omtx_metrics::LabelValue;
use std::hint::black_box;

#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
struct Closed {
    method: Method,
    route: Route,
    status: Status,
}

/// With a `&'static str`, the best that it can be given: a string that has to be owned would be allocated first.
#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
struct Open {
    method: Method,
    route: &'static str,
    status: Status,
}

#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
struct Owned {
    method: Method,
    route: String,
    status: Status,
}

pub(crate) struct Fastmetrics;

impl Library for Fastmetrics {
    fn name(&self) -> &'static str {
        "fastmetrics"
    }

    fn held_counter(&self, threads: Threads) -> Run {
        let counter = <Counter>::default();
        threads.run(move |_| black_box(&counter).inc())
    }

    fn held_histogram(&self, threads: Threads) -> Run {
        let histogram = Histogram::new(BUCKETS);
        threads.run(move |i| black_box(&histogram).observe(value(i)))
    }

    fn closed_lookup(&self, threads: Threads) -> Run {
        let family = Family::<Closed, Counter>::default();
        threads.run(move |i| {
            let Choice {
                method,
                route,
                status,
            } = choice(i);
            family.with_or_new(
                &Closed {
                    method,
                    route,
                    status,
                },
                |counter| counter.inc(),
            );
        })
    }

    fn open_lookup(&self, threads: Threads) -> Run {
        let family = Family::<Open, Counter>::default();
        threads.run(move |i| {
            let Choice {
                method,
                route,
                status,
            } = choice(i);
            let route = route.as_str();
            family.with_or_new(
                &Open {
                    method,
                    route,
                    status,
                },
                |counter| counter.inc(),
            );
        })
    }

    fn registry(&self, sets: &[Set]) -> Box<dyn Scrape> {
        Box::new(Scraped {
            registry: filled(sets),
            out: String::new(),
        })
    }
}

struct Scraped {
    registry: Registry,
    out: String,
}

impl Scrape for Scraped {
    fn drop_text(&mut self) {
        self.out = String::new();
    }

    fn scrape(&mut self) -> &[u8] {
        self.out.clear();
        text::encode(&mut self.out, &self.registry, TextProfile::PrometheusV0_0_4)
            .expect("a String takes everything");
        self.out.as_bytes()
    }
}

fn filled(sets: &[Set]) -> Registry {
    let mut registry = Registry::default();
    let counters = Family::<Owned, Counter>::default();
    let histograms = Family::<Owned, Histogram>::new(|| Histogram::new(BUCKETS));
    registry
        .register("http_requests", "Requests", counters.clone())
        .expect("sound");
    registry
        .register(
            "http_request_duration_seconds",
            "How long they took",
            histograms.clone(),
        )
        .expect("sound");
    for set in sets {
        let labels = Owned {
            method: set.method,
            route: set.route.clone(),
            status: set.status,
        };
        counters.with_or_new(&labels, |counter| counter.inc_by(set.count));
        histograms.with_or_new(&labels, |histogram| {
            set.values().for_each(|value| histogram.observe(value));
        });
    }
    registry
}
