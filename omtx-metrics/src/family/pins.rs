//! Who is between looking a series up and letting go of it: what must be over before a series that left the table is freed.
//!
//! A family that never expires has no pins, and pays a load and a branch for that.

use crate::cell::Stripes;
use crate::sync::{AtomicUsize, Ordering};

/// Counts those who may hold a series of one table, by stripe.
#[derive(Debug)]
pub(super) struct Pins(Stripes<AtomicUsize>);

/// Keeps the series of a table from being freed until it is dropped. Empty where nothing is ever freed.
#[derive(Debug)]
pub(super) struct Pin<'a>(Option<&'a AtomicUsize>);

impl Pins {
    /// `expire`: series can leave the table.
    pub(super) fn new(expire: bool) -> Self {
        let stripes = Stripes::new();
        if expire {
            stripes.grow(|| AtomicUsize::new(0));
        }
        Self(stripes)
    }

    /// To be taken before the table is read.
    #[inline]
    pub(super) fn pin(&self) -> Pin<'_> {
        let stripe = self.0.mine();
        if let Some(stripe) = stripe {
            // Before the load of the table in the one order of all SeqCst accesses: see `quiesce`.
            stripe.fetch_add(1, Ordering::SeqCst);
            fence();
        }
        Pin(stripe)
    }

    /// True if series can leave the table.
    pub(super) fn can_quiesce(&self) -> bool {
        self.0.all().next().is_some()
    }

    /// True if everybody who was pinned when this was called has let go. Gives up soon: some hold on for long.
    ///
    /// Who pins later than the look at his stripe also reads the table later, and finds what was stored there before this was
    /// called; who pinned earlier has let go if his stripe is at 0.
    pub(super) fn quiesce(&self) -> bool {
        fence();
        self.0.all().all(|stripe| {
            (0..LOOKS).any(|look| {
                let free = stripe.load(Ordering::SeqCst) == 0;
                if !free {
                    wait(look);
                }
                free
            })
        })
    }
}

/// A lookup takes some tens of nanoseconds, unless the operating system runs another thread in the middle of it.
const LOOKS: usize = if cfg!(loom) { 1 } else { 256 };

fn wait(look: usize) {
    if look % 16 == 15 {
        std::thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

/// Loom takes SeqCst accesses for acquire and release ones, and knows the one order of all of them from fences only.
#[inline]
fn fence() {
    #[cfg(loom)]
    crate::sync::fence(Ordering::SeqCst);
}

impl Pin<'_> {
    /// For what is never freed.
    #[inline]
    pub(super) const fn none() -> Self {
        Self(None)
    }
}

impl Drop for Pin<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(stripe) = self.0 {
            // Release: what was done with the series comes before its end.
            stripe.fetch_sub(1, Ordering::Release);
        }
    }
}
