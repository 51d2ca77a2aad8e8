//! Ours: `omtx-metrics`.

use crate::labels::{Method, Route, Status};
use crate::library::{Library, Scrape};
use crate::workload::{self, Choice, Set, choice, value};
use omtx_benches::{Run, Threads};
use omtx_metrics::{
    Counter, Family, Histogram, LabelValue, Labels, MetricSet, Registry, SetOptions,
};
use std::hint::black_box;
use std::sync::Arc;

#[derive(Labels)]
struct Closed {
    method: Method,
    route: Route,
    status: Status,
}

#[derive(Labels)]
struct Open<'a> {
    method: Method,
    route: &'a str,
    status: Status,
}

/// Requests with a closed set of routes.
#[derive(MetricSet)]
struct ClosedMetrics {
    /// Requests.
    http_requests_total: Family<Closed, Counter>,
}

/// Requests with an open set of routes.
#[derive(MetricSet)]
struct OpenMetrics {
    /// Requests.
    http_requests_total: Family<Open<'static>, Counter>,
    /// How long they took.
    #[metric(buckets = &workload::BUCKETS)]
    http_request_duration_seconds: Family<Open<'static>, Histogram>,
}

fn register<S: MetricSet>() -> (Registry, Arc<S>) {
    let registry = Registry::new();
    let options = SetOptions::new().max_series(20_000);
    let set = registry
        .register_with::<S>(options)
        .expect("the set is sound");
    (registry, set)
}

fn any() -> Open<'static> {
    Open {
        method: Method::Get,
        route: "/api/v1/users",
        status: Status::Ok,
    }
}

pub(crate) struct Ours;

impl Library for Ours {
    fn name(&self) -> &'static str {
        "ours"
    }

    fn held_counter(&self, threads: Threads) -> Run {
        let counter = register::<OpenMetrics>()
            .1
            .http_requests_total
            .handle(any());
        threads.run(move |_| black_box(&counter).inc())
    }

    fn held_histogram(&self, threads: Threads) -> Run {
        let histogram = register::<OpenMetrics>()
            .1
            .http_request_duration_seconds
            .handle(any());
        threads.run(move |i| black_box(&histogram).observe(value(i)))
    }

    fn closed_lookup(&self, threads: Threads) -> Run {
        let (_, metrics) = register::<ClosedMetrics>();
        threads.run(move |i| {
            let Choice {
                method,
                route,
                status,
            } = choice(i);
            metrics
                .http_requests_total
                .with(Closed {
                    method,
                    route,
                    status,
                })
                .inc();
        })
    }

    fn open_lookup(&self, threads: Threads) -> Run {
        let (_, metrics) = register::<OpenMetrics>();
        threads.run(move |i| {
            let Choice {
                method,
                route,
                status,
            } = choice(i);
            let route = route.as_str();
            metrics
                .http_requests_total
                .with(Open {
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
        self.registry.encode_text(&mut self.out);
        &self.out
    }
}

pub(crate) fn filled(sets: &[Set]) -> Registry {
    let (registry, metrics) = register::<OpenMetrics>();
    for set in sets {
        let labels = || Open {
            method: set.method,
            route: &set.route,
            status: set.status,
        };
        metrics.http_requests_total.with(labels()).add(set.count);
        let histogram = metrics.http_request_duration_seconds.with(labels());
        set.values().for_each(|value| histogram.observe(value));
    }
    registry
}
