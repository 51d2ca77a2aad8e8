//! What the crate promises, one subject a module.

mod context;
mod propagation;
mod receiver;
mod spans;
mod told;
