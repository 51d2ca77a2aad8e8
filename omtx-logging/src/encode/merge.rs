//! The way around for the lines in which keys nest, or are the same as those of the scope or of a span.
//!
//! Every value is encoded by then; what is decided here is which stand in the line, and where.

use std::sync::Arc;

use super::block::{Block, Slot};
use super::key::Key;
use super::plan::Field;

/// One value that may come into the line. Later ones take precedence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    source: u32,
    slot: Slot,
    /// Stands under `fields`, because its key is an object.
    moved: bool,
    /// Written, or given up.
    done: bool,
}

impl Item {
    pub(crate) fn new(slot: Slot, source: u32) -> Self {
        Self {
            source,
            slot,
            moved: false,
            done: false,
        }
    }
}

/// Number of the source that is an event's own fields.
pub(crate) const EVENT: u32 = 2;

/// Where the items' keys and values are.
pub(crate) struct Sources<'a> {
    /// The scope's and the spans'.
    pub(crate) blocks: [&'a Block; 2],
    /// The event's.
    pub(crate) fields: &'a [Arc<Field>],
    pub(crate) values: &'a [u8],
}

impl Sources<'_> {
    fn key(&self, item: &Item) -> &Key {
        match self.blocks.get(item.source as usize) {
            Some(block) => block.key(item.slot.field as usize),
            None => &self.fields[item.slot.field as usize].key,
        }
    }

    fn value(&self, item: &Item) -> &[u8] {
        let values = match self.blocks.get(item.source as usize) {
            Some(block) => block.values(),
            None => self.values,
        };
        &values[item.slot.start as usize..item.slot.end as usize]
    }

    fn depth(&self, item: &Item) -> usize {
        self.key(item).segments().len() + usize::from(item.moved)
    }

    fn segment(&self, item: &Item, at: usize) -> &[u8] {
        match (item.moved, at) {
            (true, 0) => b"fields",
            (true, at) => &self.key(item).segments()[at - 1],
            (false, at) => &self.key(item).segments()[at],
        }
    }

    /// Whether the first `depth` segments are the same.
    fn agree(&self, a: &Item, b: &Item, depth: usize) -> bool {
        if !a.moved && !b.moved && depth > 0 && !self.key(a).same_root(self.key(b)) {
            return false;
        }
        depth <= self.depth(a).min(self.depth(b))
            && (0..depth).all(|at| self.segment(a, at) == self.segment(b, at))
    }
}

/// Appends an event's own fields, where none has another's key, in the order that groups those of one object. Returns
/// whether all of them fitted.
pub(crate) fn write_grouped(
    out: &mut Vec<u8>,
    order: &[u32],
    fields: &[Arc<Field>],
    slots: &[Slot],
    values: &[u8],
    end: usize,
) -> bool {
    let (mut before, mut open, mut next) = (None::<&Key>, 0, 0);
    let mut all = true;
    for index in order {
        // Values mostly come in the order of the fields, without those that are not there.
        let here = slots.get(next).is_some_and(|slot| slot.field == *index);
        let found = if here {
            Some(next)
        } else {
            slots.iter().position(|slot| slot.field == *index)
        };
        let Some(at) = found else {
            continue;
        };
        next = at + 1;
        let slot = &slots[at];
        let key = &fields[*index as usize].key;
        let value = &values[slot.start as usize..slot.end as usize];
        if out.len() + key.width() + value.len() > end {
            all = false;
            continue;
        }
        if open == 0 && !key.nests() {
            // Between objects, as most fields stand: in two pieces.
            out.extend_from_slice(&key.json);
            out.extend_from_slice(value);
            before = Some(key);
            continue;
        }
        let shared = before.map_or(0, |before| key.objects_shared(before));
        out.resize(out.len() + open - shared, b'}');
        out.push(b',');
        let (last, objects) = key.segments().split_last().expect("a key has a segment");
        for object in &objects[shared..] {
            out.push(b'"');
            out.extend_from_slice(object);
            out.extend_from_slice(b"\":{");
        }
        out.push(b'"');
        out.extend_from_slice(last);
        out.extend_from_slice(b"\":");
        out.extend_from_slice(value);
        (before, open) = (Some(key), objects.len());
    }
    out.resize(out.len() + open, b'}');
    all
}

/// What the merge had to do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Merged {
    /// Fields that gave way to others.
    pub(crate) moved: u32,
    /// Some did not fit.
    pub(crate) truncated: bool,
}

/// Items on their way into a line.
pub(crate) struct Merge<'a> {
    items: &'a mut Vec<Item>,
    sources: &'a Sources<'a>,
    merged: Merged,
}

impl<'a> Merge<'a> {
    pub(crate) fn new(items: &'a mut Vec<Item>, sources: &'a Sources<'a>) -> Self {
        let mut merge = Self {
            items,
            sources,
            merged: Merged::default(),
        };
        merge.take_precedence();
        merge.give_way();
        merge
    }

    /// Of several values of one key the last stays, in the place of the first.
    fn take_precedence(&mut self) {
        for at in 1..self.items.len() {
            let item = self.items[at];
            let depth = self.sources.depth(&item);
            let earlier = self.items[..at].iter().position(|other| {
                !other.done
                    && self.sources.depth(other) == depth
                    && self.sources.agree(other, &item, depth)
            });
            if let Some(earlier) = earlier {
                // Two fields of one event with one name: one of them is lost.
                self.merged.moved += u32::from(self.items[earlier].source == item.source);
                self.items[earlier] = item;
                self.items[at].done = true;
            }
        }
    }

    /// A scalar whose key is also an object's moves under `fields`; if its place there is taken too, it is lost.
    fn give_way(&mut self) {
        loop {
            let sources = self.sources;
            let in_the_way = |item: &Item| {
                let depth = sources.depth(item);
                !item.done
                    && self.items.iter().any(|other| {
                        let deeper = sources.depth(other) > depth;
                        let taken = item.moved && !other.moved && sources.depth(other) == depth;
                        !other.done && (deeper || taken) && sources.agree(item, other, depth)
                    })
            };
            let Some(at) = self.items.iter().position(in_the_way) else {
                return;
            };
            self.merged.moved += u32::from(!self.items[at].moved);
            if self.items[at].moved {
                self.items[at].done = true;
            } else {
                self.items[at].moved = true;
            }
        }
    }

    /// Appends the fields, each with a comma before it, as many as keep `out` within `end` bytes.
    pub(crate) fn write(mut self, out: &mut Vec<u8>, end: usize) -> Merged {
        self.write_object(out, 0, None, end);
        self.merged
    }

    /// The items that agree with `leader` in `depth` segments.
    fn write_object(&mut self, out: &mut Vec<u8>, depth: usize, leader: Option<usize>, end: usize) {
        for at in leader.unwrap_or(0)..self.items.len() {
            let item = self.items[at];
            let belongs = |leader: usize| self.sources.agree(&self.items[leader], &item, depth);
            if item.done || !leader.is_none_or(belongs) {
                continue;
            }
            // An object that is open already takes the field that it was opened for.
            if leader != Some(at) && !self.fits(out, &item, end) {
                self.items[at].done = true;
                self.merged.truncated = true;
                continue;
            }
            // An object opens with its first field.
            if out.last() != Some(&b'{') {
                out.push(b',');
            }
            out.push(b'"');
            out.extend_from_slice(self.sources.segment(&item, depth));
            out.extend_from_slice(b"\":");
            if self.sources.depth(&item) == depth + 1 {
                out.extend_from_slice(self.sources.value(&item));
                self.items[at].done = true;
            } else {
                out.push(b'{');
                self.write_object(out, depth + 1, Some(at), end);
                out.push(b'}');
            }
        }
    }

    fn fits(&self, out: &[u8], item: &Item, end: usize) -> bool {
        let key = self.sources.key(item).width() + "fields".len() + 5;
        out.len() + key + self.sources.value(item).len() <= end
    }

    /// Calls `f` for each key, its segments joined by dots, and its value: for a reader, who needs no objects.
    pub(crate) fn for_each(self, mut f: impl FnMut(&str, &[u8])) -> Merged {
        for item in self.items.iter().filter(|item| !item.done) {
            let segments: Vec<_> = (0..self.sources.depth(item))
                .map(|at| String::from_utf8_lossy(self.sources.segment(item, at)))
                .collect();
            f(&segments.join("."), self.sources.value(item));
        }
        self.merged
    }
}
