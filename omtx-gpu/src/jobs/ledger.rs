//! Who uses which device, and what that costs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::lock::lock;
use crate::snapshot::GpuSnapshot;

/// Accounts of the jobs that run on devices.
///
/// A device's time is shared equally by the jobs that run on it. The integral of 1/n over time, for n jobs that run, is
/// the device's *meter*: what the meter of a device shows at a job's end less what it showed at its start is the job's
/// share. So a start and an end cost the same however many jobs there are; a sample visits each running job once.
pub(crate) struct Ledger {
    books: Mutex<Books>,
    max_age: Duration,
}

#[derive(Default)]
struct Books {
    devices: HashMap<Arc<str>, Device>,
    jobs: HashMap<u64, Account>,
    next: u64,
}

/// A device that jobs run on, or did.
struct Device {
    jobs: u32,
    meter: f64,
    /// When the meter showed that.
    at: Instant,
    /// What is known until the next sample.
    rate: Rate,
}

/// How a device fares between two samples.
#[derive(Clone, Copy, Debug, Default)]
struct Rate {
    sampled: Option<Instant>,
    energy_joules: Option<f64>,
    power_watts: Option<f64>,
    utilization: Option<f64>,
    memory_used: Option<u64>,
}

#[derive(Default)]
struct Account {
    shares: Vec<Share>,
    /// Names of devices that are not known yet.
    unresolved: Vec<String>,
    charge: Charge,
}

struct Share {
    device: Arc<str>,
    /// What the meter showed when it was last settled, and when that was.
    mark: f64,
    since: Instant,
}

/// What a job is charged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Charge {
    pub(crate) seconds: f64,
    pub(crate) joules: Option<f64>,
    pub(crate) busy_seconds: f64,
    /// Seconds whose utilisation is known.
    pub(crate) observed_seconds: f64,
    pub(crate) peak_memory_bytes: Option<u64>,
    /// True if a device that the job named was never there.
    pub(crate) incomplete: bool,
}

impl Device {
    fn new(now: Instant) -> Self {
        Self {
            jobs: 0,
            meter: 0.0,
            at: now,
            rate: Rate::default(),
        }
    }

    fn advance(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at);
        if self.jobs > 0 {
            self.meter += passed.as_secs_f64() / f64::from(self.jobs);
        }
        self.at = self.at.max(now);
    }
}

impl Charge {
    /// Charges a share of a device's time.
    fn add(&mut self, seconds: f64, known_seconds: f64, rate: &Rate) {
        self.seconds += seconds;
        if let Some(watts) = rate.power_watts {
            *self.joules.get_or_insert(0.0) += watts * known_seconds;
        }
        if let Some(utilization) = rate.utilization {
            self.busy_seconds += utilization * known_seconds;
            self.observed_seconds += known_seconds;
        }
    }

    fn see(&mut self, memory: Option<u64>) {
        self.peak_memory_bytes = self.peak_memory_bytes.max(memory);
    }
}

impl Ledger {
    pub(crate) fn new(max_age: Duration) -> Self {
        Self {
            books: Mutex::default(),
            max_age,
        }
    }

    /// A job begins to run on the devices of these names, separated by commas.
    pub(crate) fn open(&self, names: &str, snapshot: &GpuSnapshot, now: Instant) -> u64 {
        let names = names.split(',').map(str::trim);
        let mut account = Account {
            unresolved: names
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
            ..Account::default()
        };
        let books = &mut *lock(&self.books);
        account.resolve(&mut books.devices, snapshot, now);
        let memory = account.memory(&books.devices);
        account.charge.see(memory);
        books.next += 1;
        books.jobs.insert(books.next, account);
        books.next
    }

    /// The job is over.
    pub(crate) fn close(&self, job: u64, now: Instant) -> Charge {
        let books = &mut *lock(&self.books);
        let Some(mut account) = books.jobs.remove(&job) else {
            return Charge::default();
        };
        for share in &account.shares {
            let Some(device) = books.devices.get_mut(&share.device) else {
                continue;
            };
            device.advance(now);
            let seconds = device.meter - share.mark;
            // Of a stretch that is longer than what is known of it, only the beginning is known.
            let stretch = now.saturating_duration_since(share.since);
            let known = device.rate.sampled.map_or(Duration::ZERO, |sampled| {
                (sampled + self.max_age).saturating_duration_since(share.since)
            });
            let known = if known >= stretch {
                1.0
            } else {
                known.as_secs_f64() / stretch.as_secs_f64()
            };
            account.charge.add(seconds, seconds * known, &device.rate);
            device.jobs -= 1;
        }
        account.charge.incomplete = !account.unresolved.is_empty();
        books.devices.retain(|_, device| device.jobs > 0);
        account.charge
    }

    /// A sample was taken: charges every running job what is known now of the time since the last one.
    pub(crate) fn settle(&self, snapshot: &GpuSnapshot) {
        let books = &mut *lock(&self.books);
        if books.jobs.is_empty() {
            return;
        }
        let now = snapshot.taken;
        // What is known of the stretch that ends now, by device.
        let mut ended: HashMap<&str, Rate> = HashMap::new();
        for sampled in snapshot.devices.iter().filter(|device| device.up) {
            let Some(device) = books.devices.get_mut(&sampled.identity.uuid) else {
                continue;
            };
            let (before, readings) = (device.rate, &sampled.readings);
            let at = sampled.sampled.unwrap_or(now);
            device.advance(at);
            device.rate = Rate {
                sampled: Some(at),
                energy_joules: readings.energy_joules,
                power_watts: mean_power(&before, readings.energy_joules, at)
                    .or(readings.power_watts),
                utilization: readings.utilization_ratio,
                memory_used: readings.memory.map(|memory| memory.used),
            };
            ended.insert(&sampled.identity.uuid, device.rate);
        }
        for account in books.jobs.values_mut() {
            let Account { shares, charge, .. } = account;
            for share in shares {
                let (Some(rate), Some(device)) =
                    (ended.get(&*share.device), books.devices.get(&share.device))
                else {
                    continue; // it does not answer: the stretch goes on
                };
                let seconds = device.meter - share.mark;
                charge.add(seconds, seconds, rate);
                share.mark = device.meter;
                share.since = device.at;
            }
            account.resolve(&mut books.devices, snapshot, now);
            let memory = account.memory(&books.devices);
            account.charge.see(memory);
        }
    }
}

/// The mean power since the last sample, by the energy counter; `None` where there is none, or it was reset.
fn mean_power(before: &Rate, energy: Option<f64>, at: Instant) -> Option<f64> {
    let (start, sampled) = (before.energy_joules?, before.sampled?);
    let seconds = at.saturating_duration_since(sampled).as_secs_f64();
    let joules = energy? - start;
    (seconds > 0.0 && joules >= 0.0).then(|| joules / seconds)
}

impl Account {
    /// Charges the devices that are known now from now on.
    fn resolve(
        &mut self,
        devices: &mut HashMap<Arc<str>, Device>,
        snapshot: &GpuSnapshot,
        now: Instant,
    ) {
        let Self {
            shares, unresolved, ..
        } = self;
        unresolved.retain(|name| {
            let Some(found) = snapshot.find(name) else {
                return true;
            };
            let uuid = &found.identity.uuid;
            if shares.iter().any(|share| share.device == *uuid) {
                return false; // named twice
            }
            let device = devices.entry(Arc::clone(uuid)).or_insert_with(|| {
                let readings = &found.readings;
                Device {
                    rate: Rate {
                        sampled: found.sampled,
                        energy_joules: readings.energy_joules,
                        power_watts: readings.power_watts,
                        utilization: readings.utilization_ratio,
                        memory_used: readings.memory.map(|memory| memory.used),
                    },
                    ..Device::new(now)
                }
            });
            device.advance(now);
            device.jobs += 1;
            shares.push(Share {
                device: Arc::clone(uuid),
                mark: device.meter,
                since: now,
            });
            false
        });
    }

    /// What is allocated on all devices of the job.
    fn memory(&self, devices: &HashMap<Arc<str>, Device>) -> Option<u64> {
        let used = self.shares.iter().filter_map(|share| {
            let device = devices.get(&share.device)?;
            device.rate.memory_used
        });
        used.fold(None, |sum, used| Some(sum.unwrap_or(0) + used))
    }
}

#[cfg(test)]
mod tests {
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
}
