//! The k-mer spectrum: how many different k-mers occur once, twice, and so on.
//!
//! A k-mer and its reverse complement are one: which strand was read is chance. The smaller of the two codes is the
//! canonical one.

use std::collections::BTreeMap;

use omtx_context::stage;
use serde::Serialize;

use super::{ComputeError, Control, code};
use crate::hub::fasta::Record;

/// Two bits a letter in a `u64`, with one pattern to spare.
pub const MAX_K: usize = 31;

/// How many of the most frequent k-mers are listed.
const TOP: usize = 10;

/// Letters between two looks at the brakes.
const STRIDE: usize = 1 << 16;

/// The spectrum of a set of sequences.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Spectrum {
    /// Their length.
    pub k: usize,
    /// K-mers counted, repeats and all. Windows with an ambiguous letter are not.
    pub total: u64,
    /// Different canonical k-mers.
    pub distinct: u64,
    /// Multiplicity → number of different k-mers that occur so often.
    pub spectrum: BTreeMap<u64, u64>,
    /// The most frequent ones; of equally frequent ones the first in the alphabet.
    pub top: Vec<Count>,
}

/// A k-mer and how often it occurs.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The canonical form.
    pub kmer: String,
    /// Its occurrences on either strand.
    pub count: u64,
}

/// Counts the canonical k-mers of all records, `1 ≤ k ≤` [`MAX_K`].
///
/// # Errors
///
/// When told to stop, and [`ComputeError::TooShort`] when there is no k-mer at all.
pub fn spectrum(records: &[Record], k: usize, control: &Control) -> Result<Spectrum, ComputeError> {
    stage("scan");
    let mut codes = Vec::new();
    for record in records {
        scan(&record.letters, k, &mut codes, control)?;
    }
    if codes.is_empty() {
        return Err(ComputeError::TooShort);
    }

    // Sorted runs need 8 bytes a window; a hash map of as many distinct k-mers needs several times that.
    stage("count");
    codes.sort_unstable();
    control.check()?;
    let (mut spectrum, mut top, mut distinct) = (BTreeMap::new(), Vec::<(u64, u64)>::new(), 0);
    for run in codes.chunk_by(|a, b| a == b) {
        let count = run.len() as u64;
        distinct += 1;
        *spectrum.entry(count).or_insert(0) += 1;
        if top.len() < TOP || top.last().is_some_and(|(_, least)| count > *least) {
            let at = top.partition_point(|(_, other)| *other >= count);
            top.insert(at, (run[0], count));
            top.truncate(TOP);
        }
    }
    let top = top
        .into_iter()
        .map(|(code, count)| Count {
            kmer: letters(code, k),
            count,
        })
        .collect();
    Ok(Spectrum {
        k,
        total: codes.len() as u64,
        distinct,
        spectrum,
        top,
    })
}

/// Rolls both strands' codes along the sequence.
fn scan(
    sequence: &[u8],
    k: usize,
    codes: &mut Vec<u64>,
    control: &Control,
) -> Result<(), ComputeError> {
    let mask = (1_u64 << (2 * k)) - 1;
    let (mut forward, mut reverse, mut known) = (0_u64, 0_u64, 0);
    for stretch in sequence.chunks(STRIDE) {
        control.check()?;
        for letter in stretch {
            let Some(code) = code(*letter).map(u64::from) else {
                known = 0;
                continue;
            };
            forward = (forward << 2 | code) & mask;
            reverse = reverse >> 2 | (3 - code) << (2 * (k - 1));
            known += 1;
            if known >= k {
                codes.push(forward.min(reverse));
            }
        }
    }
    Ok(())
}

fn letters(code: u64, k: usize) -> String {
    (0..k)
        .rev()
        .map(|at| char::from(b"ACGT"[(code >> (2 * at) & 3) as usize]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::compute::reverse_complement;
    use proptest::prelude::*;

    fn records(sequences: &[&str]) -> Vec<Record> {
        sequences
            .iter()
            .map(|s| Record {
                id: "x".into(),
                letters: s.as_bytes().to_vec(),
            })
            .collect()
    }

    fn of(sequences: &[&str], k: usize) -> Result<Spectrum, ComputeError> {
        spectrum(&records(sequences), k, &Control::default())
    }

    #[test]
    fn agat_has_the_kmers_that_wikipedia_lists() {
        // "K-mer": AGAT has the 2-mers AG, GA, AT and the 3-mers AGA, GAT. GAT is ATC on the other strand.
        let two = of(&["AGAT"], 2).unwrap();
        assert_eq!((two.total, two.distinct), (3, 3));
        let three = of(&["AGAT"], 3).unwrap();
        let kmers: Vec<_> = three.top.iter().map(|c| c.kmer.as_str()).collect();
        assert_eq!(kmers, ["AGA", "ATC"]);
    }

    #[test]
    fn both_strands_count_as_one() {
        let out = of(&["AAAA", "TTTT"], 3).unwrap();
        assert_eq!(out.spectrum, BTreeMap::from([(4, 1)]));
        assert_eq!(
            out.top,
            [Count {
                kmer: "AAA".into(),
                count: 4
            }]
        );
    }

    #[test]
    fn windows_with_an_ambiguous_letter_are_left_out() {
        assert_eq!(of(&["ACNGT"], 2).unwrap().total, 2);
        assert_eq!(of(&["ACNGT", "A"], 3), Err(ComputeError::TooShort));
    }

    #[test]
    fn a_cancelled_scan_stops() {
        let control = Control::default();
        control.cancel();
        assert_eq!(
            spectrum(&records(&["ACGT"]), 2, &control),
            Err(ComputeError::Cancelled)
        );
    }

    proptest! {
        #[test]
        fn rolling_codes_agree_with_slicing_strings(sequence in "[ACGTN]{0,60}", k in 1..=MAX_K) {
            let mut expected = BTreeMap::<String, u64>::new();
            for window in sequence.as_bytes().windows(k).filter(|w| !w.contains(&b'N')) {
                let other = reverse_complement(window);
                *expected.entry(String::from_utf8(other.min(window.to_vec())).unwrap()).or_default() += 1;
            }
            match of(&[&sequence], k) {
                Err(error) => {
                    prop_assert_eq!(error, ComputeError::TooShort);
                    prop_assert!(expected.is_empty());
                }
                Ok(out) => {
                    prop_assert_eq!(out.total, expected.values().sum::<u64>());
                    prop_assert_eq!(out.distinct, expected.len() as u64);
                    let mut top: Vec<_> = expected.into_iter().map(|(kmer, count)| Count { kmer, count }).collect();
                    top.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.kmer.cmp(&b.kmer)));
                    top.truncate(TOP);
                    prop_assert_eq!(out.top, top);
                }
            }
        }

        #[test]
        fn the_other_strand_has_the_same_spectrum(sequence in "[ACGT]{8,60}", k in 1..8_usize) {
            let other = String::from_utf8(reverse_complement(sequence.as_bytes())).unwrap();
            prop_assert_eq!(of(&[&sequence], k), of(&[&other], k));
        }
    }
}
