//! Calls that do not return.

use std::time::Duration;

use fake_nvml::{Device, FakeDriver, Script};
use omtx_gpu::CollectorState::{Stuck, Up};

use crate::lab::{Lab, hasty, until, uuid};

const POWER: &str = "nvmlDeviceGetPowerUsage";
const WAIT: &str = "nvmlEventSetWait_v2";

fn one() -> Script {
    Script::with(vec![Device::data_center(0)])
}

#[test]
fn a_call_that_hangs_is_waited_out_by_the_same_thread() {
    let lab = Lab::up(one());
    lab.driver.change(|script| {
        script.hang(POWER);
        script.devices[0].power_mw = Some(99_000);
    });
    lab.await_state(Stuck);
    let reason = lab.gpus.status().reason.unwrap();
    assert!(
        reason.starts_with("nvmlDeviceGetPowerUsage has not returned for"),
        "{reason}"
    );
    assert_eq!(
        lab.of(&uuid(0), "gpu_power_watts"),
        Some(412.5),
        "the last that is known"
    );
    assert_eq!(lab.driver.hanging(POWER), 1, "nobody else is sent after it");
    assert_eq!(lab.driver.calls("nvmlShutdown"), 0);
    assert_eq!(lab.driver.users(), 1);

    lab.driver.change(Script::release);
    lab.await_state(Up);
    until("the next reading", || {
        lab.of(&uuid(0), "gpu_power_watts") == Some(99.0)
    });
    assert_eq!(lab.driver.calls("nvmlInit_v2"), 1);
}

#[test]
fn no_call_is_made_for_a_scrape() {
    let lab = Lab::up(one());
    // Both threads hang, so whatever is called now is called by a scrape.
    lab.driver.change(|script| {
        script.hang(POWER);
        script.hang(WAIT);
    });
    lab.driver.await_hanging(POWER);
    lab.driver.await_hanging(WAIT);
    let before = lab.driver.all_calls();
    for _ in 0..100 {
        assert_eq!(lab.of(&uuid(0), "gpu_utilization_ratio"), Some(0.87));
        let _ = (lab.gpus.status(), lab.gpus.snapshot());
    }
    assert_eq!(lab.driver.all_calls(), before);
}

#[test]
fn readings_go_away_when_they_are_too_old_and_come_back() {
    let lab = Lab::with(
        FakeDriver::new(one()),
        hasty().max_age(Duration::from_millis(300)),
    );
    until("up", || lab.of(&uuid(0), "gpu_up") == Some(1.0));
    lab.driver.change(|script| script.hang(POWER));
    until("absence", || {
        lab.of(&uuid(0), "gpu_utilization_ratio").is_none()
    });
    let scrape = lab.scrape();
    let uuid = uuid(0);
    let left: Vec<&str> = scrape
        .samples()
        .filter(|sample| sample.label("uuid") == Some(&uuid))
        .map(|sample| &*sample.name)
        .collect();
    assert_eq!(left, ["gpu_info", "gpu_up"]);
    assert_eq!(lab.of(&uuid, "gpu_up"), Some(0.0));

    lab.driver.change(Script::release);
    until("return", || {
        lab.of(&uuid, "gpu_utilization_ratio") == Some(0.87)
    });
    until("up again", || lab.of(&uuid, "gpu_up") == Some(1.0));
}

#[test]
fn initialising_may_hang_too() {
    let mut script = one();
    script.hang("nvmlInit_v2");
    let lab = Lab::new(script);
    lab.await_state(Stuck);
    lab.driver.change(Script::release);
    lab.await_state(Up);
    assert_eq!(lab.driver.calls("nvmlInit_v2"), 1);
}

#[test]
fn waiting_for_events_may_hang_and_nvml_is_not_shut_down_under_it() {
    let lab = Lab::up(one());
    lab.driver.change(|script| script.hang(WAIT));
    lab.await_state(Stuck);
    until("samples go on", || {
        let before = lab.driver.calls(POWER);
        lab.await_samples();
        lab.driver.calls(POWER) > before
    });
    // The driver is reloaded: its library is not let go of while a thread is in it.
    lab.driver.change(|script| {
        script.reload();
        script.hang(WAIT);
    });
    until("the sampler has seen it", || {
        lab.of(&uuid(0), "gpu_up") == Some(0.0)
    });
    assert_eq!(lab.gpus.status().state, Stuck);
    assert_eq!(lab.driver.hanging(WAIT), 1);
    assert_eq!(lab.driver.calls("nvmlShutdown"), 0);
    lab.driver.change(Script::release);
    lab.await_state(Up);
    until("the reload was seen", || {
        lab.driver.calls("nvmlInit_v2") == 2
    });
    lab.await_state(Up);
    assert_eq!(lab.driver.users(), 1);
}

#[test]
fn a_slow_driver_is_not_stuck() {
    let driver = FakeDriver::new(one());
    driver.change(|script| script.slow(POWER, 50));
    let lab = Lab::with(driver, hasty().call_deadline(Duration::from_secs(60)));
    lab.await_state(Up);
    lab.await_samples();
    assert_eq!(lab.gpus.status().state, Up);
}

#[test]
fn dropping_the_collector_waits_for_nobody_and_ends_its_threads() {
    let lab = Lab::up(one());
    lab.driver.change(|script| script.hang(POWER));
    lab.driver.await_hanging(POWER);
    let Lab {
        driver,
        gpus,
        registry,
    } = lab;
    drop(gpus); // returns
    driver.change(Script::release);
    until("shutdown", || driver.users() == 0);
    until("the registry forgets it", || {
        !registry.to_text().contains("gpu_up")
    });
}
