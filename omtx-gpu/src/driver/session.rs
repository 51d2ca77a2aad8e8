//! One life of the driver: the devices that it has, sampled one after the other.

use std::sync::Arc;
use std::time::Instant;

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;

use super::device::Probe;
use super::fault::{Fault, words};
use super::watch::Watch;
use crate::options::Options;
use crate::readings::GpuReadings;
use crate::snapshot::{GpuDevice, GpuDriver, GpuMig};

/// Rounds in which nobody says anything, after which the driver is opened anew.
const SILENT_ROUNDS: u32 = 3;

/// Loads and initialises NVML.
pub(crate) fn open(options: &Options, watch: &Watch) -> Result<Nvml, Arc<str>> {
    let mut builder = Nvml::builder();
    if let Some(library) = &options.library {
        builder.lib_path(library);
    }
    let nvml = watch.call("nvmlInit_v2", || builder.init());
    nvml.map_err(|error| match error {
        NvmlError::LibloadingError(error) => error.to_string().into(), // names the library
        error => words("nvmlInit_v2", &error),
    })
}

/// The devices of an initialised driver.
pub(crate) struct Session<'a> {
    nvml: &'a Nvml,
    watch: &'a Watch,
    driver: Arc<GpuDriver>,
    /// How many there were at the start; another number is another machine.
    count: u32,
    /// Indexes of those that had no handle to give.
    missing: Vec<u32>,
    slots: Vec<Slot<'a>>,
    silent_rounds: u32,
}

/// A device and what it said last.
struct Slot<'a> {
    probe: Probe<'a>,
    up: bool,
    sampled: Option<Instant>,
    readings: Arc<GpuReadings>,
    problem: Option<Arc<str>>,
}

impl<'a> Session<'a> {
    /// Looks for devices. `Err` says why there are none.
    pub(crate) fn start(nvml: &'a Nvml, watch: &'a Watch) -> Result<Self, Arc<str>> {
        let count = watch
            .call("nvmlDeviceGetCount_v2", || nvml.device_count())
            .map_err(|error| words("nvmlDeviceGetCount_v2", &error))?;
        let version = watch.call("nvmlSystemGetDriverVersion", || nvml.sys_driver_version());
        let cuda = watch.call("nvmlSystemGetCudaDriverVersion_v2", || {
            nvml.sys_cuda_driver_version()
        });
        let driver = GpuDriver {
            version: version.unwrap_or_default().into(),
            cuda: cuda
                .ok()
                .map(|version| format!("{}.{}", version / 1_000, version % 1_000 / 10).into()),
        };
        let (mut slots, mut missing) = (Vec::new(), Vec::new());
        let mut problem: Arc<str> = "the driver knows no device".into();
        for index in 0..count {
            match slot(nvml, watch, index) {
                Ok(slot) => slots.push(slot),
                Err(error) => {
                    missing.push(index);
                    problem = error;
                }
            }
        }
        if slots.is_empty() {
            return Err(problem);
        }
        Ok(Self {
            nvml,
            watch,
            driver: Arc::new(driver),
            count,
            missing,
            slots,
            silent_rounds: 0,
        })
    }

    pub(crate) fn driver(&self) -> &Arc<GpuDriver> {
        &self.driver
    }

    /// Asks all devices. `Err` says why the driver has to be opened anew.
    pub(crate) fn sample(
        &mut self,
        slow: bool,
        options: &Options,
    ) -> Result<Vec<GpuDevice>, Arc<str>> {
        if slow {
            self.recount()?;
            self.find_instances()?;
        }
        for slot in &mut self.slots {
            slot.sample(slow, options)?;
        }
        if self.slots.iter().any(|slot| slot.up) {
            self.silent_rounds = 0;
        } else {
            self.silent_rounds += 1;
        }
        if self.silent_rounds >= SILENT_ROUNDS {
            let said = self.slots.iter().find_map(|slot| slot.problem.clone());
            return Err(said.unwrap_or_else(|| "no device answers".into()));
        }
        Ok(self.slots.iter().map(Slot::device).collect())
    }

    /// Devices that were plugged in, and handles of those that came back.
    fn recount(&mut self) -> Result<(), Arc<str>> {
        let (nvml, watch) = (self.nvml, self.watch);
        let count = watch
            .call("nvmlDeviceGetCount_v2", || nvml.device_count())
            .map_err(|error| words("nvmlDeviceGetCount_v2", &error))?;
        if count != self.count {
            return Err(format!("there are {count} devices, and were {}", self.count).into());
        }
        for slot in self.slots.iter_mut().filter(|slot| !slot.up) {
            let uuid = Arc::clone(&slot.probe.identity().uuid);
            let found = watch.call("nvmlDeviceGetHandleByUUID", || nvml.device_by_uuid(&*uuid));
            let index = slot.probe.identity().index;
            if let Ok(Ok(probe)) = found.map(|device| Probe::open(device, index, watch)) {
                slot.probe = probe;
            }
        }
        for index in std::mem::take(&mut self.missing) {
            match slot(nvml, watch, index) {
                Ok(slot) => self.slots.push(slot),
                Err(_) => self.missing.push(index),
            }
        }
        Ok(())
    }

    /// Keeps the instances that are still there, drops the others, and puts new ones behind their device.
    fn find_instances(&mut self) -> Result<(), Arc<str>> {
        let mut old: Vec<Slot<'a>> = Vec::new();
        let mut next: Vec<Slot<'a>> = Vec::new();
        for slot in self.slots.drain(..) {
            match slot.probe.identity().mig {
                GpuMig::Instance { .. } => old.push(slot),
                _ => next.push(slot),
            }
        }
        for mut slot in next {
            let found = match slot.probe.instances() {
                Ok(found) => found,
                Err(Fault::Driver(error)) => return Err(words("nvmlDeviceGetMigMode", &error)),
                Err(_) => Vec::new(), // the device's own sample says so too
            };
            self.slots.push(slot);
            for probe in found {
                let same = |slot: &Slot<'a>| slot.probe.identity() == probe.identity();
                let known = old.iter().position(same).map(|at| old.swap_remove(at));
                self.slots.push(known.unwrap_or_else(|| Slot::new(probe)));
            }
        }
        Ok(())
    }
}

fn slot<'a>(nvml: &'a Nvml, watch: &'a Watch, index: u32) -> Result<Slot<'a>, Arc<str>> {
    let device = watch
        .call("nvmlDeviceGetHandleByIndex_v2", || {
            nvml.device_by_index(index)
        })
        .map_err(|error| words("nvmlDeviceGetHandleByIndex_v2", &error))?;
    Ok(Slot::new(Probe::open(device, index, watch)?))
}

impl<'a> Slot<'a> {
    fn new(probe: Probe<'a>) -> Self {
        Self {
            probe,
            up: false,
            sampled: None,
            readings: Arc::default(),
            problem: None,
        }
    }

    fn sample(&mut self, slow: bool, options: &Options) -> Result<(), Arc<str>> {
        match self.probe.sample(slow, options) {
            Ok(readings) => {
                self.problem = self.probe.silence();
                self.up = self.problem.is_none();
                if self.up {
                    self.sampled = Some(Instant::now());
                    self.readings = Arc::new(readings);
                }
                Ok(())
            }
            Err(Fault::Driver(error)) => Err(words("driver", &error)),
            Err(Fault::Device(error) | Fault::Passing(error)) => {
                self.up = false;
                self.problem = Some(error.to_string().into());
                Ok(())
            }
            Err(Fault::Unsupported) => Ok(()), // `ask` keeps it for itself
        }
    }

    fn device(&self) -> GpuDevice {
        GpuDevice {
            identity: Arc::clone(self.probe.identity()),
            up: self.up,
            sampled: self.sampled,
            readings: Arc::clone(&self.readings),
            problem: self.problem.clone(),
        }
    }
}
