//! Whole expositions.

use fake_nvml::{Device, FakeDriver, Script};
use omtx_gpu::CollectorState::Up;
use omtx_metrics::Registry;

use crate::lab::{Lab, hasty, uuid};

/// The text, with the moment of the last sample taken out.
fn text(registry: &Registry) -> String {
    let mut out = String::new();
    for line in registry.to_text().lines() {
        match line.split_once("_timestamp_seconds ") {
            Some((name, moment)) if !line.starts_with('#') => {
                assert!(moment.parse::<f64>().unwrap() > 1.7e9, "{line}");
                out.push_str(name);
                out.push_str("_timestamp_seconds <moment>");
            }
            _ => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

/// Compares with a file of `golden/`. `UPDATE_GOLDEN=1` takes a change over, to be looked at.
#[track_caller]
fn check(actual: &str, name: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    if actual != expected {
        let differs = actual.lines().zip(expected.lines()).find(|(a, b)| a != b);
        panic!("{name}: the first difference is {differs:?}\n{actual}");
    }
}

fn two() -> Script {
    let mut device = Device::data_center(0);
    device.links.truncate(2);
    Script::with(vec![device, Device::desktop(1)])
}

#[test]
fn a_data_centre_device_and_a_desktop_one() {
    let driver = FakeDriver::new(two());
    let registry = Registry::builder().namespace("omtx_hub").build().unwrap();
    let gpus = hasty().library(driver.path()).start().unwrap();
    gpus.register(&registry).unwrap();
    crate::lab::until("up", || gpus.status().state == Up);
    check(&text(&registry), "devices.txt");
}

#[test]
fn the_same_by_the_names_of_dcgm() {
    let driver = FakeDriver::new(two());
    let registry = Registry::builder().namespace("omtx_hub").build().unwrap();
    let gpus = hasty().library(driver.path()).start().unwrap();
    gpus.register_dcgm(&registry).unwrap();
    crate::lab::until("up", || gpus.status().state == Up);
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let text = text(&registry).replace(
        &format!("Hostname=\"{}\"", hostname.trim()),
        "Hostname=\"node-1\"",
    );
    check(&text, "dcgm.txt");
}

#[test]
fn a_registry_shows_one_collector() {
    let lab = Lab::up(Script::with(vec![Device::data_center(0)]));
    lab.gpus.register(&lab.registry).unwrap(); // again is the same
    lab.gpus.clone().register(&lab.registry).unwrap();
    let other = hasty().library(lab.driver.path()).start().unwrap();
    let error = other.register(&lab.registry).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the registry shows another collector; expected one per registry"
    );
    assert!(error.is_metrics());
    // A registry of its own shows it.
    let registry = Registry::new();
    other.register(&registry).unwrap();
    crate::lab::until("up", || {
        registry
            .to_text()
            .contains(&format!("gpu_up{{uuid=\"{}\"}} 1", uuid(0)))
    });
}

#[test]
fn settings_out_of_bounds_are_refused_with_what_was_expected() {
    use std::time::Duration;
    let message = |builder: omtx_gpu::GpuCollectorBuilder| builder.start().unwrap_err().to_string();
    assert_eq!(
        message(hasty().call_deadline(Duration::from_secs(7_200))),
        "invalid call_deadline \"7200s\"; expected 10 ms to 1 h"
    );
    assert_eq!(
        message(hasty().max_age(Duration::from_millis(1))),
        "invalid max_age \"1ms\"; expected the interval, 10ms, to 1 h"
    );
    assert_eq!(
        message(hasty().backoff(Duration::from_secs(2), Duration::from_secs(1))),
        "invalid longest backoff \"1s\"; expected at least the first, 2s"
    );
}
