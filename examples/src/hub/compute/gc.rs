//! GC content, length statistics and open reading frames.

use omtx_context::stage;
use serde::Serialize;

use super::orf::{self, Orf};
use super::{ComputeError, Control, code};
use crate::hub::fasta::Record;

/// How many of the longest reading frames are listed.
const LONGEST: usize = 10;

/// The report on a set of sequences.
#[derive(Debug, PartialEq, Serialize)]
pub struct Report {
    /// Number of sequences.
    pub sequences: usize,
    /// Letters in all of them.
    pub letters: usize,
    /// Of these, such as are not A, C, G or T.
    pub ambiguous: usize,
    /// (G + C) / (A + C + G + T); absent where there is no such letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gc: Option<f64>,
    /// Length of the shortest sequence.
    pub shortest: usize,
    /// Length of the longest sequence.
    pub longest: usize,
    /// Mean length.
    pub mean: f64,
    /// Half of all letters lie in sequences at least this long.
    pub n50: usize,
    /// Open reading frames found.
    pub orfs: usize,
    /// The longest of them.
    pub longest_orfs: Vec<Orf>,
}

/// Reports on all records; reading frames shorter than `min_orf` letters are left out.
///
/// # Errors
///
/// When told to stop.
pub fn report(
    records: &[Record],
    min_orf: usize,
    control: &Control,
) -> Result<Report, ComputeError> {
    stage("composition");
    let (mut gc, mut known) = (0_usize, 0_usize);
    for record in records {
        control.check()?;
        for code in record.letters.iter().filter_map(|letter| code(*letter)) {
            known += 1;
            gc += usize::from(code == 1 || code == 2);
        }
    }
    let mut lengths: Vec<_> = records.iter().map(|record| record.letters.len()).collect();
    lengths.sort_unstable();
    let letters: usize = lengths.iter().sum();

    stage("orf");
    let (mut orfs, mut longest_orfs) = (0, Vec::new());
    for record in records {
        let found = orf::find(record, min_orf, control)?;
        orfs += found.len();
        longest_orfs.extend(found);
        // Stable: of equally long ones the first in the input.
        longest_orfs.sort_by_key(|orf| std::cmp::Reverse(orf.letters()));
        longest_orfs.truncate(LONGEST);
    }
    Ok(Report {
        sequences: records.len(),
        letters,
        ambiguous: letters - known,
        gc: (known > 0).then(|| gc as f64 / known as f64),
        shortest: lengths.first().copied().unwrap_or(0),
        longest: lengths.last().copied().unwrap_or(0),
        mean: letters as f64 / lengths.len().max(1) as f64,
        n50: n50(&lengths),
        orfs,
        longest_orfs,
    })
}

/// Of lengths in ascending order.
fn n50(lengths: &[usize]) -> usize {
    let half = lengths.iter().sum::<usize>().div_ceil(2);
    let mut covered = 0;
    lengths
        .iter()
        .rev()
        .copied()
        .find(|length| {
            covered += length;
            covered >= half
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sequences: &[&str]) -> Report {
        let records: Vec<_> = sequences
            .iter()
            .map(|s| Record {
                id: "x".into(),
                letters: s.as_bytes().to_vec(),
            })
            .collect();
        report(&records, 6, &Control::default()).unwrap()
    }

    #[test]
    fn gc_content_leaves_ambiguous_letters_out() {
        let report = of(&["GGCCATNN", "AT"]);
        assert_eq!(report.gc, Some(0.5));
        assert_eq!((report.letters, report.ambiguous), (10, 2));
        assert_eq!((report.shortest, report.longest, report.mean), (2, 8, 5.0));
        assert_eq!(of(&["NN"]).gc, None);
    }

    #[test]
    fn n50_is_that_of_wikipedias_assemblies() {
        // "N50, L50, and related statistics": assembly A has N50 70; assembly B, with contigs of 10 and 5 more, 50.
        assert_eq!(n50(&[20, 30, 40, 50, 70, 80]), 70);
        assert_eq!(n50(&[5, 10, 20, 30, 40, 50, 70, 80]), 50);
    }

    #[test]
    fn the_longest_reading_frames_come_first() {
        let report = of(&["ATGTAG", "ATGAAATAG"]);
        let lengths: Vec<_> = report.longest_orfs.iter().map(Orf::letters).collect();
        assert_eq!(report.orfs, 2);
        assert_eq!(lengths, [9, 6]);
    }
}
