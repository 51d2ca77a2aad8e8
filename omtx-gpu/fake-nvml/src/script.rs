//! What the driver is to do.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Return;

/// All that the driver says and does, until the next script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// What `nvmlInit_v2` returns.
    pub init: Return,
    /// The driver's version.
    pub driver_version: String,
    /// The library's version.
    pub nvml_version: String,
    /// CUDA's version: 1000 × major + 10 × minor.
    pub cuda_version: i32,
    /// Which of the driver's lives this is. Another number means that the driver was reloaded: everything is
    /// `UNINITIALIZED` until the last user has called `nvmlShutdown` and somebody calls `nvmlInit_v2`, and handles of an
    /// earlier life stay invalid.
    pub life: u16,
    /// The devices.
    pub devices: Vec<Device>,
    /// Symbols whose calls do not return while they are in here.
    pub hanging: BTreeSet<String>,
    /// Symbols whose calls take this many milliseconds.
    pub slow_ms: BTreeMap<String, u64>,
    /// Symbols that fail, whatever the device.
    pub fail: BTreeMap<String, Return>,
    /// All events since the driver was loaded. Event sets deliver those that come after they were created.
    pub events: Vec<Event>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            init: Return::Success,
            driver_version: "550.54.15".to_owned(),
            nvml_version: "12.550.54.15".to_owned(),
            cuda_version: 12_040,
            life: 0,
            devices: Vec::new(),
            hanging: BTreeSet::new(),
            slow_ms: BTreeMap::new(),
            fail: BTreeMap::new(),
            events: Vec::new(),
        }
    }
}

impl Script {
    /// A healthy driver with these devices.
    #[must_use]
    pub fn with(devices: Vec<Device>) -> Self {
        Self {
            devices,
            ..Self::default()
        }
    }

    /// Calls of `symbol` do not return from now on.
    pub fn hang(&mut self, symbol: &str) {
        self.hanging.insert(symbol.to_owned());
    }

    /// Calls of `symbol` take this many milliseconds from now on.
    pub fn slow(&mut self, symbol: &str, ms: u64) {
        self.slow_ms.insert(symbol.to_owned(), ms);
    }

    /// Calls that hang return.
    pub fn release(&mut self) {
        self.hanging.clear();
    }

    /// The driver is unloaded and loaded again.
    pub fn reload(&mut self) {
        self.life += 1;
        self.events.clear();
        for device in &mut self.devices {
            device.energy_mj = device.energy_mj.map(|_| 0);
        }
    }

    /// A device reports an XID error.
    pub fn xid(&mut self, device: usize, xid: u64) {
        self.events.push(Event { device, xid });
    }
}

/// An XID error of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The device's index.
    pub device: usize,
    /// The error's number, as NVIDIA lists them.
    pub xid: u64,
}

/// A device, or a MIG instance of one. What is `None` or empty is not supported.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Device {
    /// `GPU-…`, or `MIG-…` for an instance.
    pub uuid: String,
    /// The product's name.
    pub name: String,
    /// `00000000:17:00.0`.
    pub pci_bus_id: String,
    /// What every call on the device returns: `GpuIsLost`, `ResetRequired`…
    pub state: Return,
    /// Symbols that fail for this device.
    pub fail: BTreeMap<String, Return>,
    /// Percent of time in which a kernel ran, and in which memory was read or written.
    pub utilization: Option<(u32, u32)>,
    /// Percent.
    pub encoder: Option<u32>,
    /// Percent.
    pub decoder: Option<u32>,
    /// Bytes, reserved ones included.
    pub memory_total: Option<u64>,
    /// Bytes, without reserved ones.
    pub memory_used: u64,
    /// Bytes.
    pub memory_reserved: u64,
    /// °C.
    pub temperature: Option<u32>,
    /// °C of the memory, which NVML has as a field value.
    pub memory_temperature: Option<u32>,
    /// °C by `nvmlTemperatureThresholds_t`.
    pub thresholds: BTreeMap<u32, u32>,
    /// mW.
    pub power_mw: Option<u32>,
    /// mW.
    pub power_limit_mw: Option<u32>,
    /// mJ since the driver was loaded.
    pub energy_mj: Option<u64>,
    /// MHz by `nvmlClockType_t`.
    pub clocks: BTreeMap<u32, u32>,
    /// MHz by `nvmlClockType_t`.
    pub max_clocks: BTreeMap<u32, u32>,
    /// Bits of `nvmlClocksThrottleReason…`.
    pub throttle_reasons: Option<u64>,
    /// The bits that the device can report.
    pub supported_throttle_reasons: u64,
    /// Percent by fan.
    pub fans: Vec<u32>,
    /// 0 (fastest) to 15.
    pub performance_state: Option<u32>,
    /// Generation and width now, generation and width at most.
    pub pcie: Option<(u32, u32, u32, u32)>,
    /// Replays since the device was reset.
    pub pcie_replays: Option<u32>,
    /// KB/s: sent, received. A call takes 20 ms on real devices.
    pub pcie_throughput: Option<(u32, u32)>,
    /// Active links.
    pub links: Vec<Link>,
    /// Error counts by `"{nvmlMemoryErrorType_t}.{nvmlEccCounterType_t}.{nvmlMemoryLocation_t}"`; in place of a location,
    /// `total` is what `nvmlDeviceGetTotalEccErrors` returns.
    pub ecc: BTreeMap<String, u64>,
    /// Pages retired by cause: several single-bit errors, a double-bit error; and whether some are pending.
    pub retired_pages: Option<(u32, u32, bool)>,
    /// Row remapping.
    pub remapped: Option<Remapped>,
    /// Processes with a compute context; `None` is not supported.
    pub compute: Option<Vec<Process>>,
    /// Processes with a graphics context; `None` is not supported.
    pub graphics: Option<Vec<Process>>,
    /// MIG; `None` is not supported.
    pub mig: Option<Mig>,
    /// Which GPU and compute instance it is, for a MIG instance.
    pub instance: Option<(u32, u32)>,
    /// True if the device reports events.
    pub has_events: bool,
}

/// An NVLink and its error counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // NVML's own words
pub struct Link {
    pub replay: u64,
    pub recovery: u64,
    pub crc_flit: u64,
    pub crc_data: u64,
}

/// Rows of memory that were remapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // NVML's own words
pub struct Remapped {
    pub correctable: u32,
    pub uncorrectable: u32,
    pub pending: bool,
    pub failure: bool,
}

/// A process on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Process {
    pub pid: u32,
    /// Bytes; `None` is not available, as in containers.
    pub memory: Option<u64>,
}

/// Multi-instance GPU.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mig {
    /// True if the device is cut into instances.
    pub enabled: bool,
    /// The instances.
    pub instances: Vec<Device>,
}

impl Device {
    /// A device of a data centre, with everything that NVML knows.
    #[must_use]
    pub fn data_center(index: u32) -> Self {
        let gib = 1 << 30;
        Self {
            uuid: format!("GPU-{index:08x}-0000-4000-8000-000000000000"),
            name: "NVIDIA H100 80GB HBM3".to_owned(),
            pci_bus_id: format!("00000000:{:02X}:00.0", 0x17 + index),
            utilization: Some((87, 41)),
            encoder: Some(0),
            decoder: Some(5),
            memory_total: Some(80 * gib),
            memory_used: 20 * gib,
            memory_reserved: gib,
            temperature: Some(54),
            memory_temperature: Some(61),
            thresholds: BTreeMap::from([(0, 92), (1, 89), (2, 95), (3, 87)]),
            power_mw: Some(412_500),
            power_limit_mw: Some(700_000),
            energy_mj: Some(1_000_000),
            clocks: BTreeMap::from([(0, 1_980), (1, 1_980), (2, 2_619), (3, 1_545)]),
            max_clocks: BTreeMap::from([(0, 1_980), (1, 1_980), (2, 2_619), (3, 1_545)]),
            throttle_reasons: Some(0x4),
            supported_throttle_reasons: 0x1ff,
            fans: Vec::new(), // passive
            performance_state: Some(0),
            pcie: Some((5, 16, 5, 16)),
            pcie_replays: Some(3),
            pcie_throughput: Some((120_000, 340_000)),
            links: vec![Link::default(); 18],
            ecc: (0..2)
                .flat_map(|kind| (0..2).map(move |counter| (kind, counter)))
                .flat_map(|(kind, counter)| [2, 7].map(|at| format!("{kind}.{counter}.{at}")))
                .map(|key| (key, 0))
                .collect(),
            retired_pages: None, // remapped rows take their place since Ampere
            remapped: Some(Remapped::default()),
            compute: Some(Vec::new()),
            graphics: Some(Vec::new()),
            mig: Some(Mig::default()),
            has_events: true,
            ..Self::default()
        }
    }

    /// A device of a desktop: fans and retired pages, and neither ECC nor NVLink, MIG or an energy counter.
    #[must_use]
    pub fn desktop(index: u32) -> Self {
        Self {
            name: "NVIDIA GeForce GTX 1060 6GB".to_owned(),
            utilization: Some((12, 3)),
            memory_total: Some(6 << 30),
            memory_used: 1 << 30,
            memory_reserved: 64 << 20,
            memory_temperature: None,
            thresholds: BTreeMap::from([(0, 102), (1, 99)]),
            power_mw: Some(31_000),
            power_limit_mw: Some(120_000),
            energy_mj: None,
            fans: vec![35, 36],
            performance_state: Some(8),
            pcie: Some((3, 16, 3, 16)),
            pcie_replays: Some(0),
            links: Vec::new(),
            ecc: BTreeMap::new(),
            retired_pages: Some((1, 0, false)),
            remapped: None,
            mig: None,
            ..Self::data_center(index)
        }
    }
}
