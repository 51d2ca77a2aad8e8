//! The bodies that clients send: bounded in size, in time, and in how many are read at once.

use std::error::Error;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use super::App;
use crate::hub::problem::Problem;

/// The body of a submission, read to its end.
///
/// Read even where the query is wrong: a client that is still sending does not see an answer that comes before.
pub(super) struct Upload(pub(super) Bytes);

impl FromRequest<Arc<App>> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let limit = app.config.body_limit;
        read(app, request.into_body(), limit).await.map(Self)
    }
}

/// A body of at most `limit` bytes.
pub(super) async fn read(app: &App, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let _place = app
        .uploads
        .try_acquire()
        .map_err(|_| Problem::busy("too many uploads at a time").retry_after(1))?;
    let patience = app.config.upload_timeout;
    match timeout(patience, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) => Err(problem(&*error, limit)),
        Err(_) => Err(Problem::body_too_slow(format!(
            "expected it within {patience:?}"
        ))),
    }
}

fn problem(error: &(dyn Error + Send + Sync + 'static), limit: usize) -> Problem {
    if error.is::<LengthLimitError>() {
        return Problem::body_too_large(format!("expected at most {limit} bytes"));
    }
    Problem::incomplete_body(error.to_string())
}
