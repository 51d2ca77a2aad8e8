//! XID errors.

use std::time::{SystemTime, UNIX_EPOCH};

use fake_nvml::{Device, FakeDriver, Return, Script};
use omtx_gpu::CollectorState::Up;

use crate::lab::{Lab, hasty, until, uuid};

fn count(lab: &Lab, index: u32, xid: &str) -> Option<f64> {
    lab.read(
        "gpu_xid_errors_total",
        &[("uuid", &uuid(index)), ("xid", xid)],
    )
}

/// Waits until events of the current life are waited for.
fn await_listening(lab: &Lab) {
    let before = lab.driver.calls("nvmlEventSetWait_v2");
    until("a wait for events", || {
        lab.driver.calls("nvmlEventSetWait_v2") > before
    });
}

#[test]
fn xid_errors_are_counted_by_device_with_the_last_time() {
    let lab = Lab::up(Script::with(vec![
        Device::data_center(0),
        Device::data_center(1),
    ]));
    await_listening(&lab);
    assert!(lab.scrape().family("gpu_xid_errors_total").is_none());
    let before = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    lab.driver.change(|script| {
        script.xid(0, 79);
        script.xid(1, 13);
        script.xid(0, 79);
    });
    until("both errors", || count(&lab, 0, "79") == Some(2.0));
    until("the other's", || count(&lab, 1, "13") == Some(1.0));
    assert!(lab.of(&uuid(0), "gpu_xid_last_timestamp_seconds").unwrap() >= before - 1.0);
}

#[test]
fn counts_do_not_go_back_when_the_driver_is_reloaded() {
    let lab = Lab::up(Script::with(vec![Device::data_center(0)]));
    await_listening(&lab);
    lab.driver.change(|script| script.xid(0, 48));
    until("the error", || count(&lab, 0, "48") == Some(1.0));
    lab.driver.change(Script::reload);
    until("the reload", || lab.driver.calls("nvmlInit_v2") == 2);
    lab.await_state(Up);
    assert_eq!(count(&lab, 0, "48"), Some(1.0));
    await_listening(&lab);
    lab.driver.change(|script| script.xid(0, 48));
    until("the next error", || count(&lab, 0, "48") == Some(2.0));
}

#[test]
fn a_device_without_events_does_not_cost_the_others_theirs() {
    let silent = Device {
        has_events: false,
        ..Device::data_center(0)
    };
    let mut refusing = Device::data_center(1);
    refusing
        .fail
        .insert("nvmlDeviceRegisterEvents".into(), Return::Unknown);
    let lab = Lab::up(Script::with(vec![silent, refusing, Device::data_center(2)]));
    await_listening(&lab);
    lab.driver.change(|script| script.xid(2, 31));
    until("the error", || count(&lab, 2, "31") == Some(1.0));
}

#[test]
fn a_library_without_events_samples_all_the_same() {
    let driver = FakeDriver::without(
        &["nvmlEventSetCreate"],
        Script::with(vec![Device::data_center(0)]),
    );
    let lab = Lab::with(driver, hasty());
    lab.await_state(Up);
    lab.await_samples();
    assert_eq!(lab.gpus.status().state, Up);
}
