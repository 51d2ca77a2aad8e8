//! What a device says of itself, in base units.

use omtx_metrics::LabelValue;

/// What a device says of itself. `None`, or an empty list, is what the device does not support, or did not tell.
///
/// Two kinds of readings: those that change quickly are taken every [`interval`](crate::GpuCollectorBuilder::interval), the
/// others, marked *slow*, every [`slow_interval`](crate::GpuCollectorBuilder::slow_interval).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct GpuReadings {
    /// Share of time in which a kernel ran, 0 to 1.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetUtilizationRates`, `gpu`, percent; measured by the driver over 1/6 s to 1 s
    pub utilization_ratio: Option<f64>,
    /// Share of time in which device memory was read or written, 0 to 1.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetUtilizationRates`, `memory`, percent
    pub memory_utilization_ratio: Option<f64>,
    /// Share of time in which the video encoder was busy, 0 to 1.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetEncoderUtilization`, percent
    pub encoder_utilization_ratio: Option<f64>,
    /// Share of time in which the video decoder was busy, 0 to 1.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetDecoderUtilization`, percent
    pub decoder_utilization_ratio: Option<f64>,
    /// Memory.
    pub memory: Option<GpuMemory>,
    /// Temperature of the chip, °C.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetTemperature`, `NVML_TEMPERATURE_GPU`, °C
    pub temperature_celsius: Option<f64>,
    /// Temperature of the memory, °C; *slow*.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetFieldValues`, `NVML_FI_DEV_MEMORY_TEMP`, °C
    pub memory_temperature_celsius: Option<f64>,
    /// Temperatures at which the device defends itself, °C; read once.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetTemperatureThreshold`, °C
    pub temperature_thresholds: Vec<(GpuThreshold, f64)>,
    /// Power drawn by the whole board, watts.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetPowerUsage`, milliwatts; a mean over 1 s on some devices
    pub power_watts: Option<f64>,
    /// Power that the device holds itself to, watts; *slow*.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetEnforcedPowerLimit`, milliwatts
    pub power_limit_watts: Option<f64>,
    /// Energy used since the driver was loaded, joules. Never less than before within one life of the driver.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetTotalEnergyConsumption`, millijoules
    pub energy_joules: Option<f64>,
    /// Clocks, hertz.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetClockInfo`, MHz
    pub clocks: Vec<(GpuClock, f64)>,
    /// The fastest that the clocks can be, hertz; read once.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetMaxClockInfo`, MHz
    pub max_clocks: Vec<(GpuClock, f64)>,
    /// Why the clocks are lower than they could be.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetCurrentClocksThrottleReasons`, bits
    pub throttled: Option<Vec<GpuThrottle>>,
    /// The performance state, 0 (fastest) to 15.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetPerformanceState`
    pub performance_state: Option<u32>,
    /// Intended speed of each fan, 0 to 1, and above where a fan may exceed its nominal speed.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetNumFans`, `nvmlDeviceGetFanSpeed_v2`, percent
    pub fans: Vec<(u32, f64)>,
    /// The generation of the PCIe link now; *slow*. An idle link may be slower than it can be.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetCurrPcieLinkGeneration`
    pub pcie_generation: Option<u32>,
    /// Its lanes now; *slow*.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetCurrPcieLinkWidth`
    pub pcie_width: Option<u32>,
    /// Replays on the link, since the device was reset; *slow*.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetPcieReplayCounter`
    pub pcie_replays: Option<u64>,
    /// Bytes per second that the device receives over PCIe; only on
    /// [request](crate::GpuCollectorBuilder::pcie_throughput).
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetPcieThroughput`, `NVML_PCIE_UTIL_RX_BYTES`, KB/s, measured in the 20 ms that the call takes
    pub pcie_receive_bytes_per_second: Option<f64>,
    /// Bytes per second that the device sends over PCIe; only on request.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetPcieThroughput`, `NVML_PCIE_UTIL_TX_BYTES`, KB/s, measured in the 20 ms that the call takes
    pub pcie_transmit_bytes_per_second: Option<f64>,
    /// Errors by NVLink; *slow*.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetNvLinkState`, `nvmlDeviceGetNvLinkErrorCounter`
    pub nvlink_errors: Vec<(u32, GpuLinkError, u64)>,
    /// Memory errors since the driver was loaded; *slow*.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetMemoryErrorCounter`, `NVML_VOLATILE_ECC`; where no location is supported,
    /// `nvmlDeviceGetTotalEccErrors`
    pub ecc_errors: Vec<(GpuEccKind, GpuEccLocation, u64)>,
    /// Memory errors in the life of the device; *slow*.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetMemoryErrorCounter`, `NVML_AGGREGATE_ECC`; where no location is supported,
    /// `nvmlDeviceGetTotalEccErrors`
    pub ecc_errors_aggregate: Vec<(GpuEccKind, GpuEccLocation, u64)>,
    /// Pages of memory that are not used any more, by cause; *slow*. Since Ampere, rows are remapped instead.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetRetiredPages`
    pub retired_pages: Vec<(GpuRetirement, u64)>,
    /// True if pages will be retired at the next reboot; *slow*.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetRetiredPagesPendingStatus`
    pub retirement_pending: Option<bool>,
    /// Rows of memory that were remapped; *slow*.
    pub remapped_rows: Option<GpuRemappedRows>,
    /// Processes that use the device, each once; *slow*.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetComputeRunningProcesses_v3`, `nvmlDeviceGetGraphicsRunningProcesses_v3`
    pub processes: Option<Vec<GpuProcess>>,
}

/// Memory of a device, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GpuMemory {
    /// All of it.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetMemoryInfo_v2`; before driver 510, `nvmlDeviceGetMemoryInfo`
    pub total: u64,
    /// What is allocated. Drivers before 510 count what is reserved in.
    pub used: u64,
    /// What can be allocated.
    pub free: u64,
    /// What the driver keeps for itself; `None` before driver 510.
    pub reserved: Option<u64>,
}

/// Rows of memory that were remapped, since the device was made.
///
/// # Source
///
/// `nvmlDeviceGetRemappedRows`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GpuRemappedRows {
    /// Because of errors that could be corrected.
    pub correctable: u64,
    /// Because of errors that could not.
    pub uncorrectable: u64,
    /// True if a row will be remapped at the next reset.
    pub pending: bool,
    /// True if a row could not be remapped: the device needs service.
    pub failed: bool,
}

/// A process that uses a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GpuProcess {
    /// Its id, in the namespace of the driver.
    pub pid: u32,
    /// Device memory that it uses, bytes; `None` where the driver does not tell.
    pub memory_bytes: Option<u64>,
}

/// A clock of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[non_exhaustive]
pub enum GpuClock {
    /// Graphics.
    Graphics,
    /// Streaming multiprocessors.
    Sm,
    /// Memory.
    Memory,
    /// Video encoder and decoder.
    Video,
}

/// A temperature at which a device defends itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[non_exhaustive]
pub enum GpuThreshold {
    /// The device shuts down.
    Shutdown,
    /// It slows down to protect itself.
    Slowdown,
    /// The memory's limit.
    MemoryMax,
    /// The chip's limit: clocks may fall below the base clock.
    GpuMax,
}

/// Why clocks are lower than they could be. That nothing runs is no such reason: an idle device is not throttled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[non_exhaustive]
pub enum GpuThrottle {
    /// The applications clocks are set lower.
    ApplicationsClocksSetting,
    /// The power limit.
    SwPowerCap,
    /// The hardware slows down, by heat or power.
    HwSlowdown,
    /// Another device of the sync boost group is slower.
    SyncBoost,
    /// Heat, told by software.
    SwThermalSlowdown,
    /// Heat, told by hardware.
    HwThermalSlowdown,
    /// The power supply asks for it.
    HwPowerBrakeSlowdown,
    /// The display clocks are set lower.
    DisplayClockSetting,
}

/// An error of an NVLink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[non_exhaustive]
pub enum GpuLinkError {
    /// A transmission was repeated.
    Replay,
    /// The link was brought up again.
    Recovery,
    /// A flow control digit had a wrong checksum.
    CrcFlit,
    /// Data had a wrong checksum.
    CrcData,
}

/// Whether a memory error could be corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum GpuEccKind {
    /// It was.
    Corrected,
    /// It was not.
    Uncorrected,
}

/// Where a memory error happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
#[non_exhaustive]
pub enum GpuEccLocation {
    /// L1 cache.
    L1Cache,
    /// L2 cache.
    L2Cache,
    /// Device memory.
    DeviceMemory,
    /// Register file.
    RegisterFile,
    /// Texture memory.
    TextureMemory,
    /// Shared memory.
    SharedMemory,
    /// The convergence barrier unit.
    Cbu,
    /// SRAM, since Turing.
    Sram,
    /// Anywhere: the device does not tell.
    Any,
}

/// Why a page of memory was retired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum GpuRetirement {
    /// Several errors of one bit.
    MultipleSingleBitErrors,
    /// An error of two bits.
    DoubleBitError,
}
