//! What the process, the machine and the runtime use, against what others say they use. A process of its own: it counts
//! threads and open files.
#![cfg(all(feature = "system", target_os = "linux"))]
#![allow(clippy::print_stderr, clippy::print_stdout)] // a skipped engine says so

#[path = "it/engine.rs"]
mod engine;

use std::fs;
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

    // Read by the sampler, not by the scrape: what is opened after that is not seen until the next interval.
    let open = |registry: &Registry| read(registry).read("process_open_fds", &[]).unwrap();
    let before = open(&registry);
    let files: Vec<_> = (0..50)
        .map(|_| fs::File::open("/dev/null").unwrap())
        .collect();
    assert_eq!(open(&registry).to_bits(), before.to_bits());
    drop(files);

    agrees_with_psutil();

    drop(registry);
    eventually("the threads end with the registry", || {
        threads("omtx-system") + threads("omtx-disks") == 0
    });
}

/// The interpreter that has psutil: `OMTX_PYTHON`, or the system's.
fn python() -> String {
    std::env::var("OMTX_PYTHON").unwrap_or_else(|_| "python3".into())
}

fn agrees_with_psutil() {
    const NEEDED: &str = "import psutil";
    match engine::run(&python(), &["-c", NEEDED], "") {
        Some(output) if output.status.success() => {}
        Some(_) if std::env::var_os("OMTX_REQUIRE_ENGINES").is_some_and(|value| value == "1") => {
            panic!("python3 has no psutil; expected it to be installed")
        }
        Some(_) => return eprintln!("skipped: python3 has no psutil"),
        None => return,
    }
    let script = format!(
        "import psutil, os
p = psutil.Process({})
m, v, s = p.memory_info(), psutil.virtual_memory(), psutil.swap_memory()
print(p.num_fds(), p.create_time(), m.rss, m.vms, sum(p.cpu_times()[:2]), v.total, v.available, s.total, s.used, *os.getloadavg(), psutil.disk_usage('/').total)",
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
    let theirs: Vec<f64> = String::from_utf8(output.stdout)
        .unwrap()
        .split_whitespace()
        .map(|number| number.parse().unwrap())
        .collect();
    let value = |name: &str| ours.read(name, &[]).unwrap_or_else(|| panic!("no {name}"));
    const MIB: f64 = 1024.0 * 1024.0;
    // The pipes to psutil's process and the threads of a second registry come and go between the two looks.
    check_near("fds", value("process_open_fds"), theirs[0], 8.0);
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
