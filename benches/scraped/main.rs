//! What scrapes do to the service that is scraped: a thousand at once, of ten thousand series.
//!
//! Real sockets: the service's requests come from a thread of their own and the scrapes from another process.

mod cores;
mod load;
mod scrapers;
mod service;

use cores::Cores;
use load::requests_during;
use omtx_benches::{Plan, Row, Subject, Target, alloc};
use scrapers::{Coding, Scrapers};
use service::{Contender, Service};
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

const SCRAPES: usize = 1_000;

/// What the service's own requests may take, in what they take while the same bytes come from memory.
const FLAT: Target = Target::TimesFloor(2.0);

/// What one contender came to.
#[derive(Default)]
struct Figures {
    /// Of the service's own requests while it was scraped.
    latencies: Vec<Duration>,
    /// How much larger the heap of the service's process became.
    peak: i64,
    /// From the first request of a wave to the end of its last response.
    waves: Vec<Duration>,
}

fn main() {
    if scrapers::ran() {
        return;
    }
    let plan = Plan::from_env();
    let mut scrapes = Subject::new(
        "1000 scrapes of 10000 series at once",
        "MB the heap grows by, and ms until the last is answered",
        &plan,
    );
    for cores in Cores::all() {
        let mut service = Subject::new(
            match cores {
                Cores::Apart => {
                    "The service's own requests while 1000 scrapes are answered, clients on another core"
                }
                Cores::Shared => {
                    "The service's own requests while 1000 scrapes are answered, clients on the same cores"
                }
            },
            "µs",
            &plan,
        );
        nobody(&mut service, cores);
        for coding in [Coding::Plain, Coding::Gzip] {
            waves(&mut service, &mut scrapes, cores, coding, &plan);
        }
        service.print();
    }
    scrapes.print();
}

/// The service alone.
fn nobody(subject: &mut Subject, cores: Cores) {
    let rows = [50, 99].map(|percent| {
        let row = subject.row(&format!("p{percent} of a request, nobody scrapes"));
        (percent, row)
    });
    if rows.iter().all(|(_, row)| row.is_none()) {
        return;
    }
    let service = Service::start(Contender::Ours, cores);
    let mut latencies = Vec::new();
    requests_during(service.address(), cores.clients(), &mut latencies, || {
        std::thread::sleep(Duration::from_secs(1));
    });
    for (percent, row) in rows {
        if let Some(row) = row {
            row.exact(percentile(&latencies, percent), [], subject);
        }
    }
}

fn waves(subject: &mut Subject, scrapes: &mut Subject, cores: Cores, coding: Coding, plan: &Plan) {
    let name = coding.name();
    let rows = [
        (
            Contender::Ours,
            50,
            format!("p50 of a request, {name} scrapes"),
        ),
        (
            Contender::Ours,
            99,
            format!("p99 of a request, {name} scrapes"),
        ),
        (
            Contender::Listener,
            99,
            format!("p99 of a request, {name} scrapes of a listener"),
        ),
    ];
    let rows = rows.map(|(who, percent, name)| (who, percent, subject.row(&name)));
    // What the clients have is none of the service's process either way.
    let costs = ["MB", "ms"].map(|unit| match cores {
        Cores::Apart => scrapes.row(&format!("{name}: {unit}")),
        Cores::Shared => None,
    });
    if rows.iter().all(|(.., row)| row.is_none()) && costs.iter().all(Option::is_none) {
        return;
    }
    let figures = measure(cores, coding, if plan.quick { 1 } else { 5 });
    for (who, percent, row) in rows {
        if let Some(row) = row {
            let row = if percent == 99 { row.target(FLAT) } else { row };
            push(row, who, &figures, subject, |it| {
                percentile(&it.latencies, percent)
            });
        }
    }
    let [megabytes, milliseconds] = costs;
    if let Some(row) = megabytes {
        push(row, Contender::Ours, &figures, scrapes, |it| {
            it.peak as f64 / 1e6
        });
    }
    if let Some(row) = milliseconds {
        push(row, Contender::Ours, &figures, scrapes, |it| {
            percentile(&it.waves, 50) / 1e3
        });
    }
}

/// Waves against one contender after the other, in turns.
fn measure(cores: Cores, coding: Coding, turns: usize) -> Vec<(Contender, Figures)> {
    let mut scrapers = Scrapers::start(cores);
    let mut all: Vec<(Contender, Service, Figures)> = Contender::ALL
        .iter()
        .map(|contender| {
            let service = Service::start(*contender, cores);
            (*contender, service, Figures::default())
        })
        .collect();
    // One that is not counted: first scrapes grow buffers.
    for turn in 0..=turns {
        for (_, service, figures) in &mut all {
            scrapers.connect(service.scraped_at(), coding);
            let mut latencies = std::mem::take(&mut figures.latencies);
            latencies.reserve(1 << 16); // not while the heap is watched
            let (took, peak) = alloc::peak(|| {
                requests_during(service.address(), cores.clients(), &mut latencies, || {
                    scrapers.scrape()
                })
            });
            if turn == 0 {
                latencies.clear();
            } else {
                figures.peak = figures.peak.max(peak);
                figures.waves.push(took);
            }
            figures.latencies = latencies;
        }
    }
    all.into_iter()
        .map(|(contender, _, figures)| (contender, figures))
        .collect()
}

fn push(
    row: Row,
    ours: Contender,
    figures: &[(Contender, Figures)],
    subject: &mut Subject,
    figure: impl Fn(&Figures) -> f64,
) {
    let of = |wanted| {
        let found = figures.iter().find(|(contender, _)| *contender == wanted);
        found.map(|(_, figures)| figure(figures))
    };
    let peers = figures
        .iter()
        .filter_map(|(contender, figures)| contender.peer().map(|name| (name, figure(figures))));
    let peers: Vec<_> = peers.collect();
    let is = of(ours).expect("ours was measured");
    row.exact_over(of(Contender::Floor), is, peers, subject);
}

/// In microseconds.
fn percentile(durations: &[Duration], percent: usize) -> f64 {
    let mut durations = durations.to_vec();
    durations.sort_unstable();
    let at = (durations.len() * percent / 100).min(durations.len().saturating_sub(1));
    durations
        .get(at)
        .map_or(f64::NAN, |it| it.as_secs_f64() * 1e6)
}
