//! Adding to an `f64` that several threads share.

use crate::sync::{AtomicU64, Ordering};

/// Adds `value` to the `f64` whose bits `cell` holds; false if another thread got in between at least once.
///
/// Lock-free: whenever one thread has to repeat its exchange, another's has succeeded.
#[inline]
pub(super) fn add(cell: &AtomicU64, value: f64) -> bool {
    let mut before = cell.load(Ordering::Relaxed);
    let mut first_try = true;
    loop {
        let after = (f64::from_bits(before) + value).to_bits();
        match cell.compare_exchange_weak(before, after, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return first_try,
            Err(changed) => {
                before = changed;
                first_try = false;
            }
        }
    }
}

#[inline]
pub(super) fn load(cell: &AtomicU64) -> f64 {
    f64::from_bits(cell.load(Ordering::Relaxed))
}

/// Returns the `f64`, which is 0 from then on.
#[inline]
pub(super) fn take(cell: &AtomicU64) -> f64 {
    f64::from_bits(cell.swap(0, Ordering::Relaxed))
}
