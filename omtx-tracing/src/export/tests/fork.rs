#![allow(unsafe_code)]

use std::time::Duration;

use super::super::DropReason::Shutdown;
use super::{Bench, LONG, small};

#[test]
fn a_forked_child_counts_what_it_records_and_waits_for_nobody() {
    let bench = Bench::real_time(small(), []);
    bench.push(2);
    // As if another thread were pushing while this one forks: in the child, nobody will ever release it.
    let held = bench.pipeline().queue.hold();
    // SAFETY: the child calls nothing but functions that neither allocate nor lock, which is what is tested, and `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        bench.push(3);
        let stats = bench.pipeline().stats();
        let well = (stats.created, stats.dropped.of(Shutdown)) == (3, 3)
            && !bench.pipeline().is_open()
            && !bench.exporter.flush(LONG).is_complete()
            && bench.exporter.shutdown(LONG).is_empty();
        // SAFETY: ends the child without running what belongs to its parent.
        unsafe { libc::_exit(i32::from(!well)) };
    }
    assert!(child > 0, "no process to be had");
    drop(held);
    let mut status = 0;
    let begun = std::time::Instant::now();
    // SAFETY: `status` is a place for an int.
    while unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == 0 {
        if begun.elapsed() > LONG {
            // SAFETY: the child is ours and was not waited for.
            unsafe { libc::kill(child, libc::SIGKILL) };
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
        "{status:#x}"
    );
    assert!(bench.exporter.flush(LONG).is_complete());
    assert_eq!(bench.collector.spans().len(), 2);
}
