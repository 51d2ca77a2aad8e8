//! The families of devices.

use omtx_metrics::{Counter, CounterF64, Gauge, Info, MetricSet, Snapshot, StateSet};

use super::labels::{
    GpuClockLabels, GpuEccLabels, GpuFanLabels, GpuInfoLabels, GpuLabels, GpuLinkLabels,
    GpuProcessLabels, GpuRemapLabels, GpuRetirementLabels, GpuThresholdLabels, GpuXidLabels,
};
use crate::readings::GpuThrottle;
use crate::state::CollectorState;

/// The families of devices, keyed by UUID. Where each value comes from stands at the field of
/// [`GpuReadings`](crate::GpuReadings) that it shows.
///
/// What a device does not support has no row. Rows of a device that does not answer go away after the collector's
/// `max_age`, but for `gpu_up` and `gpu_info`.
#[derive(Debug, MetricSet)]
#[non_exhaustive]
pub struct GpuMetrics {
    /// Whether GPUs can be measured at all.
    ///
    /// # Source
    ///
    /// [`GpuCollector::status`](crate::GpuCollector::status)
    #[metric(state = "state")]
    pub gpu_collector_state: StateSet<CollectorState>,
    /// Attempts to open the driver, or to find the expected devices, that failed.
    pub gpu_collector_failures_total: Counter,
    /// When devices were last asked, in seconds since 1970.
    #[metric(unit = "seconds")]
    pub gpu_collector_last_sample_timestamp_seconds: Snapshot<(), Gauge>,
    /// Facts about a device or a MIG instance; 1.
    ///
    /// # Source
    ///
    /// [`GpuIdentity`](crate::GpuIdentity), [`GpuDriver`](crate::GpuDriver)
    #[metric(max_series = 512)]
    pub gpu_info: Snapshot<GpuInfoLabels<'static>, Info>,
    /// Whether the device answered when it was last asked.
    #[metric(max_series = 512)]
    pub gpu_up: Snapshot<GpuLabels<'static>, Gauge>,
    /// Share of time in which a kernel ran.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetUtilizationRates`, percent
    #[metric(unit = "ratio", max_series = 512)]
    pub gpu_utilization_ratio: Snapshot<GpuLabels<'static>, Gauge>,
    /// Share of time in which device memory was read or written.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetUtilizationRates`, percent
    #[metric(unit = "ratio", max_series = 512)]
    pub gpu_memory_utilization_ratio: Snapshot<GpuLabels<'static>, Gauge>,
    /// Share of time in which the video encoder was busy.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetEncoderUtilization`, percent
    #[metric(unit = "ratio", max_series = 512)]
    pub gpu_encoder_utilization_ratio: Snapshot<GpuLabels<'static>, Gauge>,
    /// Share of time in which the video decoder was busy.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetDecoderUtilization`, percent
    #[metric(unit = "ratio", max_series = 512)]
    pub gpu_decoder_utilization_ratio: Snapshot<GpuLabels<'static>, Gauge>,
    /// Device memory that is allocated.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetMemoryInfo_v2`, bytes; `nvmlDeviceGetMemoryInfo` before driver 510
    #[metric(unit = "bytes", max_series = 512)]
    pub gpu_memory_used_bytes: Snapshot<GpuLabels<'static>, Gauge>,
    /// Device memory that can be allocated.
    ///
    /// # Source
    ///
    /// as `gpu_memory_used_bytes`
    #[metric(unit = "bytes", max_series = 512)]
    pub gpu_memory_free_bytes: Snapshot<GpuLabels<'static>, Gauge>,
    /// Device memory in all.
    ///
    /// # Source
    ///
    /// as `gpu_memory_used_bytes`
    #[metric(unit = "bytes", max_series = 512)]
    pub gpu_memory_total_bytes: Snapshot<GpuLabels<'static>, Gauge>,
    /// Device memory that the driver keeps for itself.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetMemoryInfo_v2`, bytes
    #[metric(unit = "bytes", max_series = 512)]
    pub gpu_memory_reserved_bytes: Snapshot<GpuLabels<'static>, Gauge>,
    /// Temperature of the chip.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetTemperature`, °C
    #[metric(unit = "celsius", max_series = 512)]
    pub gpu_temperature_celsius: Snapshot<GpuLabels<'static>, Gauge>,
    /// Temperature of the memory.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetFieldValues`, `NVML_FI_DEV_MEMORY_TEMP`, °C
    #[metric(unit = "celsius", max_series = 512)]
    pub gpu_memory_temperature_celsius: Snapshot<GpuLabels<'static>, Gauge>,
    /// Temperature at which the device defends itself.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetTemperatureThreshold`, °C
    #[metric(unit = "celsius", max_series = 2048)]
    pub gpu_temperature_threshold_celsius: Snapshot<GpuThresholdLabels<'static>, Gauge>,
    /// Power drawn by the board.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetPowerUsage`, mW
    #[metric(unit = "watts", max_series = 512)]
    pub gpu_power_watts: Snapshot<GpuLabels<'static>, Gauge>,
    /// Power that the board holds itself to.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetEnforcedPowerLimit`, mW
    #[metric(unit = "watts", max_series = 512)]
    pub gpu_power_limit_watts: Snapshot<GpuLabels<'static>, Gauge>,
    /// Energy used since the driver was loaded.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetTotalEnergyConsumption`, mJ
    #[metric(unit = "joules", max_series = 512)]
    pub gpu_energy_joules_total: Snapshot<GpuLabels<'static>, CounterF64>,
    /// Clock frequency.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetClockInfo`, MHz
    #[metric(unit = "hertz", max_series = 2048)]
    pub gpu_clock_hertz: Snapshot<GpuClockLabels<'static>, Gauge>,
    /// The highest clock frequency that the device can have.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetMaxClockInfo`, MHz
    #[metric(unit = "hertz", max_series = 2048)]
    pub gpu_clock_max_hertz: Snapshot<GpuClockLabels<'static>, Gauge>,
    /// Why clocks are lower than they could be.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetCurrentClocksThrottleReasons`, bits; that a device is idle is no reason here
    #[metric(state = "reason", max_series = 512)]
    pub gpu_throttled: Snapshot<GpuLabels<'static>, StateSet<GpuThrottle>>,
    /// Intended speed of a fan, of its nominal speed.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetFanSpeed_v2`, percent
    #[metric(unit = "ratio", max_series = 2048)]
    pub gpu_fan_ratio: Snapshot<GpuFanLabels<'static>, Gauge>,
    /// Performance state, 0 (fastest) to 15.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetPerformanceState`
    #[metric(max_series = 512)]
    pub gpu_performance_state: Snapshot<GpuLabels<'static>, Gauge>,
    /// Generation of the PCIe link now.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetCurrPcieLinkGeneration`
    #[metric(max_series = 512)]
    pub gpu_pcie_generation: Snapshot<GpuLabels<'static>, Gauge>,
    /// Lanes of the PCIe link now.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetCurrPcieLinkWidth`
    #[metric(max_series = 512)]
    pub gpu_pcie_width: Snapshot<GpuLabels<'static>, Gauge>,
    /// Replays on the PCIe link since the device was reset.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetPcieReplayCounter`
    #[metric(max_series = 512)]
    pub gpu_pcie_replays_total: Snapshot<GpuLabels<'static>, CounterF64>,
    /// Bytes per second that the device receives over PCIe.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetPcieThroughput`, KB/s, on request only
    #[metric(max_series = 512)]
    pub gpu_pcie_receive_bytes_per_second: Snapshot<GpuLabels<'static>, Gauge>,
    /// Bytes per second that the device sends over PCIe.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetPcieThroughput`, KB/s, on request only
    #[metric(max_series = 512)]
    pub gpu_pcie_transmit_bytes_per_second: Snapshot<GpuLabels<'static>, Gauge>,
    /// Errors of an NVLink.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetNvLinkErrorCounter`
    #[metric(max_series = 8192)]
    pub gpu_nvlink_errors_total: Snapshot<GpuLinkLabels<'static>, CounterF64>,
    /// Memory errors since the driver was loaded.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetMemoryErrorCounter`, `NVML_VOLATILE_ECC`
    #[metric(max_series = 2048)]
    pub gpu_ecc_errors_total: Snapshot<GpuEccLabels<'static>, CounterF64>,
    /// Memory errors in the life of the device.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetMemoryErrorCounter`, `NVML_AGGREGATE_ECC`
    #[metric(max_series = 2048)]
    pub gpu_ecc_errors_aggregate_total: Snapshot<GpuEccLabels<'static>, CounterF64>,
    /// Pages of memory that are not used any more.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetRetiredPages`
    #[metric(max_series = 512)]
    pub gpu_retired_pages: Snapshot<GpuRetirementLabels<'static>, Gauge>,
    /// Whether pages of memory will be retired at the next reboot.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetRetiredPagesPendingStatus`
    #[metric(max_series = 512)]
    pub gpu_page_retirement_pending: Snapshot<GpuLabels<'static>, Gauge>,
    /// Rows of memory that were remapped.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetRemappedRows`
    #[metric(max_series = 512)]
    pub gpu_remapped_rows: Snapshot<GpuRemapLabels<'static>, Gauge>,
    /// Whether a row will be remapped at the next reset.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetRemappedRows`
    #[metric(max_series = 512)]
    pub gpu_row_remap_pending: Snapshot<GpuLabels<'static>, Gauge>,
    /// Whether a row could not be remapped.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetRemappedRows`
    #[metric(max_series = 512)]
    pub gpu_row_remap_failed: Snapshot<GpuLabels<'static>, Gauge>,
    /// XID errors since the collector was started.
    ///
    /// # Source
    ///
    /// `nvmlEventSetWait_v2`, `nvmlEventTypeXidCriticalError`; where several come at once, NVML tells the last one's number
    /// for all of them
    #[metric(max_series = 2048)]
    pub gpu_xid_errors_total: Snapshot<GpuXidLabels<'static>, CounterF64>,
    /// When the last XID error came, in seconds since 1970.
    ///
    /// # Source
    ///
    /// as `gpu_xid_errors_total`
    #[metric(unit = "seconds", max_series = 512)]
    pub gpu_xid_last_timestamp_seconds: Snapshot<GpuLabels<'static>, Gauge>,
    /// Processes that use the device.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetComputeRunningProcesses_v3`, `nvmlDeviceGetGraphicsRunningProcesses_v3`
    #[metric(max_series = 512)]
    pub gpu_processes: Snapshot<GpuLabels<'static>, Gauge>,
    /// Device memory that a process uses.
    ///
    /// # Source
    ///
    /// as `gpu_processes`, bytes; on [request](crate::GpuCollectorBuilder::process_memory) only
    #[metric(unit = "bytes", max_series = 512)]
    pub gpu_process_memory_bytes: Snapshot<GpuProcessLabels<'static>, Gauge>,
}
