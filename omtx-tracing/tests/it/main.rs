//! What the crate promises, one subject a module.
