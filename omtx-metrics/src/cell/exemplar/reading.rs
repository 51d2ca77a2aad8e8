//! Exemplars as an encoder wants them.

use crate::time::Timestamp;

/// One observation that stands for others of its bucket, and the labels that lead to its trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Exemplar<'a> {
    /// The classic bucket that the value lies in; 0 for a counter.
    pub(crate) bucket: usize,
    /// Escaped pairs: `trace_id="…",span_id="…"`.
    pub(crate) labels: &'a str,
    pub(crate) value: f64,
    pub(crate) at: Timestamp,
}

/// The exemplars of one series, by rising bucket and, within a bucket, the newest first.
///
/// A histogram with classic buckets has one for each of them at most. One without has several, all in bucket 0, the
/// only one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Exemplars<'a>(Option<&'a ExemplarBuffer>);

impl<'a> Exemplars<'a> {
    pub(crate) fn iter(self) -> impl Iterator<Item = Exemplar<'a>> {
        let buffer = self.0;
        let entries = buffer.map_or(&[][..], |buffer| &buffer.entries);
        entries.iter().filter_map(move |entry| {
            Some(Exemplar {
                bucket: entry.bucket,
                labels: buffer?.text.get(entry.labels.clone())?,
                value: entry.value,
                at: entry.at,
            })
        })
    }
}

/// Where the exemplars of one series are copied to, so that nobody holds a lock while they are encoded. Reused.
#[derive(Debug, Default)]
pub struct ExemplarBuffer {
    text: String,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    bucket: usize,
    labels: std::ops::Range<usize>,
    value: f64,
    at: Timestamp,
}

impl ExemplarBuffer {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.entries.clear();
    }

    pub(crate) fn push(
        &mut self,
        bucket: usize,
        value: f64,
        at: Timestamp,
        write_labels: impl FnOnce(&mut String),
    ) {
        let start = self.text.len();
        write_labels(&mut self.text);
        self.entries.push(Entry {
            bucket,
            labels: start..self.text.len(),
            value,
            at,
        });
    }

    /// What was pushed, in the order that encoders expect.
    pub(crate) fn read(&mut self) -> Exemplars<'_> {
        self.entries
            .sort_unstable_by_key(|entry| (entry.bucket, std::cmp::Reverse(entry.at)));
        Exemplars((!self.entries.is_empty()).then_some(self))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn exemplars_come_by_bucket_and_the_newest_first() {
        let mut buffer = ExemplarBuffer::default();
        for (bucket, at) in [(2, 5), (0, 1), (0, 9)] {
            buffer.push(bucket, 0.5, Timestamp::from_millis(at), |text| {
                text.push_str(&format!("n=\"{at}\""));
            });
        }
        let read: Vec<_> = buffer
            .read()
            .iter()
            .map(|exemplar| (exemplar.bucket, exemplar.labels.to_owned()))
            .collect();
        let expected = [(0, "n=\"9\""), (0, "n=\"1\""), (2, "n=\"5\"")];
        assert_eq!(
            read,
            expected.map(|(bucket, text)| (bucket, text.to_owned()))
        );

        buffer.clear();
        assert_eq!(buffer.read().iter().count(), 0);
    }
}
