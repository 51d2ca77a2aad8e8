//! Encoders: from series to bytes, without a tree in between.

pub(crate) mod number;
mod text;

pub(crate) use text::TextEncoder;
