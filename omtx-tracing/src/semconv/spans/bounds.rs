//! How much is kept of what somebody else chose.

use crate::encode::cut_bytes;

/// Bytes kept of a value that the other side chose, or that has no length of its own: path, query, `User-Agent`, a captured
/// header. Longer ones are cut after a whole character, and [counted](crate::TracerProvider::values_truncated).
pub const MAX_VALUE_LEN: usize = 2048;

/// Cuts values and lists that are too long, and counts them.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    cuts: u64,
}

impl Bounds {
    /// At most [`MAX_VALUE_LEN`] bytes of `value`.
    pub(crate) fn cut<'v>(&mut self, value: &'v str) -> &'v str {
        let kept = cut_bytes(value, MAX_VALUE_LEN);
        self.cuts += u64::from(kept.len() < value.len());
        kept
    }

    /// At most `limit` of the values of a list.
    pub(crate) fn first<T>(&mut self, limit: usize, list: impl Iterator<Item = T>) -> Vec<T> {
        let mut kept: Vec<_> = list.take(limit + 1).collect();
        if kept.len() > limit {
            kept.truncate(limit);
            self.cuts += 1;
        }
        kept
    }

    /// How many values and lists were too long.
    pub(crate) fn cuts(&self) -> u64 {
        self.cuts
    }
}
