//! What the counting allocator counts. In a process of its own, and one after the other: the counters are the process's,
//! and whatever another test frees meanwhile would be counted too.

use std::hint::black_box;

use omtx_benches::alloc::{Counting, count, live};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn allocations_are_counted_with_their_bytes_and_what_was_freed_is_not_live() {
    let seen = count(|| drop(black_box(Vec::<u8>::with_capacity(100_000))));
    assert!(seen.count >= 1 && seen.bytes >= 100_000, "{seen:?}");

    let (kept, bytes) = live(|| {
        drop(black_box(vec![0_u8; 100_000_000]));
        vec![0_u8; 10_000_000]
    });
    assert_eq!(kept.len(), 10_000_000);
    assert!((10_000_000..60_000_000).contains(&bytes), "{bytes}");
}
