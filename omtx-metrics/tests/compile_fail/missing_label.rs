use omtx_metrics::{Counter, Family, Labels, Registry};

#[derive(Labels)]
struct JobLabels<'a> {
    job_type: &'a str,
    stage: &'a str,
}

fn main() {
    let jobs = Registry::new()
        .family::<JobLabels<'static>, Counter>("jobs_total", "Jobs.").register()
        .unwrap();
    jobs.with(JobLabels { job_type: "align" }).inc();
    let _: &Family<JobLabels<'static>, Counter> = &jobs;
}
