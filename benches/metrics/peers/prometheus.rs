//! `prometheus`: label values are strings, closed or not.

use crate::library::{Library, Scrape};
use crate::workload::{BUCKETS, Choice, Set, choice, value};
use omtx_benches::{Run, Threads};
use omtx_metrics::LabelValue;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder,
};
use std::hint::black_box;

const LABELS: [&str; 3] = ["method", "route", "status"];

fn counters() -> IntCounterVec {
    IntCounterVec::new(Opts::new("http_requests_total", "Requests."), &LABELS).expect("sound")
}

fn histograms() -> HistogramVec {
    let opts = HistogramOpts::new("http_request_duration_seconds", "How long they took.");
    HistogramVec::new(opts.buckets(BUCKETS.to_vec()), &LABELS).expect("sound")
}

pub(crate) struct Prometheus;

impl Library for Prometheus {
    fn name(&self) -> &'static str {
        "prometheus"
    }

    fn held_counter(&self, threads: Threads) -> Run {
        let counter = counters().with_label_values(&["GET", "/", "200"]);
        threads.run(move |_| black_box(&counter).inc())
    }

    fn held_histogram(&self, threads: Threads) -> Run {
        let histogram = histograms().with_label_values(&["GET", "/", "200"]);
        threads.run(move |i| black_box(&histogram).observe(value(i)))
    }

    fn closed_lookup(&self, threads: Threads) -> Run {
        self.open_lookup(threads)
    }

    fn open_lookup(&self, threads: Threads) -> Run {
        let counters = counters();
        threads.run(move |i| {
            let Choice {
                method,
                route,
                status,
            } = choice(i);
            let labels = [method.as_str(), route.as_str(), status.as_str()];
            counters.with_label_values(&labels).inc();
        })
    }

    fn registry(&self, sets: &[Set]) -> Box<dyn Scrape> {
        Box::new(Scraped {
            registry: filled(sets),
            out: Vec::new(),
        })
    }
}

struct Scraped {
    registry: Registry,
    out: Vec<u8>,
}

impl Scrape for Scraped {
    fn drop_text(&mut self) {
        self.out = Vec::new();
    }

    fn scrape(&mut self) -> &[u8] {
        self.out.clear();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut self.out)
            .expect("a Vec takes everything");
        &self.out
    }
}

fn filled(sets: &[Set]) -> Registry {
    let registry = Registry::new();
    let (counters, histograms) = (counters(), histograms());
    registry
        .register(Box::new(counters.clone()))
        .expect("sound");
    registry
        .register(Box::new(histograms.clone()))
        .expect("sound");
    for set in sets {
        let labels = [set.method.as_str(), &set.route, set.status.as_str()];
        counters.with_label_values(&labels).inc_by(set.count);
        let histogram = histograms.with_label_values(&labels);
        set.values().for_each(|value| histogram.observe(value));
    }
    registry
}
