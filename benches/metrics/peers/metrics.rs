//! `metrics` with `metrics-exporter-prometheus`: the facade's macros, and one recorder for the process.

use crate::library::{Library, Scrape};
use crate::workload::{BUCKETS, Choice, Set, choice, value};
use metrics::{counter, histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use omtx_benches::{Run, Threads};
use omtx_metrics::LabelValue;
use std::hint::black_box;
use std::sync::LazyLock;

fn recorder() -> PrometheusRecorder {
    PrometheusBuilder::new()
        .set_buckets(&BUCKETS)
        .expect("sound")
        .build_recorder()
}

pub(crate) struct Metrics;

impl Library for Metrics {
    fn name(&self) -> &'static str {
        "metrics"
    }

    fn held_counter(&self, threads: Threads) -> Run {
        let counter = with_local_recorder(
            &recorder(),
            || counter!("http_requests_total", "method" => "GET", "route" => "/", "status" => "200"),
        );
        threads.run(move |_| black_box(&counter).increment(1))
    }

    fn held_histogram(&self, threads: Threads) -> Run {
        let recorder = recorder();
        let histogram = with_local_recorder(
            &recorder,
            || histogram!("http_request_duration_seconds", "method" => "GET", "route" => "/", "status" => "200"),
        );
        // It keeps every observation until the next scrape or upkeep, which sorts them into buckets: not timed here.
        let handle = recorder.handle();
        threads
            .run(move |i| black_box(&histogram).record(value(i)))
            .then(move || handle.run_upkeep())
    }

    fn closed_lookup(&self, threads: Threads) -> Run {
        self.open_lookup(threads)
    }

    fn open_lookup(&self, threads: Threads) -> Run {
        // Installed for the process, as services do: a local recorder would cost each call more.
        static INSTALLED: LazyLock<()> = LazyLock::new(|| {
            metrics::set_global_recorder(recorder()).expect("nobody else installs one");
        });
        LazyLock::force(&INSTALLED);
        threads.run(move |i| {
            let Choice {
                method,
                route,
                status,
            } = choice(i);
            counter!(
                "http_requests_total",
                "method" => method.as_str(), "route" => route.as_str(), "status" => status.as_str()
            )
            .increment(1);
        })
    }

    fn registry(&self, sets: &[Set]) -> Box<dyn Scrape> {
        Box::new(Scraped {
            handle: filled(sets).handle(),
            out: Vec::new(),
        })
    }
}

struct Scraped {
    handle: PrometheusHandle,
    out: Vec<u8>,
}

impl Scrape for Scraped {
    fn drop_text(&mut self) {
        self.out = Vec::new();
    }

    fn scrape(&mut self) -> &[u8] {
        self.out.clear();
        self.handle
            .render_to_write(&mut self.out)
            .expect("a Vec takes everything");
        &self.out
    }
}

fn filled(sets: &[Set]) -> PrometheusRecorder {
    let recorder = recorder();
    with_local_recorder(&recorder, || {
        metrics::describe_counter!("http_requests_total", "Requests.");
        metrics::describe_histogram!("http_request_duration_seconds", "How long they took.");
        for set in sets {
            let labels = [
                ("method", set.method.as_str().to_owned()),
                ("route", set.route.clone()),
                ("status", set.status.as_str().to_owned()),
            ];
            counter!("http_requests_total", &labels).increment(set.count);
            let histogram = histogram!("http_request_duration_seconds", &labels);
            set.values().for_each(|value| histogram.record(value));
        }
    });
    recorder
}
