//! What sampling eight GPUs costs, beside the driver's own time, and what a scrape of them costs.
//!
//! The driver is `omtx-fake-nvml`, which answers at once: a real one takes 10 µs to 1 ms for a call. The calls are counted, so
//! that the reader can multiply.

use std::sync::Mutex;
use std::time::Duration;

use fake_nvml::{Device, FakeDriver, Script};
use nvml_wrapper::Nvml;
use omtx_benches::{Plan, Run, Subject, Threads, alloc};
use omtx_gpu::GpuCollector;
use omtx_metrics::Registry;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

const DEVICES: u32 = 8;

fn driver() -> FakeDriver {
    FakeDriver::new(Script::with(
        (0..DEVICES).map(Device::data_center).collect(),
    ))
}

fn main() {
    let plan = Plan::from_env();
    sampling(&plan);
    scraping(&plan);
}

/// One round over all devices, by what is asked.
fn sampling(plan: &Plan) {
    let mut subject =
        Subject::new("GPU: one sample of 8 devices", "ns", plan).floor_column("the calls alone");
    for (name, slow) in [("what changes quickly", false), ("everything", true)] {
        let Some(row) = subject.row(&format!("sample, {name}")) else {
            continue;
        };
        let driver = driver();
        let mut sample = omtx_gpu::__bench::sampler(driver.path());
        assert_eq!(sample(true), DEVICES as usize);
        let before = driver.all_calls();
        sample(slow);
        let calls = driver.all_calls() - before;
        let floor = calls_alone(&driver, calls);
        let sample = Mutex::new((sample, driver));
        let run = Threads::One.run(move |_| {
            let mut sample = sample.lock().expect("no other thread");
            (sample.0)(slow);
        });
        row.ours(run)
            .floor(floor)
            .note(format!("{calls} calls into NVML"))
            .measure(&mut subject);
    }
    subject.print();
}

/// As many calls through nvml-wrapper, of the cheapest kind, with nobody who judges or keeps their answers.
fn calls_alone(driver: &FakeDriver, calls: u64) -> Run {
    let nvml = Nvml::builder()
        .lib_path(driver.path().as_os_str())
        .init()
        .expect("there is a driver");
    let nvml: &'static Nvml = Box::leak(Box::new(nvml));
    let device = nvml.device_by_index(0).expect("there is a device");
    Threads::One.run(move |_| {
        for _ in 0..calls {
            std::hint::black_box(device.power_usage().expect("it has power"));
        }
    })
}

/// A scrape, as it is; and with the work of taking a new sample over, which the sampler's thread does before.
fn scraping(plan: &Plan) {
    let mut subject = Subject::new("GPU: a scrape of 8 devices, text 0.0.4", "ns", plan);
    for (name, is_new) in [("as it is", false), ("and a new sample taken over", true)] {
        let Some(row) = subject.row(&format!("GPU scrape, {name}")) else {
            continue;
        };
        let driver = driver();
        let registry = Registry::new();
        let hour = Duration::from_secs(3_600);
        let gpus = GpuCollector::builder()
            .library(driver.path())
            .interval(hour)
            .slow_interval(hour)
            .max_age(hour)
            .start()
            .expect("the settings are right");
        gpus.register(&registry).expect("the names are free");
        while !gpus.status().is_up() {
            std::thread::yield_now();
        }
        let before = driver.calls("nvmlDeviceGetPowerUsage");
        let mut text = Vec::new();
        registry.encode_text(&mut text);
        let lines = text.iter().filter(|byte| **byte == b'\n').count();
        let state = Mutex::new(text);
        let shown = registry.clone();
        let run = Threads::One.run(move |_| {
            if is_new {
                omtx_gpu::__bench::forget(&shown);
            }
            let mut text = state.lock().expect("no other thread");
            text.clear();
            shown.encode_text(&mut text);
        });
        row.ours(run)
            .note(format!("{lines} lines"))
            .measure(&mut subject);
        assert_eq!(
            driver.calls("nvmlDeviceGetPowerUsage"),
            before,
            "a scrape calls nobody"
        );
        drop(gpus);
    }
    subject.print();
}
