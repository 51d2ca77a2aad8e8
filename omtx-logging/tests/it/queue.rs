//! The queue between threads that log and a destination.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use omtx_logging::testing::Lines;
use omtx_logging::writer::{Batch, Queue, QueueOptions};
use omtx_logging::{Counters, DropReason, Flushed, Severity, Sink};

const NEVER: Duration = Duration::from_secs(600);

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// A destination that takes a line only when it is told to.
struct Gate {
    lines: Lines,
    entered: Sender<()>,
    permits: Mutex<Receiver<()>>,
}

impl Gate {
    fn new() -> (Self, Lines, Receiver<()>, Sender<()>) {
        let lines = Lines::default();
        let (entered, has_entered) = channel();
        let (permit, permits) = channel();
        let gate = Self {
            lines: lines.clone(),
            entered,
            permits: Mutex::new(permits),
        };
        (gate, lines, has_entered, permit)
    }
}

impl Sink for Gate {
    fn write(&self, severity: Severity, line: &[u8]) {
        let _ = self.entered.send(());
        // Open for ever once the test has dropped its end.
        let _ = self.permits.lock().unwrap().recv();
        self.lines.write(severity, line);
    }
}

/// A queue whose destination is busy with a first line, and the handle that opens it.
fn stuck(options: QueueOptions) -> (Queue, Lines, Arc<Counters>, Sender<()>) {
    let (gate, lines, entered, permit) = Gate::new();
    let queue = options.linger(Duration::ZERO).start(gate).unwrap();
    let counters = Arc::new(Counters::default());
    queue.attach(&counters);
    queue.write(Severity::Info, b"first\n");
    entered.recv().unwrap();
    (queue, lines, counters, permit)
}

fn write(queue: &Queue, severity: Severity, line: &str) {
    queue.write(severity, format!("{line}\n").as_bytes());
}

#[test]
fn lines_arrive_in_order() {
    let lines = Lines::default();
    let queue = Queue::new(lines.clone()).unwrap();
    let expected: Vec<_> = (0..10_000).map(|number| format!("line {number}")).collect();
    for (number, line) in expected.iter().enumerate() {
        write(&queue, Severity::ALL[number % 5], line);
    }
    assert!(queue.flush(soon()).is_complete());
    assert_eq!(lines.take(), expected);
}

#[test]
fn each_thread_keeps_its_order() {
    let lines = Lines::default();
    let queue = Queue::new(lines.clone()).unwrap();
    let start = Arc::new(Barrier::new(4));
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let (queue, start) = (queue.clone(), start.clone());
            std::thread::spawn(move || {
                start.wait();
                for number in 0..2000 {
                    write(&queue, Severity::Info, &format!("{thread} {number}"));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(queue.flush(soon()).is_complete());
    let lines = lines.take();
    assert_eq!(lines.len(), 8000);
    for thread in 0..4 {
        let prefix = format!("{thread} ");
        let numbers: Vec<usize> = lines
            .iter()
            .filter_map(|line| line.strip_prefix(&prefix))
            .map(|number| number.parse().unwrap())
            .collect();
        assert!(numbers.iter().copied().eq(0..2000));
    }
}

#[test]
fn a_full_queue_keeps_warnings_and_drops_the_oldest_info_for_them() {
    let (queue, lines, counters, permit) = stuck(Queue::options().max_lines(4));
    for number in 1..=3 {
        write(&queue, Severity::Info, &format!("info {number}"));
    }
    write(&queue, Severity::Debug, "debug");
    write(&queue, Severity::Info, "no room");
    for number in 1..=3 {
        write(&queue, Severity::Warning, &format!("warning {number}"));
    }
    write(&queue, Severity::Critical, "critical");
    write(&queue, Severity::Error, "no room for errors");
    drop(permit);
    assert!(queue.flush(soon()).is_complete());
    assert_eq!(
        lines.take(),
        ["first", "warning 1", "warning 2", "warning 3", "critical"]
    );
    let stats = counters.stats();
    assert_eq!(stats.dropped(Severity::Info, DropReason::QueueFull), 4);
    assert_eq!(stats.dropped(Severity::Debug, DropReason::QueueFull), 1);
    assert_eq!(stats.dropped(Severity::Error, DropReason::QueueFull), 1);
    assert_eq!(stats.dropped_total(), 6);
}

#[test]
fn bytes_are_bounded_too_and_a_line_too_long_evicts_nothing() {
    let (queue, lines, counters, permit) = stuck(Queue::options().max_bytes(100));
    write(&queue, Severity::Info, &"i".repeat(59));
    write(&queue, Severity::Error, &"e".repeat(100));
    assert_eq!(
        counters
            .stats()
            .dropped(Severity::Error, DropReason::QueueFull),
        1
    );
    write(&queue, Severity::Info, &"i".repeat(40));
    assert_eq!(
        counters
            .stats()
            .dropped(Severity::Info, DropReason::QueueFull),
        1
    );
    write(&queue, Severity::Error, &"e".repeat(99));
    drop(permit);
    assert!(queue.flush(soon()).is_complete());
    assert_eq!(lines.take(), ["first".to_owned(), "e".repeat(99)]);
    assert_eq!(
        counters
            .stats()
            .dropped(Severity::Info, DropReason::QueueFull),
        2
    );
}

#[test]
fn a_flush_says_at_its_deadline_how_many_lines_are_left() {
    let (queue, lines, _, permit) = stuck(Queue::options());
    write(&queue, Severity::Info, "second");
    assert_eq!(queue.flush(Instant::now()).lines_left(), 2);
    permit.send(()).unwrap();
    permit.send(()).unwrap();
    assert!(queue.flush(soon()).is_complete());
    assert_eq!(lines.take(), ["first", "second"]);
}

#[test]
fn a_flush_does_not_wait_for_lines_that_came_after_it() {
    let (queue, _, _, permit) = stuck(Queue::options());
    let flushed = std::thread::spawn({
        let queue = queue.clone();
        move || queue.flush(soon())
    });
    // Whether these come before the flush or after it, one permit each lets it end.
    write(&queue, Severity::Info, "second");
    permit.send(()).unwrap();
    permit.send(()).unwrap();
    assert!(flushed.join().unwrap().is_complete());
    drop(permit);
}

#[test]
fn a_flush_cuts_the_time_short_in_which_lines_gather() {
    let lines = Lines::default();
    let queue = Queue::options().linger(NEVER).start(lines.clone()).unwrap();
    write(&queue, Severity::Info, "now");
    assert!(queue.flush(soon()).is_complete());
    assert_eq!(lines.take(), ["now"]);
}

#[test]
fn a_queue_that_fills_is_written_before_lines_have_gathered() {
    let (gate, _, entered, permit) = Gate::new();
    let queue = Queue::options()
        .linger(NEVER)
        .max_lines(10)
        .start(gate)
        .unwrap();
    for number in 0..6 {
        write(&queue, Severity::Info, &number.to_string());
    }
    entered.recv_timeout(Duration::from_secs(60)).unwrap();
    drop(permit);
}

#[test]
fn what_the_deadline_of_the_shutdown_does_not_allow_is_counted_and_so_is_all_that_follows() {
    let (queue, _, counters, permit) = stuck(Queue::options());
    write(&queue, Severity::Error, "second");
    assert_eq!(queue.shutdown(Instant::now()).lines_left(), 2);
    write(&queue, Severity::Info, "third");
    let stats = counters.stats();
    assert_eq!(stats.dropped(Severity::Info, DropReason::Shutdown), 2);
    assert_eq!(stats.dropped(Severity::Error, DropReason::Shutdown), 1);
    assert!(
        queue.flush(soon()).is_complete(),
        "there is nothing left to wait for"
    );
    drop(permit);
}

#[test]
fn lines_after_a_complete_shutdown_go_straight_to_the_destination() {
    let lines = Lines::default();
    let queue = Queue::new(lines.clone()).unwrap();
    write(&queue, Severity::Info, "first");
    assert!(queue.shutdown(soon()).is_complete());
    write(&queue, Severity::Info, "second");
    assert_eq!(lines.take(), ["first", "second"]);
    assert!(queue.shutdown(soon()).is_complete());
}

#[test]
fn the_last_handle_drains_the_queue() {
    let lines = Lines::default();
    let queue = Queue::options().linger(NEVER).start(lines.clone()).unwrap();
    let clone = queue.clone();
    write(&queue, Severity::Info, "a line");
    drop(queue);
    assert_eq!(lines.take(), [""; 0]);
    drop(clone);
    assert_eq!(lines.take(), ["a line"]);
}

#[test]
fn a_destination_that_panics_loses_the_line_that_it_was_handling() {
    let lines = Lines::default();
    let fragile = {
        let lines = lines.clone();
        move |severity: Severity, line: &[u8]| {
            assert!(!line.starts_with(b"fragile"), "the destination's mistake");
            lines.write(severity, line);
        }
    };
    let queue = Queue::options().linger(NEVER).start(fragile).unwrap();
    let counters = Arc::new(Counters::default());
    queue.attach(&counters);
    for line in ["one", "fragile", "two", "fragile", "fragile", "three"] {
        write(&queue, Severity::Warning, line);
    }
    assert!(queue.flush(soon()).is_complete());
    assert_eq!(lines.take(), ["one", "two", "three"]);
    assert_eq!(
        counters
            .stats()
            .dropped(Severity::Warning, DropReason::Panicked),
        3
    );
}

#[test]
fn a_destination_that_takes_nothing_does_not_turn_in_circles() {
    struct Lazy;
    impl Sink for Lazy {
        fn write(&self, _: Severity, _: &[u8]) {}
        fn write_batch(&self, _: &mut Batch) {}
    }
    let queue = Queue::new(Lazy).unwrap();
    let counters = Arc::new(Counters::default());
    queue.attach(&counters);
    write(&queue, Severity::Info, "a line");
    assert!(queue.flush(soon()).is_complete());
    assert_eq!(
        counters
            .stats()
            .dropped(Severity::Info, DropReason::Panicked),
        1
    );
}

#[test]
fn a_destination_that_logs_or_flushes_does_not_wait_for_itself() {
    struct Chatty {
        queue: Arc<Mutex<Option<Queue>>>,
        spoke: AtomicBool,
        lines: Lines,
    }
    impl Sink for Chatty {
        fn write(&self, severity: Severity, line: &[u8]) {
            self.lines.write(severity, line);
            let queue = self.queue.lock().unwrap().clone();
            if let (Some(queue), false) = (queue, self.spoke.swap(true, SeqCst)) {
                write(&queue, Severity::Info, "from the destination");
                let flushed: Flushed = queue.flush(Instant::now() + NEVER);
                assert!(!flushed.is_complete());
            }
        }
    }
    let queue = Arc::new(Mutex::new(None));
    let lines = Lines::default();
    let chatty = Chatty {
        queue: queue.clone(),
        spoke: AtomicBool::new(false),
        lines: lines.clone(),
    };
    let handle = Queue::new(chatty).unwrap();
    *queue.lock().unwrap() = Some(handle.clone());
    write(&handle, Severity::Info, "from outside");
    assert!(handle.flush(soon()).is_complete());
    assert!(handle.flush(soon()).is_complete());
    assert_eq!(lines.take(), ["from outside", "from the destination"]);
    *queue.lock().unwrap() = None;
}
