//! What a sampler is told of a request before its span is built.

use std::sync::{Arc, Mutex};

use omtx_tracing::{ParentBased, Sampler, SamplingRequest};

use super::{NOT_SAMPLED, SAMPLED, empty, request, send, with};

/// The names that a rule was told, which takes uploads only.
fn asking() -> (Arc<Mutex<Vec<String>>>, Sampler) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let names = Arc::clone(&told);
    let rule = move |span: &SamplingRequest<'_>| {
        names.lock().unwrap().push(span.name().to_owned());
        span.name() == "POST /upload"
    };
    (told, Sampler::custom(rule))
}

async fn check(
    sampler: impl FnOnce(Sampler) -> Sampler,
    traceparent: Option<&str>,
    told_of: &[&str],
    recorded: &[&str],
) {
    let (told, rule) = asking();
    let (recorder, spans) = with(sampler(rule));
    let app = super::routes().layer(omtx_http::axum_layer(spans));
    for builder in [
        request("/users/7"),
        request("/upload").method("POST"),
        request("/nowhere").method("BREW"),
    ] {
        let builder = match traceparent {
            Some(traceparent) => builder.header("traceparent", traceparent),
            None => builder,
        };
        send(&app, empty(builder)).await;
    }
    assert_eq!(*told.lock().unwrap(), told_of);
    let spans = recorder.spans();
    let names: Vec<_> = spans.iter().map(|span| span.name()).collect();
    assert_eq!(names, recorded);
}

const ALL: &[&str] = &["GET /users/{id}", "POST /upload", "HTTP"];

#[tokio::test]
async fn a_rule_of_ones_own_is_told_the_name_wherever_it_decides() {
    for traceparent in [None, Some(SAMPLED), Some(NOT_SAMPLED)] {
        check(|rule| rule, traceparent, ALL, &["POST /upload"]).await;
    }
    check(Sampler::parent_based, None, ALL, &["POST /upload"]).await;
    let below = |rule: Sampler| {
        let parent_based = ParentBased::new(Sampler::always_off());
        parent_based.remote_parent_not_sampled(rule).into()
    };
    check(below, Some(NOT_SAMPLED), ALL, &["POST /upload"]).await;
}

#[tokio::test]
async fn a_span_has_its_name_also_where_nobody_asks_for_it() {
    check(Sampler::parent_based, Some(SAMPLED), &[], ALL).await;
    check(|_| Sampler::always_on(), None, &[], ALL).await;
    check(Sampler::parent_based, Some(NOT_SAMPLED), &[], &[]).await;
}
