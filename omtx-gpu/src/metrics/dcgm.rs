//! The same devices under the names that dcgm-exporter gives them.

use std::sync::Arc;

use omtx_metrics::{Gauge, Labels, Metric, MetricSet, Snapshot, Unknown};

use super::fill::float;
use super::{Show, View};
use crate::readings::{GpuClock, GpuReadings};
use crate::snapshot::{GpuDevice, GpuDriver, GpuMig};
use crate::xids::Xid;

/// A device, as dcgm-exporter labels it. Labels that are empty are not there for Prometheus.
#[derive(Clone, Copy, Debug, Labels)]
pub struct DcgmLabels<'a> {
    /// The driver's index.
    pub gpu: &'a str,
    /// The UUID; for a MIG instance, that of its device.
    #[label(name = "UUID")]
    pub uuid: &'a str,
    /// The PCI bus id.
    pub pci_bus_id: &'a str,
    /// `nvidia0`
    pub device: &'a str,
    /// The product's name; for a MIG instance, that of its device.
    #[label(name = "modelName")]
    pub model_name: &'a str,
    /// How much of its device a MIG instance is: `1g.10gb`.
    #[label(name = "GPU_I_PROFILE")]
    pub profile: &'a str,
    /// The GPU instance's id of a MIG instance.
    #[label(name = "GPU_I_ID")]
    pub gpu_instance: &'a str,
    /// `$NODE_NAME`, or the host's name.
    #[label(name = "Hostname")]
    pub hostname: &'a str,
    /// The driver's version.
    #[label(name = "DCGM_FI_DRIVER_VERSION")]
    pub driver_version: &'a str,
}

type Row<M> = Snapshot<DcgmLabels<'static>, M>;

/// dcgm-exporter's default counters, in its units, as far as NVML knows them.
///
/// What dcgm-exporter calls a counter and gives a name without `_total` has no type here (`untyped`): Prometheus' queries do
/// not ask for it. NVLink bandwidth, vGPU licences and profiling metrics (`DCGM_FI_PROF_*`) come from DCGM's own library, and
/// are left out. Source: dcgm-exporter's `etc/default-counters.csv`.
#[derive(Debug, MetricSet)]
#[metrics(bare)]
#[non_exhaustive]
pub struct DcgmMetrics {
    /// SM clock frequency (in MHz).
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetClockInfo`, `NVML_CLOCK_SM`, MHz
    #[metric(name = "DCGM_FI_DEV_SM_CLOCK")]
    pub sm_clock: Row<Gauge>,
    /// Memory clock frequency (in MHz).
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetClockInfo`, `NVML_CLOCK_MEM`, MHz
    #[metric(name = "DCGM_FI_DEV_MEM_CLOCK")]
    pub mem_clock: Row<Gauge>,
    /// Memory temperature (in C).
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetFieldValues`, `NVML_FI_DEV_MEMORY_TEMP`, °C
    #[metric(name = "DCGM_FI_DEV_MEMORY_TEMP")]
    pub memory_temp: Row<Gauge>,
    /// GPU temperature (in C).
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetTemperature`, °C
    #[metric(name = "DCGM_FI_DEV_GPU_TEMP")]
    pub gpu_temp: Row<Gauge>,
    /// Power draw (in W).
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetPowerUsage`, mW
    #[metric(name = "DCGM_FI_DEV_POWER_USAGE")]
    pub power_usage: Row<Gauge>,
    /// Total energy consumption since boot (in mJ).
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetTotalEnergyConsumption`, mJ
    #[metric(name = "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION")]
    pub total_energy_consumption: Row<Unknown>,
    /// Bytes transmitted through PCIe TX (in KB) via NVML.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetPcieThroughput`, KB/s, on request only
    #[metric(name = "DCGM_FI_DEV_PCIE_TX_THROUGHPUT")]
    pub pcie_tx_throughput: Row<Unknown>,
    /// Bytes received through PCIe RX (in KB) via NVML.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetPcieThroughput`, KB/s, on request only
    #[metric(name = "DCGM_FI_DEV_PCIE_RX_THROUGHPUT")]
    pub pcie_rx_throughput: Row<Unknown>,
    /// Total number of PCIe retries.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetPcieReplayCounter`
    #[metric(name = "DCGM_FI_DEV_PCIE_REPLAY_COUNTER")]
    pub pcie_replay_counter: Row<Unknown>,
    /// GPU utilization (in %).
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetUtilizationRates`, percent
    #[metric(name = "DCGM_FI_DEV_GPU_UTIL")]
    pub gpu_util: Row<Gauge>,
    /// Memory utilization (in %).
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetUtilizationRates`, percent
    #[metric(name = "DCGM_FI_DEV_MEM_COPY_UTIL")]
    pub mem_copy_util: Row<Gauge>,
    /// Encoder utilization (in %).
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetEncoderUtilization`, percent
    #[metric(name = "DCGM_FI_DEV_ENC_UTIL")]
    pub enc_util: Row<Gauge>,
    /// Decoder utilization (in %).
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetDecoderUtilization`, percent
    #[metric(name = "DCGM_FI_DEV_DEC_UTIL")]
    pub dec_util: Row<Gauge>,
    /// Value of the last XID error encountered; 0 for none.
    ///
    /// # Source
    ///
    /// `nvmlEventSetWait_v2`
    #[metric(name = "DCGM_FI_DEV_XID_ERRORS")]
    pub xid_errors: Row<Gauge>,
    /// Framebuffer memory free (in MiB).
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetMemoryInfo_v2`, bytes
    #[metric(name = "DCGM_FI_DEV_FB_FREE")]
    pub fb_free: Row<Gauge>,
    /// Framebuffer memory used (in MiB).
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetMemoryInfo_v2`, bytes
    #[metric(name = "DCGM_FI_DEV_FB_USED")]
    pub fb_used: Row<Gauge>,
    /// Framebuffer memory reserved (in MiB).
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetMemoryInfo_v2`, bytes
    #[metric(name = "DCGM_FI_DEV_FB_RESERVED")]
    pub fb_reserved: Row<Gauge>,
    /// Number of remapped rows for uncorrectable errors.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetRemappedRows`
    #[metric(name = "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS")]
    pub uncorrectable_remapped_rows: Row<Unknown>,
    /// Number of remapped rows for correctable errors.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetRemappedRows`
    #[metric(name = "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS")]
    pub correctable_remapped_rows: Row<Unknown>,
    /// Whether remapping of rows has failed.
    ///
    /// # Source
    ///
    /// `nvmlDeviceGetRemappedRows`
    #[metric(name = "DCGM_FI_DEV_ROW_REMAP_FAILURE")]
    pub row_remap_failure: Row<Gauge>,
}

/// The set with what stands in every row.
pub(super) struct Dcgm {
    pub(super) metrics: Arc<DcgmMetrics>,
    pub(super) hostname: Box<str>,
}

/// As dcgm-exporter finds it; read once.
pub(super) fn hostname() -> Box<str> {
    let node = std::env::var("NODE_NAME").ok();
    let kernel = || std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    node.filter(|name| !name.is_empty())
        .unwrap_or_else(kernel)
        .trim()
        .into()
}

/// What both cells can do.
trait Set: Metric {
    fn set(&self, value: f64);
}

impl Set for Gauge {
    fn set(&self, value: f64) {
        Gauge::set(self, value);
    }
}

impl Set for Unknown {
    fn set(&self, value: f64) {
        Unknown::set(self, value);
    }
}

impl Dcgm {
    fn fill<M: Set>(
        &self,
        family: &Row<M>,
        driver: Option<&GpuDriver>,
        devices: &[&GpuDevice],
        read: impl Fn(&GpuDevice, &GpuReadings) -> Option<f64>,
    ) {
        family.replace(|rows| {
            for device in devices {
                let Some(value) = read(device, &device.readings) else {
                    continue;
                };
                let identity = &device.identity;
                let index = identity.index.to_string();
                let (uuid, instance, (model_name, profile)) = match &identity.mig {
                    GpuMig::Instance {
                        parent,
                        gpu_instance,
                        ..
                    } => (parent, gpu_instance.to_string(), parts(&identity.name)),
                    _ => (&identity.uuid, String::new(), (&*identity.name, "")),
                };
                let labels = DcgmLabels {
                    gpu: &index,
                    uuid,
                    pci_bus_id: &identity.pci_bus_id,
                    device: &format!("nvidia{index}"),
                    model_name,
                    profile,
                    gpu_instance: &instance,
                    hostname: &self.hostname,
                    driver_version: driver.map_or("", |driver| &driver.version),
                };
                rows.with(labels).set(value);
            }
        });
    }
}

/// NVML names an instance after its device and its profile: `NVIDIA H100 80GB HBM3 MIG 1g.10gb`.
fn parts(name: &str) -> (&str, &str) {
    name.rsplit_once(" MIG ").unwrap_or((name, ""))
}

fn mib(bytes: u64) -> f64 {
    (float(bytes) / f64::from(1 << 20)).floor()
}

fn megahertz(readings: &GpuReadings, of: GpuClock) -> Option<f64> {
    let clock = readings.clocks.iter().find(|(clock, _)| *clock == of);
    clock.map(|(_, hertz)| hertz / 1e6)
}

fn percent(ratio: Option<f64>) -> Option<f64> {
    ratio.map(|ratio| (ratio * 100.0).round())
}

impl Show for Dcgm {
    fn show(&self, view: &View<'_>) {
        let driver = view.snapshot.driver.as_deref();
        let (m, d) = (&*self.metrics, &*view.fresh);
        let kilobytes = |rate: Option<f64>| rate.map(|bytes| bytes / 1e3);
        self.fill(&m.sm_clock, driver, d, |_, it| megahertz(it, GpuClock::Sm));
        self.fill(&m.mem_clock, driver, d, |_, it| {
            megahertz(it, GpuClock::Memory)
        });
        self.fill(&m.memory_temp, driver, d, |_, it| {
            it.memory_temperature_celsius
        });
        self.fill(&m.gpu_temp, driver, d, |_, it| it.temperature_celsius);
        self.fill(&m.power_usage, driver, d, |_, it| it.power_watts);
        self.fill(&m.total_energy_consumption, driver, d, |_, it| {
            it.energy_joules.map(|joules| (joules * 1e3).round())
        });
        self.fill(&m.pcie_tx_throughput, driver, d, |_, it| {
            kilobytes(it.pcie_transmit_bytes_per_second)
        });
        self.fill(&m.pcie_rx_throughput, driver, d, |_, it| {
            kilobytes(it.pcie_receive_bytes_per_second)
        });
        self.fill(&m.pcie_replay_counter, driver, d, |_, it| {
            it.pcie_replays.map(float)
        });
        self.fill(&m.gpu_util, driver, d, |_, it| {
            percent(it.utilization_ratio)
        });
        self.fill(&m.mem_copy_util, driver, d, |_, it| {
            percent(it.memory_utilization_ratio)
        });
        self.fill(&m.enc_util, driver, d, |_, it| {
            percent(it.encoder_utilization_ratio)
        });
        self.fill(&m.dec_util, driver, d, |_, it| {
            percent(it.decoder_utilization_ratio)
        });
        self.fill(&m.xid_errors, driver, d, |device, _| {
            if let GpuMig::Instance { .. } = device.identity.mig {
                return None;
            }
            let errors = view.xids.devices.get(&device.identity.uuid);
            Some(match errors.and_then(|errors| errors.last) {
                Some((Xid::Number(number), _)) => float(number),
                Some((Xid::Other, _)) => 999.0, // what NVML calls an unknown error
                None => 0.0,
            })
        });
        self.fill(&m.fb_free, driver, d, |_, it| {
            it.memory.map(|memory| mib(memory.free))
        });
        self.fill(&m.fb_used, driver, d, |_, it| {
            it.memory.map(|memory| mib(memory.used))
        });
        self.fill(&m.fb_reserved, driver, d, |_, it| {
            it.memory.and_then(|memory| memory.reserved).map(mib)
        });
        self.fill(&m.uncorrectable_remapped_rows, driver, d, |_, it| {
            it.remapped_rows.map(|rows| float(rows.uncorrectable))
        });
        self.fill(&m.correctable_remapped_rows, driver, d, |_, it| {
            it.remapped_rows.map(|rows| float(rows.correctable))
        });
        self.fill(&m.row_remap_failure, driver, d, |_, it| {
            it.remapped_rows
                .map(|rows| f64::from(u8::from(rows.failed)))
        });
    }

    fn clear(&self) {
        let m = &*self.metrics;
        for family in [
            &m.sm_clock,
            &m.mem_clock,
            &m.memory_temp,
            &m.gpu_temp,
            &m.power_usage,
            &m.gpu_util,
            &m.mem_copy_util,
            &m.enc_util,
            &m.dec_util,
            &m.xid_errors,
            &m.fb_free,
            &m.fb_used,
            &m.fb_reserved,
            &m.row_remap_failure,
        ] {
            family.replace(|_| {});
        }
        for family in [
            &m.total_energy_consumption,
            &m.pcie_tx_throughput,
            &m.pcie_rx_throughput,
            &m.pcie_replay_counter,
            &m.uncorrectable_remapped_rows,
            &m.correctable_remapped_rows,
        ] {
            family.replace(|_| {});
        }
    }
}
