//! The whole registry in each format, and compressed as Prometheus asks for it.

use crate::ours;
use crate::workload::{Set, sets};

use omtx_benches::{Plan, Run, Subject, Target, Threads};
use omtx_metrics::{Exporter, Registry, ScrapeRequest};
use std::hint::black_box;
use std::sync::Mutex;

type Encode = fn(&Registry, &mut Vec<u8>);

const FORMATS: [(&str, Encode); 3] = [
    ("text 0.0.4", |registry, out| registry.encode_text(out)),
    ("OpenMetrics", |registry, out| {
        registry.encode_openmetrics(out)
    }),
    ("protobuf", |registry, out| registry.encode_protobuf(out)),
];

const OPENMETRICS: &str = "application/openmetrics-text;version=1.0.0";
const PROTOBUF: &str =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

pub(crate) fn run(plan: &Plan) {
    let mut subject = Subject::new("Scrape, all formats", "ns per label set of 15 lines", plan)
        .floor_column("memcpy");
    for count in [100, 10_000] {
        let sets = sets(count);
        for (name, encode) in FORMATS {
            format_row(&mut subject, name, encode, &sets);
        }
        for (name, accept) in [
            ("text 0.0.4", "text/plain"),
            ("OpenMetrics", OPENMETRICS),
            ("protobuf", PROTOBUF),
        ] {
            gzip_row(&mut subject, name, accept, &sets);
        }
    }
    subject.print();
}

fn format_row(subject: &mut Subject, name: &str, encode: Encode, sets: &[Set]) {
    let count = sets.len();
    if let Some(row) = subject.row(&format!("scrape of {count} label sets, {name}")) {
        let registry = ours::filled(sets);
        let mut encoded = Vec::new();
        encode(&registry, &mut encoded);
        let note = format!("{} B per label set", encoded.len() / count);
        let floor = crate::scrape::copy(encoded.clone());
        let state = Mutex::new((registry, encoded));
        let run = Threads::One.run(move |_| {
            let mut state = state.lock().expect("no other thread");
            let (registry, out) = &mut *state;
            out.clear();
            encode(registry, out);
            black_box(&*out);
        });
        row.ours(run)
            .floor(floor)
            .units(count)
            .target(Target::AtMost(400.0))
            .target(Target::AtMostAllocations(0.0))
            .note(note)
            .measure(subject);
    }
}

/// An [`Exporter`]'s whole answer to Prometheus. Its allocations are the handle of the body and the list of collectors.
fn gzip_row(subject: &mut Subject, name: &str, accept: &'static str, sets: &[Set]) {
    let count = sets.len();
    if let Some(row) = subject.row(&format!("scrape of {count} label sets, {name}, gzip")) {
        let exporter = Exporter::new(&ours::filled(sets));
        let size = |coding| {
            let request = ScrapeRequest::new().accept(accept).accept_encoding(coding);
            exporter.scrape_for(&request).into_body().len() as f64
        };
        let (plain, compressed) = (size("identity"), size("gzip"));
        row.ours(answer(exporter, accept))
            .units(count)
            .target(Target::AtMostAllocations(3.0))
            .note(format!("{:.1}× smaller", plain / compressed))
            .measure(subject);
    }
}

fn answer(exporter: Exporter, accept: &'static str) -> Run {
    Threads::One.run(move |_| {
        let request = ScrapeRequest::new().accept(accept).accept_encoding("gzip");
        black_box(exporter.scrape_for(&request).into_body());
    })
}
