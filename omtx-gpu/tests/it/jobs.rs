//! Jobs that run on devices.

use std::sync::{Arc, Mutex};

use fake_nvml::{Device, Script};
use omtx_context::{JobEnd, JobInfo, JobObserver, JobSpec, Jobs};
use omtx_gpu::CollectorState::Stuck;
use omtx_gpu::{DEVICE_KEY, GpuJobObserver};

use crate::lab::{Lab, until, uuid};

/// What a closing log line would carry.
#[derive(Clone, Default)]
struct Closing(Arc<Mutex<Vec<String>>>);

impl JobObserver for Closing {
    type State = ();

    fn on_submit(&self, _: &JobInfo) {}

    fn on_end(&self, (): &(), job: &JobInfo, _: &JobEnd) {
        self.0.lock().unwrap().push(format!("{:?}", job.scope()));
    }
}

impl Closing {
    fn last(&self) -> String {
        self.0.lock().unwrap().last().cloned().unwrap_or_default()
    }
}

fn lab() -> (Lab, Closing, Jobs<(Closing, GpuJobObserver)>) {
    let lab = Lab::up(Script::with(vec![
        Device::data_center(0),
        Device::data_center(1),
    ]));
    let closing = Closing::default();
    let gpu = GpuJobObserver::new(&lab.gpus, &lab.registry).unwrap();
    let jobs = Jobs::new((closing.clone(), gpu));
    (lab, closing, jobs)
}

fn read(lab: &Lab, name: &str) -> Option<f64> {
    lab.read(name, &[("job_type", "boltz2")])
}

#[test]
fn a_job_that_names_a_device_is_charged_when_it_ends() {
    let (lab, closing, jobs) = lab();
    let job = jobs
        .submit(JobSpec::new("boltz2").id("j-1").with(DEVICE_KEY, "0"))
        .begin();
    let energy = |joules: u64| {
        lab.driver
            .change(|script| script.devices[0].energy_mj = Some(joules * 1_000));
        lab.await_samples();
    };
    energy(1_000); // from here on it runs through whole intervals
    energy(1_500);
    energy(2_000);
    lab.await_samples();
    assert_eq!(
        read(&lab, "gpu_job_seconds_total"),
        None,
        "not before it ends"
    );
    job.succeed();

    let seconds = read(&lab, "gpu_job_seconds_total").unwrap();
    assert!(seconds > 0.0);
    let joules = read(&lab, "gpu_job_energy_joules_total").unwrap();
    assert!((joules - 1_000.0).abs() < 1e-6, "{joules}");
    assert!((read(&lab, "gpu_efficiency_ratio").unwrap() - 0.87).abs() < 1e-9);
    assert_eq!(
        read(&lab, "gpu_job_peak_memory_bytes_sum"),
        Some(21_474_836_480.0)
    );
    assert_eq!(read(&lab, "gpu_jobs_uncharged_total"), None);

    let line = closing.last();
    assert!(line.contains(r#""job_id": "j-1""#), "{line}");
    assert!(
        line.contains(r#""gpu_peak_memory_bytes": 21474836480, "gpu_utilization_percent": 87"#),
        "{line}"
    );
    assert!(
        line.contains(&format!(r#""gpu_energy_joules": {}"#, joules.round())),
        "{line}"
    );
}

#[test]
fn the_end_of_a_job_does_not_wait_for_a_driver_that_hangs() {
    let (lab, closing, jobs) = lab();
    let device = &*uuid(1);
    let job = jobs
        .submit(JobSpec::new("boltz2").with(DEVICE_KEY, device))
        .begin();
    lab.driver
        .change(|script| script.hang("nvmlDeviceGetPowerUsage"));
    lab.await_state(Stuck);
    job.fail("out_of_memory"); // returns
    assert!(read(&lab, "gpu_job_seconds_total").unwrap() > 0.0);
    assert!(closing.last().contains("gpu_duration_ms"));
    assert_eq!(lab.driver.hanging("nvmlDeviceGetPowerUsage"), 1);
}

#[test]
fn a_job_without_a_device_costs_nothing() {
    let (lab, closing, jobs) = lab();
    jobs.submit(JobSpec::new("boltz2")).begin().succeed();
    assert!(!closing.last().contains("gpu"));
    assert_eq!(read(&lab, "gpu_job_seconds_total"), None);
}

#[test]
fn a_job_that_names_a_device_which_is_not_there_is_counted() {
    let (lab, closing, jobs) = lab();
    jobs.submit(JobSpec::new("boltz2").with(DEVICE_KEY, 7))
        .begin()
        .succeed();
    assert_eq!(read(&lab, "gpu_jobs_uncharged_total"), Some(1.0));
    assert!(
        closing.last().contains(r#""gpu": 7, "gpu_duration_ms": 0"#),
        "{}",
        closing.last()
    );
}

#[test]
fn a_device_that_is_found_while_the_job_runs_is_charged_from_then_on() {
    let (lab, _, jobs) = lab();
    let job = jobs
        .submit(JobSpec::new("boltz2").with(DEVICE_KEY, "0, 2"))
        .begin();
    lab.driver
        .change(|script| script.devices.push(Device::data_center(2)));
    until("the device", || lab.of(&uuid(2), "gpu_up") == Some(1.0));
    job.succeed();
    assert_eq!(read(&lab, "gpu_jobs_uncharged_total"), None);
    assert_eq!(
        read(&lab, "gpu_job_peak_memory_bytes_sum"),
        Some(2.0 * 21_474_836_480.0)
    );
}

#[test]
fn jobs_that_never_start_cost_nothing() {
    let (lab, _, jobs) = lab();
    drop(jobs.submit(JobSpec::new("boltz2").with(DEVICE_KEY, "0")));
    assert_eq!(read(&lab, "gpu_job_seconds_total"), None);
}
