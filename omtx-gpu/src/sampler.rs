//! The thread that asks the devices, and that opens the driver again when it is gone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use nvml_wrapper::Nvml;

use crate::backoff::Backoff;
use crate::driver::{self, Session};
use crate::events::Lent;
use crate::shared::Shared;
use crate::snapshot::{GpuDevice, GpuDriver, GpuMig};
use crate::state::{CollectorState, Status};

/// Runs until the collector is dropped.
pub(crate) fn run(shared: &Shared) {
    let mut sampler = Sampler {
        shared,
        known: Vec::new(),
        driver: None,
        backoff: Backoff::new(shared.options.backoff),
    };
    loop {
        // nvml-wrapper panics where a driver answers what it cannot read.
        match catch_unwind(AssertUnwindSafe(|| sampler.live())) {
            Ok(Next::End) => return,
            Ok(Next::OpenAgain) => {}
            Err(_) => sampler.down(&"the driver's answer could not be read".into()),
        }
        let pause = sampler.backoff.next();
        if !shared.pause(pause) {
            return;
        }
    }
}

/// What comes after one life of the driver.
enum Next {
    OpenAgain,
    End,
}

struct Sampler<'a> {
    shared: &'a Shared,
    /// Every device that was seen.
    known: Vec<GpuDevice>,
    driver: Option<Arc<GpuDriver>>,
    backoff: Backoff,
}

impl<'a> Sampler<'a> {
    /// One life of the driver.
    fn live(&mut self) -> Next {
        let Shared {
            options, sampler, ..
        } = self.shared;
        let nvml = match driver::open(options, sampler) {
            Ok(nvml) => Arc::new(nvml),
            Err(problem) => {
                self.down(&problem);
                return Next::OpenAgain;
            }
        };
        let mut lent = None;
        let result = self.serve(&nvml, &mut lent);
        if let Err(problem) = &result {
            self.down(problem); // before the event thread is waited for, which may hang
        }
        drop(lent);
        // The last owner shuts NVML down, and unloads it: here, where it is watched.
        sampler.call("nvmlShutdown", || drop(nvml));
        match result {
            Ok(()) => Next::End,
            Err(_) => Next::OpenAgain,
        }
    }

    /// Samples until the thread is to end, or the driver has to be opened again: `Err` says why.
    fn serve(&mut self, nvml: &Arc<Nvml>, lent: &mut Option<Lent<'a>>) -> Result<(), Arc<str>> {
        let Shared {
            options, sampler, ..
        } = self.shared;
        let mut session = Session::start(nvml, sampler)?;
        self.driver = Some(Arc::clone(session.driver()));
        *lent = Some(self.shared.desk.lend(nvml));
        let mut slow_due = Instant::now();
        loop {
            let start = Instant::now();
            let slow = start >= slow_due;
            if slow {
                slow_due = start + options.slow_interval;
            }
            let devices = session.sample(slow, options)?;
            self.up(devices);
            let rest = options.interval.saturating_sub(start.elapsed());
            if !self.shared.pause(rest) {
                return Ok(());
            }
        }
    }

    /// Publishes a sample.
    fn up(&mut self, devices: Vec<GpuDevice>) {
        let whole = |device: &&GpuDevice| !matches!(device.identity.mig, GpuMig::Instance { .. });
        let answering = devices.iter().filter(whole).filter(|device| device.up);
        let answering = u32::try_from(answering.count()).unwrap_or(u32::MAX);
        // Devices of an earlier life that are not there any more are down. Instances that are not there do not exist.
        let gone = self.known.iter().filter(whole).filter(|known| {
            let is_it = |device: &GpuDevice| device.identity.uuid == known.identity.uuid;
            !devices.iter().any(is_it)
        });
        let gone: Vec<GpuDevice> = gone
            .map(|device| down(device, &"the driver does not know it any more".into()))
            .collect();
        self.known = devices;
        self.known.extend(gone);
        let missing = || {
            let expected = self.shared.options.expected;
            format!("{answering} devices answer, and {expected} are expected")
        };
        let status = if answering == 0 {
            Status::because(CollectorState::Lost, missing())
        } else if answering < self.shared.options.expected {
            self.backoff.reset();
            Status::because(CollectorState::Lost, missing())
        } else {
            self.backoff.reset();
            Status::up()
        };
        if !status.is_up() {
            self.shared.count_failure();
        }
        self.publish(status);
    }

    /// Publishes that there is no driver.
    fn down(&mut self, problem: &Arc<str>) {
        self.shared.count_failure();
        self.known = self
            .known
            .iter()
            .map(|device| down(device, problem))
            .collect();
        let state = if self.known.is_empty() {
            CollectorState::Absent
        } else {
            CollectorState::Lost
        };
        self.publish(Status::because(state, Arc::clone(problem)));
    }

    fn publish(&self, status: Status) {
        self.shared
            .publish(status, self.driver.clone(), self.known.clone());
    }
}

fn down(device: &GpuDevice, problem: &Arc<str>) -> GpuDevice {
    GpuDevice {
        up: false,
        problem: Some(Arc::clone(problem)),
        ..device.clone()
    }
}
