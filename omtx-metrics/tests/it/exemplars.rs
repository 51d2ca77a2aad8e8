//! Exemplars that the library leaves by itself: from the traces of requests and jobs.

use omtx_context::{
    JobEnd, JobInfo, JobObserver, JobSpec, Jobs, SpanId, TraceContext, TraceFlags, TraceId,
};
use omtx_metrics::Registry;
use omtx_metrics::jobs::JobMetricsObserver;
use omtx_metrics::testing::Exposition;

/// By name, as the parser sorts them.
const IDS: [(&str, &str); 2] = [
    ("span_id", "000000000000000b"),
    ("trace_id", "0000000000000000000000000000000a"),
];

fn trace(flags: TraceFlags) -> TraceContext {
    TraceContext::new(TraceId::new(10).unwrap(), SpanId::new(11).unwrap(), flags)
}

/// The families with exemplars and the labels of these.
fn exemplars(registry: &Registry) -> Vec<(String, Vec<(String, String)>)> {
    let exposition = Exposition::parse_openmetrics(&registry.to_openmetrics()).unwrap();
    let mut found = Vec::new();
    for family in exposition.families() {
        for sample in &family.samples {
            if let Some(exemplar) = &sample.exemplar {
                found.push((family.name.clone(), exemplar.labels.clone()));
            }
        }
    }
    found
}

fn ids() -> Vec<(String, String)> {
    IDS.map(|(name, id)| (name.to_owned(), id.to_owned()))
        .into()
}

/// Runs each job in a trace, as a tracer does.
struct Traced(TraceFlags);

impl JobObserver for Traced {
    type State = ();

    fn on_submit(&self, _: &JobInfo) {}

    fn on_end(&self, (): &(), _: &JobInfo, _: &JobEnd) {}

    fn in_scope<R>(&self, (): &(), _: &JobInfo, f: impl FnOnce() -> R) -> R {
        trace(self.0).in_scope(f)
    }
}

#[test]
fn the_duration_of_a_job_in_a_sampled_trace_leads_to_it() {
    for (flags, expected) in [
        (TraceFlags::default(), vec![]),
        (
            TraceFlags::SAMPLED,
            vec![("job_duration_seconds".to_owned(), ids())],
        ),
    ] {
        let registry = Registry::new();
        let metrics = JobMetricsObserver::new(&registry).unwrap();
        let jobs = Jobs::new((Traced(flags), metrics));
        let job = jobs.submit(JobSpec::new("kmer").queue("default"));
        job.run_blocking(|| Ok::<_, std::io::Error>(())).unwrap();
        assert_eq!(exemplars(&registry), expected);
    }
}

#[cfg(all(feature = "axum", feature = "http"))]
mod requests {
    use super::*;
    use axum::{Router, body::Body, http::Request, routing::get};
    use http_body_util::BodyExt;
    use omtx_http::{End, Observer, Slot};
    use omtx_metrics::http::RedObserver;
    use tower::ServiceExt;

    /// Leaves a trace for the other observers, as a tracer does.
    struct Traced(TraceFlags);

    impl Observer for Traced {
        type State = ();

        fn on_request<B>(&self, _: &mut Request<B>, slot: &mut Slot) {
            slot.set_trace(trace(self.0));
        }

        fn on_end(&self, (): (), _: &mut Slot, _: &End) {}
    }

    async fn request(flags: TraceFlags, path: &str) -> Vec<(String, Vec<(String, String)>)> {
        let registry = Registry::new();
        let red = RedObserver::builder()
            .route_buckets("/uploads", [100.0])
            .build(&registry)
            .unwrap();
        let app = Router::new()
            .route("/jobs", get(|| async { "queued" }))
            .route("/uploads", get(|| async { "none" }))
            .layer(omtx_http::axum_layer((Traced(flags), red)));
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = app.oneshot(request).await.unwrap();
        response.into_body().collect().await.unwrap();
        exemplars(&registry)
    }

    #[tokio::test]
    async fn the_duration_of_a_request_in_a_sampled_trace_leads_to_it() {
        let expected = [("http_request_duration_seconds".to_owned(), ids())];
        assert_eq!(request(TraceFlags::SAMPLED, "/jobs").await, expected);
        let own_buckets = request(TraceFlags::SAMPLED, "/uploads").await;
        assert_eq!(own_buckets, expected);
        assert_eq!(request(TraceFlags::default(), "/jobs").await, []);
    }
}
