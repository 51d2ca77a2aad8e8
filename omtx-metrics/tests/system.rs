//! What the process, the machine and the runtime use, against what others say they use. A process of its own: it counts
//! threads and open files.
#![cfg(all(feature = "system", target_os = "linux"))]
#![allow(clippy::print_stderr, clippy::print_stdout)] // a skipped engine says so

#[path = "it/engine.rs"]
mod engine;

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use omtx_metrics::Registry;
use omtx_metrics::system::SystemMetrics;
use omtx_metrics::testing::Exposition;

fn sampled() -> Registry {
    let registry = Registry::builder().namespace("omtx_hub").build().unwrap();
    SystemMetrics::builder().start(&registry).unwrap();
    registry
}

fn read(registry: &Registry) -> Exposition {
    Exposition::parse(&registry.to_text()).unwrap()
}

/// Waits until `condition` holds, which it does sooner or later.
#[track_caller]
fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

/// How many threads of this process are called that.
fn threads(name: &str) -> usize {
    fs::read_dir("/proc/self/task")
        .unwrap()
        .flatten()
        .filter(|task| {
            fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim() == name)
        })
        .count()
}

#[track_caller]
fn check_near(what: &str, ours: f64, theirs: f64, tolerance: f64) {
    assert!(
        (ours - theirs).abs() <= tolerance,
        "{what}: {ours} here, {theirs} there"
    );
}

/// One after the other in one test: each counts what the whole process has.
#[test]
fn it_costs_two_threads_reads_nothing_at_a_scrape_and_agrees_with_psutil() {
    assert_eq!(threads("omtx-system") + threads("omtx-disks"), 0);
    let registry = sampled();
    SystemMetrics::builder().start(&registry).unwrap(); // the second time nothing happens
    eventually("both threads run", || {
        (threads("omtx-system"), threads("omtx-disks")) == (1, 1)
    });

    agrees_with_psutil();
    agrees_with_psutil_on_the_cpu();

    drop(registry);
    eventually("the threads end with the registry", || {
        threads("omtx-system") + threads("omtx-disks") == 0
    });
    a_scrape_reads_nothing();
}

/// With samplers that sleep for an hour, whatever a scrape shows is what they have read.
fn a_scrape_reads_nothing() {
    let registry = Registry::new();
    SystemMetrics::builder()
        .interval(Duration::from_secs(3600))
        .disks(false) // asked later than `start` returns
        .start(&registry)
        .unwrap();
    // Neither the scrapes' account of themselves nor the time of day.
    let shown = || -> Vec<String> {
        let text = registry.to_text();
        let lines = text.lines().filter(|line| {
            ["process_", "system_", "cgroup_"]
                .iter()
                .any(|prefix| line.starts_with(prefix))
        });
        lines.map(str::to_owned).collect()
    };
    let before = shown();
    assert!(before.len() > 10, "{before:?}");
    let files: Vec<_> = (0..50)
        .map(|_| fs::File::open("/dev/null").unwrap())
        .collect();
    let memory = std::hint::black_box(vec![1_u8; 64 << 20]);
    let end = Instant::now() + Duration::from_millis(50);
    while Instant::now() < end {
        std::hint::spin_loop();
    }
    assert_eq!(shown(), before, "nothing is read anew");
    drop((files, memory));

    // The kernel's own account says the same: what this thread reads, it reads to look at that account.
    let reads = || -> Option<u64> {
        let text = fs::read_to_string("/proc/thread-self/io").ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("syscr: "))?;
        line.parse().ok()
    };
    let (Some(first), Some(second)) = (reads(), reads()) else {
        return eprintln!("skipped: this kernel does not count reads");
    };
    for _ in 0..100 {
        let _ = registry.to_text();
    }
    assert_eq!(
        reads(),
        Some(second + (second - first)),
        "reads of 100 scrapes"
    );
}

/// The interpreter that has psutil: `OMTX_PYTHON`, or the system's.
fn python() -> String {
    std::env::var("OMTX_PYTHON").unwrap_or_else(|_| "python3".into())
}

fn has_psutil() -> bool {
    match engine::run(&python(), &["-c", "import psutil"], "") {
        Some(output) if output.status.success() => true,
        Some(_) if std::env::var_os("OMTX_REQUIRE_ENGINES").is_some_and(|value| value == "1") => {
            panic!("python3 has no psutil; expected it to be installed")
        }
        Some(_) => {
            eprintln!("skipped: python3 has no psutil");
            false
        }
        None => false,
    }
}

/// Utilisation is that of an interval, and two that look at a machine do not begin theirs at the same moment: while this
/// process keeps half of the CPUs busy, both agree sooner or later to within a tenth of all CPUs.
fn agrees_with_psutil_on_the_cpu() {
    if !has_psutil() {
        return;
    }
    let busy = Arc::new(());
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    for _ in 0..cpus.div_ceil(2) {
        let busy = Arc::downgrade(&busy);
        std::thread::spawn(move || {
            while busy.strong_count() > 0 {
                std::hint::spin_loop();
            }
        });
    }
    let registry = Registry::new();
    SystemMetrics::builder()
        .interval(Duration::from_secs(1))
        .disks(false)
        .start(&registry)
        .unwrap();
    let ours = || read(&registry).read("system_cpu_utilization_ratio", &[]);
    assert_eq!(ours(), None, "the first look has no interval behind it");
    eventually("CPU utilisation as psutil sees it", || {
        let script = "import psutil; print(psutil.cpu_percent(interval=1.0))";
        let output = engine::run(&python(), &["-c", script], "").unwrap();
        let theirs = String::from_utf8(output.stdout).unwrap();
        let theirs: f64 = theirs.trim().parse().unwrap();
        ours().is_some_and(|ours| ours > 0.2 && (ours - theirs / 100.0).abs() <= 0.1)
    });
}

fn agrees_with_psutil() {
    if !has_psutil() {
        return;
    }
    let script = format!(
        "import psutil, os
p = psutil.Process({})
m, v, s = p.memory_info(), psutil.virtual_memory(), psutil.swap_memory()
print(p.num_fds(), p.create_time(), m.rss, m.vms, sum(p.cpu_times()[:2]), v.total, v.available, s.total, s.used, *os.getloadavg(), p.rlimit(psutil.RLIMIT_NOFILE)[0], *p.rlimit(psutil.RLIMIT_AS)[:1])
for name, nic in psutil.net_io_counters(pernic=True, nowrap=False).items(): print(name, nic.bytes_recv, nic.bytes_sent)",
        std::process::id()
    );
    let Some(output) = engine::run(&python(), &["-c", &script], "") else {
        return;
    };
    let registry = sampled(); // read while psutil's look is fresh
    eventually("the disks are read", || {
        let families = read(&registry);
        families.family("system_disk_total_bytes").is_some()
            || fs::read_to_string("/proc/self/mountinfo")
                .is_ok_and(|mounts| !mounts.contains(" - ext4 "))
    });
    let ours = read(&registry);
    let theirs = String::from_utf8(output.stdout).unwrap();
    let (theirs, interfaces) = theirs.split_once('\n').unwrap();
    let theirs: Vec<f64> = theirs
        .split_whitespace()
        .map(|number| number.parse().unwrap())
        .collect();
    let value = |name: &str| ours.read(name, &[]).unwrap_or_else(|| panic!("no {name}"));
    const MIB: f64 = 1024.0 * 1024.0;
    // The three pipes to psutil's process are open while it looks, and no more when we do.
    check_near("fds", value("process_open_fds"), theirs[0], 3.0);
    check_near("start", value("process_start_time_seconds"), theirs[1], 1.0);
    check_near(
        "rss",
        value("process_resident_memory_bytes"),
        theirs[2],
        32.0 * MIB,
    );
    check_near(
        "vms",
        value("process_virtual_memory_bytes"),
        theirs[3],
        512.0 * MIB,
    );
    check_near("cpu", value("process_cpu_seconds_total"), theirs[4], 30.0);
    assert_eq!(
        value("system_memory_total_bytes").to_bits(),
        theirs[5].to_bits()
    );
    // Whatever else runs on the machine moves this one.
    check_near(
        "available",
        value("system_memory_available_bytes"),
        theirs[6],
        theirs[5] * 0.25,
    );
    assert_eq!(
        value("system_swap_total_bytes").to_bits(),
        theirs[7].to_bits()
    );
    check_near(
        "swap used",
        value("system_swap_used_bytes"),
        theirs[8],
        theirs[7] * 0.25,
    );
    for (period, load) in ["1m", "5m", "15m"].iter().zip(&theirs[9..12]) {
        let ours = ours.read("system_load", &[("period", period)]).unwrap();
        check_near(period, ours, *load, 2.0);
    }
    assert_eq!(value("process_max_fds").to_bits(), theirs[12].to_bits());
    if theirs[13] < 0.0 {
        // What psutil calls -1 client_golang shows as the largest number.
        assert_eq!(value("process_virtual_memory_max_bytes"), u64::MAX as f64);
    } else {
        assert_eq!(value("process_virtual_memory_max_bytes"), theirs[13]);
    }
    for line in interfaces.lines() {
        let numbers: Vec<&str> = line.rsplitn(3, ' ').collect();
        for (direction, bytes) in [("transmit", numbers[0]), ("receive", numbers[1])] {
            let name = format!("system_network_{direction}_bytes_total");
            let ours = ours.read(&name, &[("device", numbers[2])]);
            // It goes on in the meantime, and others use it too.
            check_near(line, ours.unwrap(), bytes.parse().unwrap(), 64.0 * MIB);
        }
    }
    let mut disks = 0;
    for disk in ours
        .samples()
        .filter(|row| row.name == "system_disk_total_bytes")
    {
        let script = "import psutil, sys; print(psutil.disk_usage(sys.argv[1]).total)";
        let mount = disk.label("mount").unwrap();
        let output = engine::run(&python(), &["-c", script, mount], "").unwrap();
        let total = String::from_utf8(output.stdout).unwrap();
        assert_eq!(disk.value.to_string(), total.trim(), "{mount}");
        disks += 1;
    }
    // A container may hide every device; where psutil sees some, so do we.
    println!("{disks} file systems agree");
}
