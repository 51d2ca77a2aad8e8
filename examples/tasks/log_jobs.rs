//! Jobs in the log: one closing line each, whatever becomes of them, with the ids of the request that asked for them.
//!
//! `cargo run --example log_jobs`; `jobs` shows the metrics of the same.

#![allow(clippy::print_stdout)] // the lines are what it shows

use std::error::Error;
use std::num::ParseIntError;

use omtx_context::{Jobs, stage};
use omtx_logging::testing::Lines;
use omtx_logging::{JobContext, JobLog, Logging, RequestContext, WithScope};
use omtx_metrics::Registry;
use omtx_metrics::jobs::JobMetricsObserver;
use serde_json::Value;
use tracing::info;

/// The work: it knows nothing of jobs, but says where it is.
async fn total(numbers: &str) -> Result<u64, ParseIntError> {
    stage("parse");
    let numbers: Vec<u64> = numbers
        .split(' ')
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    stage("sum");
    tokio::task::yield_now().await;
    info!(numbers = numbers.len(), "parsed");
    Ok(numbers.iter().sum())
}

async fn request() -> Result<(), Box<dyn Error>> {
    // The shortest form: a future, whose `Result` says how it ended.
    let three = JobContext::new("job-1", "total").run(total("1 2")).await?;
    assert_eq!(three, 3);

    // Where metrics are counted as well, both watch. `reason` is a label: few values, made from the error.
    let registry = Registry::builder().namespace("shop").build()?;
    let jobs = Jobs::new((JobLog::default(), JobMetricsObserver::new(&registry)?));
    let failed = JobContext::new("job-2", "total")
        .submit(&jobs)
        .run_with(total("1 b"), |_| "not_a_number");
    assert!(failed.await.is_err());
    let row = r#"shop_jobs_failed_total{job_type="total",reason="not_a_number"} 1"#;
    assert!(registry.to_text().contains(row));

    // A job that is no single future: it says itself how it ended.
    let job = JobContext::builder("job-3", "import")
        .with("file", "2025-01.csv")
        .build()
        .begin();
    job.in_scope(|| info!("half of it is read"));
    job.fail("connection_lost");

    // One that is dropped was cancelled, and one that panics says so before the panic goes on.
    drop(JobContext::new("job-4", "import").begin());
    let panics = JobContext::new("job-5", "total").run(async {
        panic!("a defect") as Result<(), ParseIntError> //
    });
    assert!(tokio::spawn(panics).await.is_err());
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let lines = Lines::default(); // a service has no sink of its own: lines go to standard output
    let logging = Logging::builder("shop").sink(lines.clone()).install()?;
    logging.panic_hook().replace_previous(true).install();
    let asked_for = RequestContext::builder("req-12345").user("user-67890");
    request().in_scope(asked_for.build()).await?;

    let mut closing = Vec::new();
    for line in lines.take() {
        println!("{line}");
        let line: Value = serde_json::from_str(&line)?;
        assert_eq!(line["request_id"], "req-12345", "{line}");
        if line.get("outcome").is_some() {
            closing.push(
                ["job_id", "level", "outcome", "reason", "stage"]
                    .map(|key| line[key].as_str().unwrap_or("-").to_owned())
                    .join(" "),
            );
        }
    }
    assert_eq!(
        closing,
        [
            "job-1 INFO completed - sum",
            "job-2 ERROR failed not_a_number parse",
            "job-3 ERROR failed connection_lost -",
            "job-4 INFO cancelled - -",
            "job-5 ERROR panicked panic -",
        ]
    );
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
