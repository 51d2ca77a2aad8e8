//! Attempts of one request.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use omtx_tracing::client::{ClientBody, CountResends};
use tower::retry::Policy;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use super::recording;

type Body0 = Empty<Bytes>;

/// Tries again as long as the service is unavailable.
#[derive(Clone)]
struct UntilAvailable;

impl Policy<Request<Body0>, Response<ClientBody<Body0>>, Infallible> for UntilAvailable {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<Body0>,
        result: &mut Result<Response<ClientBody<Body0>>, Infallible>,
    ) -> Option<Ready<()>> {
        let response = result.as_ref().unwrap();
        (response.status() == StatusCode::SERVICE_UNAVAILABLE).then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request<Body0>) -> Option<Request<Body0>> {
        Some(request.clone())
    }
}

/// Available at the third attempt.
fn third_time(attempts: Arc<AtomicU32>) -> Response<Body0> {
    let mut response = Response::new(Body0::new());
    if attempts.fetch_add(1, Relaxed) < 2 {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

#[tokio::test]
async fn each_attempt_has_a_span_and_says_how_many_went_before() {
    let (recorder, spans) = recording();
    let attempts = Arc::new(AtomicU32::new(0));
    let client = ServiceBuilder::new()
        .layer(CountResends::new())
        .retry(UntilAvailable)
        .layer(spans.layer())
        .service(service_fn(move |_: Request<Body0>| {
            ready(Ok::<_, Infallible>(third_time(attempts.clone())))
        }));
    // The second call succeeds at once, and begins to count anew.
    for expected in [&[None, Some(1.into()), Some(2.into())][..], &[None]] {
        recorder.clear();
        let request = Request::get("http://api/").body(Body0::new()).unwrap();
        client.clone().oneshot(request).await.unwrap();
        let counts: Vec<_> = recorder
            .spans()
            .iter()
            .map(|span| span.attribute("http.request.resend_count").cloned())
            .collect();
        assert_eq!(counts, expected);
    }
}
