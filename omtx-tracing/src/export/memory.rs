//! What a signal may cost at most.

use crate::Batching;

impl Batching {
    /// The most memory that a signal takes with these bounds, in bytes, whatever the collector does: 20.5 MiB for spans by
    /// default.
    ///
    /// [`max_queue_bytes`](Self::max_queue_bytes) is exact, and holds for what waits and what is being sent together, with 12 bytes
    /// more for each record. What comes on top of it are copies of the one batch that is being sent, four times
    /// [`max_batch_bytes`](Self::max_batch_bytes) at most (the request as it is put together, as it is framed and as it is
    /// compressed), and 512 KiB for blocks that are not full. A signal that has little to send takes far less: memory is taken in
    /// blocks of 64 KiB as records come, and given back when they are gone.
    ///
    /// Not in it are the connection itself, 1 MiB at most with TLS and with what is read of an answer; the names of instrumentation
    /// scopes, as much; and what has not come to the queue yet, such as open spans.
    ///
    /// ```
    /// use omtx_tracing::{Batching, Signal};
    ///
    /// let spans = Batching::new(Signal::Traces);
    /// assert_eq!(spans.memory_bound(), (8 << 20) + 4 * (3 << 20) + (512 << 10));
    /// ```
    #[must_use]
    pub const fn memory_bound(&self) -> usize {
        self.max_batch_bytes
            .saturating_mul(4)
            .saturating_add(self.max_queue_bytes)
            .saturating_add(512 << 10)
    }
}
