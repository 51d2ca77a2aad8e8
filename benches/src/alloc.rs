//! Counts heap allocations.
//!
//! Counting is on only while [`count`], [`live`] or [`peak`] runs, never during a timed round: two atomic additions for each
//! allocation would slow down most those who allocate most.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

/// The system's allocator, counted. Each bench binary makes it its `#[global_allocator]`.
#[derive(Debug)]
pub struct Counting;

static ON: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

/// The counters are the process's.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What some code asked the allocator for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocations {
    /// Calls that returned memory; a reallocation is one.
    pub count: u64,
    /// Bytes asked for; a reallocation counts its new size.
    pub bytes: u64,
}

/// Runs `work` and counts the allocations of all threads meanwhile.
pub fn count(work: impl FnOnce()) -> Allocations {
    let _turn = ONE_AT_A_TIME.lock();
    let before = (ALLOCATIONS.load(Relaxed), BYTES.load(Relaxed));
    ON.store(true, Relaxed);
    work();
    ON.store(false, Relaxed);
    Allocations {
        count: ALLOCATIONS.load(Relaxed) - before.0,
        bytes: BYTES.load(Relaxed) - before.1,
    }
}

/// Runs `build` and returns what it built, and how many more bytes are allocated than before.
pub fn live<T>(build: impl FnOnce() -> T) -> (T, i64) {
    let _turn = ONE_AT_A_TIME.lock();
    let before = LIVE.load(Relaxed);
    ON.store(true, Relaxed);
    let built = build();
    ON.store(false, Relaxed);
    (built, LIVE.load(Relaxed) - before)
}

/// Runs `work` and returns what it made, and by how many bytes the heap was larger meanwhile, at most.
pub fn peak<T>(work: impl FnOnce() -> T) -> (T, i64) {
    let _turn = ONE_AT_A_TIME.lock();
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    ON.store(true, Relaxed);
    let made = work();
    ON.store(false, Relaxed);
    (made, PEAK.load(Relaxed) - before)
}

#[inline]
fn allocated(bytes: usize, freed: usize) {
    if ON.load(Relaxed) {
        ALLOCATIONS.fetch_add(1, Relaxed);
        BYTES.fetch_add(bytes as u64, Relaxed);
        let more = bytes as i64 - freed as i64;
        let live = LIVE.fetch_add(more, Relaxed) + more;
        if live > PEAK.load(Relaxed) {
            PEAK.fetch_max(live, Relaxed);
        }
    }
}

// SAFETY: every call goes to `System` unchanged; the counters do not touch the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size(), 0);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size(), 0);
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        allocated(size, layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if ON.load(Relaxed) {
            LIVE.fetch_sub(layout.size() as i64, Relaxed);
        }
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}
