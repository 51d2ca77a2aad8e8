//! Exemplars: single observations that lead from a bucket to a trace.

#[allow(dead_code)] // for the encoders that show exemplars
mod reading;

pub(crate) use reading::{Exemplar, ExemplarBuffer, Exemplars};
