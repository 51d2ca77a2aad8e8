//! What changes from second to second.

use nvml_wrapper::bitmasks::device::ThrottleReasons;
use nvml_wrapper::enum_wrappers::device::{
    Clock, PcieUtilCounter, PerformanceState, TemperatureSensor,
};

use super::{Fault, Field, Options, Probe, raw};
use crate::readings::{GpuClock, GpuMemory, GpuThrottle};

pub(super) const CLOCKS: [(GpuClock, Clock); 4] = [
    (GpuClock::Graphics, Clock::Graphics),
    (GpuClock::Sm, Clock::SM),
    (GpuClock::Memory, Clock::Memory),
    (GpuClock::Video, Clock::Video),
];

const THROTTLES: [(GpuThrottle, ThrottleReasons); 8] = [
    (
        GpuThrottle::ApplicationsClocksSetting,
        ThrottleReasons::APPLICATIONS_CLOCKS_SETTING,
    ),
    (GpuThrottle::SwPowerCap, ThrottleReasons::SW_POWER_CAP),
    (GpuThrottle::HwSlowdown, ThrottleReasons::HW_SLOWDOWN),
    (GpuThrottle::SyncBoost, ThrottleReasons::SYNC_BOOST),
    (
        GpuThrottle::SwThermalSlowdown,
        ThrottleReasons::SW_THERMAL_SLOWDOWN,
    ),
    (
        GpuThrottle::HwThermalSlowdown,
        ThrottleReasons::HW_THERMAL_SLOWDOWN,
    ),
    (
        GpuThrottle::HwPowerBrakeSlowdown,
        ThrottleReasons::HW_POWER_BRAKE_SLOWDOWN,
    ),
    (
        GpuThrottle::DisplayClockSetting,
        ThrottleReasons::DISPLAY_CLOCK_SETTING,
    ),
];

/// NVML counts in percent, mW, mJ, MHz and KB.
fn percent(value: u32) -> f64 {
    f64::from(value) / 100.0
}

impl Probe<'_> {
    /// Energy comes last, and so is the youngest reading of the round: jobs are charged by it.
    pub(super) fn fast(&mut self, options: &Options) -> Result<(), Fault> {
        let rates = self.ask(Field::of("nvmlDeviceGetUtilizationRates"), |device| {
            device.utilization_rates()
        })?;
        self.readings.utilization_ratio = rates.as_ref().map(|rates| percent(rates.gpu));
        self.readings.memory_utilization_ratio = rates.map(|rates| percent(rates.memory));
        self.readings.encoder_utilization_ratio = self
            .ask(Field::of("nvmlDeviceGetEncoderUtilization"), |device| {
                device.encoder_utilization()
            })?
            .map(|info| percent(info.utilization));
        self.readings.decoder_utilization_ratio = self
            .ask(Field::of("nvmlDeviceGetDecoderUtilization"), |device| {
                device.decoder_utilization()
            })?
            .map(|info| percent(info.utilization));
        self.readings.memory = self.memory()?;
        self.readings.temperature_celsius = self
            .ask(Field::of("nvmlDeviceGetTemperature"), |device| {
                device.temperature(TemperatureSensor::Gpu)
            })?
            .map(f64::from);
        self.readings.clocks.clear();
        for (clock, nvml) in CLOCKS {
            let field = Field::with("nvmlDeviceGetClockInfo", clock as u32);
            if let Some(mhz) = self.ask(field, |device| device.clock_info(nvml))? {
                self.readings.clocks.push((clock, f64::from(mhz) * 1e6));
            }
        }
        self.readings.throttled = self
            .ask(
                Field::of("nvmlDeviceGetCurrentClocksThrottleReasons"),
                |device| device.current_throttle_reasons(),
            )?
            .map(|reasons| {
                let holding = THROTTLES.iter().filter(|(_, bit)| reasons.contains(*bit));
                holding.map(|(throttle, _)| *throttle).collect()
            });
        self.readings.performance_state = self
            .ask(Field::of("nvmlDeviceGetPerformanceState"), |device| {
                device.performance_state()
            })?
            .filter(|state| *state != PerformanceState::Unknown)
            .map(|state| state as u32);
        self.readings.fans.clear();
        for fan in 0..self.fans {
            let field = Field::with("nvmlDeviceGetFanSpeed_v2", fan);
            if let Some(speed) = self.ask(field, |device| device.fan_speed(fan))? {
                self.readings.fans.push((fan, percent(speed)));
            }
        }
        if options.pcie_throughput {
            self.pcie_throughput()?;
        }
        self.readings.power_watts = self
            .ask(Field::of("nvmlDeviceGetPowerUsage"), |device| {
                device.power_usage()
            })?
            .map(|milliwatts| f64::from(milliwatts) / 1e3);
        self.energy()
    }

    fn memory(&mut self) -> Result<Option<GpuMemory>, Fault> {
        let info = self.ask(Field::of("nvmlDeviceGetMemoryInfo_v2"), |device| {
            device.memory_info()
        })?;
        if let Some(info) = info {
            return Ok(Some(GpuMemory {
                total: info.total,
                used: info.used,
                free: info.free,
                reserved: Some(info.reserved),
            }));
        }
        if !self
            .unsupported
            .contains(&Field::of("nvmlDeviceGetMemoryInfo_v2"))
        {
            return Ok(None); // it may answer next time, and counts otherwise than the first version
        }
        self.ask(Field::of("nvmlDeviceGetMemoryInfo"), raw::memory_v1)
    }

    #[allow(clippy::cast_precision_loss)] // 2^53 mJ are nine terajoules
    fn energy(&mut self) -> Result<(), Fault> {
        let millijoules = self.ask(Field::of("nvmlDeviceGetTotalEnergyConsumption"), |device| {
            device.total_energy_consumption()
        })?;
        self.readings.energy_joules = millijoules.map(|millijoules| {
            // Kept apart from the reading, which is gone while the question is not answered.
            self.energy_floor = self.energy_floor.max(millijoules as f64 / 1e3);
            self.energy_floor
        });
        Ok(())
    }

    fn pcie_throughput(&mut self) -> Result<(), Fault> {
        let bytes = |kilobytes: u32| f64::from(kilobytes) * 1e3;
        for (counter, is_receive) in [
            (PcieUtilCounter::Receive, true),
            (PcieUtilCounter::Send, false),
        ] {
            let field = Field::with("nvmlDeviceGetPcieThroughput", is_receive.into());
            let rate = self.ask(field, |device| device.pcie_throughput(counter))?;
            let reading = if is_receive {
                &mut self.readings.pcie_receive_bytes_per_second
            } else {
                &mut self.readings.pcie_transmit_bytes_per_second
            };
            *reading = rate.map(bytes);
        }
        Ok(())
    }
}
