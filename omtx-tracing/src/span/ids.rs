//! New ids: random, fast, and never those that a parent of this process draws.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanId, TraceFlags, TraceId};
use rand::rngs::SmallRng;
use rand::{RngCore, SeedableRng};

use crate::export::Process;

/// The flag that says that at least the low 56 bits of a trace id are random (W3C Trace Context level 2, section 3.2.2.5.2).
pub(crate) const RANDOM: TraceFlags = TraceFlags::new(0x02);

struct Generator {
    /// A forked child has the parent's state, and would draw the ids that the parent draws next.
    process: Process,
    rng: SmallRng,
}

thread_local! {
    // Without a destructor, so that it is there until the very end of its thread.
    static GENERATOR: RefCell<Generator> = RefCell::new(Generator::seeded());
}

impl Generator {
    fn seeded() -> Self {
        Self {
            process: Process::current(),
            rng: SmallRng::try_from_os_rng().unwrap_or_else(|_| {
                let now = SystemTime::now().duration_since(UNIX_EPOCH);
                SmallRng::seed_from_u64(RandomState::new().hash_one((now.ok(), std::process::id())))
            }),
        }
    }
}

fn with_rng<T>(draw: impl FnOnce(&mut SmallRng) -> T) -> T {
    GENERATOR.with_borrow_mut(|generator| {
        if !generator.process.is_current() {
            *generator = Generator::seeded();
        }
        draw(&mut generator.rng)
    })
}

/// A trace id, never zero, of which all 128 bits are random.
pub(crate) fn new_trace_id() -> TraceId {
    with_rng(|rng| {
        loop {
            let id = u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
            if id != 0 {
                return TraceId::from(id);
            }
        }
    })
}

/// A random span id, never zero.
pub(crate) fn new_span_id() -> SpanId {
    with_rng(|rng| {
        loop {
            let id = rng.next_u64();
            if id != 0 {
                return SpanId::from(id);
            }
        }
    })
}

#[cfg(test)]
mod tests;
