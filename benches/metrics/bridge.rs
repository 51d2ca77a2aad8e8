//! What a service pays that goes on exposing through the `prometheus` crate: our families in its registry, beside its own.

use crate::library::Library;
use crate::ours::filled;
use crate::peers::Prometheus;
use crate::workload::{LINES, samples, sets};

use omtx_benches::{Plan, Run, Subject, Target, Threads};
use prometheus::{Encoder, Registry, TextEncoder};
use std::hint::black_box;
use std::sync::Mutex;

pub(crate) fn run(plan: &Plan) {
    let mut subject = Subject::new(
        "Scrape by the prometheus crate, text 0.0.4",
        "ns per label set of 15 lines",
        plan,
    );
    for count in [100, 1_000] {
        if let Some(row) = subject.row(&format!("bridged scrape of {count} label sets")) {
            let sets = sets(count);
            let theirs = Registry::new();
            theirs
                .register(Box::new(filled(&sets).prometheus_collector()))
                .expect("an empty registry");
            let mut own = Prometheus.registry(&sets);
            let own = Mutex::new(move || black_box(own.scrape()).len());
            row.ours(scrape(theirs, count))
                .peers([(
                    Prometheus.name(),
                    Threads::One.run(move |_| {
                        own.lock().expect("no other thread")();
                    }),
                )])
                .units(count)
                .target(Target::TimesBetterThan("prometheus", 0.8))
                .measure(&mut subject);
        }
    }
    subject.print();
}

/// # Panics
///
/// If the exposition does not have every line.
fn scrape(registry: Registry, count: usize) -> Run {
    let encode = move |out: &mut Vec<u8>| {
        out.clear();
        TextEncoder::new()
            .encode(&registry.gather(), out)
            .expect("a Vec takes everything");
    };
    let mut out = Vec::new();
    encode(&mut out);
    let text = std::str::from_utf8(&out).expect("expositions are UTF-8");
    let library = text
        .lines()
        .filter(|line| line.starts_with("omtx_"))
        .count();
    assert_eq!(samples(text) - library, count * LINES);
    let out = Mutex::new(out);
    Threads::One.run(move |_| {
        let mut out = out.lock().expect("no other thread");
        encode(&mut out);
        black_box(&*out);
    })
}
