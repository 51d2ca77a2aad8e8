//! The fields of a scope, or of a chain of spans, encoded once and copied into every line.

use std::sync::Arc;

use super::key::{Key, Roots};
use super::merge::{Item, Merge, Sources};
use super::plan::Field;

/// Where a value stands in the buffer that it was encoded into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// Which field: an index into the plan's, or into the block's entries.
    pub(crate) field: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// One field of a block.
struct Entry {
    field: Arc<Field>,
    start: u32,
    end: u32,
}

/// Encoded fields: as they stand in a line, and one by one for the lines in which keys meet.
pub(crate) struct Block {
    /// Each field with a comma before it.
    pub(crate) bytes: Vec<u8>,
    entries: Vec<Entry>,
    pub(crate) roots: Roots,
    /// The values where they are not in `bytes`.
    apart: Option<Vec<u8>>,
    /// Keys that gave way: to reserved ones, or as scalars to objects.
    pub(crate) moved: u32,
    pub(crate) truncated: bool,
    /// Some stand under `fields` although their keys do not say so.
    pub(crate) gave_way: bool,
}

/// What a request or a job comes to, so that it is allocated once.
const USUAL_BYTES: usize = 192;
const USUAL_FIELDS: usize = 6;

impl Block {
    /// No fields.
    pub(crate) const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            entries: Vec::new(),
            roots: Roots::none(),
            apart: None,
            moved: 0,
            truncated: false,
            gave_way: false,
        }
    }

    /// Adds a field whose value `write` appends.
    pub(crate) fn add(&mut self, field: &Arc<Field>, write: impl FnOnce(&mut Vec<u8>)) {
        if self.entries.is_empty() {
            self.bytes.reserve(USUAL_BYTES);
            self.entries.reserve(USUAL_FIELDS);
        }
        // Those that nest are written by `finish`, when all are known.
        self.bytes.extend_from_slice(&field.key.json);
        let start = self.bytes.len() as u32;
        write(&mut self.bytes);
        self.entries.push(Entry {
            field: field.clone(),
            start,
            end: self.bytes.len() as u32,
        });
        self.roots.add(&field.key);
        self.moved += u32::from(field.moved);
    }

    /// The same, instead of an outer field of the same key, in whose place it stands. Returns whether there was one.
    pub(crate) fn add_or_replace(&mut self, field: &Arc<Field>, value: &[u8]) -> bool {
        let same = |entry: &Entry| entry.field.key.segments() == field.key.segments();
        let Some(known) = self.entries.iter().position(same) else {
            self.add(field, |bytes| bytes.extend_from_slice(value));
            return false;
        };
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(value);
        self.entries[known].start = start;
        self.entries[known].end = self.bytes.len() as u32;
        true
    }

    /// Makes the bytes what stands in a line, at most `limit` of them. `in_order` says that no field was replaced.
    pub(crate) fn finish(mut self, limit: usize, in_order: bool) -> Self {
        let as_added = in_order
            && self.bytes.len() <= limit
            && self.entries.iter().enumerate().all(|(at, entry)| {
                let key = &entry.field.key;
                let before = &self.entries[..at];
                !key.nests() && !before.iter().any(|other| other.field.key.same_root(key))
            });
        if as_added {
            return self;
        }
        let mut items = Vec::with_capacity(self.entries.len());
        self.add_items(0, &mut items);
        let nothing = Self::new();
        let sources = Sources {
            blocks: [&self, &nothing],
            fields: &[],
            values: &[],
        };
        let mut bytes = Vec::new();
        let merged = Merge::new(&mut items, &sources).write(&mut bytes, limit);
        self.apart = Some(std::mem::replace(&mut self.bytes, bytes));
        self.gave_way = merged.moved > 0;
        self.moved += merged.moved;
        self.truncated |= merged.truncated;
        self
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> + Clone {
        self.entries.iter().map(|entry| &entry.field.key)
    }

    /// Names, as the program has them, and values as JSON.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let values = self.values();
        self.entries.iter().map(|entry| {
            let value = &values[entry.start as usize..entry.end as usize];
            (&*entry.field.key.name, value)
        })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries
            .iter()
            .any(|entry| &*entry.field.key.name == name)
    }

    pub(crate) fn key(&self, at: usize) -> &Key {
        &self.entries[at].field.key
    }

    /// What the entries' slots point into.
    pub(crate) fn values(&self) -> &[u8] {
        self.apart.as_ref().unwrap_or(&self.bytes)
    }

    /// Appends all fields as items of the source of this number.
    pub(crate) fn add_items(&self, source: u32, items: &mut Vec<Item>) {
        let slots = (0..).zip(&self.entries).map(|(field, entry)| Slot {
            field,
            start: entry.start,
            end: entry.end,
        });
        items.extend(slots.map(|slot| Item::new(slot, source)));
    }
}
