//! The computations: what a job works on, and when it must stop.

pub mod align;
mod control;
pub mod gc;
pub mod kmer;
pub mod orf;

use std::fmt;

use omtx_context::{Failure, FailureReason};
use serde_json::value::RawValue;

pub use control::Control;

use super::fasta::Record;

/// What to compute, with its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Analysis {
    /// The spectrum of canonical k-mers.
    Kmer {
        /// Their length.
        k: usize,
    },
    /// GC content, length statistics and open reading frames.
    Gc {
        /// Shortest reading frame to report, in letters with its stop codon.
        min_orf: usize,
    },
    /// Smith-Waterman alignment of every pair.
    Align(align::Scoring),
}

impl Analysis {
    /// The metric label.
    #[must_use]
    pub const fn job_type(&self) -> &'static str {
        match self {
            Self::Kmer { .. } => "kmer",
            Self::Gc { .. } => "gc",
            Self::Align(_) => "align",
        }
    }

    /// Computes it; the result is a JSON document.
    ///
    /// # Errors
    ///
    /// When it was cancelled, took too long, or its input has no answer.
    pub fn run(
        &self,
        records: &[Record],
        control: &Control,
    ) -> Result<Box<RawValue>, ComputeError> {
        let json = match self {
            Self::Kmer { k } => {
                serde_json::value::to_raw_value(&kmer::spectrum(records, *k, control)?)
            }
            Self::Gc { min_orf } => {
                serde_json::value::to_raw_value(&gc::report(records, *min_orf, control)?)
            }
            Self::Align(scoring) => {
                serde_json::value::to_raw_value(&align::all_pairs(records, scoring, control)?)
            }
        };
        // Plain structs with string keys: only a custom `Serialize` could fail.
        json.map_err(|_| ComputeError::Unprintable)
    }
}

/// Why a computation ended without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComputeError {
    /// Somebody asked it to stop.
    Cancelled,
    /// It ran longer than a job may.
    TimedOut,
    /// No sequence has `k` unambiguous letters in a row.
    TooShort,
    /// The result cannot be written as JSON.
    Unprintable,
    /// A fault that the client injected.
    Injected,
}

impl ComputeError {
    /// What it means for the job: cancellation is no failure.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match self {
            Self::Cancelled => Failure::Cancelled,
            other => Failure::Failed(other.reason()),
        }
    }
}

impl FailureReason for ComputeError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timeout",
            Self::TooShort => "too_short",
            Self::Unprintable => "unprintable",
            Self::Injected => "injected",
        }
    }
}

impl fmt::Display for ComputeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "the job was cancelled",
            Self::TimedOut => "the job ran longer than HUB_JOB_TIMEOUT allows",
            Self::TooShort => "no sequence has k unambiguous letters in a row",
            Self::Unprintable => "the result cannot be written as JSON",
            Self::Injected => "a fault was injected",
        })
    }
}

impl std::error::Error for ComputeError {}

/// `A C G T` as 0…3; everything else is ambiguous.
const fn code(letter: u8) -> Option<u8> {
    match letter {
        b'A' => Some(0),
        b'C' => Some(1),
        b'G' => Some(2),
        b'T' => Some(3),
        _ => None,
    }
}

/// The other strand, read in its own direction; ambiguous codes become `N`.
fn reverse_complement(letters: &[u8]) -> Vec<u8> {
    let complement = |letter: &u8| code(*letter).map_or(b'N', |code| b"TGCA"[usize::from(code)]);
    letters.iter().rev().map(complement).collect()
}
