//! Spans as the `opentelemetry` API has them, read back from the bytes that would have gone over the wire.

#[cfg(feature = "http-protobuf")]
mod accounts;
mod life;
mod limits;
mod property;
mod sampling;
