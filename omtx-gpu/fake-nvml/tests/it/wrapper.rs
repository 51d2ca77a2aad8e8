//! What `nvml-wrapper` makes of it.

use std::time::{Duration, Instant};

use fake_nvml::{Device, FakeDriver, Return, Script};
use nvml_wrapper::Nvml;
use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::error::NvmlError;

fn two_devices() -> Script {
    Script::with(vec![Device::data_center(0), Device::desktop(1)])
}

fn load(driver: &FakeDriver) -> Result<Nvml, NvmlError> {
    Nvml::builder().lib_path(driver.path().as_os_str()).init()
}

#[test]
fn devices_say_what_the_script_says() {
    let driver = FakeDriver::new(two_devices());
    let nvml = load(&driver).unwrap();
    assert_eq!(nvml.device_count().unwrap(), 2);
    assert_eq!(nvml.sys_driver_version().unwrap(), "550.54.15");

    let device = nvml.device_by_index(0).unwrap();
    assert_eq!(device.name().unwrap(), "NVIDIA H100 80GB HBM3");
    assert_eq!(device.pci_info().unwrap().bus_id, "00000000:17:00.0");
    assert_eq!(device.utilization_rates().unwrap().gpu, 87);
    assert_eq!(device.memory_info().unwrap().total, 80 << 30);
    assert_eq!(device.power_usage().unwrap(), 412_500);

    let desktop = nvml
        .device_by_uuid("GPU-00000001-0000-4000-8000-000000000000")
        .unwrap();
    assert_eq!(desktop.num_fans().unwrap(), 2);
    assert!(matches!(
        desktop.total_energy_consumption(),
        Err(NvmlError::NotSupported)
    ));
    assert_eq!(driver.calls("nvmlDeviceGetPowerUsage"), 1);
}

#[test]
fn drivers_of_one_process_do_not_share_anything() {
    let (one, other) = (
        FakeDriver::new(two_devices()),
        FakeDriver::new(Script::default()),
    );
    let (a, b) = (load(&one).unwrap(), load(&other).unwrap());
    assert_eq!(
        (a.device_count().unwrap(), b.device_count().unwrap()),
        (2, 0)
    );
    assert_eq!(one.calls("nvmlDeviceGetCount_v2"), 1);
}

#[test]
fn a_symbol_that_is_taken_out_is_missing() {
    let driver = FakeDriver::without(&["nvmlDeviceGetMemoryInfo_v2"], two_devices());
    let nvml = load(&driver).unwrap();
    let device = nvml.device_by_index(0).unwrap();
    assert!(matches!(
        device.memory_info(),
        Err(NvmlError::FailedToLoadSymbol(_))
    ));
    assert!(nvml.lib().nvmlDeviceGetMemoryInfo.is_ok());
}

#[test]
fn a_call_hangs_until_it_is_released() {
    let driver = FakeDriver::new(two_devices());
    let nvml = load(&driver).unwrap();
    driver.change(|script| script.hang("nvmlDeviceGetCount_v2"));
    std::thread::scope(|scope| {
        let call = scope.spawn(|| nvml.device_count());
        driver.await_hanging("nvmlDeviceGetCount_v2");
        assert!(!call.is_finished());
        driver.change(Script::release);
        assert_eq!(call.join().unwrap().unwrap(), 2);
    });
    assert_eq!(driver.hanging("nvmlDeviceGetCount_v2"), 0);
}

#[test]
fn a_call_that_is_slow_takes_its_time() {
    let driver = FakeDriver::new(two_devices());
    let nvml = load(&driver).unwrap();
    driver.change(|script| script.slow("nvmlDeviceGetCount_v2", 20));
    let start = Instant::now();
    nvml.device_count().unwrap();
    assert!(start.elapsed() >= Duration::from_millis(20));
}

#[test]
fn a_lost_device_is_lost_and_the_other_goes_on() {
    let driver = FakeDriver::new(two_devices());
    let nvml = load(&driver).unwrap();
    let (one, other) = (
        nvml.device_by_index(0).unwrap(),
        nvml.device_by_index(1).unwrap(),
    );
    driver.change(|script| script.devices[0].state = Return::GpuIsLost);
    assert!(matches!(
        one.temperature(nvml_wrapper::enum_wrappers::device::TemperatureSensor::Gpu),
        Err(NvmlError::GpuLost)
    ));
    assert!(other.uuid().is_ok());
}

#[test]
fn after_a_reload_only_a_new_user_with_new_handles_gets_on() {
    let driver = FakeDriver::new(two_devices());
    let nvml = load(&driver).unwrap();
    let device = nvml.device_by_index(0).unwrap();
    driver.change(Script::reload);
    assert!(matches!(device.uuid(), Err(NvmlError::Uninitialized)));

    // NVML counts its users: one more does not attach it to the new driver.
    let second = load(&driver).unwrap();
    assert!(matches!(
        second.device_count(),
        Err(NvmlError::Uninitialized)
    ));
    // The handle of the old life stays invalid in the new one.
    drop(second);
    // SAFETY: the handle is a number to this library, and not used after the copy is unloaded.
    #[allow(unsafe_code)]
    let old = unsafe { device.handle() };
    drop(nvml);
    assert_eq!(driver.users(), 0);
    let nvml = load(&driver).unwrap();
    assert_eq!(nvml.device_count().unwrap(), 2);
    // SAFETY: as above.
    #[allow(unsafe_code)]
    let stale = unsafe { nvml_wrapper::Device::new(old, &nvml) };
    assert!(matches!(stale.uuid(), Err(NvmlError::InvalidArg)));
}

#[test]
fn a_version_mismatch_refuses_to_initialise() {
    let driver = FakeDriver::new(Script {
        init: Return::LibRmVersionMismatch,
        ..two_devices()
    });
    assert!(matches!(
        load(&driver),
        Err(NvmlError::LibRmVersionMismatch)
    ));
    assert_eq!(driver.users(), 0);
}

#[test]
fn events_that_come_after_the_set_are_delivered_in_order() {
    let driver = FakeDriver::new(two_devices());
    driver.change(|script| script.xid(0, 13));
    let nvml = load(&driver).unwrap();
    let device = nvml.device_by_index(0).unwrap();
    let set = nvml.create_event_set().unwrap();
    let set = device
        .register_events(EventTypes::CRITICAL_XID_ERROR, set)
        .unwrap();
    assert!(matches!(set.wait(0), Err(NvmlError::Timeout)));
    driver.change(|script| {
        script.xid(1, 31); // not registered
        script.xid(0, 79);
    });
    let event = set.wait(60_000).unwrap();
    assert_eq!(event.event_data, Some(XidError::Value(79)));
    assert_eq!(event.device.uuid().unwrap(), device.uuid().unwrap());
}

#[test]
fn instances_have_handles_of_their_own() {
    let mut device = Device::data_center(0);
    let mig = device.mig.as_mut().unwrap();
    mig.enabled = true;
    mig.instances = vec![Device {
        uuid: "MIG-0".into(),
        memory_total: Some(10 << 30),
        instance: Some((1, 0)),
        ..Device::default()
    }];
    let driver = FakeDriver::new(Script::with(vec![device]));
    let nvml = load(&driver).unwrap();
    let parent = nvml.device_by_index(0).unwrap();
    let instance = parent.mig_device_by_index(0).unwrap();
    assert_eq!(instance.uuid().unwrap(), "MIG-0");
    assert!(instance.mig_is_mig_device_handle().unwrap());
    assert_eq!(
        instance.mig_parent_device().unwrap().uuid().unwrap(),
        parent.uuid().unwrap()
    );
    assert!(matches!(
        parent.mig_device_by_index(1),
        Err(NvmlError::NotFound)
    ));
    assert!(matches!(
        instance.utilization_rates(),
        Err(NvmlError::NotSupported)
    ));
}
