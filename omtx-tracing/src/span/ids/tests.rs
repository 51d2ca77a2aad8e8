use std::collections::HashSet;

use super::*;

#[test]
fn ids_of_many_threads_are_distinct_and_never_zero() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(|| {
                (0..10_000)
                    .map(|_| (new_trace_id(), new_span_id()))
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    let drawn: Vec<_> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    let traces: HashSet<_> = drawn.iter().map(|(trace, _)| *trace).collect();
    let spans: HashSet<_> = drawn.iter().map(|(_, span)| *span).collect();
    assert_eq!((traces.len(), spans.len()), (40_000, 40_000));
    assert!(!traces.contains(&TraceId::INVALID) && !spans.contains(&SpanId::INVALID));
}

#[test]
fn each_of_the_56_bits_that_the_random_flag_speaks_of_takes_both_values() {
    let (mut ones, mut zeros) = (0_u128, 0_u128);
    for _ in 0..1_000 {
        let id = u128::from_be_bytes(new_trace_id().to_bytes());
        ones |= id;
        zeros |= !id;
    }
    let low = (1_u128 << 56) - 1;
    assert_eq!((ones & low, zeros & low), (low, low));
}

/// What a forked child draws.
#[cfg(unix)]
#[allow(unsafe_code)]
fn drawn_in_a_child(draw: impl FnOnce() -> [u8; 24]) -> [u8; 24] {
    let mut ends = [0; 2];
    // SAFETY: `ends` is a place for two descriptors.
    let piped = unsafe { libc::pipe(ends.as_mut_ptr()) };
    assert_eq!(piped, 0, "no pipe to be had");
    // SAFETY: the child draws, which neither allocates nor locks, and calls only what is allowed after a fork.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let bytes = draw();
        // SAFETY: the descriptor is open, the bytes are there, and `_exit` runs nothing that belongs to the parent.
        unsafe {
            libc::write(ends[1], bytes.as_ptr().cast(), bytes.len());
            libc::_exit(0);
        }
    }
    assert!(child > 0, "no process to be had");
    let mut bytes = [0; 24];
    let mut status = 0;
    // SAFETY: the descriptors are ours, the buffer is as long as it is said to be, and the child is waited for once.
    let read = unsafe {
        libc::close(ends[1]);
        let read = libc::read(ends[0], bytes.as_mut_ptr().cast(), bytes.len());
        libc::close(ends[0]);
        libc::waitpid(child, &raw mut status, 0);
        read
    };
    assert_eq!(
        read, 24,
        "the child ended before it had written, {status:#x}"
    );
    bytes
}

#[cfg(unix)]
#[test]
fn a_forked_child_does_not_draw_the_ids_of_its_parent() {
    fn draw() -> [u8; 24] {
        let mut drawn = [0; 24];
        drawn[..16].copy_from_slice(&new_trace_id().to_bytes());
        drawn[16..].copy_from_slice(&new_span_id().to_bytes());
        drawn
    }
    draw(); // The generator of this thread is there before the fork.
    let child = drawn_in_a_child(draw);
    let other = drawn_in_a_child(draw);
    let parent = draw();
    let span = |drawn: &[u8; 24]| drawn[16..].to_vec();
    assert!(child[..16] != parent[..16] && span(&child) != span(&parent));
    assert!(other[..16] != parent[..16] && other[..16] != child[..16]);
}
