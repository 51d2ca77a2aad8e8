//! A snapshot as a table.

use std::fmt::Write;

use omtx_gpu::{GpuClock, GpuDevice, GpuMig, GpuSnapshot};
use omtx_metrics::LabelValue;

/// One line per device.
pub(crate) fn of(snapshot: &GpuSnapshot) -> String {
    let mut table = String::new();
    if let Some(driver) = &snapshot.driver {
        let cuda = driver.cuda.as_deref().unwrap_or("unknown");
        let _ = writeln!(table, "driver {}, CUDA {cuda}", driver.version); // a String takes everything
    }
    let _ = writeln!(
        table,
        "{:>3} {:<28}{:>5}{:>18}{:>6}{:>10}{:>9}  slowed by",
        "#", "name", "busy", "memory GiB", "°C", "watts", "SM MHz"
    );
    for device in &snapshot.devices {
        let _ = writeln!(table, "{}", line(device));
    }
    table
}

fn line(device: &GpuDevice) -> String {
    let (identity, readings) = (&device.identity, &device.readings);
    let index = match identity.mig {
        GpuMig::Instance { .. } => format!(" └{}", identity.mig),
        _ => identity.index.to_string(),
    };
    if !device.up {
        let problem = device.problem.as_deref().unwrap_or("it does not answer");
        return format!("{index:>3} {:<28}{problem}", identity.name);
    }
    let shown = |value: Option<f64>, scale: f64| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{:.0}", value * scale))
    };
    let busy = match readings.utilization_ratio {
        Some(ratio) => format!("{:.0}%", ratio * 100.0),
        None => "-".to_owned(),
    };
    #[allow(clippy::cast_precision_loss)] // for people
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    let memory = readings.memory.map_or_else(String::new, |memory| {
        format!("{:>11.1} / {:<4.1}", gib(memory.used), gib(memory.total))
    });
    // Both rounded down, so that no limit seems to be exceeded.
    let floor = |watts: Option<f64>| shown(watts.map(f64::floor), 1.0);
    let power = format!(
        "{}/{}",
        floor(readings.power_watts),
        floor(readings.power_limit_watts)
    );
    let sm = readings
        .clocks
        .iter()
        .find(|(clock, _)| *clock == GpuClock::Sm);
    let sm = shown(sm.map(|(_, hertz)| *hertz), 1e-6);
    let slowed: Vec<&str> = readings
        .throttled
        .iter()
        .flatten()
        .map(|reason| reason.as_str())
        .collect();
    let line = format!(
        "{index:>3} {:<28}{busy:>5}{memory:>18}{:>6}{power:>10}{sm:>9}  {}",
        identity.name,
        shown(readings.temperature_celsius, 1.0),
        slowed.join(", ")
    );
    line.trim_end().to_owned()
}
