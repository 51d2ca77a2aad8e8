//! What spans of requests and of calls say in the same way.

mod authority;
mod bounds;
mod headers;
mod query;
mod status;
mod writer;

pub(crate) use authority::Authority;
pub(crate) use bounds::Bounds;
pub use bounds::MAX_VALUE_LEN;
pub(crate) use headers::CapturedHeaders;
pub use query::DEFAULT_REDACTED;
pub(crate) use query::redact;
pub(crate) use status::status_text;
pub(crate) use writer::Writer;
