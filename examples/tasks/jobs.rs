//! The life of jobs, measured: each is counted once, whatever becomes of it.
//!
//! `cargo run --example jobs`

#![allow(clippy::print_stdout)] // the exposition is what it shows

use std::num::ParseIntError;

use omtx_context::{JobSpec, Jobs, stage};
use omtx_metrics::Registry;
use omtx_metrics::jobs::JobMetricsObserver;

/// The work: it knows nothing of jobs, but says where it is.
async fn total(numbers: &str) -> Result<u64, ParseIntError> {
    stage("parse");
    let numbers: Vec<u64> = numbers
        .split(' ')
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    stage("sum");
    tokio::task::yield_now().await;
    Ok(numbers.iter().sum())
}

#[tokio::main]
async fn main() -> Result<(), omtx_metrics::Error> {
    let registry = Registry::builder().namespace("shop").build()?;
    let jobs = Jobs::new(JobMetricsObserver::new(&registry)?);
    let submit = || jobs.submit(JobSpec::new("total").queue("default"));

    let three = submit().run_with(total("1 2"), |_| "not_a_number").await;
    assert_eq!(three, Ok(3));
    let failed = submit().run_with(total("1 b"), |_| "not_a_number").await;
    assert!(failed.is_err());
    let panicked = submit().run_with(
        async { panic!("a defect") as Result<(), ParseIntError> },
        |_| "not_a_number",
    );
    assert!(tokio::spawn(panicked).await.is_err()); // the panic goes on; the job has ended
    drop(submit()); // nobody wants it any more

    let waiting = submit();
    let text = registry.to_text();
    assert!(text.contains(r#"shop_queue_depth{queue="default"} 1"#));
    drop(waiting);

    let exposition = registry.to_text();
    print!("{exposition}");
    for row in [
        r#"shop_jobs_submitted_total{job_type="total"} 5"#,
        r#"shop_jobs_completed_total{job_type="total",status="completed"} 1"#,
        r#"shop_jobs_completed_total{job_type="total",status="failed"} 1"#,
        r#"shop_jobs_completed_total{job_type="total",status="panicked"} 1"#,
        r#"shop_jobs_completed_total{job_type="total",status="cancelled"} 2"#,
        r#"shop_jobs_failed_total{job_type="total",reason="not_a_number"} 1"#,
        r#"shop_jobs_failed_total{job_type="total",reason="panic"} 1"#,
        r#"shop_job_stage_duration_seconds_count{job_type="total",stage="parse"} 2"#,
        r#"shop_queue_wait_seconds_count{queue="default"} 3"#,
        r#"shop_jobs_active{job_type="total"} 0"#,
    ] {
        assert!(exposition.contains(row), "{row}");
    }
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
