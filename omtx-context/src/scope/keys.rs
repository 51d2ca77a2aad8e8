//! The keys that every part of the family agrees on.

/// Identifies one request; set by the request scope of the HTTP layer.
pub const REQUEST_ID: &str = "request_id";
/// Who asks; usually late-bound, after authentication.
pub const USER_ID: &str = "user_id";
/// Identifies one job; set by [`Jobs::submit`](crate::Jobs::submit).
pub const JOB_ID: &str = "job_id";
/// What kind of job it is; set by [`Jobs::submit`](crate::Jobs::submit).
pub const JOB_TYPE: &str = "job_type";
