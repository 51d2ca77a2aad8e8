//! Spans as the `opentelemetry` API has them, read back from the bytes that would have gone over the wire.

mod life;
mod limits;
mod property;
mod sampling;
