//! Open reading frames: from the first start codon behind a stop to the next stop codon, in all six frames.

use serde::Serialize;

use super::{ComputeError, Control, code, reverse_complement};
use crate::hub::fasta::Record;

/// NCBI genetic code 1, the standard code, in the order of codons T C A G of its table.
const AMINO_ACIDS: &[u8; 64] = b"FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG";

/// Codons between two looks at the brakes.
const STRIDE: usize = 1 << 14;

/// An open reading frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Orf {
    /// The sequence that it lies in.
    pub sequence: String,
    /// +1 +2 +3 forward, -1 -2 -3 on the other strand.
    pub frame: i8,
    /// First letter on the forward strand, from 1.
    pub start: usize,
    /// Last letter on the forward strand, that of the stop codon in a forward frame.
    pub end: usize,
    /// The protein, without the stop; ambiguous codons are `X`.
    pub protein: String,
}

impl Orf {
    /// Length in letters, with the stop codon.
    #[must_use]
    pub fn letters(&self) -> usize {
        self.end - self.start + 1
    }
}

/// The reading frames of one sequence that have at least `min` letters, frame by frame.
///
/// A frame without a stop codon before the end of the sequence is not closed, and so not reported.
///
/// # Errors
///
/// When told to stop.
pub fn find(record: &Record, min: usize, control: &Control) -> Result<Vec<Orf>, ComputeError> {
    let mut found = Vec::new();
    let length = record.letters.len();
    let other = reverse_complement(&record.letters);
    for (strand, sign) in [(&record.letters, 1), (&other, -1)] {
        for offset in 0..3_usize.min(length) {
            for (from, to) in frames(&strand[offset..], control)? {
                let (from, to) = (from + offset, to + offset);
                if to - from < min {
                    continue;
                }
                let (start, end) = if sign > 0 {
                    (from + 1, to)
                } else {
                    (length - to + 1, length - from)
                };
                found.push(Orf {
                    sequence: record.id.clone(),
                    frame: sign * (offset as i8 + 1),
                    start,
                    end,
                    protein: strand[from..to - 3]
                        .chunks_exact(3)
                        .map(|codon| char::from(translate(codon)))
                        .collect(),
                });
            }
        }
    }
    Ok(found)
}

/// Half-open ranges from start codon to behind the stop codon, in the frame that the slice begins with.
fn frames(strand: &[u8], control: &Control) -> Result<Vec<(usize, usize)>, ComputeError> {
    let (mut out, mut open) = (Vec::new(), None);
    for (at, codon) in strand.chunks_exact(3).enumerate() {
        if at % STRIDE == 0 {
            control.check()?;
        }
        match translate(codon) {
            b'M' if open.is_none() => open = Some(3 * at),
            b'*' => out.extend(open.take().map(|from| (from, 3 * at + 3))),
            _ => {}
        }
    }
    Ok(out)
}

fn translate(codon: &[u8]) -> u8 {
    // Our codes are A C G T; the table's order is T C A G.
    let index = codon.iter().try_fold(0, |index, letter| {
        Some(index * 4 + [2, 1, 3, 0][usize::from(code(*letter)?)])
    });
    index.map_or(b'X', |index: usize| AMINO_ACIDS[index])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(sequence: &str, min: usize) -> Vec<Orf> {
        let record = Record {
            id: "s".into(),
            letters: sequence.as_bytes().to_vec(),
        };
        find(&record, min, &Control::default()).unwrap()
    }

    fn proteins(orfs: &[Orf]) -> Vec<&str> {
        let mut proteins: Vec<_> = orfs.iter().map(|orf| orf.protein.as_str()).collect();
        proteins.sort_unstable();
        proteins
    }

    #[test]
    fn rosalinds_sample_has_the_proteins_that_it_lists() {
        // rosalind.info/problems/orf, sample dataset. Its fourth protein, MTPRLGLESLLE, begins at an inner start codon of
        // MGMTPRLGLESLLE: the same reading frame.
        let sample = "AGCCATGTAGCTAACTCAGGTTACATGGGGATGACCCCGCGACTTGGATTAGAGTCTCTTTTGGAATAAGCCTGAATGATCCGAGTAGCATCTCAG";
        assert_eq!(
            proteins(&of(sample, 0)),
            ["M", "M", "MGMTPRLGLESLLE", "MLLGSFRLIPKETLIQVAGSSPCNLS"]
        );
        assert_eq!(
            proteins(&of(sample, 30)),
            ["MGMTPRLGLESLLE", "MLLGSFRLIPKETLIQVAGSSPCNLS"]
        );
    }

    #[test]
    fn positions_are_those_of_the_forward_strand() {
        let orf = |frame, start, end| Orf {
            sequence: "s".into(),
            frame,
            start,
            end,
            protein: "MK".into(),
        };
        assert_eq!(of("CATGAAATAGC", 0), [orf(2, 2, 10)]);
        assert_eq!(
            of("GCTATTTCATG", 0),
            [orf(-2, 2, 10)],
            "its reverse complement"
        );
    }

    #[test]
    fn a_frame_that_is_not_closed_is_not_reported() {
        assert_eq!(of("ATGAAAAAA", 0), []);
        assert_eq!(of("A", 0), []);
    }

    #[test]
    fn an_ambiguous_codon_is_x() {
        assert_eq!(proteins(&of("ATGANATAA", 0)), ["MX"]);
    }

    proptest! {
        #[test]
        fn every_frame_starts_stops_and_has_no_stop_inside(sequence in "[ACGT]{0,120}") {
            for orf in of(&sequence, 0) {
                let strand = &sequence.as_bytes()[orf.start - 1..orf.end];
                let strand = if orf.frame > 0 { strand.to_vec() } else { reverse_complement(strand) };
                prop_assert!(strand.starts_with(b"ATG"));
                prop_assert_eq!(translate(&strand[strand.len() - 3..]), b'*');
                prop_assert!(!orf.protein.contains('*'));
                prop_assert_eq!(orf.protein.len() * 3 + 3, orf.letters());
            }
        }
    }
}
