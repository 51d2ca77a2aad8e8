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
mod tests;
