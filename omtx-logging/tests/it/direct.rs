//! Lines to a file descriptor.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use omtx_logging::writer::{Batch, Direct};
use omtx_logging::{Counters, DropReason, Severity, Sink};

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// A line of `len` bytes that says which thread wrote it.
fn line(thread: usize, len: usize) -> String {
    let digit = char::from_digit(thread as u32, 10).unwrap();
    let mut line: String = std::iter::repeat_n(digit, len - 1).collect();
    line.push('\n');
    line
}

/// Reads lines, each of one character only.
fn unmixed(reader: impl Read) -> usize {
    let mut lines = 0;
    for line in BufReader::new(reader).lines() {
        let line = line.unwrap();
        let first = line.chars().next().expect("no empty line");
        assert!(line.chars().all(|c| c == first), "lines are mixed");
        lines += 1;
    }
    lines
}

fn threads(writer: OwnedFd, reader: impl Read, len: usize) {
    let direct = Arc::new(Direct::new(writer));
    let writers: Vec<_> = (0..4)
        .map(|thread| {
            let direct = direct.clone();
            std::thread::spawn(move || {
                let line = line(thread, len);
                for number in 0..50 {
                    if number % 2 == 0 {
                        direct.write(Severity::Info, line.as_bytes());
                    } else {
                        let lines = [(Severity::Info, &line), (Severity::Info, &line)];
                        direct.write_batch(&mut Batch::from_lines(lines));
                    }
                }
            })
        })
        .collect();
    drop(direct);
    assert_eq!(unmixed(reader), 4 * 75);
    for writer in writers {
        writer.join().unwrap();
    }
}

#[test]
fn lines_of_several_threads_never_mix_whatever_their_length() {
    for len in [10, 5000, 300_000] {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        threads(writer, File::from(reader), len);
        let (reader, writer) = UnixStream::pair().unwrap();
        threads(writer.into(), reader, len);
    }
}

#[test]
fn a_batch_is_written_in_as_few_pieces_as_the_destination_keeps_whole() {
    // A datagram socket shows where one write ends and the next begins.
    let (reader, writer) = std::os::unix::net::UnixDatagram::pair().unwrap();
    let direct = Direct::new(writer);
    let lines: Vec<_> = (0..40)
        .map(|number| (Severity::Info, line(number % 10, 4000)))
        .collect();
    direct.write_batch(&mut Batch::from_lines(lines));
    let mut buffer = vec![0; 1 << 20];
    let mut sizes = Vec::new();
    while sizes.iter().sum::<usize>() < 40 * 4000 {
        sizes.push(reader.recv(&mut buffer).unwrap());
    }
    assert_eq!(sizes, [64_000, 64_000, 32_000]);
}

#[test]
fn a_line_of_which_a_part_was_taken_is_finished_before_the_next() {
    let (reader, writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let counters = Arc::new(Counters::default());
    let direct = Direct::new(writer);
    direct.attach(&counters);

    // Longer than the socket's buffer: its beginning is taken, and nothing after it.
    let long = line(1, 4 << 20);
    direct.write(Severity::Info, long.as_bytes());
    direct.write(Severity::Warning, line(2, 10).as_bytes());
    let stats = counters.stats();
    assert_eq!(stats.dropped(Severity::Info, DropReason::WouldBlock), 0);
    assert_eq!(stats.dropped(Severity::Warning, DropReason::WouldBlock), 1);

    let reading = std::thread::spawn(move || unmixed(reader));
    assert!(direct.flush(soon()).is_complete());
    let mut batch = Batch::from_lines([(Severity::Info, line(3, 10))]);
    direct.write_batch(&mut batch);
    drop(direct);
    assert_eq!(reading.join().unwrap(), 2);
    assert_eq!(counters.stats().dropped_total(), 1);
}

#[test]
fn a_flush_of_what_nobody_reads_ends_at_its_deadline() {
    let (reader, writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let direct = Direct::new(writer);
    direct.write(Severity::Info, line(1, 4 << 20).as_bytes());
    assert_eq!(direct.flush(Instant::now()).lines_left(), 1);
    drop(reader);
}
