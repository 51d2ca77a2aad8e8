//! The body of a submission: bounded in size, in time, and in how many are read at once.

use std::sync::Arc;

use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use tokio::time::timeout;

use super::App;
use crate::hub::problem::Problem;

/// A body, read to its end.
///
/// Read even where the query is wrong: a client that is still sending does not see an answer that comes before.
pub(super) struct Upload(pub(super) Bytes);

impl FromRequest<Arc<App>> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let _place = app
            .uploads
            .try_acquire()
            .map_err(|_| Problem::busy("too many uploads at a time").retry_after(1))?;
        let limit = app.config.upload_timeout;
        match timeout(limit, Bytes::from_request(request, app)).await {
            Ok(Ok(body)) => Ok(Self(body)),
            Ok(Err(rejection)) => Err(problem(rejection, app.config.body_limit)),
            Err(_) => Err(Problem::body_too_slow(format!(
                "expected it within {limit:?}"
            ))),
        }
    }
}

fn problem(rejection: BytesRejection, limit: usize) -> Problem {
    match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Problem::body_too_large(format!("expected at most {limit} bytes"))
        }
        other => Problem::incomplete_body(other.body_text()),
    }
}
