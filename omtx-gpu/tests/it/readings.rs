//! What is read, and what is not asked.

use fake_nvml::{Device, FakeDriver, Link, Process, Return, Script};
use omtx_gpu::CollectorState::Up;
use omtx_gpu::{GpuEccKind, GpuEccLocation, GpuThrottle};

use crate::lab::{Lab, hasty, until, uuid};

#[test]
fn what_a_device_refuses_is_not_asked_again_and_has_no_row() {
    let bare = Device {
        uuid: uuid(0),
        temperature: Some(41),
        ..Device::default()
    };
    let lab = Lab::up(Script::with(vec![bare, Device::data_center(1)]));
    lab.await_samples();
    let scrape = lab.scrape();
    let uuid = uuid(0);
    let families: Vec<&str> = scrape
        .samples()
        .filter(|sample| sample.label("uuid") == Some(&uuid))
        .map(|sample| &*sample.name)
        .collect();
    assert_eq!(families, ["gpu_info", "gpu_temperature_celsius", "gpu_up"]);
}

#[test]
fn a_refused_field_costs_one_call_in_the_life_of_a_driver() {
    let lab = Lab::up(Script::with(vec![Device::desktop(0)]));
    until("samples", || {
        lab.driver.calls("nvmlDeviceGetPowerUsage") >= 10
    });
    assert_eq!(lab.driver.calls("nvmlDeviceGetTotalEnergyConsumption"), 1);
    assert_eq!(lab.driver.calls("nvmlDeviceGetRemappedRows"), 1);
    assert_eq!(lab.driver.calls("nvmlDeviceGetNvLinkState"), 1);
    lab.driver.change(Script::reload);
    until("the next life", || {
        lab.driver.calls("nvmlDeviceGetTotalEnergyConsumption") == 2
    });
}

#[test]
fn pcie_throughput_is_measured_on_request_only() {
    let script = || Script::with(vec![Device::data_center(0)]);
    let lab = Lab::up(script());
    lab.await_samples();
    assert_eq!(lab.driver.calls("nvmlDeviceGetPcieThroughput"), 0);
    assert_eq!(lab.of(&uuid(0), "gpu_pcie_receive_bytes_per_second"), None);

    let lab = Lab::with(FakeDriver::new(script()), hasty().pcie_throughput(true));
    lab.await_state(Up);
    assert_eq!(
        lab.of(&uuid(0), "gpu_pcie_receive_bytes_per_second"),
        Some(340e6)
    );
    assert_eq!(
        lab.of(&uuid(0), "gpu_pcie_transmit_bytes_per_second"),
        Some(120e6)
    );
}

#[test]
fn a_library_from_before_driver_510_tells_memory_by_its_first_version() {
    let driver = FakeDriver::without(
        &[
            "nvmlDeviceGetMemoryInfo_v2",
            "nvmlDeviceGetComputeRunningProcesses_v3",
            "nvmlDeviceGetRemappedRows",
        ],
        Script::with(vec![Device::data_center(0)]),
    );
    let lab = Lab::with(driver, hasty());
    lab.await_state(Up);
    assert_eq!(
        lab.of(&uuid(0), "gpu_memory_total_bytes"),
        Some(85_899_345_920.0)
    );
    assert_eq!(
        lab.of(&uuid(0), "gpu_memory_used_bytes"),
        Some(f64::from(21_u32) * 1_073_741_824.0),
        "with what is reserved"
    );
    assert_eq!(lab.of(&uuid(0), "gpu_memory_reserved_bytes"), None);
    assert_eq!(
        lab.read(
            "gpu_remapped_rows",
            &[("uuid", &uuid(0)), ("kind", "correctable")]
        ),
        None
    );
    assert_eq!(
        lab.of(&uuid(0), "gpu_processes"),
        Some(0.0),
        "graphics processes are known"
    );
}

#[test]
fn energy_never_goes_back_within_a_life_of_the_driver() {
    let lab = Lab::up(Script::with(vec![Device::data_center(0)]));
    let energy = || lab.of(&uuid(0), "gpu_energy_joules_total").unwrap();
    let set = |millijoules| {
        lab.driver
            .change(|script| script.devices[0].energy_mj = Some(millijoules));
        lab.await_samples();
    };
    set(2_000_000);
    assert_eq!(energy(), 2_000.0);
    set(1_500_000); // a glitch
    assert_eq!(energy(), 2_000.0);
    set(2_500_000);
    assert_eq!(energy(), 2_500.0);

    // Nor when the device did not answer in between.
    let fail = |failure| {
        lab.driver.change(|script| {
            let symbol = "nvmlDeviceGetTotalEnergyConsumption".to_owned();
            script.devices[0].fail.insert(symbol, failure);
        });
        lab.await_samples();
    };
    fail(Return::Unknown);
    assert_eq!(lab.of(&uuid(0), "gpu_energy_joules_total"), None);
    set(2_400_000);
    fail(Return::Success);
    assert_eq!(energy(), 2_500.0);
}

#[test]
fn the_snapshot_has_what_the_series_show() {
    let mut device = Device::data_center(0);
    device.links[3] = Link {
        replay: 5,
        ..Link::default()
    };
    device.ecc.insert("1.0.2".into(), 2);
    device.throttle_reasons = Some(0x4 | 0x20 | 0x1); // power cap, heat, idle
    let process = |pid, memory| Process { pid, memory };
    device.compute = Some(vec![process(7, Some(1_000)), process(8, None)]);
    device.graphics = Some(vec![process(7, Some(1_000)), process(9, Some(5))]);
    let lab = Lab::up(Script::with(vec![device]));
    let snapshot = lab.gpus.snapshot();
    let readings = &snapshot.devices[0].readings;
    assert_eq!(
        readings.throttled.as_deref(),
        Some(&[GpuThrottle::SwPowerCap, GpuThrottle::SwThermalSlowdown][..])
    );
    assert!(readings.ecc_errors.contains(&(
        GpuEccKind::Uncorrected,
        GpuEccLocation::DeviceMemory,
        2
    )));
    let processes: Vec<_> = readings
        .processes
        .iter()
        .flatten()
        .map(|it| (it.pid, it.memory_bytes))
        .collect();
    assert_eq!(processes, [(7, Some(1_000)), (8, None), (9, Some(5))]);
    let link = [("uuid", &*uuid(0)), ("link", "3"), ("kind", "replay")];
    assert_eq!(lab.read("gpu_nvlink_errors_total", &link), Some(5.0));
    let ecc = [
        ("uuid", &*uuid(0)),
        ("kind", "uncorrected"),
        ("location", "device_memory"),
    ];
    assert_eq!(lab.read("gpu_ecc_errors_total", &ecc), Some(2.0));
    let throttled = |reason| lab.read("gpu_throttled", &[("uuid", &uuid(0)), ("reason", reason)]);
    assert_eq!(
        [throttled("sw_power_cap"), throttled("hw_slowdown")],
        [Some(1.0), Some(0.0)]
    );
}

#[test]
fn a_device_that_counts_errors_without_places_has_them_anywhere() {
    let mut device = Device::data_center(0);
    device.ecc = [("0.0.total".to_owned(), 4), ("1.0.total".to_owned(), 0)].into();
    let lab = Lab::up(Script::with(vec![device]));
    let ecc = [
        ("uuid", &*uuid(0)),
        ("kind", "corrected"),
        ("location", "any"),
    ];
    assert_eq!(lab.read("gpu_ecc_errors_total", &ecc), Some(4.0));
}

#[test]
fn devices_are_found_as_cuda_names_them() {
    let lab = Lab::up(Script::with(vec![
        Device::data_center(0),
        Device::data_center(1),
    ]));
    let snapshot = lab.gpus.snapshot();
    let find = |name: &str| snapshot.find(name).map(|device| device.identity.index);
    assert_eq!(find("1"), Some(1));
    assert_eq!(find(&uuid(1)), Some(1));
    assert_eq!(find("GPU-00000001"), Some(1));
    assert_eq!(find("GPU-0000000"), None, "two begin like that");
    assert_eq!(find("2"), None);
    assert_eq!(find(""), None);
    assert_eq!(find("nvidia0"), None);
}

#[test]
fn processes_are_told_apart_on_request_only() {
    let script = || {
        let mut device = Device::data_center(0);
        let process = |pid, memory| Process { pid, memory };
        device.compute = Some(vec![process(7, Some(4_096)), process(8, None)]);
        Script::with(vec![device])
    };
    let lab = Lab::up(script());
    assert_eq!(lab.of(&uuid(0), "gpu_processes"), Some(2.0));
    assert!(lab.scrape().family("gpu_process_memory_bytes").is_none());

    let lab = Lab::with(FakeDriver::new(script()), hasty().process_memory(true));
    lab.await_state(Up);
    let of = |pid| {
        lab.read(
            "gpu_process_memory_bytes",
            &[("uuid", &uuid(0)), ("pid", pid)],
        )
    };
    assert_eq!([of("7"), of("8")], [Some(4_096.0), None]);
    lab.driver
        .change(|script| script.devices[0].compute = Some(Vec::new()));
    until("the end of the process", || of("7").is_none());
}
