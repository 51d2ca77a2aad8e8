//! The thread that writes.

use std::time::{Duration, Instant};

use omtx_context::shield::shielded;

use super::shared::Shared;
use crate::DropReason;
use crate::writer::batch::Batch;

/// How long a destination that buffers may take when the queue has run empty.
const FLUSH: Duration = Duration::from_secs(1);

/// Writes until the queue is shut down. A panic of the destination costs the line that it was handling.
pub(super) fn run(shared: &Shared) {
    shared.enter_writing_thread();
    let mut batch = Batch::default();
    let mut state = shared.lock();
    while let Some(lines) = shared.next_lines(state) {
        state = lines;
        state.take(&mut batch);
        let flush = state.is_empty() || state.flushers > 0;
        drop(state);
        write(shared, &mut batch);
        if flush {
            shielded(|| {
                let _ = shared.destination.flush(Instant::now() + FLUSH);
            });
        }
        state = shared.written();
    }
}

fn write(shared: &Shared, batch: &mut Batch) {
    while !batch.is_empty() {
        let before = batch.len();
        let mut whole = false;
        shielded(|| {
            shared.destination.write_batch(batch);
            whole = true;
        });
        // Lines that are left untouched by a sink that returned would be offered for ever.
        if !whole || batch.len() == before {
            if batch.len() == before {
                let _ = batch.take_line();
            }
            if let Some(severity) = batch.last_taken() {
                shared.attached.dropped(severity, DropReason::Panicked);
            }
        }
    }
}
