//! How many threads there are, whatever the driver does. Alone in its process, because all of its threads are counted.

use std::time::{Duration, Instant};

use fake_nvml::{Device, FakeDriver, Return, Script};
use omtx_gpu::{CollectorState, GpuCollector};
use omtx_metrics::Registry;

/// The collector's threads, by the kernel's list.
fn threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("omtx-gpu")).count()
}

#[track_caller]
fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn there_are_two_whatever_the_driver_does_and_none_afterwards() {
    let driver = FakeDriver::new(Script {
        init: Return::LibRmVersionMismatch,
        ..Script::with(vec![Device::data_center(0)])
    });
    let ms = Duration::from_millis;
    let gpus = GpuCollector::builder()
        .library(driver.path())
        .interval(ms(10))
        .slow_interval(ms(20))
        .call_deadline(ms(50))
        .backoff(ms(10), ms(20))
        .start()
        .unwrap();
    let registry = Registry::new();
    gpus.register(&registry).unwrap();
    let state = |state| until(&format!("{state:?}"), || gpus.status().state == state);
    let count = || {
        let _ = registry.to_text();
        threads()
    };

    until("attempts", || driver.calls("nvmlInit_v2") > 3);
    assert_eq!(count(), 2);
    driver.change(|script| script.init = Return::Success);
    state(CollectorState::Up);
    assert_eq!(count(), 2);
    driver.change(|script| script.hang("nvmlDeviceGetPowerUsage"));
    state(CollectorState::Stuck);
    for _ in 0..50 {
        assert_eq!(count(), 2);
    }
    driver.change(Script::release);
    state(CollectorState::Up);
    driver.change(|script| script.devices[0].state = Return::GpuIsLost);
    state(CollectorState::Lost);
    assert_eq!(count(), 2);
    driver.change(|script| {
        script.reload();
        script.devices[0].state = Return::Success;
    });
    state(CollectorState::Up);
    assert_eq!(count(), 2);
    drop(gpus);
    until("no threads", || threads() == 0);
    assert_eq!(driver.users(), 0);
}
