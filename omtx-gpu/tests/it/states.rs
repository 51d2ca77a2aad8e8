//! What the collector makes of drivers that are not there, not right, or not there any more.

use fake_nvml::{Device, FakeDriver, Return, Script};
use omtx_gpu::CollectorState::{Absent, Lost, Up};
use omtx_metrics::Registry;

use crate::lab::{Lab, hasty, until, uuid};

fn two() -> Script {
    Script::with(vec![Device::data_center(0), Device::data_center(1)])
}

#[test]
fn a_library_that_is_installed_later_is_found() {
    let driver = FakeDriver::new(two());
    let path = driver.path().with_file_name("installed-later.so");
    let registry = Registry::new();
    let gpus = hasty().library(&path).start().unwrap();
    gpus.register(&registry).unwrap();
    until("a first attempt", || {
        gpus.status()
            .reason
            .is_some_and(|reason| reason.contains("installed-later.so"))
    });
    assert_eq!(gpus.status().state, Absent);
    assert!(
        registry
            .to_text()
            .contains("gpu_collector_state{state=\"up\"} 0")
    );
    assert!(!registry.to_text().contains("gpu_up"));

    std::os::unix::fs::symlink(driver.path(), &path).unwrap();
    until("up", || gpus.status().state == Up);
    assert!(
        registry
            .to_text()
            .contains(&format!("gpu_up{{uuid=\"{}\"}} 1", uuid(1)))
    );
}

#[test]
fn a_library_that_does_not_fit_the_driver_is_tried_again() {
    let lab = Lab::new(Script {
        init: Return::LibRmVersionMismatch,
        ..two()
    });
    until("attempts", || lab.driver.calls("nvmlInit_v2") >= 3);
    let status = lab.gpus.status();
    assert_eq!(status.state, Absent);
    assert!(status.reason.unwrap().contains("version mismatch"));
    assert!(lab.read("gpu_collector_failures_total", &[]).unwrap() >= 2.0);

    lab.driver.change(|script| script.init = Return::Success);
    lab.await_state(Up);
    assert_eq!(lab.of(&uuid(0), "gpu_utilization_ratio"), Some(0.87));
}

#[test]
fn no_device_is_a_failed_collection_until_there_is_one() {
    let lab = Lab::new(Script::default());
    until("attempts", || {
        lab.driver.calls("nvmlDeviceGetCount_v2") >= 3
    });
    lab.await_state(Absent);
    assert_eq!(
        lab.read("gpu_collector_state", &[("state", "up")]),
        Some(0.0)
    );
    lab.driver.change(|script| script.devices = two().devices);
    lab.await_state(Up);
}

#[test]
fn a_device_that_dies_is_down_and_the_other_goes_on() {
    for death in [Return::GpuIsLost, Return::ResetRequired] {
        let lab = Lab::up(two());
        lab.driver.change(|script| {
            script.devices[0].state = death;
            script.devices[1].utilization = Some((13, 7));
        });
        until("down", || lab.of(&uuid(0), "gpu_up") == Some(0.0));
        until("the other's readings", || {
            lab.of(&uuid(1), "gpu_utilization_ratio") == Some(0.13)
        });
        assert_eq!(lab.of(&uuid(1), "gpu_up"), Some(1.0));
        assert_eq!(
            lab.of(&uuid(0), "gpu_utilization_ratio"),
            Some(0.87),
            "until it is too old"
        );
        assert_eq!(lab.gpus.status().state, Up, "one is expected");
        let snapshot = lab.gpus.snapshot();
        assert!(snapshot.devices[0].problem.is_some());

        lab.driver
            .change(|script| script.devices[0].state = Return::Success);
        until("up again", || lab.of(&uuid(0), "gpu_up") == Some(1.0));
    }
}

#[test]
fn fewer_devices_than_expected_is_lost() {
    let driver = FakeDriver::new(two());
    let lab = Lab::with(driver, hasty().expect_devices(2));
    lab.await_state(Up);
    lab.driver
        .change(|script| script.devices[1].state = Return::GpuIsLost);
    lab.await_state(Lost);
    let reason = lab.gpus.status().reason.unwrap();
    assert_eq!(&*reason, "1 devices answer, and 2 are expected");
    assert_eq!(lab.of(&uuid(0), "gpu_up"), Some(1.0));
    lab.driver
        .change(|script| script.devices[1].state = Return::Success);
    lab.await_state(Up);
}

#[test]
fn when_all_devices_are_gone_the_driver_is_opened_again() {
    let lab = Lab::up(two());
    lab.driver.change(|script| {
        script
            .devices
            .iter_mut()
            .for_each(|device| device.state = Return::GpuIsLost)
    });
    lab.await_state(Lost);
    let opened = lab.driver.calls("nvmlInit_v2");
    until("another attempt", || {
        lab.driver.calls("nvmlInit_v2") > opened
    });
    lab.driver.change(|script| script.devices = two().devices);
    lab.await_state(Up);
    assert_eq!(lab.of(&uuid(1), "gpu_up"), Some(1.0));
}

#[test]
fn a_driver_that_is_reloaded_is_found_again_with_new_handles() {
    let lab = Lab::up(two());
    until("energy", || {
        lab.of(&uuid(0), "gpu_energy_joules_total") == Some(1_000.0)
    });
    lab.driver.change(|script| {
        script.reload();
        script.driver_version = "560.1".into();
    });
    until("energy since the reload", || {
        lab.of(&uuid(0), "gpu_energy_joules_total") == Some(0.0)
    });
    lab.await_state(Up);
    assert_eq!(
        &*lab.gpus.snapshot().driver.as_ref().unwrap().version,
        "560.1"
    );
    assert_eq!(
        lab.driver.users(),
        1,
        "NVML was shut down once for each time it was initialised"
    );
}

#[test]
fn a_driver_that_is_updated_under_the_service_is_lost_until_it_fits() {
    let lab = Lab::up(two());
    lab.driver.change(|script| {
        script.reload();
        script.init = Return::LibRmVersionMismatch;
    });
    lab.await_state(Lost);
    assert_eq!(lab.of(&uuid(0), "gpu_up"), Some(0.0));
    until("the reason", || {
        let reason = lab.gpus.status().reason;
        reason.is_some_and(|reason| reason.contains("version mismatch"))
    });
    lab.driver.change(|script| script.init = Return::Success);
    lab.await_state(Up);
}

#[test]
fn a_device_that_is_not_there_after_a_reload_stays_known_as_down() {
    let lab = Lab::up(two());
    lab.driver.change(|script| {
        script.reload();
        script.devices.remove(1);
    });
    until("down", || lab.of(&uuid(1), "gpu_up") == Some(0.0));
    lab.await_state(Up);
    assert_eq!(lab.of(&uuid(0), "gpu_up"), Some(1.0));
}

#[test]
fn a_device_that_is_plugged_in_is_found() {
    let lab = Lab::up(two());
    lab.driver
        .change(|script| script.devices.push(Device::desktop(2)));
    until("the new one", || lab.of(&uuid(2), "gpu_up") == Some(1.0));
    lab.await_state(Up);
}

#[test]
fn an_error_that_passes_costs_its_own_reading_only() {
    let lab = Lab::up(two());
    let fail = |failure| {
        lab.driver.change(|script| {
            script.devices[0]
                .fail
                .insert("nvmlDeviceGetPowerUsage".into(), failure);
        });
    };
    fail(Return::Unknown);
    until("absence", || lab.of(&uuid(0), "gpu_power_watts").is_none());
    assert_eq!(lab.of(&uuid(0), "gpu_up"), Some(1.0));
    assert_eq!(lab.of(&uuid(1), "gpu_power_watts"), Some(412.5));
    fail(Return::Success);
    until("return", || {
        lab.of(&uuid(0), "gpu_power_watts") == Some(412.5)
    });
}

#[test]
fn a_question_that_is_refused_late_is_not_taken_for_a_handle_that_is() {
    let lab = Lab::up(Script::with(vec![Device::data_center(0)]));
    lab.driver.change(|script| {
        script.devices[0]
            .fail
            .insert("nvmlDeviceGetPowerUsage".into(), Return::InvalidArgument);
    });
    until("absence", || lab.of(&uuid(0), "gpu_power_watts").is_none());
    lab.await_samples();
    assert_eq!(lab.gpus.status().state, Up);
    assert_eq!(lab.driver.calls("nvmlInit_v2"), 1);
}

#[test]
fn a_driver_that_knows_nothing_any_more_is_opened_again() {
    let lab = Lab::up(Script::with(vec![Device::data_center(0)]));
    // Everything fails, and nothing says why.
    lab.driver
        .change(|script| script.devices[0].state = Return::Unknown);
    lab.await_state(Lost);
    lab.driver
        .change(|script| script.devices[0].state = Return::Success);
    lab.await_state(Up);
}
