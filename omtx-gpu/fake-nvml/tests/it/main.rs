//! The fake driver, through the clients that real ones have.
#![allow(clippy::print_stderr)] // a skipped engine says so

mod python;
mod wrapper;
