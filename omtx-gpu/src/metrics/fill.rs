//! From readings to rows.

use std::time::{SystemTime, UNIX_EPOCH};

use omtx_metrics::{CounterF64, Gauge, Snapshot};

use super::labels::{
    GpuClockLabels, GpuEccLabels, GpuFanLabels, GpuInfoLabels, GpuLabels, GpuLinkLabels,
    GpuProcessLabels, GpuRemapKind, GpuRemapLabels, GpuRetirementLabels, GpuThresholdLabels,
    GpuXidLabels,
};
use super::{GpuMetrics, Show, View};
use crate::readings::{GpuClock, GpuEccKind, GpuEccLocation, GpuReadings};
use crate::snapshot::{GpuDevice, GpuIdentity, GpuMig};
use crate::state::CollectorState;

type Devices<'a> = [&'a GpuDevice];

fn labels(identity: &GpuIdentity) -> GpuLabels<'_> {
    GpuLabels {
        uuid: &identity.uuid,
    }
}

pub(super) fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

#[allow(clippy::cast_precision_loss)] // a count or a size above 2^53 is none
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

/// One row for each device that has the reading.
fn gauge(
    family: &Snapshot<GpuLabels<'static>, Gauge>,
    devices: &Devices<'_>,
    read: impl Fn(&GpuReadings) -> Option<f64>,
) {
    family.replace(|rows| {
        for device in devices {
            if let Some(value) = read(&device.readings) {
                rows.with(labels(&device.identity)).set(value);
            }
        }
    });
}

/// The same for a count that the device keeps.
fn counter(
    family: &Snapshot<GpuLabels<'static>, CounterF64>,
    devices: &Devices<'_>,
    read: impl Fn(&GpuReadings) -> Option<f64>,
) {
    family.replace(|rows| {
        for device in devices {
            if let Some(value) = read(&device.readings) {
                rows.with(labels(&device.identity)).mirror(value);
            }
        }
    });
}

fn clocks(
    family: &Snapshot<GpuClockLabels<'static>, Gauge>,
    devices: &Devices<'_>,
    read: impl Fn(&GpuReadings) -> &[(GpuClock, f64)],
) {
    family.replace(|rows| {
        for device in devices {
            let uuid = &*device.identity.uuid;
            for &(clock, hertz) in read(&device.readings) {
                rows.with(GpuClockLabels { uuid, clock }).set(hertz);
            }
        }
    });
}

fn ecc(
    family: &Snapshot<GpuEccLabels<'static>, CounterF64>,
    devices: &Devices<'_>,
    read: impl Fn(&GpuReadings) -> &[(GpuEccKind, GpuEccLocation, u64)],
) {
    family.replace(|rows| {
        for device in devices {
            let uuid = &*device.identity.uuid;
            for &(kind, location, count) in read(&device.readings) {
                let labels = GpuEccLabels {
                    uuid,
                    kind,
                    location,
                };
                rows.with(labels).mirror(float(count));
            }
        }
    });
}

impl Show for GpuMetrics {
    fn show(&self, view: &View<'_>) {
        self.collector(view);
        self.identities(view);
        self.load(&view.fresh);
        self.memory(&view.fresh);
        self.board(&view.fresh);
        self.links(&view.fresh);
        self.damage(&view.fresh);
        self.xids(view);
        if view.process_memory {
            self.processes(&view.fresh);
        }
    }

    fn clear(&self) {
        self.gpu_collector_state.set(CollectorState::Absent);
        self.gpu_collector_last_sample_timestamp_seconds
            .replace(|_| {});
        self.gpu_info.replace(|_| {});
        self.gpu_up.replace(|_| {});
        self.load(&[]);
        self.memory(&[]);
        self.board(&[]);
        self.links(&[]);
        self.damage(&[]);
        self.processes(&[]);
        self.gpu_xid_errors_total.replace(|_| {});
        self.gpu_xid_last_timestamp_seconds.replace(|_| {});
    }
}

impl GpuMetrics {
    fn collector(&self, view: &View<'_>) {
        self.gpu_collector_state.set(view.state);
        let failures = &self.gpu_collector_failures_total;
        failures.add(view.failures.saturating_sub(failures.get()));
        self.gpu_collector_last_sample_timestamp_seconds
            .replace(|rows| {
                if let Some(time) = view.snapshot.sampled_at {
                    rows.with(()).set(seconds(time));
                }
            });
    }

    fn identities(&self, view: &View<'_>) {
        let driver = view.snapshot.driver.as_deref();
        self.gpu_info.replace(|rows| {
            for GpuDevice { identity, .. } in &view.snapshot.devices {
                rows.with(GpuInfoLabels {
                    uuid: &identity.uuid,
                    index: &identity.index.to_string(),
                    name: &identity.name,
                    driver: driver.map_or("", |driver| &driver.version),
                    cuda: driver
                        .and_then(|driver| driver.cuda.as_deref())
                        .unwrap_or_default(),
                    pci: &identity.pci_bus_id,
                    mig: &identity.mig.to_string(),
                    parent: match &identity.mig {
                        GpuMig::Instance { parent, .. } => parent,
                        _ => "",
                    },
                });
            }
        });
        self.gpu_up.replace(|rows| {
            for device in &view.snapshot.devices {
                let fresh = view.fresh.iter().any(|fresh| std::ptr::eq(*fresh, device));
                let up = device.up && fresh;
                rows.with(labels(&device.identity))
                    .set(f64::from(u8::from(up)));
            }
        });
    }

    fn load(&self, devices: &Devices<'_>) {
        gauge(&self.gpu_utilization_ratio, devices, |it| {
            it.utilization_ratio
        });
        gauge(&self.gpu_memory_utilization_ratio, devices, |it| {
            it.memory_utilization_ratio
        });
        gauge(&self.gpu_encoder_utilization_ratio, devices, |it| {
            it.encoder_utilization_ratio
        });
        gauge(&self.gpu_decoder_utilization_ratio, devices, |it| {
            it.decoder_utilization_ratio
        });
        clocks(&self.gpu_clock_hertz, devices, |it| &it.clocks);
        clocks(&self.gpu_clock_max_hertz, devices, |it| &it.max_clocks);
        self.gpu_throttled.replace(|rows| {
            for device in devices {
                if let Some(reasons) = &device.readings.throttled {
                    rows.with(labels(&device.identity))
                        .set_all(reasons.iter().copied());
                }
            }
        });
        gauge(&self.gpu_performance_state, devices, |it| {
            it.performance_state.map(f64::from)
        });
        gauge(&self.gpu_processes, devices, |it| {
            it.processes.as_ref().map(|all| float(all.len() as u64))
        });
    }

    fn memory(&self, devices: &Devices<'_>) {
        gauge(&self.gpu_memory_used_bytes, devices, |it| {
            it.memory.map(|memory| float(memory.used))
        });
        gauge(&self.gpu_memory_free_bytes, devices, |it| {
            it.memory.map(|memory| float(memory.free))
        });
        gauge(&self.gpu_memory_total_bytes, devices, |it| {
            it.memory.map(|memory| float(memory.total))
        });
        gauge(&self.gpu_memory_reserved_bytes, devices, |it| {
            it.memory.and_then(|memory| memory.reserved).map(float)
        });
    }

    fn board(&self, devices: &Devices<'_>) {
        gauge(&self.gpu_temperature_celsius, devices, |it| {
            it.temperature_celsius
        });
        gauge(&self.gpu_memory_temperature_celsius, devices, |it| {
            it.memory_temperature_celsius
        });
        self.gpu_temperature_threshold_celsius.replace(|rows| {
            for device in devices {
                let uuid = &*device.identity.uuid;
                for &(threshold, degrees) in &device.readings.temperature_thresholds {
                    rows.with(GpuThresholdLabels { uuid, threshold })
                        .set(degrees);
                }
            }
        });
        gauge(&self.gpu_power_watts, devices, |it| it.power_watts);
        gauge(&self.gpu_power_limit_watts, devices, |it| {
            it.power_limit_watts
        });
        counter(&self.gpu_energy_joules_total, devices, |it| {
            it.energy_joules
        });
        self.gpu_fan_ratio.replace(|rows| {
            for device in devices {
                let uuid = &*device.identity.uuid;
                for (fan, speed) in &device.readings.fans {
                    let fan = &fan.to_string();
                    rows.with(GpuFanLabels { uuid, fan }).set(*speed);
                }
            }
        });
    }

    fn links(&self, devices: &Devices<'_>) {
        gauge(&self.gpu_pcie_generation, devices, |it| {
            it.pcie_generation.map(f64::from)
        });
        gauge(&self.gpu_pcie_width, devices, |it| {
            it.pcie_width.map(f64::from)
        });
        counter(&self.gpu_pcie_replays_total, devices, |it| {
            it.pcie_replays.map(float)
        });
        gauge(&self.gpu_pcie_receive_bytes_per_second, devices, |it| {
            it.pcie_receive_bytes_per_second
        });
        gauge(&self.gpu_pcie_transmit_bytes_per_second, devices, |it| {
            it.pcie_transmit_bytes_per_second
        });
        self.gpu_nvlink_errors_total.replace(|rows| {
            for device in devices {
                let uuid = &*device.identity.uuid;
                for &(link, kind, count) in &device.readings.nvlink_errors {
                    let link = &link.to_string();
                    rows.with(GpuLinkLabels { uuid, link, kind })
                        .mirror(float(count));
                }
            }
        });
    }

    fn damage(&self, devices: &Devices<'_>) {
        ecc(&self.gpu_ecc_errors_total, devices, |it| &it.ecc_errors);
        ecc(&self.gpu_ecc_errors_aggregate_total, devices, |it| {
            &it.ecc_errors_aggregate
        });
        self.gpu_retired_pages.replace(|rows| {
            for device in devices {
                let uuid = &*device.identity.uuid;
                for &(cause, pages) in &device.readings.retired_pages {
                    rows.with(GpuRetirementLabels { uuid, cause })
                        .set(float(pages));
                }
            }
        });
        gauge(&self.gpu_page_retirement_pending, devices, |it| {
            it.retirement_pending.map(|yes| f64::from(u8::from(yes)))
        });
        self.gpu_remapped_rows.replace(|rows| {
            for device in devices {
                let uuid = &*device.identity.uuid;
                let Some(remapped) = device.readings.remapped_rows else {
                    continue;
                };
                for (kind, count) in [
                    (GpuRemapKind::Correctable, remapped.correctable),
                    (GpuRemapKind::Uncorrectable, remapped.uncorrectable),
                ] {
                    rows.with(GpuRemapLabels { uuid, kind }).set(float(count));
                }
            }
        });
        gauge(&self.gpu_row_remap_pending, devices, |it| {
            it.remapped_rows
                .map(|rows| f64::from(u8::from(rows.pending)))
        });
        gauge(&self.gpu_row_remap_failed, devices, |it| {
            it.remapped_rows
                .map(|rows| f64::from(u8::from(rows.failed)))
        });
    }

    fn processes(&self, devices: &Devices<'_>) {
        self.gpu_process_memory_bytes.replace(|rows| {
            for device in devices {
                let uuid = &*device.identity.uuid;
                for process in device.readings.processes.iter().flatten() {
                    if let Some(bytes) = process.memory_bytes {
                        let pid = &process.pid.to_string();
                        rows.with(GpuProcessLabels { uuid, pid }).set(float(bytes));
                    }
                }
            }
        });
    }

    fn xids(&self, view: &View<'_>) {
        self.gpu_xid_errors_total.replace(|rows| {
            for (uuid, device) in &view.xids.devices {
                for (xid, count) in &device.counts {
                    let xid = &xid.to_string();
                    rows.with(GpuXidLabels { uuid, xid }).mirror(float(*count));
                }
            }
        });
        self.gpu_xid_last_timestamp_seconds.replace(|rows| {
            for (uuid, device) in &view.xids.devices {
                if let Some((_, time)) = device.last {
                    rows.with(GpuLabels { uuid }).set(seconds(time));
                }
            }
        });
    }
}
