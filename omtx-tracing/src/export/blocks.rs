//! Records as one stream of bytes, in blocks of one size.
//!
//! Blocks are never moved and never grow, so that a push copies its own bytes and nothing else; emptied ones are used again, so
//! that a push allocates nothing in steady state. A record may lie in several blocks, so that no block has a hole.

use std::collections::VecDeque;

/// Emptied blocks that are kept for what comes.
const SPARE_BLOCKS: usize = 4;

/// What stands before a record's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) scope: u32,
    pub(super) len: u32,
    /// What the record counts as.
    pub(super) records: u32,
}

impl Header {
    pub(super) const LEN: usize = 12;

    fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..4].copy_from_slice(&self.scope.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.len.to_le_bytes());
        bytes[8..].copy_from_slice(&self.records.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        let [s0, s1, s2, s3, l0, l1, l2, l3, r0, r1, r2, r3] = bytes;
        Self {
            scope: u32::from_le_bytes([s0, s1, s2, s3]),
            len: u32::from_le_bytes([l0, l1, l2, l3]),
            records: u32::from_le_bytes([r0, r1, r2, r3]),
        }
    }
}

/// The writing end, in the queue.
#[derive(Debug)]
pub(super) struct Blocks {
    block_len: usize,
    filled: VecDeque<Vec<u8>>,
    spare: Vec<Vec<u8>>,
}

impl Blocks {
    pub(super) fn new(block_len: usize) -> Self {
        Self {
            block_len,
            filled: VecDeque::new(),
            spare: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, header: Header, record: &[u8]) {
        self.write(&header.to_bytes());
        self.write(record);
    }

    fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = match self.filled.back() {
                Some(block) => self.block_len - block.len(),
                None => 0,
            };
            if room == 0 {
                let block = self.spare.pop();
                self.filled
                    .push_back(block.unwrap_or_else(|| Vec::with_capacity(self.block_len)));
                continue;
            }
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            if let Some(block) = self.filled.back_mut() {
                block.extend_from_slice(now);
            }
            bytes = later;
        }
    }

    /// Moves whole blocks to the reader until it has `bytes`, or everything.
    pub(super) fn give(&mut self, reader: &mut Reader, bytes: usize) {
        while reader.len() < bytes {
            let Some(block) = self.filled.pop_front() else {
                return;
            };
            reader.len += block.len();
            reader.blocks.push_back(block);
        }
    }

    /// Takes emptied blocks back from the reader, as many as are kept.
    pub(super) fn take_back(&mut self, reader: &mut Reader) {
        while self.spare.len() < SPARE_BLOCKS {
            let Some(block) = reader.emptied.pop() else {
                return;
            };
            self.spare.push(block);
        }
    }

    /// Gives all memory back.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.block_len);
    }
}

/// The reading end, in the lane.
#[derive(Debug, Default)]
pub(super) struct Reader {
    blocks: VecDeque<Vec<u8>>,
    emptied: Vec<Vec<u8>>,
    /// Bytes of the first block that were read.
    at: usize,
    /// Bytes that were not, of all blocks.
    len: usize,
}

impl Reader {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The records that are here as a whole, without taking them.
    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor {
            reader: self,
            block: 0,
            at: self.at,
            left: self.len,
        }
    }

    /// Lets go of what a cursor has read.
    pub(super) fn consume(&mut self, mut bytes: usize) {
        self.len -= bytes;
        while let Some(first) = self.blocks.front() {
            let left = first.len() - self.at;
            if bytes < left {
                self.at += bytes;
                return;
            }
            bytes -= left;
            self.at = 0;
            if let Some(mut block) = self.blocks.pop_front() {
                block.clear();
                self.emptied.push(block);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Frees emptied blocks that nobody took back.
    pub(super) fn shrink(&mut self) {
        self.emptied.clear();
    }
}

/// A place in a [`Reader`].
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    reader: &'a Reader,
    block: usize,
    at: usize,
    left: usize,
}

impl Cursor<'_> {
    /// The next record's header, if the record is here as a whole. To be followed by [`skip`](Self::skip) or
    /// [`copy`](Self::copy).
    pub(super) fn header(&mut self) -> Option<Header> {
        if self.left < Header::LEN {
            return None;
        }
        let mut bytes = [0; Header::LEN];
        self.copy(&mut bytes);
        let header = Header::from_bytes(bytes);
        (self.left >= header.len as usize).then_some(header)
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.advance(bytes, |_| {});
    }

    pub(super) fn copy(&mut self, mut to: &mut [u8]) {
        self.advance(to.len(), |part| {
            let (now, later) = std::mem::take(&mut to).split_at_mut(part.len());
            now.copy_from_slice(part);
            to = later;
        });
    }

    fn advance(&mut self, mut bytes: usize, mut part: impl FnMut(&[u8])) {
        self.left -= bytes;
        while bytes > 0 {
            let block = &self.reader.blocks[self.block][self.at..];
            let now = bytes.min(block.len());
            part(&block[..now]);
            bytes -= now;
            self.at += now;
            if now == block.len() {
                self.block += 1;
                self.at = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn drain(reader: &mut Reader) -> Vec<(Header, Vec<u8>)> {
        let mut read = Vec::new();
        let mut consumed = 0;
        let mut cursor = reader.cursor();
        while let Some(header) = cursor.header() {
            let mut record = vec![0; header.len as usize];
            cursor.copy(&mut record);
            consumed += Header::LEN + record.len();
            read.push((header, record));
        }
        reader.consume(consumed);
        read
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_whatever_the_blocks(
            block_len in 1_usize..100,
            writes in prop::collection::vec((any::<u32>(), prop::collection::vec(any::<u8>(), 0..300), any::<u32>(), 0_usize..500), 0..40),
        ) {
            let mut blocks = Blocks::new(block_len);
            let mut reader = Reader::default();
            let mut written = Vec::new();
            let mut read = Vec::new();
            for (scope, record, records, take) in writes {
                let header = Header { scope, len: record.len() as u32, records };
                blocks.push(header, &record);
                written.push((header, record));
                blocks.give(&mut reader, take);
                read.extend(drain(&mut reader));
            }
            blocks.give(&mut reader, usize::MAX);
            read.extend(drain(&mut reader));
            prop_assert_eq!(read, written);
            prop_assert_eq!(reader.len(), 0);
        }
    }

    #[test]
    fn emptied_blocks_are_used_again() {
        let mut blocks = Blocks::new(64);
        let mut reader = Reader::default();
        let header = Header {
            scope: 0,
            len: 52,
            records: 1,
        };
        let mut first = None;
        for _ in 0..10 {
            blocks.push(header, &[7; 52]);
            let at = blocks.filled[0].as_ptr();
            assert_eq!(*first.get_or_insert(at), at);
            blocks.give(&mut reader, usize::MAX);
            assert_eq!(drain(&mut reader).len(), 1);
            blocks.take_back(&mut reader);
        }
    }
}
