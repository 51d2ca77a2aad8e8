//! One request and its answer, on a connection of its own.

use std::pin::pin;

use ::http::StatusCode;
use bytes::Bytes;
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::expectation::Expectations;
use crate::Failure;

pub(super) type Request = ::http::Request<Empty<Bytes>>;

/// Sends the request and judges the answer: the status, and a reservation if there is one.
pub(super) async fn run<S>(
    stream: S,
    request: Request,
    expectations: &Expectations,
) -> Result<(StatusCode, Option<String>), String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(text)?;
    let ask = async move {
        let response = sender.send_request(request).await.map_err(text)?;
        judge(response, expectations).await
    };
    // The connection is driven here and not by a task, so that nothing is left when this future is dropped.
    match select(pin!(ask), pin!(connection)).await {
        Either::Left((answer, _)) => answer,
        // It is over, and so is all that can be read: what has arrived, or an error.
        Either::Right((_, ask)) => ask.await,
    }
}

async fn judge(
    response: ::http::Response<Incoming>,
    expectations: &Expectations,
) -> Result<(StatusCode, Option<String>), String> {
    let (head, body) = response.into_parts();
    if let Some(reservation) = expectations.degraded(head.status) {
        return Ok((head.status, Some(reservation)));
    }
    expectations.head(head.status, &head.headers)?;
    if expectations.need_body() {
        let limit = expectations.max_body_bytes;
        let body = Limited::new(body, limit)
            .collect()
            .await
            .map_err(|error| match error.downcast::<LengthLimitError>() {
                Ok(_) => format!("the body is longer than {limit} bytes"),
                Err(error) => match error.downcast::<hyper::Error>() {
                    Ok(error) => text(*error),
                    Err(error) => error.to_string(),
                },
            })?;
        expectations.body(&body.to_bytes())?;
    }
    Ok((head.status, None))
}

/// The error and its causes.
fn text(error: hyper::Error) -> String {
    Failure::from(error).error().to_owned()
}
