//! What changes from second to second.

use std::ffi::{c_int, c_uint, c_ulonglong};

use nvml_wrapper_sys::bindings::{
    nvmlEnableState_t, nvmlFieldValue_t, nvmlUtilization_t, nvmlValue_t,
};

use super::{device_functions, put, supported};
use crate::reply::Return;
use crate::script::{Device, Link};

/// The interval that the encoder's and decoder's utilisation is measured over, in µs.
const PERIOD: c_uint = 167_000;

/// `NVML_FI_DEV_MEMORY_TEMP`
const MEMORY_TEMPERATURE: c_uint = 82;

device_functions! {
    fn nvmlDeviceGetUtilizationRates(out: *mut nvmlUtilization_t) |device| {
        let (gpu, memory) = supported(device.utilization)?;
        put(out, nvmlUtilization_t { gpu, memory })
    };
    fn nvmlDeviceGetEncoderUtilization(out: *mut c_uint, period: *mut c_uint) |device| {
        put(out, supported(device.encoder)?)?;
        put(period, PERIOD)
    };
    fn nvmlDeviceGetDecoderUtilization(out: *mut c_uint, period: *mut c_uint) |device| {
        put(out, supported(device.decoder)?)?;
        put(period, PERIOD)
    };
    fn nvmlDeviceGetTemperature(_sensor: c_uint, out: *mut c_uint) |device| put(out, supported(device.temperature)?);
    fn nvmlDeviceGetTemperatureThreshold(kind: c_uint, out: *mut c_uint) |device| {
        put(out, supported(device.thresholds.get(&kind).copied())?)
    };
    fn nvmlDeviceGetPowerUsage(out: *mut c_uint) |device| put(out, supported(device.power_mw)?);
    fn nvmlDeviceGetEnforcedPowerLimit(out: *mut c_uint) |device| put(out, supported(device.power_limit_mw)?);
    fn nvmlDeviceGetTotalEnergyConsumption(out: *mut c_ulonglong) |device| put(out, supported(device.energy_mj)?);
    fn nvmlDeviceGetClockInfo(kind: c_uint, out: *mut c_uint) |device| {
        put(out, supported(device.clocks.get(&kind).copied())?)
    };
    fn nvmlDeviceGetMaxClockInfo(kind: c_uint, out: *mut c_uint) |device| {
        put(out, supported(device.max_clocks.get(&kind).copied())?)
    };
    fn nvmlDeviceGetCurrentClocksThrottleReasons(out: *mut c_ulonglong) |device| {
        put(out, supported(device.throttle_reasons)?)
    };
    fn nvmlDeviceGetSupportedClocksThrottleReasons(out: *mut c_ulonglong) |device| {
        supported(device.throttle_reasons)?;
        put(out, device.supported_throttle_reasons)
    };
    fn nvmlDeviceGetNumFans(out: *mut c_uint) |device| put(out, device.fans.len() as c_uint);
    fn nvmlDeviceGetFanSpeed_v2(fan: c_uint, out: *mut c_uint) |device| {
        put(out, *device.fans.get(fan as usize).ok_or(Return::InvalidArgument)?)
    };
    fn nvmlDeviceGetPerformanceState(out: *mut c_uint) |device| put(out, supported(device.performance_state)?);
    fn nvmlDeviceGetCurrPcieLinkGeneration(out: *mut c_uint) |device| put(out, supported(device.pcie)?.0);
    fn nvmlDeviceGetCurrPcieLinkWidth(out: *mut c_uint) |device| put(out, supported(device.pcie)?.1);
    fn nvmlDeviceGetMaxPcieLinkGeneration(out: *mut c_uint) |device| put(out, supported(device.pcie)?.2);
    fn nvmlDeviceGetMaxPcieLinkWidth(out: *mut c_uint) |device| put(out, supported(device.pcie)?.3);
    fn nvmlDeviceGetPcieReplayCounter(out: *mut c_uint) |device| put(out, supported(device.pcie_replays)?);
    fn nvmlDeviceGetPcieThroughput(counter: c_uint, out: *mut c_uint) |device| {
        let (sent, received) = supported(device.pcie_throughput)?;
        put(out, if counter == 0 { sent } else { received })
    };
    fn nvmlDeviceGetNvLinkState(link: c_uint, out: *mut nvmlEnableState_t) |device| {
        self::link(device, link)?;
        put(out, 1)
    };
    fn nvmlDeviceGetNvLinkErrorCounter(link: c_uint, counter: c_uint, out: *mut c_ulonglong) |device| {
        let link = self::link(device, link)?;
        put(out, match counter {
            0 => link.replay,
            1 => link.recovery,
            2 => link.crc_flit,
            3 => link.crc_data,
            _ => return Err(Return::InvalidArgument),
        })
    };
    fn nvmlDeviceGetFieldValues(count: c_int, values: *mut nvmlFieldValue_t) |device| {
        if values.is_null() {
            return Err(Return::InvalidArgument);
        }
        for at in 0..usize::try_from(count).unwrap_or_default() {
            // SAFETY: not null, and so valid for `count` values, as NVML demands of its callers.
            let value = unsafe { &mut *values.add(at) };
            match (value.fieldId, device.memory_temperature) {
                (MEMORY_TEMPERATURE, Some(degrees)) => {
                    value.nvmlReturn = Return::Success.code();
                    value.valueType = 1; // unsigned int
                    value.value = nvmlValue_t { uiVal: degrees };
                }
                _ => value.nvmlReturn = Return::NotSupported.code(),
            }
        }
        Ok(())
    };
}

fn link(device: &Device, link: c_uint) -> Result<Link, Return> {
    if device.links.is_empty() {
        return Err(Return::NotSupported);
    }
    let found = device.links.get(link as usize).copied();
    found.ok_or(Return::InvalidArgument)
}
