//! What NVIDIA's own Python binding, `nvidia-ml-py`, makes of it.

use std::process::Command;

use fake_nvml::{Device, FakeDriver, Link, Process, Remapped, Script};

const READ: &str = r#"
from pynvml import *
nvmlInit()
print("driver", nvmlSystemGetDriverVersion())
print("cuda", nvmlSystemGetCudaDriverVersion_v2())
for i in range(nvmlDeviceGetCount()):
    d = nvmlDeviceGetHandleByIndex(i)
    def line(name, read):
        try:
            print(i, name, read())
        except NVMLError_NotSupported:
            print(i, name, "unsupported")
    line("uuid", lambda: nvmlDeviceGetUUID(d))
    line("name", lambda: nvmlDeviceGetName(d))
    line("pci", lambda: nvmlDeviceGetPciInfo(d).busId)
    line("gpu", lambda: nvmlDeviceGetUtilizationRates(d).gpu)
    line("memory", lambda: nvmlDeviceGetUtilizationRates(d).memory)
    line("encoder", lambda: nvmlDeviceGetEncoderUtilization(d)[0])
    line("total", lambda: nvmlDeviceGetMemoryInfo(d, version=nvmlMemory_v2).total)
    line("used", lambda: nvmlDeviceGetMemoryInfo(d, version=nvmlMemory_v2).used)
    line("used_v1", lambda: nvmlDeviceGetMemoryInfo(d).used)
    line("temperature", lambda: nvmlDeviceGetTemperature(d, NVML_TEMPERATURE_GPU))
    line("memory_temperature", lambda: nvmlDeviceGetFieldValues(d, [NVML_FI_DEV_MEMORY_TEMP])[0].value.uiVal)
    line("slowdown", lambda: nvmlDeviceGetTemperatureThreshold(d, NVML_TEMPERATURE_THRESHOLD_SLOWDOWN))
    line("power", lambda: nvmlDeviceGetPowerUsage(d))
    line("limit", lambda: nvmlDeviceGetEnforcedPowerLimit(d))
    line("energy", lambda: nvmlDeviceGetTotalEnergyConsumption(d))
    line("sm", lambda: nvmlDeviceGetClockInfo(d, NVML_CLOCK_SM))
    line("throttle", lambda: nvmlDeviceGetCurrentClocksThrottleReasons(d))
    line("fan", lambda: nvmlDeviceGetFanSpeed_v2(d, 0) if nvmlDeviceGetNumFans(d) else "none")
    line("state", lambda: nvmlDeviceGetPerformanceState(d))
    line("width", lambda: nvmlDeviceGetCurrPcieLinkWidth(d))
    line("replays", lambda: nvmlDeviceGetPcieReplayCounter(d))
    line("crc", lambda: nvmlDeviceGetNvLinkErrorCounter(d, 2, NVML_NVLINK_ERROR_DL_CRC_FLIT))
    line("ecc", lambda: nvmlDeviceGetMemoryErrorCounter(d, 0, 0, NVML_MEMORY_LOCATION_DRAM))
    line("retired", lambda: len(nvmlDeviceGetRetiredPages(d, 0)))
    line("remapped", lambda: list(nvmlDeviceGetRemappedRows(d)))
    line("processes", lambda: [(p.pid, p.usedGpuMemory) for p in nvmlDeviceGetComputeRunningProcesses(d)])
    line("mig", lambda: nvmlDeviceGetMigMode(d)[0])
nvmlShutdown()
"#;

#[test]
fn the_python_binding_reads_what_the_script_says() {
    // CI names one that has the package.
    let python = std::env::var_os("OMTX_PYTHON").unwrap_or_else(|| "python3".into());
    let has_binding = Command::new(&python)
        .args(["-c", "import pynvml"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_binding {
        let required = std::env::var_os("OMTX_REQUIRE_ENGINES").is_some_and(|value| value == "1");
        assert!(
            !required,
            "no Python with nvidia-ml-py; expected $OMTX_PYTHON to be one"
        );
        eprintln!("skipped: nvidia-ml-py is not installed");
        return;
    }
    let mut device = Device::data_center(0);
    device.links[2] = Link {
        crc_flit: 7,
        ..Link::default()
    };
    device.ecc.insert("0.0.2".into(), 11);
    device.remapped = Some(Remapped {
        correctable: 1,
        uncorrectable: 2,
        pending: true,
        failure: false,
    });
    device.compute = Some(vec![
        Process {
            pid: 4_242,
            memory: Some(1 << 20),
        },
        Process {
            pid: 4_243,
            memory: None,
        },
    ]);
    let driver = FakeDriver::new(Script::with(vec![device, Device::desktop(1)]));
    let output = Command::new(&python)
        .args(["-c", READ])
        .env("LD_LIBRARY_PATH", driver.path().parent().unwrap())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "\
driver 550.54.15
cuda 12040
0 uuid GPU-00000000-0000-4000-8000-000000000000
0 name NVIDIA H100 80GB HBM3
0 pci 00000000:17:00.0
0 gpu 87
0 memory 41
0 encoder 0
0 total 85899345920
0 used 21474836480
0 used_v1 22548578304
0 temperature 54
0 memory_temperature 61
0 slowdown 89
0 power 412500
0 limit 700000
0 energy 1000000
0 sm 1980
0 throttle 4
0 fan none
0 state 0
0 width 16
0 replays 3
0 crc 7
0 ecc 11
0 retired unsupported
0 remapped [1, 2, 1, 0]
0 processes [(4242, 1048576), (4243, None)]
0 mig 0
1 uuid GPU-00000001-0000-4000-8000-000000000000
1 name NVIDIA GeForce GTX 1060 6GB
1 pci 00000000:18:00.0
1 gpu 12
1 memory 3
1 encoder 0
1 total 6442450944
1 used 1073741824
1 used_v1 1140850688
1 temperature 54
1 memory_temperature 0
1 slowdown 99
1 power 31000
1 limit 120000
1 energy unsupported
1 sm 1980
1 throttle 4
1 fan 35
1 state 8
1 width 16
1 replays 0
1 crc unsupported
1 ecc unsupported
1 retired 1
1 remapped unsupported
1 processes []
1 mig unsupported
"
    );
}
