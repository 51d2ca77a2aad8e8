//! Local pairwise alignment: Smith and Waterman (1981) with Gotoh's (1982) affine gaps.

use omtx_context::stage;
use serde::Serialize;

use super::{ComputeError, Control};
use crate::hub::fasta::Record;

/// Most cells of one pair's matrix: its traceback takes a byte a cell.
pub const MAX_CELLS: usize = 16 << 20;

/// Most cells of all pairs together.
pub const MAX_TOTAL_CELLS: usize = 64 << 20;

/// What an alignment is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scoring {
    /// For two equal letters.
    pub matching: i32,
    /// For two different letters, as a positive number.
    pub mismatch: i32,
    /// For opening a gap, as a positive number; 0 makes gaps linear.
    pub gap_open: i32,
    /// For each letter in a gap, the first included, as a positive number.
    pub gap_extend: i32,
}

impl Default for Scoring {
    /// Near BLASTN's: +2, −3, and 5 + 2n for a gap of n letters.
    fn default() -> Self {
        Self {
            matching: 2,
            mismatch: 3,
            gap_open: 5,
            gap_extend: 2,
        }
    }
}

/// The best local alignment of two sequences.
#[derive(Debug, PartialEq, Serialize)]
pub struct Alignment {
    /// The one.
    pub a: String,
    /// The other.
    pub b: String,
    /// Its score; 0 where nothing matches, and then all else is empty.
    pub score: i32,
    /// First and last letter in `a`, from 1.
    pub a_range: [usize; 2],
    /// First and last letter in `b`, from 1.
    pub b_range: [usize; 2],
    /// Share of columns with equal letters.
    pub identity: f64,
    /// `=` equal, `X` different, `I` letter of `b` only, `D` letter of `a` only, as in SAM.
    pub cigar: String,
}

/// Cells that aligning every pair takes: the whole, and the largest pair.
#[must_use]
pub fn cells(records: &[Record]) -> (usize, usize) {
    let lengths: Vec<_> = records.iter().map(|record| record.letters.len()).collect();
    // Over all pairs, Σ aᵢaⱼ = ((Σ a)² − Σ a²) / 2, without walking them.
    let sum: u128 = lengths.iter().map(|length| *length as u128).sum();
    let squares: u128 = lengths.iter().map(|length| (*length as u128).pow(2)).sum();
    let mut largest = lengths;
    largest.sort_unstable_by(|a, b| b.cmp(a));
    let pair = largest.iter().take(2).product();
    (
        usize::try_from((sum * sum - squares) / 2).unwrap_or(usize::MAX),
        pair,
    )
}

/// Aligns every record with every later one.
///
/// # Errors
///
/// When told to stop.
pub fn all_pairs(
    records: &[Record],
    scoring: &Scoring,
    control: &Control,
) -> Result<Vec<Alignment>, ComputeError> {
    stage("align");
    let mut out = Vec::new();
    for (at, a) in records.iter().enumerate() {
        for b in &records[at + 1..] {
            out.push(align(a, b, scoring, control)?);
        }
    }
    Ok(out)
}

// A cell's traceback: where its score came from, and whether a gap that ends here was open before.
const FROM: u8 = 0b0011;
const STOP: u8 = 0;
const DIAGONAL: u8 = 1;
const LEFT: u8 = 2;
const UP: u8 = 3;
const LEFT_OPEN: u8 = 0b0100;
const UP_OPEN: u8 = 0b1000;

/// Far below any score, and far from overflow.
const NEVER: i32 = i32::MIN / 2;

fn align(
    a: &Record,
    b: &Record,
    scoring: &Scoring,
    control: &Control,
) -> Result<Alignment, ComputeError> {
    let Scoring {
        matching,
        mismatch,
        gap_open,
        gap_extend,
    } = *scoring;
    let width = b.letters.len() + 1;
    let mut trace = vec![STOP; (a.letters.len() + 1) * width];
    let mut row = vec![0_i32; width]; // best score that ends at a cell, of the row above until overwritten
    let mut up = vec![NEVER; width]; // the same that ends with a letter of `a` in a gap
    let (mut best, mut best_at) = (0, (0, 0));

    for (i, letter_a) in (1..).zip(&a.letters) {
        control.check()?;
        let (mut diagonal, mut left) = (0, NEVER);
        for (j, letter_b) in (1..).zip(&b.letters) {
            let mut cell = 0;

            let (opened, extended) = (row[j - 1] - gap_open - gap_extend, left - gap_extend);
            if extended > opened {
                cell |= LEFT_OPEN;
            }
            left = opened.max(extended);

            let (opened, extended) = (row[j] - gap_open - gap_extend, up[j] - gap_extend);
            if extended > opened {
                cell |= UP_OPEN;
            }
            up[j] = opened.max(extended);

            let paired = diagonal
                + if letter_a == letter_b {
                    matching
                } else {
                    -mismatch
                };
            diagonal = row[j];
            let score = paired.max(left).max(up[j]).max(0);
            cell |= match score {
                0 => STOP,
                s if s == paired => DIAGONAL,
                s if s == up[j] => UP,
                _ => LEFT,
            };
            row[j] = score;
            trace[i * width + j] = cell;
            if score > best {
                (best, best_at) = (score, (i, j));
            }
        }
    }

    let operations = trace_back(&trace, width, best_at, &a.letters, &b.letters);
    let count = |wanted: &[u8]| operations.iter().filter(|op| wanted.contains(op)).count();
    let range = |last: usize, letters: usize| {
        if letters == 0 {
            [0, 0]
        } else {
            [last - letters + 1, last]
        }
    };
    Ok(Alignment {
        a: a.id.clone(),
        b: b.id.clone(),
        score: best,
        a_range: range(best_at.0, count(b"=XD")),
        b_range: range(best_at.1, count(b"=XI")),
        identity: count(b"=") as f64 / operations.len().max(1) as f64,
        cigar: run_lengths(&operations),
    })
}

/// The operations from the first column to the last, one byte each.
fn trace_back(
    trace: &[u8],
    width: usize,
    (mut i, mut j): (usize, usize),
    a: &[u8],
    b: &[u8],
) -> Vec<u8> {
    let mut operations = Vec::new();
    let mut state = trace[i * width + j] & FROM;
    while state != STOP {
        let cell = trace[i * width + j];
        match state {
            DIAGONAL => {
                operations.push(if a[i - 1] == b[j - 1] { b'=' } else { b'X' });
                (i, j) = (i - 1, j - 1);
            }
            UP => {
                operations.push(b'D');
                i -= 1;
                if cell & UP_OPEN != 0 {
                    continue; // still inside the gap
                }
            }
            _ => {
                operations.push(b'I');
                j -= 1;
                if cell & LEFT_OPEN != 0 {
                    continue;
                }
            }
        }
        state = trace[i * width + j] & FROM;
    }
    operations.reverse();
    operations
}

fn run_lengths(operations: &[u8]) -> String {
    operations
        .chunk_by(|x, y| x == y)
        .map(|run| format!("{}{}", run.len(), char::from(run[0])))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(id: &str, letters: &str) -> Record {
        Record {
            id: id.into(),
            letters: letters.as_bytes().to_vec(),
        }
    }

    fn of(a: &str, b: &str, scoring: Scoring) -> Alignment {
        align(
            &record("a", a),
            &record("b", b),
            &scoring,
            &Control::default(),
        )
        .unwrap()
    }

    #[test]
    fn wikipedias_example_scores_thirteen() {
        // "Smith–Waterman algorithm", example: match 3, mismatch -3, linear gap 2: GTT-AC over GTTGAC.
        let scoring = Scoring {
            matching: 3,
            mismatch: 3,
            gap_open: 0,
            gap_extend: 2,
        };
        let out = of("TGTTACGG", "GGTTGACTA", scoring);
        assert_eq!((out.score, out.cigar.as_str()), (13, "3=1I2="));
        assert_eq!((out.a_range, out.b_range), ([2, 6], [2, 7]));
        assert!((out.identity - 5.0 / 6.0).abs() < 1e-12);
    }

    #[test]
    fn a_gap_of_two_is_one_opening_and_two_letters() {
        // By hand: eight pairs are worth 16, the gap costs 3 + 2·1.
        let scoring = Scoring {
            matching: 2,
            mismatch: 3,
            gap_open: 3,
            gap_extend: 1,
        };
        let out = of("ACGTCCAA", "ACGTTTCCAA", scoring);
        assert_eq!(out.score, 11);
        // The gap can lie in three places for the same score.
        assert_eq!(out.cigar.matches("2I").count(), 1, "one gap: {}", out.cigar);
    }

    #[test]
    fn what_has_nothing_in_common_has_an_empty_alignment() {
        let out = of("AAAA", "CCCC", Scoring::default());
        assert_eq!(
            (out.score, out.cigar.as_str(), out.a_range, out.identity),
            (0, "", [0, 0], 0.0)
        );
    }

    #[test]
    fn every_pair_is_aligned_once_and_its_cells_are_known_before() {
        let records = [record("a", "ACGT"), record("b", "ACG"), record("c", "AC")];
        let out = all_pairs(&records, &Scoring::default(), &Control::default()).unwrap();
        let pairs: Vec<_> = out
            .iter()
            .map(|out| format!("{}{} {}", out.a, out.b, out.score))
            .collect();
        assert_eq!(pairs, ["ab 6", "ac 4", "bc 4"]);
        assert_eq!(cells(&records), (12 + 8 + 6, 12));
    }

    /// The recurrence as Smith and Waterman printed it: every gap length tried at every cell, in cubic time.
    fn naive(a: &[u8], b: &[u8], s: &Scoring) -> i32 {
        let gap = |k: usize| s.gap_open + k as i32 * s.gap_extend;
        let mut h = vec![vec![0; b.len() + 1]; a.len() + 1];
        for i in 1..=a.len() {
            for j in 1..=b.len() {
                let pair = if a[i - 1] == b[j - 1] {
                    s.matching
                } else {
                    -s.mismatch
                };
                let up = (1..=i).map(|k| h[i - k][j] - gap(k)).max().unwrap();
                let left = (1..=j).map(|k| h[i][j - k] - gap(k)).max().unwrap();
                h[i][j] = 0.max(h[i - 1][j - 1] + pair).max(up).max(left);
            }
        }
        h.into_iter().flatten().max().unwrap()
    }

    /// What the operations are worth on the letters of their ranges.
    fn worth(out: &Alignment, a: &[u8], b: &[u8], s: &Scoring) -> i32 {
        let (mut i, mut j, mut score, mut n) = (out.a_range[0], out.b_range[0], 0, 0);
        for c in out.cigar.bytes() {
            if c.is_ascii_digit() {
                n = n * 10 + usize::from(c - b'0');
                continue;
            }
            match c {
                b'I' => (j, score) = (j + n, score - s.gap_open - n as i32 * s.gap_extend),
                b'D' => (i, score) = (i + n, score - s.gap_open - n as i32 * s.gap_extend),
                _ => {
                    for _ in 0..n {
                        assert_eq!(a[i - 1] == b[j - 1], c == b'=');
                        score += if c == b'=' { s.matching } else { -s.mismatch };
                        (i, j) = (i + 1, j + 1);
                    }
                }
            }
            n = 0;
        }
        assert_eq!((i, j), (out.a_range[1] + 1, out.b_range[1] + 1));
        score
    }

    proptest! {
        #[test]
        fn the_score_is_the_best_there_is_and_the_path_is_worth_it(
            a in "[ACG]{1,18}", b in "[ACG]{1,18}",
            matching in 1..6_i32, mismatch in 0..6_i32, gap_open in 0..6_i32, gap_extend in 0..4_i32,
        ) {
            let scoring = Scoring { matching, mismatch, gap_open, gap_extend };
            let out = of(&a, &b, scoring);
            prop_assert_eq!(out.score, naive(a.as_bytes(), b.as_bytes(), &scoring));
            if out.score > 0 {
                prop_assert_eq!(worth(&out, a.as_bytes(), b.as_bytes(), &scoring), out.score);
            }
        }
    }
}
