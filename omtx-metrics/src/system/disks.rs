//! File systems and block devices.

use std::collections::HashSet;

use sysinfo::Disks;

use crate::{CounterF64, Gauge, Labels, MetricSet, Snapshot};

/// A file system, and where it is mounted.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct DiskLabels<'a> {
    /// The device or the server: `/dev/sda1`.
    pub device: &'a str,
    /// Where it is mounted: `/`.
    pub mount: &'a str,
    /// The kind of file system: `ext4`.
    pub fstype: &'a str,
}

/// A device.
#[derive(Clone, Copy, Debug, Labels)]
#[labels(crate = crate)]
pub struct DeviceLabels<'a> {
    /// The device's name: `/dev/sda1`, `eth0`.
    pub device: &'a str,
}

/// The space and the traffic of disks. File systems without a disk (tmpfs, proc…) have no rows, and neither have those of
/// other machines (NFS, CIFS, autofs): they may never answer.
///
/// # Source
///
/// sysinfo, which on Linux reads `/proc/mounts`, asks `statvfs` of each file system (`f_blocks`, `f_bavail`), and reads the
/// traffic from `/proc/diskstats`, sectors of 512 bytes.
#[derive(Debug, MetricSet)]
#[metrics(bare, crate = crate)]
#[non_exhaustive]
pub struct DiskMetrics {
    /// Space that is not available to ordinary users, in bytes.
    #[metric(unit = "bytes", max_series = 200)]
    pub system_disk_used_bytes: Snapshot<DiskLabels<'static>, Gauge>,
    /// The size of the file system, in bytes.
    #[metric(unit = "bytes", max_series = 200)]
    pub system_disk_total_bytes: Snapshot<DiskLabels<'static>, Gauge>,
    /// Bytes read from the device since the machine started.
    #[metric(max_series = 200)]
    pub system_disk_read_bytes_total: Snapshot<DeviceLabels<'static>, CounterF64>,
    /// Bytes written to the device since the machine started.
    #[metric(max_series = 200)]
    pub system_disk_written_bytes_total: Snapshot<DeviceLabels<'static>, CounterF64>,
}

/// One mounted file system as it was found.
#[derive(Debug, Clone, PartialEq)]
struct Disk {
    device: String,
    mount: String,
    fstype: String,
    used: f64,
    total: f64,
    read: f64,
    written: f64,
}

impl DiskMetrics {
    /// Asks every file system for its size, and shows what was found. Blocks for as long as one of them does not answer.
    pub(super) fn sample(&self, disks: &mut Disks) {
        disks.refresh(true);
        // Read first, shown afterwards: a scrape waits for what is being shown, and must not wait for a disk.
        let found: Vec<Disk> = disks.iter().map(disk).collect();
        self.show(&found);
    }

    /// Takes all rows away: they are too old.
    pub(super) fn clear(&self) {
        self.show(&[]);
    }

    fn show(&self, found: &[Disk]) {
        self.system_disk_used_bytes.replace(|rows| {
            for disk in found {
                rows.with(disk.labels()).set(disk.used);
            }
        });
        self.system_disk_total_bytes.replace(|rows| {
            for disk in found {
                rows.with(disk.labels()).set(disk.total);
            }
        });
        self.system_disk_read_bytes_total.replace(|rows| {
            for disk in by_device(found) {
                rows.with(disk.device()).mirror(disk.read);
            }
        });
        self.system_disk_written_bytes_total.replace(|rows| {
            for disk in by_device(found) {
                rows.with(disk.device()).mirror(disk.written);
            }
        });
    }
}

impl Disk {
    fn labels(&self) -> DiskLabels<'_> {
        DiskLabels {
            device: &self.device,
            mount: &self.mount,
            fstype: &self.fstype,
        }
    }

    fn device(&self) -> DeviceLabels<'_> {
        DeviceLabels {
            device: &self.device,
        }
    }
}

/// A device that is mounted twice has one traffic.
fn by_device(found: &[Disk]) -> impl Iterator<Item = &Disk> {
    let mut seen = HashSet::new();
    found
        .iter()
        .filter(move |disk| seen.insert(disk.device.as_str()))
}

#[allow(clippy::cast_precision_loss)]
fn disk(disk: &sysinfo::Disk) -> Disk {
    let (total, traffic) = (disk.total_space(), disk.usage());
    Disk {
        device: disk.name().to_string_lossy().into_owned(),
        mount: disk.mount_point().to_string_lossy().into_owned(),
        fstype: disk.file_system().to_string_lossy().into_owned(),
        used: total.saturating_sub(disk.available_space()) as f64,
        total: total as f64,
        read: traffic.total_read_bytes as f64,
        written: traffic.total_written_bytes as f64,
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::Registry;

    #[test]
    fn a_device_that_is_mounted_twice_has_one_traffic_and_two_sizes() {
        let registry = Registry::new();
        let metrics = registry.register::<DiskMetrics>().unwrap();
        let mounted = |mount: &str| Disk {
            device: "/dev/sda1".into(),
            mount: mount.into(),
            fstype: "ext4".into(),
            used: 1.0,
            total: 4.0,
            read: 10.0,
            written: 20.0,
        };
        metrics.show(&[mounted("/"), mounted("/home")]);
        assert_eq!(
            registry.to_text(),
            r#"# HELP system_disk_read_bytes_total Bytes read from the device since the machine started.
# TYPE system_disk_read_bytes_total counter
system_disk_read_bytes_total{device="/dev/sda1"} 10
# HELP system_disk_total_bytes The size of the file system, in bytes.
# TYPE system_disk_total_bytes gauge
system_disk_total_bytes{device="/dev/sda1",mount="/",fstype="ext4"} 4
system_disk_total_bytes{device="/dev/sda1",mount="/home",fstype="ext4"} 4
# HELP system_disk_used_bytes Space that is not available to ordinary users, in bytes.
# TYPE system_disk_used_bytes gauge
system_disk_used_bytes{device="/dev/sda1",mount="/",fstype="ext4"} 1
system_disk_used_bytes{device="/dev/sda1",mount="/home",fstype="ext4"} 1
# HELP system_disk_written_bytes_total Bytes written to the device since the machine started.
# TYPE system_disk_written_bytes_total counter
system_disk_written_bytes_total{device="/dev/sda1"} 20
"#
        );
        metrics.clear();
        assert_eq!(registry.to_text(), "");
    }
}
