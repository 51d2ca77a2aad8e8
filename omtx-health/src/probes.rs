//! The probes as a tower service.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use tower_service::Service;

use crate::{Endpoint, Health};

impl Health {
    /// A tower service that answers probes: `/health`, `/health/{check}`, `/ready`, `/live` and `/startup`; 404 for
    /// everything else. `B` is the body of the responses: anything that is made from [`Bytes`].
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http_body_util::Full;
    /// use omtx_health::Health;
    /// use tower::ServiceExt;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let health = Health::builder("shop").build().unwrap();
    /// let request = http::Request::get("/live").body(()).unwrap();
    /// let response = health.service::<Full<Bytes>>().oneshot(request).await.unwrap();
    /// assert_eq!(response.status(), 200);
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[must_use]
    pub fn service<B>(&self) -> Probes<B> {
        Probes {
            health: self.clone(),
            only: None,
            body: PhantomData,
        }
    }
}

/// See [`Health::service`].
pub struct Probes<B> {
    health: Health,
    /// Answers as this endpoint, whatever the path.
    only: Option<Only>,
    body: PhantomData<fn() -> B>,
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "axum"), allow(dead_code))] // routes are axum's
pub(crate) enum Only {
    Endpoint(Endpoint<'static>),
    /// The check that the last segment of the path names.
    Check,
}

impl<B> Probes<B> {
    #[cfg(feature = "axum")]
    pub(crate) fn only(health: &Health, only: Only) -> Self {
        Self {
            health: health.clone(),
            only: Some(only),
            body: PhantomData,
        }
    }
}

impl<ReqB, B: From<Bytes>> Service<Request<ReqB>> for Probes<B> {
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let (head, _) = request.into_parts();
        let answer = match self.only {
            None => self.health.answer_path(&head),
            Some(Only::Endpoint(endpoint)) => Some(self.health.answer(endpoint, &head)),
            Some(Only::Check) => {
                let name = head.uri.path().rsplit('/').next().unwrap_or_default();
                Some(self.health.answer(Endpoint::Check(name), &head))
            }
        };
        ready(Ok(match answer {
            Some(answer) => answer.into_response(),
            None => {
                let mut response = Response::new(B::from(Bytes::new()));
                *response.status_mut() = StatusCode::NOT_FOUND;
                response
            }
        }))
    }
}

impl<B> Clone for Probes<B> {
    fn clone(&self) -> Self {
        Self {
            health: self.health.clone(),
            only: self.only,
            body: PhantomData,
        }
    }
}

impl<B> fmt::Debug for Probes<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probes")
            .field("only", &self.only)
            .finish_non_exhaustive()
    }
}
