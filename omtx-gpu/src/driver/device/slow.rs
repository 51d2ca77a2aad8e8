//! What changes rarely, and what is learned once.

use std::collections::BTreeMap;
use std::sync::Arc;

use nvml_wrapper::Device;
use nvml_wrapper::enum_wrappers::device::{
    EccCounter, MemoryError, MemoryLocation, RetirementCause, TemperatureThreshold,
};
use nvml_wrapper::enum_wrappers::nv_link::ErrorCounter;
use nvml_wrapper::enums::device::{SampleValue, UsedGpuMemory};
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::ProcessInfo;
use nvml_wrapper::structs::device::FieldId;
use nvml_wrapper::sys_exports::field_id::NVML_FI_DEV_MEMORY_TEMP;
use nvml_wrapper_sys::bindings::NVML_NVLINK_MAX_LINKS;

use super::fast::CLOCKS;
use super::{Fault, Field, Probe, raw};
use crate::readings::{
    GpuEccKind, GpuEccLocation, GpuLinkError, GpuProcess, GpuRetirement, GpuThreshold,
};
use crate::snapshot::{GpuIdentity, GpuMig};

const THRESHOLDS: [(GpuThreshold, TemperatureThreshold); 4] = [
    (GpuThreshold::Shutdown, TemperatureThreshold::Shutdown),
    (GpuThreshold::Slowdown, TemperatureThreshold::Slowdown),
    (GpuThreshold::MemoryMax, TemperatureThreshold::MemoryMax),
    (GpuThreshold::GpuMax, TemperatureThreshold::GpuMax),
];

const LINK_ERRORS: [(GpuLinkError, ErrorCounter); 4] = [
    (GpuLinkError::Replay, ErrorCounter::DlReplay),
    (GpuLinkError::Recovery, ErrorCounter::DlRecovery),
    (GpuLinkError::CrcFlit, ErrorCounter::DlCrcFlit),
    (GpuLinkError::CrcData, ErrorCounter::DlCrcData),
];

const ECC_KINDS: [(GpuEccKind, MemoryError); 2] = [
    (GpuEccKind::Corrected, MemoryError::Corrected),
    (GpuEccKind::Uncorrected, MemoryError::Uncorrected),
];

const ECC_LOCATIONS: [(GpuEccLocation, MemoryLocation); 8] = [
    (GpuEccLocation::L1Cache, MemoryLocation::L1Cache),
    (GpuEccLocation::L2Cache, MemoryLocation::L2Cache),
    (GpuEccLocation::DeviceMemory, MemoryLocation::Device),
    (GpuEccLocation::RegisterFile, MemoryLocation::RegisterFile),
    (GpuEccLocation::TextureMemory, MemoryLocation::Texture),
    (GpuEccLocation::SharedMemory, MemoryLocation::Shared),
    (GpuEccLocation::Cbu, MemoryLocation::Cbu),
    (GpuEccLocation::Sram, MemoryLocation::SRAM),
];

const RETIREMENTS: [(GpuRetirement, RetirementCause); 2] = [
    (
        GpuRetirement::MultipleSingleBitErrors,
        RetirementCause::MultipleSingleBitEccErrors,
    ),
    (
        GpuRetirement::DoubleBitError,
        RetirementCause::DoubleBitEccError,
    ),
];

impl<'a> Probe<'a> {
    /// What does not change while the driver lives.
    pub(super) fn learn(&mut self) -> Result<(), Fault> {
        let fans = self.ask(Field::of("nvmlDeviceGetNumFans"), |device| {
            device.num_fans()
        })?;
        self.fans = fans.unwrap_or_default();
        self.links.clear();
        for link in 0..NVML_NVLINK_MAX_LINKS {
            let field = Field::with("nvmlDeviceGetNvLinkState", link);
            let active = self.ask(field, |device| device.link_wrapper_for(link).is_active())?;
            match active {
                Some(true) => self.links.push(link),
                Some(false) => {}
                None if link == 0 => break, // no NVLink at all
                None => {}
            }
        }
        self.readings.temperature_thresholds.clear();
        for (threshold, nvml) in THRESHOLDS {
            let field = Field::with("nvmlDeviceGetTemperatureThreshold", threshold as u32);
            let degrees = self.ask(field, |device| device.temperature_threshold(nvml))?;
            if let Some(degrees) = degrees {
                let reading = (threshold, f64::from(degrees));
                self.readings.temperature_thresholds.push(reading);
            }
        }
        self.readings.max_clocks.clear();
        for (clock, nvml) in CLOCKS {
            let field = Field::with("nvmlDeviceGetMaxClockInfo", clock as u32);
            if let Some(mhz) = self.ask(field, |device| device.max_clock_info(nvml))? {
                self.readings.max_clocks.push((clock, f64::from(mhz) * 1e6));
            }
        }
        Ok(())
    }

    pub(super) fn slow(&mut self) -> Result<(), Fault> {
        self.readings.power_limit_watts = self
            .ask(Field::of("nvmlDeviceGetEnforcedPowerLimit"), |device| {
                device.enforced_power_limit()
            })?
            .map(|milliwatts| f64::from(milliwatts) / 1e3);
        self.readings.memory_temperature_celsius = self
            .ask(Field::of("nvmlDeviceGetFieldValues"), memory_temperature)?
            .map(f64::from);
        self.readings.pcie_generation = self
            .ask(Field::of("nvmlDeviceGetCurrPcieLinkGeneration"), |device| {
                device.current_pcie_link_gen()
            })?;
        self.readings.pcie_width = self
            .ask(Field::of("nvmlDeviceGetCurrPcieLinkWidth"), |device| {
                device.current_pcie_link_width()
            })?;
        self.readings.pcie_replays = self
            .ask(Field::of("nvmlDeviceGetPcieReplayCounter"), |device| {
                device.pcie_replay_counter()
            })?
            .map(u64::from);
        self.link_errors()?;
        self.readings.ecc_errors = self.ecc(EccCounter::Volatile)?;
        self.readings.ecc_errors_aggregate = self.ecc(EccCounter::Aggregate)?;
        self.retired_pages()?;
        self.readings.remapped_rows =
            self.ask(Field::of("nvmlDeviceGetRemappedRows"), raw::remapped_rows)?;
        self.processes()
    }

    fn link_errors(&mut self) -> Result<(), Fault> {
        self.readings.nvlink_errors.clear();
        for link in self.links.clone() {
            for (at, (error, nvml)) in (0..).zip(LINK_ERRORS) {
                let field = Field::with("nvmlDeviceGetNvLinkErrorCounter", link * 4 + at);
                let count = self.ask(field, |device| {
                    device.link_wrapper_for(link).error_counter(nvml)
                })?;
                if let Some(count) = count {
                    self.readings.nvlink_errors.push((link, error, count));
                }
            }
        }
        Ok(())
    }

    fn ecc(
        &mut self,
        counter: EccCounter,
    ) -> Result<Vec<(GpuEccKind, GpuEccLocation, u64)>, Fault> {
        let counter_at = u32::from(counter == EccCounter::Aggregate);
        let mut counts = Vec::new();
        for (kind_at, (kind, nvml_kind)) in (0..).zip(ECC_KINDS) {
            let before = counts.len();
            for (at, (location, nvml)) in (0..).zip(ECC_LOCATIONS) {
                let argument = counter_at << 8 | kind_at << 4 | at;
                let field = Field::with("nvmlDeviceGetMemoryErrorCounter", argument);
                let count = self.ask(field, |device| {
                    device.memory_error_counter(nvml_kind, counter, nvml)
                })?;
                counts.extend(count.map(|count| (kind, location, count)));
            }
            if counts.len() > before {
                continue;
            }
            let field = Field::with("nvmlDeviceGetTotalEccErrors", counter_at << 4 | kind_at);
            let count = self.ask(field, |device| device.total_ecc_errors(nvml_kind, counter))?;
            counts.extend(count.map(|count| (kind, GpuEccLocation::Any, count)));
        }
        Ok(counts)
    }

    fn retired_pages(&mut self) -> Result<(), Fault> {
        self.readings.retired_pages.clear();
        for (at, (cause, nvml)) in (0..).zip(RETIREMENTS) {
            let field = Field::with("nvmlDeviceGetRetiredPages", at);
            if let Some(pages) = self.ask(field, |device| device.retired_pages(nvml))? {
                let reading = (cause, pages.len() as u64);
                self.readings.retired_pages.push(reading);
            }
        }
        self.readings.retirement_pending = self.ask(
            Field::of("nvmlDeviceGetRetiredPagesPendingStatus"),
            |device| device.are_pages_pending_retired(),
        )?;
        Ok(())
    }

    fn processes(&mut self) -> Result<(), Fault> {
        let compute = self.ask(
            Field::of("nvmlDeviceGetComputeRunningProcesses_v3"),
            |device| device.running_compute_processes(),
        )?;
        let graphics = self.ask(
            Field::of("nvmlDeviceGetGraphicsRunningProcesses_v3"),
            |device| device.running_graphics_processes(),
        )?;
        if compute.is_none() && graphics.is_none() {
            self.readings.processes = None;
            return Ok(());
        }
        // A process with contexts of both kinds is in both lists, with the same memory.
        let mut by_pid: BTreeMap<u32, GpuProcess> = BTreeMap::new();
        let all = [compute, graphics].into_iter().flatten().flatten();
        for ProcessInfo {
            pid,
            used_gpu_memory,
            ..
        } in all
        {
            let memory_bytes = match used_gpu_memory {
                UsedGpuMemory::Used(bytes) => Some(bytes),
                UsedGpuMemory::Unavailable => None,
            };
            let process = by_pid
                .entry(pid)
                .or_insert(GpuProcess { pid, memory_bytes });
            process.memory_bytes = process.memory_bytes.max(memory_bytes);
        }
        self.readings.processes = Some(by_pid.into_values().collect());
        Ok(())
    }

    /// The instances that the device is cut into now; its own MIG mode is brought up to date.
    pub(in crate::driver) fn instances(&mut self) -> Result<Vec<Self>, Fault> {
        if matches!(self.identity.mig, GpuMig::Instance { .. }) {
            return Ok(Vec::new());
        }
        let mode = self.ask(Field::of("nvmlDeviceGetMigMode"), |device| {
            device.mig_mode()
        })?;
        let mig = match mode {
            None => GpuMig::Unsupported,
            Some(mode) if mode.current == 0 => GpuMig::Disabled,
            Some(_) => GpuMig::Enabled,
        };
        if mig != self.identity.mig {
            // What a device supports depends on its mode.
            self.unsupported.clear();
            self.identity = Arc::new(GpuIdentity {
                mig: mig.clone(),
                ..(*self.identity).clone()
            });
        }
        if mig != GpuMig::Enabled {
            return Ok(Vec::new());
        }
        let most = self.ask(Field::of("nvmlDeviceGetMaxMigDeviceCount"), |device| {
            device.mig_device_count()
        })?;
        let mut instances = Vec::new();
        for at in 0..most.unwrap_or_default() {
            // Not `ask`: an instance that is not there now may be there next time.
            let found = self.watch.call("nvmlDeviceGetMigDeviceHandleByIndex", || {
                self.device.mig_device_by_index(at)
            });
            if let Ok(Ok(instance)) = found.map(|handle| self.open_instance(handle)) {
                instances.push(instance);
            }
        }
        Ok(instances)
    }
}

fn memory_temperature(device: &Device<'_>) -> Result<u32, NvmlError> {
    let values = device.field_values_for(&[FieldId(NVML_FI_DEV_MEMORY_TEMP)])?;
    let value = values.into_iter().next().ok_or(NvmlError::NoData)??;
    match value.value? {
        SampleValue::U32(degrees) => Ok(degrees),
        _ => Err(NvmlError::NotSupported),
    }
}
