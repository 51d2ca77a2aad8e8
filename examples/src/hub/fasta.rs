//! FASTA in: nucleotide sequences, checked letter by letter before a job is made of them.

use std::fmt;
use std::io::Cursor;

use seq_io::fasta::{Reader, Record as _};

/// Most sequences in one body.
pub const MAX_RECORDS: usize = 100_000;

/// One sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The first word of the header line.
    pub id: String,
    /// Upper-case IUPAC nucleotide codes, `U` read as `T`.
    pub letters: Vec<u8>,
}

/// Reads every record of `body`.
///
/// # Errors
///
/// When the body is no FASTA, holds no sequence, an empty one, too many, or a letter that is no nucleotide code.
pub fn parse(body: &[u8]) -> Result<Vec<Record>, FastaError> {
    let mut reader = Reader::new(Cursor::new(body));
    let mut records = Vec::new();
    while let Some(record) = reader.next() {
        let record = record.map_err(|error| match error {
            seq_io::fasta::Error::InvalidStart { line, found } => {
                FastaError::NoHeader { line, found }
            }
            other => FastaError::Unreadable(other.to_string()),
        })?;
        if records.len() == MAX_RECORDS {
            return Err(FastaError::TooManyRecords);
        }
        let id = String::from_utf8_lossy(record.id_bytes()).into_owned();
        let mut letters = Vec::new();
        for line in record.seq_lines() {
            letters.extend_from_slice(line);
        }
        if letters.is_empty() {
            return Err(FastaError::EmptySequence { id });
        }
        for (at, letter) in letters.iter_mut().enumerate() {
            *letter = nucleotide(*letter).ok_or_else(|| FastaError::Letter {
                id: id.clone(),
                position: at + 1,
                letter: *letter,
            })?;
        }
        records.push(Record { id, letters });
    }
    if records.is_empty() {
        return Err(FastaError::Empty);
    }
    Ok(records)
}

/// NC-IUB 1984 nucleotide codes. Lower case marks soft-masked repeats, `U` is RNA's `T`; gaps belong to alignments.
fn nucleotide(letter: u8) -> Option<u8> {
    match letter.to_ascii_uppercase() {
        b'U' => Some(b'T'),
        code @ (b'A' | b'C' | b'G' | b'T' | b'N' | b'R' | b'Y' | b'S' | b'W' | b'K' | b'M'
        | b'B' | b'D' | b'H' | b'V') => Some(code),
        _ => None,
    }
}

/// Why a body is no set of sequences. The message is for the client.
#[derive(Debug, PartialEq, Eq)]
pub enum FastaError {
    /// There is no sequence at all.
    Empty,
    /// The first line that is not empty does not begin with `>`.
    NoHeader {
        /// Its number, from 1.
        line: usize,
        /// Its first byte.
        found: u8,
    },
    /// A header without a sequence.
    EmptySequence {
        /// Which one.
        id: String,
    },
    /// A letter that is no nucleotide code.
    Letter {
        /// In which sequence.
        id: String,
        /// Where in it, from 1.
        position: usize,
        /// The byte.
        letter: u8,
    },
    /// More than [`MAX_RECORDS`].
    TooManyRecords,
    /// Anything else that the reader found.
    Unreadable(String),
}

impl fmt::Display for FastaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the body holds no sequence; expected FASTA"),
            Self::NoHeader { line, found } => {
                write!(
                    f,
                    "line {line} begins with \"{}\"; expected a header line \">id\"",
                    found.escape_ascii()
                )
            }
            Self::EmptySequence { id } => {
                write!(f, "sequence \"{}\" has no letters", id.escape_debug())
            }
            Self::Letter {
                id,
                position,
                letter,
            } => write!(
                f,
                "sequence \"{}\" has \"{}\" at position {position}; expected an IUPAC nucleotide code",
                id.escape_debug(),
                letter.escape_ascii(),
            ),
            Self::TooManyRecords => write!(f, "more than {MAX_RECORDS} sequences"),
            Self::Unreadable(what) => write!(f, "unreadable FASTA: {what}"),
        }
    }
}

impl std::error::Error for FastaError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &str) {
        let actual = match parse(body.as_bytes()) {
            Ok(records) => {
                let show = |r: &Record| format!("{}={}", r.id, String::from_utf8_lossy(&r.letters));
                records.iter().map(show).collect::<Vec<_>>().join(" ")
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(actual, expected);
    }

    #[test]
    fn sequences_are_joined_and_written_in_upper_case_dna() {
        check(
            ">a some words\nacg\nUNa\n>b\r\nGATTACA\r\n",
            "a=ACGTNA b=GATTACA",
        );
    }

    #[test]
    fn what_is_no_fasta_is_refused_with_the_place() {
        check("", "the body holds no sequence; expected FASTA");
        check(
            "\n\nACGT\n",
            "line 3 begins with \"A\"; expected a header line \">id\"",
        );
        check(">a\n>b\nACGT\n", "sequence \"a\" has no letters");
        check(
            ">a\nACGT\nAC!T\n",
            "sequence \"a\" has \"!\" at position 7; expected an IUPAC nucleotide code",
        );
        check(
            "{\"a\": 1}",
            "line 1 begins with \"{\"; expected a header line \">id\"",
        );
        check(
            ">a\nAC-GT\n",
            "sequence \"a\" has \"-\" at position 3; expected an IUPAC nucleotide code",
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = parse(&body);
        }

        #[test]
        fn whatever_the_line_width_the_letters_are_the_same(letters in "[ACGT]{1,80}", width in 1..90_usize) {
            let lines: Vec<_> = letters.as_bytes().chunks(width).map(|l| std::str::from_utf8(l).unwrap()).collect();
            let records = parse(format!(">x\n{}\n", lines.join("\n")).as_bytes()).unwrap();
            proptest::prop_assert_eq!(&records[0].letters, letters.as_bytes());
        }
    }
}
