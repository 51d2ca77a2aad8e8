//! Client spans of `reqwest`, as a middleware of `reqwest-middleware`.

use std::pin::Pin;

use http::Extensions;
use reqwest::{Request, Response, ResponseBuilderExt, Url};
use reqwest_middleware::{Error, Middleware, Next, Result};

use super::begin::Outgoing;
use super::resend::resends_of_call;
use super::target::Target;
use super::{ClientBody, ClientSpans};
use crate::Telemetry;
use crate::active::{ActiveSpan, InSpan};

/// Gives each request of a `reqwest` client a span; see the [module](crate::client).
///
/// Inside of a middleware that retries, each attempt has a span of its own and says how many went before it.
#[derive(Clone, Debug)]
pub struct ReqwestMiddleware {
    spans: ClientSpans,
}

impl ClientSpans {
    /// A middleware for `reqwest`.
    #[must_use]
    pub fn reqwest_middleware(self) -> ReqwestMiddleware {
        ReqwestMiddleware { spans: self }
    }
}

impl Telemetry {
    /// A middleware that gives each request of a `reqwest` client a span, and sends the context along; see
    /// [`client`](crate::client).
    ///
    /// ```
    /// use omtx_tracing::Telemetry;
    /// use reqwest_middleware::ClientBuilder;
    ///
    /// # fn main() -> Result<(), omtx_tracing::Error> {
    /// let telemetry = Telemetry::builder("hub").build()?;
    /// let client = ClientBuilder::new(reqwest::Client::new())
    ///     .with(telemetry.reqwest_middleware())
    ///     .build();
    /// # let _ = client;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn reqwest_middleware(&self) -> ReqwestMiddleware {
        self.client_spans().reqwest_middleware()
    }
}

// What the macro of `async-trait`, which the trait is declared with, makes of an `async fn`.
impl Middleware for ReqwestMiddleware {
    fn handle<'this, 'extensions, 'next, 'all>(
        &'this self,
        mut request: Request,
        extensions: &'extensions mut Extensions,
        next: Next<'next>,
    ) -> Pin<Box<dyn Future<Output = Result<Response>> + Send + 'all>>
    where
        'this: 'all,
        'extensions: 'all,
        'next: 'all,
        Self: 'all,
    {
        Box::pin(async move {
            let span = self.begin(&mut request, extensions);
            let mut call = std::pin::pin!(InSpan::new(span, next.run(request, extensions)));
            let (output, span) = std::future::poll_fn(|cx| call.as_mut().poll_inside(cx)).await;
            match span {
                Some(span) => self.end(span, output),
                None => output,
            }
        })
    }
}

impl ReqwestMiddleware {
    fn begin(&self, request: &mut Request, extensions: &mut Extensions) -> Option<ActiveSpan> {
        let mut headers = std::mem::take(request.headers_mut());
        let outgoing = Outgoing {
            method: request.method(),
            target: target(request.url()),
            template: extensions.get().copied(),
            resends: resends_of_call(extensions),
        };
        let span = self.spans.begin(&outgoing, &mut headers);
        *request.headers_mut() = headers;
        span
    }

    fn end(&self, span: ActiveSpan, output: Result<Response>) -> Result<Response> {
        match output {
            Ok(response) => {
                if let Some(peer) = response.remote_addr() {
                    span.set("network.peer.address", peer.ip().to_canonical().to_string());
                    span.set("network.peer.port", i64::from(peer.port()));
                }
                let over = response.content_length() == Some(0);
                let (status, version) = (response.status(), response.version());
                let headers = response.headers();
                Ok(
                    match self.spans.head(span, status, version, headers, over) {
                        Some(span) => with_body(response, span),
                        None => response,
                    },
                )
            }
            Err(error) => {
                span.fail(error_type(&error), description(&error));
                Err(error)
            }
        }
    }
}

/// The same response, whose body ends the span.
fn with_body(response: Response, span: ActiveSpan) -> Response {
    // The URL gets lost on the way from one type to the other.
    let url = response.url().clone();
    let (mut parts, body) = http::Response::<reqwest::Body>::from(response).into_parts();
    if let Ok(with_url) = http::Response::builder().url(url).body(()) {
        parts.extensions.extend(with_url.into_parts().0.extensions);
    }
    let body = reqwest::Body::wrap(ClientBody::new(body, Some(span)));
    http::Response::from_parts(parts, body).into()
}

fn target(url: &Url) -> Target<'_> {
    Target {
        scheme: Some(url.scheme()),
        host: url.host_str(),
        port: url.port(),
        has_credentials: !url.username().is_empty() || url.password().is_some(),
        path: url.path(),
        query: url.query(),
    }
}

/// What `reqwest` says of its error, the most telling first.
fn error_type(error: &Error) -> &'static str {
    let Error::Reqwest(error) = error else {
        return "middleware";
    };
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connect"
    } else if error.is_redirect() {
        "redirect"
    } else if error.is_body() {
        "body_error"
    } else if error.is_decode() {
        "decode"
    } else if error.is_builder() {
        "builder"
    } else if error.is_request() {
        "request"
    } else {
        "_OTHER"
    }
}

/// What it comes down to: the last of its causes. The error itself has the URL in it, with all its secrets.
fn description(error: &Error) -> String {
    let Error::Reqwest(error) = error else {
        return String::new();
    };
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}
