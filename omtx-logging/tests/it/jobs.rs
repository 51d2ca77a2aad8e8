//! One closing line a job, whatever becomes of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use omtx_context::testing::ManualClock;
use omtx_context::{Failure, JobSpec, Jobs};
use omtx_logging::{JobContext, JobLog, RequestContext, Severity};

use crate::support::{builder, fields_of, line_and_logging, valid};

fn jobs(clock: &ManualClock) -> Jobs<JobLog> {
    Jobs::new(JobLog::default()).with_clock(clock.reader())
}

/// The line of a job that `work` ends, INFO and above.
#[track_caller]
fn closing_line(work: impl FnOnce()) -> serde_json::Value {
    let (line, _) = line_and_logging(builder().levels(Severity::Info), work);
    valid(&line)
}

#[test]
fn a_completed_job_says_how_long_it_took() {
    let clock = ManualClock::default();
    let line = closing_line(|| {
        let job = jobs(&clock).submit(JobSpec::new("boltz2").id("job-1").user("u-1"));
        clock.advance(Duration::from_millis(20));
        let job = job.begin();
        clock.advance(Duration::from_micros(1_250_125));
        job.succeed();
    });
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["message"], "job completed");
    assert_eq!(line["job_id"], "job-1");
    assert_eq!(line["user_id"], "u-1");
    assert_eq!(line["outcome"], "completed");
    assert_eq!(
        line["performance"],
        serde_json::json!({"operation": "job_execution", "duration_ms": 1250.125, "queued_ms": 20.0})
    );
    assert!(line.get("reason").is_none() && line.get("stage").is_none());
}

#[test]
fn a_failed_job_says_why_and_in_which_stage() {
    let line = closing_line(|| {
        let job = JobContext::new("job-1", "align");
        let _ = job.run_blocking(|| {
            omtx_context::stage("pairwise");
            Err::<(), _>("broken")
        });
    });
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["message"], "job failed");
    assert_eq!(
        (&line["outcome"], &line["reason"]),
        (&"failed".into(), &"error".into())
    );
    assert_eq!(line["stage"], "pairwise");
}

#[test]
fn a_panicked_job_has_its_line_and_the_panic_goes_on() {
    let line = closing_line(|| {
        let job = JobContext::new("job-1", "align");
        let work = || -> Result<(), ()> { std::panic::resume_unwind(Box::new(())) };
        assert!(catch_unwind(AssertUnwindSafe(|| job.run_blocking(work))).is_err());
    });
    assert_eq!(line["level"], "ERROR");
    assert_eq!(
        (&line["outcome"], &line["reason"]),
        (&"panicked".into(), &"panic".into())
    );
}

#[test]
fn a_job_that_is_dropped_is_cancelled_and_that_is_no_error() {
    let line = closing_line(|| {
        drop(JobContext::new("job-1", "align").run(std::future::pending::<Result<(), ()>>()));
    });
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["outcome"], "cancelled");
    assert!(
        line["performance"].get("duration_ms").is_none(),
        "it never started"
    );

    let line = closing_line(|| {
        let jobs = Jobs::new(JobLog::default());
        let job = jobs.submit(JobSpec::new("align"));
        let _ = job.run_blocking_with(|| Err::<(), _>(()), |()| Failure::Cancelled);
    });
    assert_eq!(line["outcome"], "cancelled");
}

#[test]
fn the_closing_line_carries_the_request_and_what_became_known_of_it() {
    let line = closing_line(|| {
        let request = RequestContext::new("r-1");
        let job = request.in_scope(|| JobContext::new("job-1", "align").begin());
        request.set_user("u-1");
        job.succeed();
    });
    assert_eq!(line["request_id"], "r-1");
    assert_eq!(line["user_id"], "u-1");
}

#[test]
fn the_operation_is_the_applications_to_name() {
    let line = closing_line(|| {
        let jobs = Jobs::new(JobLog::default().operation("gpu_inference"));
        jobs.submit(JobSpec::new("align")).begin().succeed();
    });
    assert_eq!(line["performance"]["operation"], "gpu_inference");
}

#[test]
fn audit_events_say_whether_they_succeeded() {
    let fields = fields_of(|| omtx_logging::auth_event!("login", success: true));
    assert_eq!(fields, r#""auth_event":"login","success":true"#);
    let (line, _) = line_and_logging(builder(), || {
        omtx_logging::auth_event!("login", success: 1 > 2, user_id = "u-1", "refused");
    });
    let line = valid(&line);
    assert_eq!(line["level"], "WARNING");
    assert_eq!(
        (&line["success"], &line["user_id"]),
        (&false.into(), &"u-1".into())
    );
}

#[cfg(feature = "metrics")]
#[test]
fn the_closing_line_and_the_job_metrics_tell_the_same() {
    let registry = omtx_metrics::Registry::builder()
        .namespace("omtx_hub")
        .build()
        .unwrap();
    let metrics = omtx_metrics::jobs::JobMetricsObserver::new(&registry).unwrap();
    let line = closing_line(|| {
        let jobs = Jobs::new((JobLog::default(), metrics));
        let job = JobContext::new("job-1", "align").submit(&jobs);
        let _ = job.run_blocking_with(|| Err::<(), _>(()), |()| "too_long");
    });
    assert_eq!(
        (&line["outcome"], &line["reason"]),
        (&"failed".into(), &"too_long".into())
    );
    let text = registry.to_text();
    for row in [
        r#"omtx_hub_jobs_completed_total{job_type="align",status="failed"} 1"#,
        r#"omtx_hub_jobs_failed_total{job_type="align",reason="too_long"} 1"#,
    ] {
        assert!(text.contains(row), "{text}");
    }
}
