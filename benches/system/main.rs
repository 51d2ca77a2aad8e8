//! What sampling the process, the machine, its disks and the control group costs the sampler's threads, beside reading the
//! same files and making nothing of them; and what a scrape of all of them costs.
//!
//! Reads are counted by the kernel (`/proc/thread-self/io`): a scrape makes none.

use std::hint::black_box;
use std::sync::Mutex;

use omtx_benches::{Plan, Run, Subject, Threads, alloc};
use omtx_metrics::system::{__bench, Source};
use omtx_metrics::{LabelValue, Registry};

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

const SOURCES: [Source; 4] = [
    Source::Process,
    Source::Machine,
    Source::Disks,
    Source::Cgroup,
];

fn main() {
    let plan = Plan::from_env();
    sampling(&plan);
    scraping(&plan);
}

/// One look at each source.
fn sampling(plan: &Plan) {
    let mut subject =
        Subject::new("System: one sample", "ns", plan).floor_column("the files alone");
    for source in SOURCES {
        let Some(row) = subject.row(&format!("system sample, {}", source.as_str())) else {
            continue;
        };
        let registry = Registry::new();
        let mut sample = __bench::sampler(&registry, source).expect("the names are free");
        sample();
        let reads = reads_of(&mut sample);
        let sample = Mutex::new(sample);
        let run = Threads::One.run(move |_| {
            let mut sample = sample.lock().expect("no other thread");
            black_box(sample());
        });
        row.ours(run)
            .floor(files_alone(source))
            .note(format!("{reads} reads"))
            .measure(&mut subject);
    }
    subject.print();
}

/// The files that have a fixed path.
fn files_alone(source: Source) -> Run {
    let files: &[&str] = match source {
        Source::Process => &[
            "/proc/self/stat",
            "/proc/self/limits",
            "/proc/self/net/netstat",
        ],
        Source::Machine => &["/proc/stat", "/proc/meminfo", "/proc/loadavg"],
        Source::Disks => &["/proc/mounts", "/proc/diskstats"],
        _ => &["/proc/self/cgroup", "/proc/self/mountinfo"],
    };
    Threads::One.run(move |_| {
        for file in files {
            let _ = black_box(std::fs::read(file)); // a container may hide it
        }
    })
}

/// How often the kernel was asked to read by one more call.
fn reads_of(sample: &mut dyn FnMut() -> bool) -> String {
    let reads = || -> Option<u64> {
        let text = std::fs::read_to_string("/proc/thread-self/io").ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("syscr: "))?;
        line.parse().ok()
    };
    let (first, second) = (reads(), reads());
    sample();
    match (first, second, reads()) {
        (Some(first), Some(second), Some(third)) => {
            let own = second - first; // those of a look at the account itself
            (third - second).saturating_sub(own).to_string()
        }
        _ => "uncounted".to_owned(),
    }
}

/// A scrape of everything that was sampled.
fn scraping(plan: &Plan) {
    let mut subject = Subject::new("System: a scrape, text 0.0.4", "ns", plan);
    if let Some(row) = subject.row("system scrape") {
        let registry = Registry::new();
        for source in SOURCES {
            let mut sample = __bench::sampler(&registry, source).expect("the names are free");
            sample();
        }
        let mut text = Vec::new();
        registry.encode_text(&mut text);
        let lines = text.iter().filter(|byte| **byte == b'\n').count();
        let mut scrape = {
            let registry = registry.clone();
            move || {
                text.clear();
                registry.encode_text(&mut text);
                true
            }
        };
        let reads = reads_of(&mut scrape);
        let scrape = Mutex::new(scrape);
        let run = Threads::One.run(move |_| {
            let mut scrape = scrape.lock().expect("no other thread");
            black_box(scrape());
        });
        row.ours(run)
            .note(format!("{lines} lines, {reads} reads"))
            .measure(&mut subject);
    }
    subject.print();
}
