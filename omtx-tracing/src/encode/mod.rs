//! Records as the bytes that go over the wire, written once, on the thread that has them.

pub(crate) mod span;
pub(crate) mod value;
pub(crate) mod wire;

pub(crate) use value::{AttributeValue, cut_bytes};
