//! What the GPUs of this machine do: a table that goes on, and `/metrics`. Without a GPU it says why, and goes on too.
//!
//! `cargo run --example gpu` · `-- --once` prints one table and ends · `OMTX_LISTEN` says where `/metrics` is served
//! (127.0.0.1:8000), `OMTX_NVML_LIB` where the library is.
//!
//! Without a GPU, try it with the one that follows a script: see `omtx-gpu/fake-nvml/README.md`.

#![allow(clippy::print_stdout)] // the table is what it shows

mod table;

use std::error::Error;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::thread::sleep;
use std::time::Duration;

use omtx_gpu::{CollectorState, GpuCollector, GpuCollectorBuilder, Status};
use omtx_metrics::Registry;

/// How often the table is printed.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long the first answer is waited for: initialising a driver takes seconds where nothing keeps it awake.
const FIRST: Duration = Duration::from_secs(5);

/// A collector, and the registry that shows it under our names and under those of dcgm-exporter.
fn observe(builder: GpuCollectorBuilder) -> Result<(GpuCollector, Registry), Box<dyn Error>> {
    let registry = Registry::builder().namespace("omtx_hub").build()?;
    let gpus = builder.interval(INTERVAL).start()?;
    gpus.register(&registry)?;
    gpus.register_dcgm(&registry)?;
    Ok((gpus, registry))
}

/// Waits until it is known whether there is a device, and says so.
fn first_answer(gpus: &GpuCollector) -> Status {
    let step = Duration::from_millis(20);
    for _ in 0..FIRST.as_millis() / step.as_millis() {
        if gpus.status().is_up() {
            break;
        }
        sleep(step);
    }
    gpus.status()
}

/// Why there is no table, in a sentence.
fn excuse(status: &Status) -> String {
    let state = match status.state {
        CollectorState::Absent => "No GPU",
        CollectorState::Lost => "The GPUs are gone",
        CollectorState::Stuck => "The driver hangs",
        CollectorState::Up => "All is well",
    };
    match &status.reason {
        Some(reason) => format!("{state}: {reason}."),
        None => format!("{state}."),
    }
}

/// `OMTX_LISTEN`, or the default.
fn address() -> Result<SocketAddr, String> {
    let address = std::env::var("OMTX_LISTEN").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    address.parse().map_err(|_| {
        format!(
            "invalid OMTX_LISTEN \"{address}\"; expected an address and a port, as 127.0.0.1:8000"
        )
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let once = std::env::args().any(|argument| argument == "--once");
    let (gpus, registry) = observe(GpuCollector::builder().from_env()?)?;
    let listener = match once {
        true => None,
        false => Some(registry.listen(address()?)?),
    };
    if let Some(listener) = &listener {
        println!("http://{}/metrics", listener.local_addr());
    }
    first_answer(&gpus);
    let mut said = String::new();
    loop {
        let (status, snapshot) = (gpus.status(), gpus.snapshot());
        if !snapshot.devices.is_empty() {
            if std::io::stdout().is_terminal() && !once {
                print!("\x1b[H\x1b[2J"); // home, and clear
            }
            print!("{}", table::of(&snapshot));
        }
        let excuse = excuse(&status);
        if !status.is_up() && (excuse != said || once) {
            println!("{excuse}{}", if once { "" } else { " Looking again." });
            said = excuse;
        }
        if once {
            return Ok(());
        }
        sleep(INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fake_nvml::{Device, FakeDriver, Return, Script};

    /// Whether something comes true within a minute.
    fn patiently(condition: impl Fn() -> bool) -> bool {
        (0..3_000).any(|_| {
            sleep(Duration::from_millis(20));
            condition()
        })
    }

    #[test]
    fn it_prints_what_it_finds() {
        let driver = FakeDriver::new(Script::with(vec![
            Device::data_center(0),
            Device::desktop(1),
        ]));
        let (gpus, registry) = observe(GpuCollector::builder().library(driver.path())).unwrap();
        assert!(patiently(|| gpus.status().is_up()), "{gpus:?}");
        assert_eq!(
            table::of(&gpus.snapshot()),
            "\
driver 550.54.15, CUDA 12.4
  # name                         busy        memory GiB    °C     watts   SM MHz  slowed by
  0 NVIDIA H100 80GB HBM3         87%       20.0 / 80.0    54   412/700     1980  sw_power_cap
  1 NVIDIA GeForce GTX 1060 6GB   12%        1.0 / 6.0     54    31/120     1980  sw_power_cap
"
        );
        let text = registry.to_text();
        assert!(text.contains("omtx_hub_gpu_energy_joules_total{"));
        assert!(text.contains("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{"));
        driver.change(|script| script.devices[0].state = Return::GpuIsLost);
        let lost = || table::of(&gpus.snapshot()).contains("fell off the bus");
        assert!(patiently(lost), "{}", table::of(&gpus.snapshot()));
    }

    #[test]
    fn without_a_driver_it_says_why() {
        let (gpus, registry) =
            observe(GpuCollector::builder().library("/nowhere/libnvidia-ml.so.1")).unwrap();
        let said = excuse(&first_answer(&gpus));
        assert!(
            said.starts_with("No GPU: /nowhere/libnvidia-ml.so.1: "),
            "{said}"
        );
        assert!(
            registry
                .to_text()
                .contains("omtx_hub_gpu_collector_state{state=\"absent\"} 1")
        );
    }
}
