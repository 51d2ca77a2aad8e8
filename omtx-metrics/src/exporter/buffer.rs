//! Buffers that scrapes write into, one after the other.

use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::lock::lock;

/// Idle buffers; as many as scrapes have run at the same time, up to [`KEPT`].
#[derive(Debug, Default, Clone)]
pub(super) struct Pool(Arc<Mutex<Vec<Vec<u8>>>>);

/// Two scrapers, as a highly available pair of Prometheus servers has.
const KEPT: usize = 2;

impl Pool {
    /// An empty buffer, as large as a former scrape if there was one.
    pub(super) fn take(&self) -> Vec<u8> {
        lock(&self.0).pop().unwrap_or_default()
    }

    /// `buffer` as a body that brings it back.
    pub(super) fn lend(&self, buffer: Vec<u8>) -> Bytes {
        Bytes::from_owner(Lent {
            buffer,
            pool: self.clone(),
        })
    }
}

struct Lent {
    buffer: Vec<u8>,
    pool: Pool,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut idle = lock(&self.pool.0);
        // One huge scrape must not hold its memory for ever: a buffer that was hardly used goes.
        if idle.len() < KEPT && buffer.len() * 4 >= buffer.capacity() {
            buffer.clear();
            idle.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sent_body_gives_its_memory_back() {
        let pool = Pool::default();
        let mut buffer = pool.take();
        buffer.extend_from_slice(&[7; 1_000]);
        let address = buffer.as_ptr();
        let body = pool.lend(buffer);
        let clone = body.clone();
        drop(body);
        assert!(pool.take().capacity() == 0, "a clone is still being sent");
        drop(clone);

        let again = pool.take();
        assert_eq!((again.as_ptr(), again.len()), (address, 0));
    }

    #[test]
    fn a_buffer_that_is_far_too_large_goes() {
        let pool = Pool::default();
        let mut buffer = Vec::with_capacity(1_000);
        buffer.push(1);
        drop(pool.lend(buffer));
        assert_eq!(pool.take().capacity(), 0);
    }
}
