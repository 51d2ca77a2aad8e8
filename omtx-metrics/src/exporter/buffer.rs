//! Buffers that scrapes write into, one after the other.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::lock::lock;

/// Idle buffers; as many as scrapes have run at the same time, up to [`KEPT`].
#[derive(Debug, Default, Clone)]
pub(super) struct Pool(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    idle: Mutex<Vec<Vec<u8>>>,
    /// What the buffers hold that are lent.
    lent: AtomicUsize,
}

/// Two scrapers, as a highly available pair of Prometheus servers has.
const KEPT: usize = 2;

impl Pool {
    /// An empty buffer, as large as a former scrape if there was one.
    pub(super) fn take(&self) -> Vec<u8> {
        lock(&self.0.idle).pop().unwrap_or_default()
    }

    /// `buffer` as a body that brings it back.
    pub(super) fn lend(&self, buffer: Vec<u8>) -> Bytes {
        self.0.lent.fetch_add(buffer.capacity(), Ordering::Relaxed);
        Bytes::from_owner(Lent {
            buffer,
            pool: self.clone(),
        })
    }

    /// How many bytes are held by bodies that are being sent.
    pub(super) fn lent(&self) -> usize {
        self.0.lent.load(Ordering::Relaxed)
    }

    fn give_back(&self, mut buffer: Vec<u8>) {
        self.0.lent.fetch_sub(buffer.capacity(), Ordering::Relaxed);
        if is_worth_keeping(&buffer) {
            buffer.clear();
            let mut idle = lock(&self.0.idle);
            if idle.len() < KEPT {
                idle.push(buffer);
            }
        }
    }
}

/// One huge scrape must not hold its memory for ever: a buffer that was hardly used goes.
pub(super) fn is_worth_keeping(used: &Vec<u8>) -> bool {
    used.len() * 4 >= used.capacity()
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
        self.pool.give_back(std::mem::take(&mut self.buffer));
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
        let (address, capacity) = (buffer.as_ptr(), buffer.capacity());
        let body = pool.lend(buffer);
        let clone = body.clone();
        drop(body);
        assert_eq!(pool.lent(), capacity);
        assert!(pool.take().capacity() == 0, "a clone is still being sent");
        drop(clone);

        assert_eq!(pool.lent(), 0);
        let again = pool.take();
        assert_eq!((again.as_ptr(), again.len()), (address, 0));
    }

    #[test]
    fn a_buffer_that_is_far_too_large_goes() {
        let pool = Pool::default();
        let mut buffer = Vec::with_capacity(1_000);
        buffer.push(1);
        drop(pool.lend(buffer));
        assert_eq!((pool.take().capacity(), pool.lent()), (0, 0));
    }
}
