//! `prometheus-client`: a label set is a key that the family owns.

use crate::labels::{Method, Route, Status};
use crate::library::{Library, Scrape};
use crate::workload::{BUCKETS, Choice, Set, choice, value};
use omtx_benches::{Run, Threads};
use omtx_metrics::LabelValue;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::hint::black_box;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Closed {
    method: Method,
    route: Route,
    status: Status,
}

/// With a `&'static str`, the best that it can be given: a string that has to be owned would be allocated first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Open {
    method: Method,
    route: &'static str,
    status: Status,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Owned {
    method: Method,
    route: String,
    status: Status,
}

pub(crate) struct PrometheusClient;

impl Library for PrometheusClient {
    fn name(&self) -> &'static str {
        "prometheus-client"
    }

    fn held_counter(&self, threads: Threads) -> Run {
        let counter = Counter::<u64>::default();
        threads.run(move |_| {
            black_box(&counter).inc();
        })
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
            family
                .get_or_create(&Closed {
                    method,
                    route,
                    status,
                })
                .inc();
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
            family
                .get_or_create(&Open {
                    method,
                    route,
                    status,
                })
                .inc();
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
        encode(&mut self.out, &self.registry).expect("a String takes everything");
        self.out.as_bytes()
    }
}

fn filled(sets: &[Set]) -> Registry {
    let mut registry = Registry::default();
    let counters = Family::<Owned, Counter>::default();
    let histograms = Family::<Owned, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
    registry.register("http_requests", "Requests", counters.clone());
    registry.register(
        "http_request_duration_seconds",
        "How long they took",
        histograms.clone(),
    );
    for set in sets {
        let labels = Owned {
            method: set.method,
            route: set.route.clone(),
            status: set.status,
        };
        counters.get_or_create(&labels).inc_by(set.count);
        let histogram = histograms.get_or_create(&labels);
        set.values().for_each(|value| histogram.observe(value));
    }
    registry
}
