//! A hub and a driver that is not there, not right, dies, or hangs.

use std::process::Stdio;
use std::time::Duration;

use fake_nvml::{Device, FakeDriver, Return, Script};
use http::StatusCode;
use omtx_gpu::CollectorState::{self, Absent, Lost, Stuck, Up};
use omtx_metrics::LabelValue;
use omtx_metrics::testing::Exposition;

use crate::harness::{TWO, TestHub};
use crate::process::{HubProcess, eventually};

const POWER: &str = "nvmlDeviceGetPowerUsage";
const WAIT: &str = "nvmlEventSetWait_v2";

/// The UUIDs of the fake driver's devices.
const FIRST: &str = "GPU-00000000-0000-4000-8000-000000000000";
const SECOND: &str = "GPU-00000001-0000-4000-8000-000000000000";

fn two() -> Script {
    Script::with(vec![Device::data_center(0), Device::data_center(1)])
}

/// What the exposition says of the collector.
#[track_caller]
fn state(exposition: &Exposition) -> CollectorState {
    let is = |state: &CollectorState| {
        let labels = [("state", state.as_str())];
        exposition.read("omtx_hub_gpu_collector_state", &labels) == Some(1.0)
    };
    let states: Vec<_> = [Absent, Up, Stuck, Lost].into_iter().filter(is).collect();
    assert_eq!(states.len(), 1, "{states:?}");
    states[0]
}

/// A hub in a process of its own, and the driver that it loads.
struct Lab {
    driver: FakeDriver,
    hub: HubProcess,
}

impl Lab {
    fn start(driver: FakeDriver) -> Self {
        let variables = [
            ("OMTX_NVML_LIB", driver.path().to_str().unwrap()),
            ("HUB_GPU_INTERVAL", "0.05"),
            ("HUB_GPU_DEADLINE", "1"),
            ("HUB_WORKERS", "2"),
            ("OMTX_DRAIN_DELAY", "0"),
        ];
        let hub = HubProcess::start(&variables, Stdio::null());
        Self { driver, hub }
    }

    /// A reading of a device.
    async fn of(&self, uuid: &str, name: &str) -> Option<f64> {
        self.hub.read(name, &[("uuid", uuid)]).await
    }

    /// Waits until `/metrics` says so; then the hub serves as ever, and has no more threads than ever.
    async fn is(&self, expected: CollectorState) {
        // Before the first answer it is absent, too.
        let says = async || {
            let scrape = self.hub.scrape().await;
            let failures = scrape.read("omtx_hub_gpu_collector_failures_total", &[]);
            let has_looked = expected != Absent || failures.is_some_and(|failures| failures >= 1.0);
            state(&scrape) == expected && has_looked
        };
        eventually(expected.as_str(), says).await;
        let job = self.hub.client.post("/api/v1/jobs?job_type=gc", TWO).await;
        assert_eq!(job.unwrap().status, StatusCode::ACCEPTED);
        for probe in ["/ready", "/live"] {
            let answer = self.hub.client.get(probe).await.unwrap();
            assert_eq!(answer.status, StatusCode::OK, "{probe} while {expected:?}");
        }
        for _ in 0..20 {
            self.hub.scrape().await;
        }
        let threads = self.threads();
        let of_ours = threads.iter().filter(|name| name.starts_with("omtx-gpu"));
        assert_eq!(of_ours.count(), 2, "{threads:?}");
        // Those of the runtime and of jobs come and go, and there are never so many.
        let bound = 24 + std::thread::available_parallelism().map_or(1, usize::from);
        assert!(threads.len() <= bound, "{threads:?}");
    }

    /// Waits until the readings of the driver are shown.
    async fn shows(&self, uuid: &str, name: &str, value: f64) {
        let shown = async || self.of(uuid, name).await == Some(value);
        eventually(&format!("{name} {value}"), shown).await;
    }

    /// The names of the process's threads, by the kernel's list.
    fn threads(&self) -> Vec<String> {
        let tasks = std::fs::read_dir(self.hub.proc().join("task")).unwrap();
        let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).ok();
        tasks.filter_map(|task| name(task.ok()?)).collect()
    }
}

#[tokio::test]
async fn without_the_library_the_hub_serves_and_it_is_found_once_it_is_installed() {
    let driver = FakeDriver::new(two());
    let elsewhere = driver.path().with_extension("not-installed");
    std::fs::rename(driver.path(), &elsewhere).unwrap();
    let lab = Lab::start(driver);
    lab.is(Absent).await;
    assert_eq!(lab.of(FIRST, "omtx_hub_gpu_up").await, None);
    let health = lab.hub.client.get("/health").await.unwrap();
    assert_eq!(health.status, StatusCode::OK, "GPUs are not critical");
    assert_eq!(health.text("status"), "degraded");

    std::fs::rename(&elsewhere, lab.driver.path()).unwrap();
    lab.is(Up).await;
    lab.shows(SECOND, "omtx_hub_gpu_utilization_ratio", 0.87)
        .await;
    assert!(lab.hub.end().await.status.success());
}

/// What a machine with GPUs has, and nobody tells the hub of.
#[tokio::test]
async fn gpus_that_nobody_asked_for_are_found_and_stay() {
    let driver = FakeDriver::new(two());
    let variables = [
        (
            "LD_LIBRARY_PATH",
            driver.path().parent().unwrap().to_str().unwrap(),
        ),
        ("HUB_GPU_INTERVAL", "0.05"),
        ("OMTX_DRAIN_DELAY", "0"),
    ];
    let hub = HubProcess::start(&variables, Stdio::null());
    let lab = Lab { driver, hub };
    lab.is(Up).await;
    lab.driver
        .change(|script| script.devices[0].power_mw = Some(99_000));
    lab.shows(FIRST, "omtx_hub_gpu_power_watts", 99.0).await;
}

#[tokio::test]
async fn a_library_of_the_wrong_version_is_absent_until_it_fits() {
    let lab = Lab::start(FakeDriver::new(Script {
        init: Return::LibRmVersionMismatch,
        ..two()
    }));
    lab.is(Absent).await;
    lab.driver.change(|script| script.init = Return::Success);
    lab.is(Up).await;
    lab.shows(FIRST, "omtx_hub_gpu_utilization_ratio", 0.87)
        .await;
}

#[tokio::test]
async fn no_device_is_absent_until_there_is_one() {
    let lab = Lab::start(FakeDriver::new(Script::default()));
    lab.is(Absent).await;
    lab.driver.change(|script| *script = two());
    lab.is(Up).await;
    lab.shows(SECOND, "omtx_hub_gpu_power_watts", 412.5).await;
}

#[tokio::test]
async fn a_device_that_dies_is_down_alone_and_all_of_them_are_lost() {
    let lab = Lab::start(FakeDriver::new(two()));
    lab.is(Up).await;
    lab.shows(FIRST, "omtx_hub_gpu_up", 1.0).await;
    lab.driver
        .change(|script| script.devices[0].state = Return::GpuIsLost);
    lab.shows(FIRST, "omtx_hub_gpu_up", 0.0).await;
    lab.is(Up).await;
    assert_eq!(lab.of(SECOND, "omtx_hub_gpu_up").await, Some(1.0));

    lab.driver
        .change(|script| script.devices[1].state = Return::GpuIsLost);
    lab.is(Lost).await;
    lab.driver.change(|script| {
        *script = two();
        script.devices[0].power_mw = Some(99_000);
    });
    lab.is(Up).await;
    lab.shows(FIRST, "omtx_hub_gpu_power_watts", 99.0).await;
}

#[tokio::test]
async fn a_driver_that_is_reloaded_under_the_hub_is_read_again() {
    let lab = Lab::start(FakeDriver::new(two()));
    lab.shows(FIRST, "omtx_hub_gpu_energy_joules_total", 1_000.0)
        .await;
    lab.driver.change(|script| {
        script.reload();
        script.devices[0].power_mw = Some(99_000);
    });
    lab.shows(FIRST, "omtx_hub_gpu_energy_joules_total", 0.0)
        .await;
    lab.shows(FIRST, "omtx_hub_gpu_power_watts", 99.0).await;
    lab.is(Up).await;
}

#[tokio::test]
async fn a_driver_that_hangs_is_stuck_until_its_call_returns() {
    let lab = Lab::start(FakeDriver::new(two()));
    lab.is(Up).await;
    lab.driver.change(|script| {
        script.hang(POWER);
        script.devices[0].power_mw = Some(99_000);
    });
    lab.is(Stuck).await;
    let old = lab.of(FIRST, "omtx_hub_gpu_power_watts").await;
    assert_eq!(old, Some(412.5), "the last that is known");
    lab.driver.change(Script::release);
    lab.is(Up).await;
    lab.shows(FIRST, "omtx_hub_gpu_power_watts", 99.0).await;
}

#[tokio::test]
async fn a_driver_that_hangs_from_the_start_does_not_hold_up_the_start_nor_the_end() {
    let mut script = two();
    script.hang("nvmlInit_v2");
    let lab = Lab::start(FakeDriver::new(script));
    lab.is(Stuck).await;
    lab.driver.change(Script::release);
    lab.is(Up).await;

    lab.driver.change(|script| script.hang(POWER));
    lab.is(Stuck).await;
    let Lab { driver, hub } = lab;
    let outcome = hub.end().await;
    assert!(outcome.status.success(), "{}", outcome.stderr);
    drop(driver); // which would have released it
}

/// In this process, where the driver tells who waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scrapes_are_answered_while_every_call_of_the_driver_hangs_and_make_none() {
    let driver = FakeDriver::new(two());
    let hub = TestHub::with(|config| {
        config.nvml_lib = Some(driver.path().into());
        config.gpu_interval = Duration::from_millis(20);
    })
    .await;
    let power = [("uuid", FIRST)];
    let up = async || hub.metric("omtx_hub_gpu_power_watts", &power) == 412.5;
    eventually("readings", up).await;
    driver.change(|script| {
        script.hang(POWER);
        script.hang(WAIT);
    });
    let hanging = async || driver.hanging(POWER) == 1 && driver.hanging(WAIT) == 1;
    eventually("both threads hang", hanging).await;

    let calls = driver.all_calls();
    for _ in 0..50 {
        let answer = hub.client.get("/metrics").await.unwrap();
        let text = std::str::from_utf8(&answer.body).unwrap();
        let scrape = Exposition::parse(text).unwrap();
        assert_eq!(scrape.read("omtx_hub_gpu_power_watts", &power), Some(412.5));
    }
    assert_eq!((driver.hanging(POWER), driver.hanging(WAIT)), (1, 1));
    assert_eq!(driver.all_calls(), calls);

    driver.change(|script| {
        script.release();
        script.devices[0].power_mw = Some(99_000);
    });
    let again = async || hub.metric("omtx_hub_gpu_power_watts", &power) == 99.0;
    eventually("readings again", again).await;
}
