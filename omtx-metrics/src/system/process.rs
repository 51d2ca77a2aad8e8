//! This process, under client_golang's names.

use crate::{CounterF64, Gauge, MetricSet, Snapshot};

/// What the process itself uses. Names, types and meaning are those of client_golang's process collector.
///
/// Rows whose source cannot be read are absent.
///
/// # Source
///
/// | family | where Linux has it |
/// |---|---|
/// | `process_cpu_seconds_total` | `utime` + `stime` of `/proc/self/stat`, ticks |
/// | `process_virtual_memory_bytes`, `process_resident_memory_bytes` | `vsize`, bytes, and `rss`, pages, of `/proc/self/stat` |
/// | `process_start_time_seconds` | `starttime` of `/proc/self/stat`, ticks, after `btime` of `/proc/stat` |
/// | `process_open_fds` | entries of `/proc/self/fd` |
/// | `process_max_fds`, `process_virtual_memory_max_bytes` | the soft limits of `/proc/self/limits` |
/// | `process_network_*_bytes_total` | `InOctets`, `OutOctets` of `IpExt` in `/proc/self/net/netstat` |
///
/// Elsewhere: sysinfo.
#[derive(Debug, MetricSet)]
#[metrics(bare, crate = crate)]
#[non_exhaustive]
pub struct ProcessMetrics {
    /// User and system CPU time spent, in seconds.
    #[metric(unit = "seconds")]
    pub process_cpu_seconds_total: Snapshot<(), CounterF64>,
    /// Open file descriptors.
    pub process_open_fds: Snapshot<(), Gauge>,
    /// File descriptors that may be open at the same time.
    pub process_max_fds: Snapshot<(), Gauge>,
    /// Size of the virtual memory in bytes.
    #[metric(unit = "bytes")]
    pub process_virtual_memory_bytes: Snapshot<(), Gauge>,
    /// Virtual memory that may be had, in bytes; 18446744073709551615 where there is no limit.
    #[metric(unit = "bytes")]
    pub process_virtual_memory_max_bytes: Snapshot<(), Gauge>,
    /// Size of the resident memory in bytes.
    #[metric(unit = "bytes")]
    pub process_resident_memory_bytes: Snapshot<(), Gauge>,
    /// When the process started, in seconds since 1970.
    #[metric(unit = "seconds")]
    pub process_start_time_seconds: Snapshot<(), Gauge>,
    /// Bytes received over the network, in the network namespace of the process.
    pub process_network_receive_bytes_total: Snapshot<(), CounterF64>,
    /// Bytes sent over the network, in the network namespace of the process.
    pub process_network_transmit_bytes_total: Snapshot<(), CounterF64>,
}

/// What one look at the process found; `None` where it could not be read.
#[derive(Debug, Default, Clone, PartialEq)]
struct Reading {
    cpu_seconds: Option<f64>,
    open_fds: Option<f64>,
    max_fds: Option<f64>,
    virtual_bytes: Option<f64>,
    virtual_max_bytes: Option<f64>,
    resident_bytes: Option<f64>,
    start_time_seconds: Option<f64>,
    received_bytes: Option<f64>,
    sent_bytes: Option<f64>,
}

impl ProcessMetrics {
    /// Reads the process and shows what was found. False if something could not be read.
    pub(super) fn sample(&self) -> bool {
        let (reading, complete) = read();
        self.show(&reading);
        complete
    }

    /// Takes all rows away: they are too old.
    pub(super) fn clear(&self) {
        self.show(&Reading::default());
    }

    fn show(&self, reading: &Reading) {
        let gauge = |family: &Snapshot<(), Gauge>, value: Option<f64>| {
            family.replace(|rows| {
                if let Some(value) = value {
                    rows.with(()).set(value);
                }
            });
        };
        let counter = |family: &Snapshot<(), CounterF64>, value: Option<f64>| {
            family.replace(|rows| {
                if let Some(value) = value {
                    rows.with(()).mirror(value);
                }
            });
        };
        counter(&self.process_cpu_seconds_total, reading.cpu_seconds);
        gauge(&self.process_open_fds, reading.open_fds);
        gauge(&self.process_max_fds, reading.max_fds);
        gauge(&self.process_virtual_memory_bytes, reading.virtual_bytes);
        gauge(
            &self.process_virtual_memory_max_bytes,
            reading.virtual_max_bytes,
        );
        gauge(&self.process_resident_memory_bytes, reading.resident_bytes);
        gauge(&self.process_start_time_seconds, reading.start_time_seconds);
        counter(
            &self.process_network_receive_bytes_total,
            reading.received_bytes,
        );
        counter(
            &self.process_network_transmit_bytes_total,
            reading.sent_bytes,
        );
    }
}

#[cfg(target_os = "linux")]
#[allow(clippy::cast_precision_loss)]
fn read() -> (Reading, bool) {
    use procfs::process::{LimitValue, Process};

    // First: what is opened to read the rest is none of the process's own.
    let open_fds = open_fds();
    let Ok(process) = Process::myself() else {
        return (Reading::default(), false);
    };
    let limit = |value: LimitValue| match value {
        LimitValue::Unlimited => u64::MAX as f64,
        LimitValue::Value(value) => value as f64,
    };
    let (stat, limits) = (process.stat().ok(), process.limits().ok());
    let network = std::fs::read_to_string("/proc/self/net/netstat").ok();
    let octets = |name| network.as_deref().and_then(|text| ip_octets(text, name));
    let reading = Reading {
        cpu_seconds: stat
            .as_ref()
            .map(|stat| (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64),
        open_fds,
        max_fds: limits
            .as_ref()
            .map(|limits| limit(limits.max_open_files.soft_limit)),
        virtual_bytes: stat.as_ref().map(|stat| stat.vsize as f64),
        virtual_max_bytes: limits
            .as_ref()
            .map(|limits| limit(limits.max_address_space.soft_limit)),
        resident_bytes: stat
            .as_ref()
            .map(|stat| (stat.rss * procfs::page_size()) as f64),
        start_time_seconds: stat.as_ref().and_then(|stat| {
            let since_boot = stat.starttime as f64 / procfs::ticks_per_second() as f64;
            Some(procfs::boot_time_secs().ok()? as f64 + since_boot)
        }),
        received_bytes: octets("InOctets"),
        sent_bytes: octets("OutOctets"),
    };
    let complete = stat.is_some()
        && limits.is_some()
        && reading.open_fds.is_some()
        && reading.received_bytes.is_some();
    (reading, complete)
}

/// The directory's size is their number since Linux 6.2, and 0 before (f1f1f2569901); then they are counted, less the handle
/// that this takes.
#[cfg(target_os = "linux")]
#[allow(clippy::cast_precision_loss)]
fn open_fds() -> Option<f64> {
    const OPEN: &str = "/proc/self/fd";
    let size = std::fs::metadata(OPEN).ok()?.len();
    if size > 0 {
        return Some(size as f64);
    }
    let listed = std::fs::read_dir(OPEN).ok()?.count();
    Some(listed.saturating_sub(1) as f64)
}

/// A counter of the `IpExt` group in `/proc/net/netstat`: two lines a group, names first, then values (proc_net(5)).
#[cfg(target_os = "linux")]
#[allow(clippy::cast_precision_loss)]
fn ip_octets(netstat: &str, name: &str) -> Option<f64> {
    let mut group = netstat
        .lines()
        .filter_map(|line| line.strip_prefix("IpExt: "));
    let (names, values) = (group.next()?, group.next()?);
    let column = names.split(' ').position(|column| column == name)?;
    let value: u64 = values.split(' ').nth(column)?.parse().ok()?;
    Some(value as f64)
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::cast_precision_loss)]
fn read() -> (Reading, bool) {
    use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

    let Ok(pid) = sysinfo::get_current_pid() else {
        return (Reading::default(), false);
    };
    let mut system = System::new();
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&[pid]),
        true,
        ProcessRefreshKind::nothing().with_cpu().with_memory(),
    );
    let Some(process) = system.process(pid) else {
        return (Reading::default(), false);
    };
    let reading = Reading {
        cpu_seconds: Some(process.accumulated_cpu_time() as f64 / 1e3),
        virtual_bytes: Some(process.virtual_memory() as f64),
        resident_bytes: Some(process.memory() as f64),
        start_time_seconds: Some(process.start_time() as f64),
        ..Reading::default()
    };
    (reading, true)
}

#[cfg(all(test, target_os = "linux", not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn octets_are_found_by_the_name_of_their_column() {
        let netstat = "TcpExt: A InOctets\nTcpExt: 1 2\nIpExt: InNoRoutes InOctets OutOctets\nIpExt: 0 1234 99\n";
        assert_eq!(ip_octets(netstat, "InOctets"), Some(1234.0));
        assert_eq!(ip_octets(netstat, "OutOctets"), Some(99.0));
        assert_eq!(ip_octets(netstat, "ECT0Pkts"), None);
        assert_eq!(
            ip_octets("IpExt: InOctets\n", "InOctets"),
            None,
            "values are missing"
        );
        assert_eq!(ip_octets("", "InOctets"), None);
    }
}
