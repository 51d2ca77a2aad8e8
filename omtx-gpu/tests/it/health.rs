//! The health check.

use std::time::Duration;

use fake_nvml::{Device, FakeDriver, Remapped, Return, Script};
use omtx_gpu::CollectorState::{Lost, Stuck, Up};
use omtx_health::{Check, CheckResult};

use crate::lab::{Lab, hasty, until};

fn run(lab: &Lab) -> CheckResult {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(lab.gpus.check().run())
}

fn two() -> Script {
    Script::with(vec![Device::data_center(0), Device::data_center(1)])
}

#[test]
fn it_passes_while_the_expected_devices_answer() {
    let lab = Lab::up(two());
    let verdict = run(&lab).unwrap();
    assert!(!verdict.is_degraded());
    assert_eq!(verdict.details()["devices_up"], 2);
    assert_eq!(verdict.details()["state"], "up");
}

#[test]
fn a_device_too_few_degrades_and_none_fails() {
    let lab = Lab::with(FakeDriver::new(two()), hasty().expect_devices(2));
    lab.await_state(Up);
    lab.driver
        .change(|script| script.devices[1].state = Return::GpuIsLost);
    lab.await_state(Lost);
    let verdict = run(&lab).unwrap();
    assert_eq!(
        verdict.message(),
        Some("1 devices answer, and 2 are expected")
    );
    lab.driver
        .change(|script| script.devices[0].state = Return::GpuIsLost);
    until("failure", || run(&lab).is_err());
    let failure = run(&lab).unwrap_err();
    assert_eq!(failure.details()["devices_up"], 0);
    assert_eq!(failure.details()["state"], "lost");
}

#[test]
fn a_hung_call_degrades_until_readings_are_too_old() {
    let builder = hasty().max_age(Duration::from_secs(1));
    let lab = Lab::with(FakeDriver::new(two()), builder);
    lab.await_state(Up);
    lab.driver
        .change(|script| script.hang("nvmlDeviceGetPowerUsage"));
    lab.await_state(Stuck);
    until("failure", || run(&lab).is_err());
    let error = run(&lab).unwrap_err().to_string();
    assert!(
        error.starts_with("nvmlDeviceGetPowerUsage has not returned for"),
        "{error}"
    );
    lab.driver.change(Script::release);
    until("recovery", || {
        run(&lab).is_ok_and(|verdict| !verdict.is_degraded())
    });
}

#[test]
fn memory_that_cannot_be_repaired_any_more_degrades() {
    let mut script = two();
    script.devices[1].remapped = Some(Remapped {
        failure: true,
        ..Remapped::default()
    });
    let lab = Lab::up(script);
    let verdict = run(&lab).unwrap();
    assert_eq!(
        verdict.message(),
        Some("memory of GPU-00000001-0000-4000-8000-000000000000 can no longer be repaired")
    );
}
