//! The machine: CPU, load, memory, swap, network.

use sysinfo::{Networks, System};

use super::DeviceLabels;
use crate::{CounterF64, Gauge, LabelValue, Labels, MetricSet, Snapshot};

/// Over which time a load is averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, LabelValue)]
#[label(crate = crate)]
#[non_exhaustive]
pub enum LoadPeriod {
    /// One minute.
    #[label(rename = "1m")]
    OneMinute,
    /// Five minutes.
    #[label(rename = "5m")]
    FiveMinutes,
    /// Fifteen minutes.
    #[label(rename = "15m")]
    FifteenMinutes,
}

/// Over which time a load is averaged.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct LoadLabels {
    /// The time.
    pub period: LoadPeriod,
}

/// What everything on the machine uses together. In a container that is the node, not the container: see
/// [`CgroupMetrics`](super::CgroupMetrics). Only the network's interfaces are the container's own.
///
/// # Source
///
/// sysinfo, which on Linux reads:
///
/// | family | where it is from |
/// |---|---|
/// | `system_cpu_utilization_ratio` | the line `cpu` of `/proc/stat`, ticks: all but `idle` and `iowait`, over all |
/// | `system_load` | `/proc/loadavg` |
/// | `system_memory_*`, `system_swap_*` | `/proc/meminfo`, KiB |
/// | `system_network_*_bytes_total` | `rx_bytes`, `tx_bytes` of `/sys/class/net/*/statistics` |
#[derive(Debug, MetricSet)]
#[metrics(bare, crate = crate)]
#[non_exhaustive]
pub struct MachineMetrics {
    /// Share of the time of all CPUs that was not idle, over the last interval: 0 to 1. Absent until a whole interval is over.
    #[metric(unit = "ratio")]
    pub system_cpu_utilization_ratio: Snapshot<(), Gauge>,
    /// Processes that run or wait for a CPU or a disk, averaged over the period.
    pub system_load: Snapshot<LoadLabels, Gauge>,
    /// Memory that is not available without swapping, in bytes.
    #[metric(unit = "bytes")]
    pub system_memory_used_bytes: Snapshot<(), Gauge>,
    /// Memory that can be had without swapping, in bytes.
    #[metric(unit = "bytes")]
    pub system_memory_available_bytes: Snapshot<(), Gauge>,
    /// All memory, in bytes.
    #[metric(unit = "bytes")]
    pub system_memory_total_bytes: Snapshot<(), Gauge>,
    /// Swap space in use, in bytes.
    #[metric(unit = "bytes")]
    pub system_swap_used_bytes: Snapshot<(), Gauge>,
    /// All swap space, in bytes; 0 where there is none.
    #[metric(unit = "bytes")]
    pub system_swap_total_bytes: Snapshot<(), Gauge>,
    /// Bytes received by each network interface.
    #[metric(max_series = 200)]
    pub system_network_receive_bytes_total: Snapshot<DeviceLabels<'static>, CounterF64>,
    /// Bytes sent by each network interface.
    #[metric(max_series = 200)]
    pub system_network_transmit_bytes_total: Snapshot<DeviceLabels<'static>, CounterF64>,
}

/// Where the machine is read from.
pub(super) struct Machine {
    system: System,
    networks: Networks,
    /// CPU time is a difference: the first look has none.
    looked: bool,
}

impl Machine {
    pub(super) fn new() -> Self {
        Self {
            system: System::new(),
            networks: Networks::new(),
            looked: false,
        }
    }

    /// Reads the machine and shows what was found. False if the memory could not be read: sysinfo reports nothing else.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn sample(&mut self, metrics: &MachineMetrics) -> bool {
        let system = &mut self.system;
        system.refresh_cpu_usage();
        system.refresh_memory();
        let total = system.total_memory();
        if total == 0 {
            metrics.clear();
            return false;
        }
        let cpu = std::mem::replace(&mut self.looked, true)
            .then(|| f64::from(system.global_cpu_usage()) / 100.0);
        metrics.system_cpu_utilization_ratio.replace(|rows| {
            if let Some(cpu) = cpu {
                rows.with(()).set(cpu.clamp(0.0, 1.0));
            }
        });
        let load = System::load_average();
        metrics.system_load.replace(|rows| {
            for (period, value) in [
                (LoadPeriod::OneMinute, load.one),
                (LoadPeriod::FiveMinutes, load.five),
                (LoadPeriod::FifteenMinutes, load.fifteen),
            ] {
                rows.with(LoadLabels { period }).set(value);
            }
        });
        let available = system.available_memory();
        for (family, value) in [
            (
                &metrics.system_memory_used_bytes,
                total.saturating_sub(available),
            ),
            (&metrics.system_memory_available_bytes, available),
            (&metrics.system_memory_total_bytes, total),
            (&metrics.system_swap_used_bytes, system.used_swap()),
            (&metrics.system_swap_total_bytes, system.total_swap()),
        ] {
            family.replace(|rows| rows.with(()).set(value as f64));
        }
        self.sample_networks(metrics);
        true
    }

    #[allow(clippy::cast_precision_loss)]
    fn sample_networks(&mut self, metrics: &MachineMetrics) {
        self.networks.refresh(true);
        metrics.system_network_receive_bytes_total.replace(|rows| {
            for (device, data) in &self.networks {
                rows.with(DeviceLabels { device })
                    .mirror(data.total_received() as f64);
            }
        });
        metrics.system_network_transmit_bytes_total.replace(|rows| {
            for (device, data) in &self.networks {
                rows.with(DeviceLabels { device })
                    .mirror(data.total_transmitted() as f64);
            }
        });
    }
}

impl MachineMetrics {
    /// Takes all rows away: they are too old, or could not be read.
    pub(super) fn clear(&self) {
        for family in [
            &self.system_cpu_utilization_ratio,
            &self.system_memory_used_bytes,
            &self.system_memory_available_bytes,
            &self.system_memory_total_bytes,
            &self.system_swap_used_bytes,
            &self.system_swap_total_bytes,
        ] {
            family.replace(|_| {});
        }
        self.system_load.replace(|_| {});
        self.system_network_receive_bytes_total.replace(|_| {});
        self.system_network_transmit_bytes_total.replace(|_| {});
    }
}
