//! Probes in process, without sockets, on one thread; the checks run on another.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Uri, header};
use axum::routing::get;
use bytes::Bytes;
use http_body_util::BodyExt;
use omtx_benches::Run;
use omtx_health::{Health, Spec, Verdict};
use std::hint::black_box;
use std::sync::LazyLock;
use tokio::runtime::Runtime;
use tower::Service;

/// Where the checks run: as rarely as they do in a service.
static CHECKS: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
});

/// As many checks as asked for, all of which have run.
fn health(checks: usize) -> Health {
    let mut builder = Health::builder("shop")
        .version("1.4.2")
        .runtime(CHECKS.handle().clone());
    for i in 0..checks {
        let check = || async { Ok(Verdict::up()) };
        builder = builder.check(Spec::new(name(i), check).readiness(true));
    }
    let health = builder.build().expect("sound");
    let mut reports = health.subscribe();
    CHECKS
        .block_on(reports.wait_for(|report| report.is_started()))
        .expect("it is kept");
    health
}

pub(crate) fn name(i: usize) -> String {
    format!("database-{i}")
}

pub(crate) fn ours(path: &'static str, checks: usize) -> Run {
    ask(health(checks).router(), path)
}

/// The same bytes and headers, without a question.
pub(crate) fn constant(path: &'static str, checks: usize) -> Run {
    let (head, ()) = Request::get(path).body(()).expect("sound").into_parts();
    let answer = health(checks).answer_path(&head).expect("a probe");
    let (headers, body) = (answer.headers(), answer.body());
    let [content_type, cache_control] = [header::CONTENT_TYPE, header::CACHE_CONTROL].map(|name| {
        let value = headers[&name].clone();
        (name, value)
    });
    let handler = move || {
        let answer: (_, Bytes) = ([content_type.clone(), cache_control.clone()], body.clone());
        async move { answer }
    };
    ask(Router::new().route(path, get(handler)), path)
}

/// Asks `router` again and again, each time to the end of the response.
pub(crate) fn ask(router: Router, path: &'static str) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let uri = Uri::from_static(path);
    let mut service = router.into_service::<Body>();
    Run::batch(move |times| {
        runtime.block_on(async {
            for _ in 0..times {
                let mut request = Request::new(Body::empty());
                *request.uri_mut() = uri.clone();
                let Ok(response) = service.call(request).await;
                assert!(response.status().is_success());
                let body = response.into_body().collect().await.expect("it is whole");
                black_box(body.to_bytes());
            }
        });
    })
}
