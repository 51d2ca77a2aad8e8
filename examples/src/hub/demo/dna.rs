//! Sequences to work on.

use std::fmt::Write as _;

/// Random sequences, the same for the same seed (xorshift64, Marsaglia 2003).
pub(super) struct Dna(u64);

impl Dna {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed | 1 << 63) // the generator stays at 0
    }

    pub(super) fn fasta(&mut self, sequences: usize, length: usize) -> String {
        let mut out = String::with_capacity(sequences * (length + 16));
        for n in 1..=sequences {
            let _ = writeln!(out, ">seq{n}"); // a String takes everything
            out.extend((0..length).map(|_| self.letter()));
            out.push('\n');
        }
        out
    }

    fn letter(&mut self) -> char {
        let mut x = self.0;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0 = x;
        char::from(b"ACGT"[(x >> 33 & 3) as usize])
    }
}
