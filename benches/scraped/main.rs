//! What scrapes do to the service that is scraped: a thousand at once, of ten thousand series.
//!
//! Real sockets: the service's runtime has two workers, its requests come from a thread of their own and the scrapes from
//! another.

mod load;
mod service;

use load::{Wave, requests_during, wave};
use omtx_benches::{Plan, Subject, alloc};
use service::{Contender, Service};
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

const SCRAPES: usize = 1_000;

/// What one contender's waves came to.
#[derive(Default)]
struct Figures {
    /// Of the service's own requests while it was scraped.
    latencies: Vec<Duration>,
    /// How much larger the heap became.
    peak: i64,
    /// From the first request of a wave to the end of its last response.
    waves: Vec<Duration>,
}

fn main() {
    let plan = Plan::from_env();
    let waves = if plan.quick { 1 } else { 5 };
    let mut service = Subject::new(
        "The service's own requests while 1000 scrapes of 10000 series are answered",
        "µs",
        &plan,
    );
    let mut scrapes = Subject::new(
        "1000 scrapes of 10000 series at once",
        "MB the heap grows by, and ms until the last is answered",
        &plan,
    );
    if let (Some(p50), Some(p99)) = (
        service.row("p50 of a request, nobody scrapes"),
        service.row("p99 of a request, nobody scrapes"),
    ) {
        let mut figures = contenders();
        for (contender, figures) in &mut figures {
            let service = Service::start(*contender);
            figures.latencies = requests_during(service.address(), || {
                std::thread::sleep(Duration::from_secs(1))
            });
        }
        push(p50, &figures, &mut service, |figures| {
            percentile(figures, 50)
        });
        push(p99, &figures, &mut service, |figures| {
            percentile(figures, 99)
        });
    }
    for (name, coding) in [("plain", Wave::Plain), ("gzip", Wave::Gzip)] {
        let Some(p50) = service.row(&format!("p50 of a request, {name} scrapes")) else {
            continue;
        };
        let row = |subject: &Subject, what: &str| {
            let row = subject.row(&format!("{what}, {name} scrapes"));
            row.unwrap_or_else(|| panic!("{what} runs with p50"))
        };
        let p99 = row(&service, "p99 of a request");
        let mut figures = contenders();
        let services: Vec<Service> = figures
            .iter()
            .map(|(contender, _)| Service::start(*contender))
            .collect();
        // One that is not counted: first scrapes grow buffers.
        for turn in 0..=waves {
            for (service, (_, figures)) in services.iter().zip(&mut figures) {
                let address = service.address();
                let mut took = Duration::ZERO;
                let (latencies, peak) = alloc::peak(|| {
                    requests_during(address, || took = wave(address, SCRAPES, coding))
                });
                if turn > 0 {
                    figures.latencies.extend(latencies);
                    figures.peak = figures.peak.max(peak);
                    figures.waves.push(took);
                }
            }
        }
        push(p50, &figures, &mut service, |figures| {
            percentile(figures, 50)
        });
        push(p99, &figures, &mut service, |figures| {
            percentile(figures, 99)
        });
        if let Some(row) = scrapes.row(&format!("{name}: MB")) {
            push(row, &figures, &mut scrapes, |figures| {
                figures.peak as f64 / 1e6
            });
        }
        if let Some(row) = scrapes.row(&format!("{name}: ms")) {
            push(row, &figures, &mut scrapes, |figures| {
                let mut waves = figures.waves.clone();
                waves.sort_unstable();
                waves[waves.len() / 2].as_secs_f64() * 1e3
            });
        }
    }
    service.print();
    scrapes.print();
}

fn contenders() -> Vec<(Contender, Figures)> {
    let all = Contender::all().into_iter();
    all.map(|contender| (contender, Figures::default()))
        .collect()
}

fn push(
    row: omtx_benches::Row,
    figures: &[(Contender, Figures)],
    subject: &mut Subject,
    figure: impl Fn(&Figures) -> f64,
) {
    let (ours, peers) = figures.split_first().expect("ours is first");
    let peers: Vec<_> = peers
        .iter()
        .map(|(contender, figures)| (contender.name(), figure(figures)))
        .collect();
    row.exact(figure(&ours.1), peers, subject);
}

/// In microseconds.
fn percentile(figures: &Figures, percent: usize) -> f64 {
    let mut latencies = figures.latencies.clone();
    latencies.sort_unstable();
    let at = (latencies.len() * percent / 100).min(latencies.len().saturating_sub(1));
    latencies
        .get(at)
        .map_or(f64::NAN, |it| it.as_secs_f64() * 1e6)
}
