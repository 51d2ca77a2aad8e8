//! The fields of a scope, or of a chain of spans, encoded once and copied into every line.

use super::key::{Key, Roots};
use super::merge::{Item, Merge, Sources};
use super::plan::Field;

/// Where a value stands in the buffer that it was encoded into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// Which field: an index into the plan's.
    pub(crate) field: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// Encoded fields: as they stand in a line, and one by one for the lines in which keys meet.
pub(crate) struct Block {
    /// Each with a comma before it.
    pub(crate) bytes: Vec<u8>,
    pub(crate) keys: Vec<Key>,
    pub(crate) roots: Roots,
    pub(crate) values: Vec<u8>,
    pub(crate) slots: Vec<Slot>,
    /// Keys that gave way: to reserved ones, or as scalars to objects.
    pub(crate) moved: u32,
    pub(crate) truncated: bool,
}

impl Block {
    /// No fields.
    pub(crate) const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            keys: Vec::new(),
            roots: Roots::none(),
            values: Vec::new(),
            slots: Vec::new(),
            moved: 0,
            truncated: false,
        }
    }

    /// Adds a field whose value `write` appends.
    pub(crate) fn add(&mut self, field: &Field, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.values.len() as u32;
        write(&mut self.values);
        self.slots.push(Slot {
            field: self.keys.len() as u32,
            start,
            end: self.values.len() as u32,
        });
        self.roots.add(&field.key);
        self.keys.push(field.key.clone());
        self.moved += u32::from(field.moved);
    }

    /// The same, instead of an outer field of the same key, in whose place it stands.
    pub(crate) fn add_or_replace(&mut self, field: &Field, value: &[u8]) {
        let known = self
            .keys
            .iter()
            .position(|key| key.segments() == field.key.segments());
        let Some(known) = known else {
            return self.add(field, |values| values.extend_from_slice(value));
        };
        let start = self.values.len() as u32;
        self.values.extend_from_slice(value);
        self.slots[known].start = start;
        self.slots[known].end = self.values.len() as u32;
    }

    /// Makes the bytes, at most `limit` of them.
    pub(crate) fn finish(mut self, limit: usize) -> Self {
        let mut items = Vec::with_capacity(self.slots.len());
        Item::all_of(&self.slots, 0, &mut items);
        let sources = Sources {
            blocks: [&self, &Self::new()],
            fields: &[],
            values: &[],
        };
        let mut bytes = Vec::new();
        let merged = Merge::new(&mut items, &sources).write(&mut bytes, limit);
        self.bytes = bytes;
        self.moved += merged.moved;
        self.truncated |= merged.truncated;
        self
    }
}
