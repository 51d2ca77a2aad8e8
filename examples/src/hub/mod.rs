//! The example service.
pub mod compute;
pub mod fasta;
