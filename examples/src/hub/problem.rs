//! Errors as clients see them: `application/problem+json` (RFC 9457).

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// What went wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Names the kind of problem; programs compare it.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    #[serde(serialize_with = "as_number")]
    status: StatusCode,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: Cow<'static, str>,
    #[serde(skip)]
    retry_after: Option<u32>,
}

fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident = $status:ident $kind:literal $title:literal;)+) => {
        impl Problem {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(detail: impl Into<Cow<'static, str>>) -> Self {
                let (kind, status) = (concat!("/problems/", $kind), StatusCode::$status);
                Self { kind, title: $title, status, detail: detail.into(), retry_after: None }
            })+
        }
    };
}

problems! {
    /// A query parameter or a JSON body that cannot mean anything.
    invalid_request = BAD_REQUEST "invalid-request" "Invalid request";
    /// A body that is no FASTA.
    invalid_fasta = BAD_REQUEST "invalid-fasta" "Invalid FASTA";
    /// The body broke off before its end.
    incomplete_body = BAD_REQUEST "incomplete-body" "Incomplete body";
    /// The body did not arrive within `HUB_UPLOAD_TIMEOUT`.
    body_too_slow = REQUEST_TIMEOUT "body-too-slow" "Body too slow";
    /// Wrong user or password, or a token that is none.
    unauthorized = UNAUTHORIZED "unauthorized" "Unauthorized";
    /// No such path.
    no_such_path = NOT_FOUND "no-such-path" "No such path";
    /// No such job, or no longer.
    no_such_job = NOT_FOUND "no-such-job" "No such job";
    /// The path exists, the method does not.
    method_not_allowed = METHOD_NOT_ALLOWED "method-not-allowed" "Method not allowed";
    /// The job is over and cannot be changed.
    job_is_over = CONFLICT "job-is-over" "The job is over";
    /// The body is larger than `HUB_BODY_LIMIT`, or than a login can be.
    body_too_large = PAYLOAD_TOO_LARGE "body-too-large" "Body too large";
    /// Good FASTA, but more work than one job may be.
    too_much_work = UNPROCESSABLE_ENTITY "too-much-work" "Too much work";
    /// Everything that could take the request is busy; try again.
    busy = SERVICE_UNAVAILABLE "busy" "Busy";
    /// The service is going down.
    shutting_down = SERVICE_UNAVAILABLE "shutting-down" "Shutting down";
}

impl Problem {
    /// Tells the client when to come back.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
