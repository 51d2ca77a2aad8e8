//! The queue: bounded in jobs and in bytes. Full, it refuses, and the client is told to come back.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Work that waits, first come, first served.
#[derive(Debug)]
pub struct Queue<T> {
    inner: Mutex<Inner<T>>,
    changed: Notify,
    capacity: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Inner<T> {
    waiting: VecDeque<Entry<T>>,
    reserved: usize,
    /// Of what waits and of what is reserved.
    bytes: usize,
    closed: bool,
}

#[derive(Debug)]
struct Entry<T> {
    id: String,
    bytes: usize,
    item: T,
}

/// There is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Come back later.
    Busy,
    /// Do not: the queue is closed.
    Closed,
}

impl<T> Queue<T> {
    /// A queue of at most `capacity` items that weigh at most `max_bytes` together.
    #[must_use]
    pub fn new(capacity: usize, max_bytes: usize) -> Arc<Self> {
        let inner = Inner {
            waiting: VecDeque::new(),
            reserved: 0,
            bytes: 0,
            closed: false,
        };
        Arc::new(Self {
            inner: Mutex::new(inner),
            changed: Notify::new(),
            capacity,
            max_bytes,
        })
    }

    /// Takes a place, so that a job is made only when it can wait.
    ///
    /// # Errors
    ///
    /// When there is no place. One item heavier than the whole limit has one when nothing else waits.
    pub fn reserve(self: &Arc<Self>, bytes: usize) -> Result<Permit<T>, Full> {
        let mut inner = self.inner();
        if inner.closed {
            return Err(Full::Closed);
        }
        let places = inner.waiting.len() + inner.reserved;
        if places >= self.capacity
            || (places > 0 && inner.bytes.saturating_add(bytes) > self.max_bytes)
        {
            return Err(Full::Busy);
        }
        inner.reserved += 1;
        inner.bytes += bytes;
        Ok(Permit {
            queue: self.clone(),
            bytes,
            used: false,
        })
    }

    /// The first item, as soon as there is one; `None` once the queue is closed.
    pub async fn pop(&self) -> Option<T> {
        loop {
            // Before the look at the queue: a change after it is not missed.
            let changed = self.changed.notified();
            {
                let mut inner = self.inner();
                if let Some(entry) = inner.waiting.pop_front() {
                    inner.bytes -= entry.bytes;
                    return Some(entry.item);
                }
                if inner.closed {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// Takes an item out before its turn.
    pub fn remove(&self, id: &str) -> Option<T> {
        let mut inner = self.inner();
        let at = inner.waiting.iter().position(|entry| entry.id == id)?;
        let entry = inner.waiting.remove(at)?;
        inner.bytes -= entry.bytes;
        Some(entry.item)
    }

    /// Refuses what comes from now on, and hands back what waits.
    pub fn close(&self) -> Vec<T> {
        let mut inner = self.inner();
        inner.closed = true;
        let waiting = std::mem::take(&mut inner.waiting);
        inner.bytes -= waiting.iter().map(|entry| entry.bytes).sum::<usize>();
        drop(inner);
        self.changed.notify_waiters();
        waiting.into_iter().map(|entry| entry.item).collect()
    }

    /// How many items wait.
    pub fn depth(&self) -> usize {
        self.inner().waiting.len()
    }

    fn inner(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a queue; given up when it is dropped.
#[derive(Debug)]
#[must_use = "the place is given up when it is dropped"]
pub struct Permit<T> {
    queue: Arc<Queue<T>>,
    bytes: usize,
    used: bool,
}

impl<T> Permit<T> {
    /// Puts `item` there, unless the queue was closed in the meantime: then it comes back.
    ///
    /// # Errors
    ///
    /// The item, when the queue is closed.
    pub fn push(mut self, id: String, item: T) -> Result<(), T> {
        let mut inner = self.queue.inner();
        if inner.closed {
            return Err(item);
        }
        inner.reserved -= 1;
        inner.waiting.push_back(Entry {
            id,
            bytes: self.bytes,
            item,
        });
        drop(inner);
        self.used = true;
        self.queue.changed.notify_one();
        Ok(())
    }
}

impl<T> Drop for Permit<T> {
    fn drop(&mut self) {
        if !self.used {
            let mut inner = self.queue.inner();
            inner.reserved -= 1;
            inner.bytes -= self.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(queue: &Arc<Queue<u32>>, item: u32, bytes: usize) -> Result<(), Full> {
        queue
            .reserve(bytes)?
            .push(item.to_string(), item)
            .map_err(|_| Full::Closed)
    }

    #[tokio::test]
    async fn a_full_queue_refuses_by_count_and_by_weight() {
        let queue = Queue::new(2, 10);
        assert_eq!(push(&queue, 1, 8), Ok(()));
        assert_eq!(push(&queue, 2, 3), Err(Full::Busy), "too heavy together");
        assert_eq!(push(&queue, 2, 2), Ok(()));
        assert_eq!(push(&queue, 3, 0), Err(Full::Busy), "too many");
        assert_eq!((queue.pop().await, queue.pop().await), (Some(1), Some(2)));
        assert_eq!(push(&queue, 4, 11), Ok(()), "heavy, but alone");
    }

    #[test]
    fn a_place_that_is_not_used_is_given_up() {
        let queue = Queue::new(1, 10);
        let permit = queue.reserve(10).unwrap();
        assert_eq!(push(&queue, 1, 1), Err(Full::Busy));
        drop(permit);
        assert_eq!(push(&queue, 1, 1), Ok(()));
    }

    #[tokio::test]
    async fn what_is_removed_is_not_popped() {
        let queue = Queue::new(3, 10);
        (1..=3).for_each(|n| push(&queue, n, 3).unwrap());
        assert_eq!(queue.remove("2"), Some(2));
        assert_eq!(queue.remove("2"), None);
        assert_eq!(
            (queue.pop().await, queue.pop().await, queue.depth()),
            (Some(1), Some(3), 0)
        );
    }

    #[tokio::test]
    async fn closing_wakes_every_worker_and_hands_back_what_waits() {
        let queue = Queue::new(3, 10);
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let queue = queue.clone();
                tokio::spawn(async move { queue.pop().await })
            })
            .collect();
        tokio::task::yield_now().await;
        let permit = queue.reserve(1).unwrap();
        assert!(queue.close().is_empty());
        assert_eq!(permit.push("1".into(), 1), Err(1));
        assert_eq!(push(&queue, 2, 1), Err(Full::Closed));
        for worker in workers {
            assert_eq!(worker.await.unwrap(), None);
        }
    }
}
