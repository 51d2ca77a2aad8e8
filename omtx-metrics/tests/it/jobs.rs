//! Job and queue metrics, recorded by the job life cycle.

use omtx_context::{JobSpec, Jobs};
use omtx_metrics::Registry;
use omtx_metrics::jobs::JobMetricsObserver;
use omtx_metrics::testing::Exposition;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

struct Fixture {
    registry: Registry,
    jobs: Jobs<JobMetricsObserver>,
}

fn fixture() -> Fixture {
    let registry = Registry::builder().namespace("omtx_hub").build().unwrap();
    let jobs = Jobs::new(JobMetricsObserver::new(&registry).unwrap());
    Fixture { registry, jobs }
}

impl Fixture {
    fn read(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        Exposition::parse(&self.registry.to_text())
            .unwrap()
            .read(name, labels)
    }

    fn submit(&self) -> omtx_context::QueuedJob<JobMetricsObserver> {
        self.jobs.submit(JobSpec::new("kmer").queue("default"))
    }
}

const KMER: [(&str, &str); 1] = [("job_type", "kmer")];
const QUEUE: [(&str, &str); 1] = [("queue", "default")];

#[test]
fn a_job_is_counted_from_its_submission_to_its_end() {
    let fixture = fixture();
    let job = fixture.submit();
    assert_eq!(
        fixture.read("omtx_hub_jobs_submitted_total", &KMER),
        Some(1.0)
    );
    assert_eq!(fixture.read("omtx_hub_queue_depth", &QUEUE), Some(1.0));
    assert_eq!(fixture.read("omtx_hub_jobs_active", &KMER), Some(0.0));

    let running = job.begin();
    assert_eq!(fixture.read("omtx_hub_queue_depth", &QUEUE), Some(0.0));
    assert_eq!(
        fixture.read("omtx_hub_queue_wait_seconds_count", &QUEUE),
        Some(1.0)
    );
    assert_eq!(fixture.read("omtx_hub_jobs_active", &KMER), Some(1.0));

    let counting = [KMER[0], ("stage", "count")];
    running.stage("count");
    assert_eq!(fixture.read("omtx_hub_jobs_in_stage", &counting), Some(1.0));
    running.stage("write");
    assert_eq!(fixture.read("omtx_hub_jobs_in_stage", &counting), Some(0.0));
    assert_eq!(
        fixture.read("omtx_hub_job_stage_duration_seconds_count", &counting),
        Some(1.0)
    );

    running.succeed();
    let completed = [KMER[0], ("status", "completed")];
    assert_eq!(
        fixture.read("omtx_hub_jobs_in_stage", &[KMER[0], ("stage", "write")]),
        Some(0.0)
    );
    assert_eq!(fixture.read("omtx_hub_jobs_active", &KMER), Some(0.0));
    assert_eq!(
        fixture.read("omtx_hub_jobs_completed_total", &completed),
        Some(1.0)
    );
    assert_eq!(
        fixture.read("omtx_hub_job_duration_seconds_count", &completed),
        Some(1.0)
    );
}

#[test]
fn every_end_has_its_status_from_the_first_submission_on() {
    let fixture = fixture();
    let completed = |status| {
        fixture.read(
            "omtx_hub_jobs_completed_total",
            &[KMER[0], ("status", status)],
        )
    };
    let job = fixture.submit();
    for status in ["completed", "failed", "cancelled", "panicked"] {
        assert_eq!(completed(status), Some(0.0), "{status}");
    }
    drop(job);
    fixture
        .submit()
        .run_blocking(|| Ok::<_, std::io::Error>(()))
        .unwrap();
    fixture.submit().begin().fail("bad_input");
    let panics = fixture.submit();
    catch_unwind(AssertUnwindSafe(|| {
        panics.run_blocking(|| -> Result<(), std::io::Error> { panic!("a job's panic") })
    }))
    .unwrap_err();
    for status in ["completed", "failed", "cancelled", "panicked"] {
        assert_eq!(completed(status), Some(1.0), "{status}");
    }
    let failed =
        |reason| fixture.read("omtx_hub_jobs_failed_total", &[KMER[0], ("reason", reason)]);
    assert_eq!(failed("bad_input"), Some(1.0));
    assert_eq!(failed("panic"), Some(1.0));
    assert_eq!(fixture.read("omtx_hub_jobs_active", &KMER), Some(0.0));
    assert_eq!(fixture.read("omtx_hub_queue_depth", &QUEUE), Some(0.0));
}

#[test]
fn ages_are_computed_when_they_are_scraped_and_return_to_zero() {
    let registry = Registry::new();
    let observer = JobMetricsObserver::builder()
        .stuck_after(Duration::from_nanos(1))
        .build(&registry)
        .unwrap();
    let jobs = Jobs::new(observer);
    let fixture = Fixture { registry, jobs };
    let waiting = fixture.submit();
    assert!(fixture.read("queue_oldest_seconds", &QUEUE).unwrap() > 0.0);
    let running = waiting.begin();
    assert_eq!(fixture.read("queue_oldest_seconds", &QUEUE), Some(0.0));
    assert!(fixture.read("job_oldest_running_seconds", &KMER).unwrap() > 0.0);
    assert_eq!(fixture.read("jobs_stuck", &KMER), Some(1.0));
    running.succeed();
    assert_eq!(fixture.read("job_oldest_running_seconds", &KMER), Some(0.0));
    assert_eq!(fixture.read("jobs_stuck", &KMER), Some(0.0));
}

#[test]
fn a_limit_of_zero_is_refused() {
    let error = JobMetricsObserver::builder()
        .stuck_after(Duration::ZERO)
        .build(&Registry::new())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"invalid stuck_after "0s"; expected a duration above zero"#
    );
}

#[test]
fn job_types_without_a_bound_meet_the_cap() {
    let fixture = fixture();
    for n in 0..5_000 {
        fixture
            .jobs
            .submit(JobSpec::new(format!("type-{n}")))
            .begin()
            .succeed();
    }
    let text = fixture.registry.to_text();
    let rows = |name: &str| text.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!(rows("omtx_hub_jobs_submitted_total{"), 2_001);
    assert_eq!(
        fixture.read("omtx_hub_jobs_submitted_total", &[("job_type", "overflow")]),
        Some(3_000.0)
    );
    assert!(rows("omtx_hub_job_oldest_running_seconds{") <= 2_001);
}

#[test]
fn a_second_observer_of_a_registry_records_beside_the_first() {
    let fixture = fixture();
    let other = Jobs::new(JobMetricsObserver::new(&fixture.registry).unwrap());
    let oldest = fixture.submit().begin();
    let younger = other.submit(JobSpec::new("kmer")).begin();
    assert_eq!(fixture.read("omtx_hub_jobs_active", &KMER), Some(2.0));
    younger.succeed();
    assert!(
        fixture
            .read("omtx_hub_job_oldest_running_seconds", &KMER)
            .unwrap()
            > 0.0
    );
    oldest.succeed();

    let error = JobMetricsObserver::builder()
        .stuck_after(Duration::from_secs(1))
        .build(&fixture.registry)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"invalid stuck_after "1s"; expected 7200s, as the registry's first observer of jobs has it"#
    );
}

#[test]
fn job_types_beyond_the_cap_share_the_sum_of_their_stuck_jobs() {
    let registry = Registry::builder().max_series(2).build().unwrap();
    let observer = JobMetricsObserver::builder()
        .stuck_after(Duration::from_nanos(1))
        .build(&registry)
        .unwrap();
    let jobs = Jobs::new(observer);
    let running: Vec<_> = ["a", "b", "c", "d", "e"]
        .map(|job_type| jobs.submit(JobSpec::new(job_type)).begin())
        .into();
    let read = |job_type| {
        let read = Exposition::parse(&registry.to_text()).unwrap();
        read.read("jobs_stuck", &[("job_type", job_type)])
    };
    assert_eq!(read("a"), Some(1.0));
    assert_eq!(read("overflow"), Some(3.0));
    running
        .into_iter()
        .for_each(omtx_context::RunningJob::succeed);
    assert_eq!(read("overflow"), Some(0.0));
}
