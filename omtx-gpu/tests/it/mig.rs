//! Devices that are cut into instances.

use fake_nvml::{Device, Mig, Script};
use omtx_gpu::GpuMig;

use crate::lab::{Lab, until, uuid};

fn instance(name: &str, at: u32) -> Device {
    Device {
        uuid: name.to_owned(),
        name: "NVIDIA H100 80GB HBM3 MIG 1g.10gb".to_owned(),
        memory_total: Some(10 << 30),
        memory_used: 1 << 30,
        instance: Some((at, 0)),
        ..Device::default()
    }
}

fn cut(instances: Vec<Device>) -> Device {
    Device {
        // A device that is cut does not know its utilisation.
        utilization: None,
        encoder: None,
        decoder: None,
        mig: Some(Mig {
            enabled: true,
            instances,
        }),
        ..Device::data_center(0)
    }
}

#[test]
fn instances_are_devices_with_what_they_know() {
    let lab = Lab::up(Script::with(vec![cut(vec![
        instance("MIG-a", 1),
        instance("MIG-b", 2),
    ])]));
    until("the instances", || lab.of("MIG-b", "gpu_up") == Some(1.0));
    assert_eq!(
        lab.of("MIG-a", "gpu_memory_used_bytes"),
        Some(1_073_741_824.0)
    );
    assert_eq!(lab.of("MIG-a", "gpu_power_watts"), None);
    assert_eq!(lab.of(&uuid(0), "gpu_utilization_ratio"), None);
    let scrape = lab.scrape();
    let info = scrape
        .samples()
        .find(|sample| sample.name == "gpu_info" && sample.label("uuid") == Some("MIG-b"))
        .unwrap();
    assert_eq!(info.label("mig"), Some("2/0"));
    assert_eq!(info.label("parent"), Some(&*uuid(0)));
    assert_eq!(info.label("index"), Some("0"));

    // dcgm-exporter has them under their device's UUID and name.
    let registry = omtx_metrics::Registry::new();
    lab.gpus.register_dcgm(&registry).unwrap();
    let scrape = omtx_metrics::testing::Exposition::parse(&registry.to_text()).unwrap();
    let labels = [
        ("UUID", &*uuid(0)),
        ("modelName", "NVIDIA H100 80GB HBM3"),
        ("GPU_I_PROFILE", "1g.10gb"),
        ("GPU_I_ID", "2"),
    ];
    let used = scrape
        .samples()
        .find(|sample| {
            sample.name == "DCGM_FI_DEV_FB_USED"
                && labels
                    .iter()
                    .all(|(name, value)| sample.label(name) == Some(*value))
        })
        .unwrap();
    assert_eq!(used.value, 1024.0);

    let snapshot = lab.gpus.snapshot();
    let found = snapshot.find("MIG-b").unwrap();
    assert!(matches!(found.identity.mig, GpuMig::Instance { .. }));
    assert_eq!(
        snapshot.find("0").unwrap().identity.mig,
        GpuMig::Enabled,
        "an index is a whole device"
    );
}

#[test]
fn instances_come_and_go_while_the_device_stays() {
    let lab = Lab::up(Script::with(vec![Device::data_center(0)]));
    assert_eq!(lab.of(&uuid(0), "gpu_utilization_ratio"), Some(0.87));
    lab.driver
        .change(|script| script.devices = vec![cut(vec![instance("MIG-a", 1)])]);
    until("the instance", || lab.of("MIG-a", "gpu_up") == Some(1.0));
    lab.driver
        .change(|script| script.devices = vec![cut(vec![instance("MIG-c", 3)])]);
    until("another one", || lab.of("MIG-c", "gpu_up") == Some(1.0));
    assert_eq!(
        lab.of("MIG-a", "gpu_up"),
        None,
        "it does not exist any more"
    );
    lab.driver
        .change(|script| script.devices = vec![Device::data_center(0)]);
    until("one piece", || lab.of("MIG-c", "gpu_up").is_none());
    until("learned anew", || {
        lab.of(&uuid(0), "gpu_utilization_ratio") == Some(0.87)
    });
}
