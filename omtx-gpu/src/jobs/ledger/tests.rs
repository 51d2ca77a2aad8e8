//! Accounts by hand: every moment and every sample is given.

use std::time::SystemTime;

use proptest::prelude::*;

use super::*;
use crate::readings::GpuReadings;
use crate::snapshot::{GpuDevice, GpuIdentity, GpuMig};
use crate::state::Status;

const MAX_AGE: Duration = Duration::from_secs(60);

/// Time and samples by hand.
struct Bench {
    ledger: Ledger,
    start: Instant,
    snapshot: GpuSnapshot,
}

impl Bench {
    /// A device that has used no energy yet.
    fn new() -> Self {
        let start = Instant::now();
        let bench = Self {
            ledger: Ledger::new(MAX_AGE),
            start,
            snapshot: GpuSnapshot {
                taken: start,
                taken_at: SystemTime::UNIX_EPOCH,
                sampled_at: None,
                status: Status::up(),
                driver: None,
                devices: Vec::new(),
            },
        };
        bench.sampled(0.0, Some(0.0), 0.0)
    }

    fn at(&self, seconds: f64) -> Instant {
        self.start + Duration::from_secs_f64(seconds)
    }

    fn sampled(mut self, at: f64, energy: Option<f64>, utilization: f64) -> Self {
        self.sample(at, energy, None, utilization);
        self
    }

    fn sample(&mut self, at: f64, energy: Option<f64>, power: Option<f64>, utilization: f64) {
        let readings = GpuReadings {
            energy_joules: energy,
            power_watts: power,
            utilization_ratio: Some(utilization),
            ..GpuReadings::default()
        };
        self.snapshot.taken = self.at(at);
        self.snapshot.devices = vec![GpuDevice {
            identity: Arc::new(GpuIdentity {
                uuid: "GPU-0".into(),
                index: 0,
                name: "".into(),
                pci_bus_id: "".into(),
                mig: GpuMig::Unsupported,
            }),
            up: true,
            sampled: Some(self.at(at)),
            readings: Arc::new(readings),
            problem: None,
        }];
        self.ledger.settle(&self.snapshot);
    }

    fn open(&self, at: f64) -> u64 {
        self.ledger.open("0", &self.snapshot, self.at(at))
    }

    fn close(&self, job: u64, at: f64) -> Charge {
        self.ledger.close(job, self.at(at))
    }
}

#[track_caller]
fn close_to(actual: f64, expected: f64) {
    assert!(
        (actual - expected).abs() < 1e-6,
        "{actual} is not {expected}"
    );
}

#[test]
fn a_job_alone_pays_for_all_that_its_device_uses() {
    let mut bench = Bench::new();
    let job = bench.open(0.0);
    bench.sample(10.0, Some(1_000.0), None, 0.5);
    bench.sample(20.0, Some(3_000.0), None, 1.0);
    let charge = bench.close(job, 20.0);
    close_to(charge.seconds, 20.0);
    close_to(charge.joules.unwrap(), 3_000.0);
    close_to(charge.busy_seconds / charge.observed_seconds, 0.75);
}

#[test]
fn jobs_at_the_same_time_share_in_equal_parts() {
    let mut bench = Bench::new();
    let long = bench.open(0.0);
    bench.sample(10.0, Some(1_000.0), None, 1.0);
    let short = bench.open(10.0);
    bench.sample(20.0, Some(3_000.0), None, 1.0);
    let short = bench.close(short, 20.0);
    bench.sample(30.0, Some(4_000.0), None, 1.0);
    let long = bench.close(long, 30.0);
    close_to(short.seconds, 5.0);
    close_to(short.joules.unwrap(), 1_000.0);
    close_to(long.seconds, 25.0);
    close_to(long.joules.unwrap(), 3_000.0);
}

#[test]
fn the_time_since_the_last_sample_costs_the_power_before_it() {
    let mut bench = Bench::new();
    let job = bench.open(0.0);
    bench.sample(10.0, Some(1_000.0), None, 1.0); // 100 W
    let charge = bench.close(job, 13.0);
    close_to(charge.seconds, 13.0);
    close_to(charge.joules.unwrap(), 1_300.0);
}

#[test]
fn a_device_without_an_energy_counter_is_charged_by_its_power() {
    let mut bench = Bench::new();
    bench.sample(0.0, None, Some(50.0), 1.0);
    let job = bench.open(0.0);
    bench.sample(10.0, None, Some(70.0), 1.0);
    close_to(bench.close(job, 10.0).joules.unwrap(), 700.0);
}

#[test]
fn a_counter_that_was_reset_is_not_charged_backwards() {
    let mut bench = Bench::new();
    let job = bench.open(0.0);
    bench.sample(10.0, Some(1_000.0), Some(80.0), 1.0);
    bench.sample(20.0, Some(5.0), Some(80.0), 1.0); // the driver was reloaded
    close_to(bench.close(job, 20.0).joules.unwrap(), 1_800.0);
}

#[test]
fn what_is_too_old_is_charged_in_seconds_only() {
    let mut bench = Bench::new();
    let job = bench.open(0.0);
    bench.sample(10.0, Some(1_000.0), None, 1.0);
    let charge = bench.close(job, 10.0 + 600.0);
    close_to(charge.seconds, 610.0);
    close_to(charge.joules.unwrap(), 1_000.0 + 60.0 * 100.0);
    close_to(charge.observed_seconds, 70.0);
}

#[test]
fn a_job_that_begins_when_nothing_is_known_any_more_costs_seconds_only() {
    let mut bench = Bench::new();
    bench.sample(10.0, None, Some(100.0), 1.0);
    let job = bench.open(60.0);
    let charge = bench.close(job, 100.0);
    close_to(charge.seconds, 40.0);
    close_to(charge.joules.unwrap(), 10.0 * 100.0);
    let job = bench.open(200.0);
    close_to(bench.close(job, 300.0).joules.unwrap(), 0.0);
}

#[test]
fn a_device_that_is_named_twice_is_charged_once() {
    let bench = Bench::new();
    let job = bench
        .ledger
        .open("0,GPU-0, 0,", &bench.snapshot, bench.at(0.0));
    let charge = bench.close(job, 4.0);
    close_to(charge.seconds, 4.0);
    assert!(!charge.incomplete);
}

#[test]
fn nothing_is_kept_of_jobs_that_are_over() {
    let bench = Bench::new();
    let job = bench.open(0.0);
    bench.close(job, 1.0);
    assert_eq!(bench.close(job, 2.0), Charge::default());
    let books = lock(&bench.ledger.books);
    assert!(books.jobs.is_empty() && books.devices.is_empty());
}

proptest! {
    /// However jobs start and end between samples, what they are charged adds up to what the device was used for.
    #[test]
    fn all_charges_add_up(
        spans in prop::collection::vec((0_u32..100, 1_u32..50), 1..12),
        powers in prop::collection::vec(0_u32..700, 15),
    ) {
        #[derive(Clone, Copy)]
        enum Step { Sample(u32), Open(usize), Close(usize) }
        let mut steps: Vec<(u32, u32, Step)> = Vec::new();
        for (job, &(start, length)) in spans.iter().enumerate() {
            steps.push((start, 1, Step::Open(job)));
            steps.push((start + length, 2, Step::Close(job)));
        }
        // Every ten seconds; starts and ends of the same instant come after the sample.
        steps.extend((0..15).map(|at| (at * 10, 0, Step::Sample(at))));
        steps.sort_by_key(|&(at, order, _)| (at, order));

        let mut bench = Bench::new();
        let (mut joules, mut seconds, mut energy) = (0.0, 0.0, 0.0);
        let mut open = vec![None; spans.len()];
        for (at, _, step) in steps {
            let at = f64::from(at);
            match step {
                Step::Sample(0) => {}
                Step::Sample(n) => {
                    energy += f64::from(powers[n as usize - 1]) * 10.0;
                    bench.sample(at, Some(energy), None, 1.0);
                }
                Step::Open(job) => open[job] = Some(bench.open(at)),
                Step::Close(job) => {
                    let charge = bench.close(open[job].unwrap(), at);
                    seconds += charge.seconds;
                    joules += charge.joules.unwrap_or_default();
                }
            }
        }
        let used: Vec<bool> = (0..150)
            .map(|at| spans.iter().any(|&(start, length)| (start..start + length).contains(&at)))
            .collect();
        let expected = used.iter().filter(|used| **used).count();
        prop_assert!((seconds - expected as f64).abs() < 1e-6, "{seconds} {expected}");
        // An end between samples is charged the power of the interval before: within one interval's energy each.
        let exact: f64 = used.iter().zip(0..).filter(|(used, _)| **used)
            .map(|(_, at): (_, usize)| f64::from(powers[at / 10])).sum();
        let error = 10.0 * 700.0 * spans.len() as f64;
        prop_assert!((joules - exact).abs() <= error, "{joules} {exact}");
    }
}
