//! What the children do. They log to standard output, and report what was dropped on standard error.

use std::sync::Arc;
use std::time::{Duration, Instant};

use omtx_logging::writer::{Direct, Queue};
use omtx_logging::{Counters, DropReason, JobContext, Logging, Severity, Sink};

/// Longer than any test.
const NEVER: Duration = Duration::MAX;

/// When nobody looks any more.
fn far() -> Instant {
    Instant::now() + Duration::from_secs(600)
}

pub(crate) fn run(name: &str) {
    match name {
        "main_returns" => {
            let queue = sleepy_queue();
            log(&queue, 1000);
            // As a subscriber that is installed for the whole process would.
            std::mem::forget(queue);
        }
        "process_exits" => {
            let queue = sleepy_queue();
            log(&queue, 1000);
            std::process::exit(3);
        }
        "sigterm" => {
            let queue = sleepy_queue();
            log(&queue, 1000);
            terminated();
            std::mem::forget(queue);
        }
        "guard_drops" => {
            let queue = sleepy_queue();
            let logging = Logging::builder("hub").sink(queue.clone()).build();
            let guard = logging.expect("settings").shutdown_guard(NEVER);
            log(&queue, 1000);
            drop(guard);
            std::process::abort();
        }
        "nobody_reads" => {
            let counters = Arc::new(Counters::default());
            let queue = Queue::options()
                .max_lines(1000)
                .exit_deadline(Duration::from_millis(50))
                .start(Direct::stdout())
                .expect("a thread");
            queue.attach(&counters);
            for number in 0..100_000 {
                let severity = if number % 1000 == 0 {
                    Severity::Warning
                } else {
                    Severity::Info
                };
                queue.write(severity, line(number).as_bytes());
            }
            let left = queue
                .flush(Instant::now() + Duration::from_millis(50))
                .lines_left();
            assert!(left > 0, "something is stuck");
            report(&counters);
        }
        "direct" => {
            let counters = Arc::new(Counters::default());
            let direct = Direct::stdout();
            direct.attach(&counters);
            log(&direct, 100);
            report(&counters);
        }
        "queued" => {
            let counters = Arc::new(Counters::default());
            let queue = Queue::new(Direct::stdout()).expect("a thread");
            queue.attach(&counters);
            log(&queue, 100);
            assert!(queue.flush(far()).is_complete());
            report(&counters);
        }
        "forks" => {
            let queue = sleepy_queue();
            log(&queue, 10);
            // SAFETY: what the child does is what this test is about: it takes locks and allocates.
            match unsafe { libc::fork() } {
                -1 => panic!("cannot fork"),
                0 => {
                    queue.write(Severity::Info, b"of the child\n");
                    let flushed = queue.flush(far());
                    assert!(flushed.is_complete());
                    std::process::exit(0);
                }
                child => {
                    let mut status = 0;
                    // SAFETY: `status` is written to, and the child is this process's.
                    unsafe { libc::waitpid(child, &mut status, 0) };
                    assert_eq!(status, 0, "the child ended well");
                    queue.write(Severity::Info, b"of the parent\n");
                }
            }
        }
        "panics" => {
            install(sleepy_queue());
            let _ = std::thread::Builder::new()
                .name("worker".into())
                .spawn(|| {
                    JobContext::new("j-1", "kmer").in_scope(|| panic!("no space left"));
                })
                .expect("a thread")
                .join();
            let _ = std::panic::catch_unwind(|| std::panic::panic_any(7));
            tracing::info!(value = ?Fragile, "whole");
            std::process::abort();
        }
        "panics_while_nobody_reads" => {
            let queue = Queue::options()
                .exit_deadline(Duration::ZERO)
                .start(Direct::stdout());
            let queue = queue.expect("a thread");
            log(&queue, 10_000);
            let logging = install(queue);
            // Longer than the test waits, if each panic waited.
            logging
                .panic_hook()
                .deadline(Duration::from_secs(2))
                .replace_previous(true)
                .install();
            for _ in 0..60 {
                let _ = std::panic::catch_unwind(|| panic!("again"));
            }
            eprintln!("done");
        }
        "panics_on_the_writing_thread" => {
            let fragile = |_: Severity, line: &[u8]| {
                assert!(!line.starts_with(b"fragile"), "the destination's mistake");
                Direct::stdout().write(Severity::Info, line);
            };
            let queue = Queue::options()
                .linger(NEVER)
                .start(fragile)
                .expect("a thread");
            let logging = install(queue.clone());
            logging
                .panic_hook()
                .deadline(NEVER)
                .replace_previous(true)
                .install();
            queue.write(Severity::Info, b"fragile\n");
            assert!(logging.flush(NEVER).is_complete());
        }
        "forks_while_a_line_is_written" => {
            // Standard output is a pipe that is full: a thread of the parent holds the lock for as long as it stays so.
            let direct = Arc::new(Direct::stdout());
            let blocked = direct.clone();
            std::thread::spawn(move || log(&*blocked, 100_000));
            let other = Arc::new(Direct::stderr());
            until_the_pipe_is_full();
            // SAFETY: as above.
            if unsafe { libc::fork() } == 0 {
                // The parent's lock, for which this would wait for ever, is not the child's: only the pipe itself blocks.
                let flags = rustix::fs::fcntl_getfl(std::io::stdout()).expect("flags");
                let flags = flags | rustix::fs::OFlags::NONBLOCK;
                rustix::fs::fcntl_setfl(std::io::stdout(), flags).expect("flags");
                direct.write(Severity::Info, b"dropped\n");
                other.write(Severity::Info, b"the child goes on\n");
            } else {
                std::thread::sleep(NEVER);
            }
        }
        other => panic!("unknown child {other:?}"),
    }
    if name == "nobody_reads" {
        // What follows must not wait for the pipe either.
        std::process::exit(0);
    }
}

/// Panics when it is logged.
struct Fragile;

impl std::fmt::Debug for Fragile {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("a value's mistake")
    }
}

fn install(sink: impl Sink) -> Logging {
    let logging = Logging::builder("hub")
        .sink(sink)
        .install()
        .expect("the first");
    logging.panic_hook().deadline(NEVER).install();
    logging
}

/// A queue that writes nothing by itself before the test is over.
fn sleepy_queue() -> Queue {
    Queue::options()
        .linger(NEVER)
        .exit_deadline(NEVER)
        .start(Direct::stdout())
        .expect("a thread")
}

fn line(number: usize) -> String {
    format!(
        "{{\"number\":{number},\"padding\":\"{}\"}}\n",
        "x".repeat(number % 50)
    )
}

fn log(sink: &impl Sink, lines: usize) {
    for number in 0..lines {
        sink.write(Severity::Info, line(number).as_bytes());
    }
}

fn report(counters: &Counters) {
    let stats = counters.stats();
    for severity in Severity::ALL {
        for reason in DropReason::ALL {
            let lines = stats.dropped(severity, reason);
            if lines > 0 {
                eprintln!("{severity} {} {lines}", reason.as_str());
            }
        }
    }
}

/// Waits for SIGTERM, as a service with a graceful shutdown does.
fn terminated() {
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .expect("a runtime")
        .block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let mut terminated = signal(SignalKind::terminate()).expect("a handler");
            eprintln!("ready");
            terminated.recv().await;
        });
}

fn until_the_pipe_is_full() {
    use rustix::event::{PollFd, PollFlags, poll};
    let stdout = std::io::stdout();
    let now = rustix::event::Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    while poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], Some(&now)) != Ok(0) {
        std::thread::yield_now();
    }
}
