//! The name of a field as it stands in a line.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use super::escape::escape;
use crate::profile::Place;

/// A field's name, mapped by the profile, split where it nests, and escaped.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// The name as it was given, dots included: what a [`Redact`](crate::Redact) is asked about.
    pub(crate) name: Box<str>,
    /// Escaped, without quotes.
    segments: Box<[Box<[u8]>]>,
    /// `,"key":`, where there is one segment.
    pub(crate) json: Box<[u8]>,
    /// Of the first segment.
    root: u64,
    /// See [`width`](Self::width).
    width: usize,
}

/// What first segments a set of keys has: a superset, by one bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Roots(u128);

impl Roots {
    pub(crate) const fn none() -> Self {
        Self(0)
    }

    pub(crate) fn add(&mut self, key: &Key) {
        self.0 |= 1 << (key.root % 128);
    }

    /// Certainly false where no first segment is in both.
    #[inline]
    pub(crate) fn may_meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl Key {
    pub(crate) fn new(name: &str, place: &Place) -> Self {
        let segments: Box<[Box<[u8]>]> = place
            .segments()
            .map(|segment| {
                let mut escaped = Vec::new();
                escape(&mut escaped, segment, usize::MAX);
                escaped.into_boxed_slice()
            })
            .collect();
        let mut json = Vec::new();
        if let [only] = &*segments {
            json.extend_from_slice(b",\"");
            json.extend_from_slice(only);
            json.extend_from_slice(b"\":");
        }
        let mut hasher = FixedState::default().build_hasher();
        hasher.write(&segments[0]);
        Self {
            name: name.into(),
            root: hasher.finish(),
            width: segments.iter().map(|segment| segment.len() + 5).sum(),
            segments,
            json: json.into(),
        }
    }

    pub(crate) fn nests(&self) -> bool {
        self.segments.len() > 1
    }

    /// Whether `other` is this key, or an object that this one is in.
    pub(crate) fn begins_with(&self, other: &Self) -> bool {
        self.segments.starts_with(&other.segments)
    }

    /// How many objects both are in.
    pub(crate) fn objects_shared(&self, other: &Self) -> usize {
        if !self.same_root(other) {
            return 0;
        }
        let objects = |key: &Self| key.segments.len() - 1;
        let pairs = self.segments.iter().zip(&other.segments);
        pairs
            .take_while(|(a, b)| a == b)
            .count()
            .min(objects(self))
            .min(objects(other))
    }

    #[inline]
    pub(crate) fn same_root(&self, other: &Self) -> bool {
        self.root == other.root && self.segments[0] == other.segments[0]
    }

    /// At most how many bytes it takes in a line, with all that nesting adds.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn segments(&self) -> &[Box<[u8]>] {
        &self.segments
    }
}
