//! For tests of applications: the lines that were logged.

pub use crate::sink::Lines;
