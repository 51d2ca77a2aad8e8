//! One device: what it can be asked, and its answers so far.

mod fast;
mod slow;

use std::collections::HashSet;
use std::sync::Arc;

use nvml_wrapper::Device;
use nvml_wrapper::error::NvmlError;

use super::fault::{Fault, words};
use super::field::Field;
use super::raw;
use super::watch::Watch;
use crate::options::Options;
use crate::readings::GpuReadings;
use crate::snapshot::{GpuIdentity, GpuMig};

/// A device with its handle.
pub(super) struct Probe<'a> {
    device: Device<'a>,
    watch: &'a Watch,
    identity: Arc<GpuIdentity>,
    /// What it refused once; not asked again while the driver lives.
    unsupported: HashSet<Field>,
    /// True until a whole round was asked: the handle cannot be out of date.
    fresh: bool,
    /// Whether a question of this round was answered, and what the last other one said.
    answered: bool,
    passing: Option<Arc<str>>,
    /// What was learned at the first round.
    fans: u32,
    links: Vec<u32>,
    readings: GpuReadings,
    /// The most energy that the device has told: it never tells less while the driver lives.
    energy_floor: f64,
}

impl<'a> Probe<'a> {
    /// Asks a device who it is.
    pub(super) fn open(device: Device<'a>, index: u32, watch: &'a Watch) -> Result<Self, Arc<str>> {
        let ask = |symbol, error: NvmlError| words(symbol, &error);
        let uuid = watch
            .call("nvmlDeviceGetUUID", || device.uuid())
            .map_err(|error| ask("nvmlDeviceGetUUID", error))?;
        let name = watch
            .call("nvmlDeviceGetName", || device.name())
            .unwrap_or_default();
        let pci = watch.call("nvmlDeviceGetPciInfo_v3", || device.pci_info());
        let mig = match watch.call("nvmlDeviceGetMigMode", || device.mig_mode()) {
            Ok(mode) if mode.current != 0 => GpuMig::Enabled,
            Ok(_) => GpuMig::Disabled,
            Err(_) => GpuMig::Unsupported,
        };
        let identity = GpuIdentity {
            uuid: uuid.into(),
            index,
            name: name.into(),
            pci_bus_id: pci.map(|pci| pci.bus_id).unwrap_or_default().into(),
            mig,
        };
        Ok(Self::new(device, identity, watch))
    }

    /// Asks an instance of a device who it is.
    fn open_instance(&self, device: Device<'a>) -> Result<Self, NvmlError> {
        let watch = self.watch;
        let uuid = watch.call("nvmlDeviceGetUUID", || device.uuid())?;
        let name = watch
            .call("nvmlDeviceGetName", || device.name())
            .unwrap_or_else(|_| self.identity.name.as_ref().to_owned());
        let ids = watch.call("nvmlDeviceGetGpuInstanceId", || raw::instance_ids(&device));
        let (gpu_instance, compute_instance) = ids.unwrap_or_default();
        let identity = GpuIdentity {
            uuid: uuid.into(),
            index: self.identity.index,
            name: name.into(),
            pci_bus_id: Arc::clone(&self.identity.pci_bus_id),
            mig: GpuMig::Instance {
                parent: Arc::clone(&self.identity.uuid),
                gpu_instance,
                compute_instance,
            },
        };
        Ok(Self::new(device, identity, watch))
    }

    fn new(device: Device<'a>, identity: GpuIdentity, watch: &'a Watch) -> Self {
        Self {
            device,
            watch,
            identity: Arc::new(identity),
            unsupported: HashSet::new(),
            fresh: true,
            answered: false,
            passing: None,
            fans: 0,
            links: Vec::new(),
            readings: GpuReadings::default(),
            energy_floor: 0.0,
        }
    }

    pub(super) fn identity(&self) -> &Arc<GpuIdentity> {
        &self.identity
    }

    /// Asks everything that is due. `Err` is a [`Fault::Device`] or a [`Fault::Driver`].
    pub(super) fn sample(&mut self, slow: bool, options: &Options) -> Result<GpuReadings, Fault> {
        self.answered = false;
        self.passing = None;
        if self.fresh {
            self.learn()?;
        }
        self.fast(options)?;
        if slow || self.fresh {
            self.slow()?;
        }
        self.fresh = false;
        Ok(self.readings.clone())
    }

    /// What stood in the way, if not one question of the last round was answered.
    pub(super) fn silence(&self) -> Option<Arc<str>> {
        if self.answered {
            return None;
        }
        let said = self.passing.clone();
        Some(said.unwrap_or_else(|| "the device supports no reading".into()))
    }

    /// True if the driver knows the handle.
    fn is_known(&self) -> bool {
        let uuid = self.watch.call("nvmlDeviceGetUUID", || self.device.uuid());
        uuid.is_ok_and(|uuid| *uuid == *self.identity.uuid)
    }

    /// Asks one question, unless it was refused before.
    fn ask<T>(
        &mut self,
        field: Field,
        question: impl FnOnce(&Device<'a>) -> Result<T, NvmlError>,
    ) -> Result<Option<T>, Fault> {
        if self.unsupported.contains(&field) {
            return Ok(None);
        }
        let Self { device, watch, .. } = self;
        match watch.call(field.symbol, || question(device)) {
            Ok(answer) => {
                self.answered = true;
                Ok(Some(answer))
            }
            Err(error) => match Fault::of(error, field.has_argument(), self.fresh) {
                Fault::Unsupported => {
                    self.unsupported.insert(field);
                    Ok(None)
                }
                Fault::Passing(error) => {
                    self.passing = Some(words(field.symbol, &error));
                    Ok(None)
                }
                // It may be the question that was refused, and not the handle.
                Fault::Driver(error @ NvmlError::InvalidArg) if self.is_known() => {
                    self.passing = Some(words(field.symbol, &error));
                    Ok(None)
                }
                fault => Err(fault),
            },
        }
    }
}
