//! Standard outputs that do not take lines.

use std::fs::OpenOptions;
use std::io::Read;
use std::process::Stdio;

use libtest_mimic::Trial;
use rustix::fs::{OFlags, fcntl_setfl};

use crate::parent;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        Trial::test(
            "a_pipe_that_nobody_reads_any_more_is_counted_and_nothing_else",
            || {
                for name in ["direct", "queued"] {
                    let mut child = parent::start(name, Stdio::piped());
                    drop(child.stdout.take());
                    let outcome = parent::finish(child);
                    assert!(outcome.status.success());
                    // The child may have written some lines before the pipe was closed.
                    let dropped = outcome.stderr.strip_prefix("INFO closed ").map(str::trim);
                    assert!(
                        outcome.stderr.is_empty() || dropped.is_some(),
                        "{}",
                        outcome.stderr
                    );
                }
                Ok(())
            },
        ),
        Trial::test(
            "a_pipe_that_was_never_read_is_counted_and_nothing_else",
            || {
                for name in ["direct", "queued"] {
                    let (reader, writer) = rustix::pipe::pipe()?;
                    drop(reader);
                    let outcome = parent::finish(parent::start(name, writer));
                    assert!(outcome.status.success());
                    assert_eq!(outcome.stderr, "INFO closed 100\n");
                }
                Ok(())
            },
        ),
        Trial::test("a_full_disk_is_counted_and_nothing_else", || {
            for name in ["direct", "queued"] {
                let full = OpenOptions::new().write(true).open("/dev/full")?;
                let outcome = parent::finish(parent::start(name, full));
                assert!(outcome.status.success());
                assert_eq!(outcome.stderr, "INFO disk_full 100\n");
            }
            Ok(())
        }),
        Trial::test("a_reader_that_stops_costs_info_lines_and_no_time", || {
            let mut child = parent::start("nobody_reads", Stdio::piped());
            // It ends although nobody has read a byte: 100 000 lines, a flush and the exit.
            assert!(parent::wait(&mut child).success());
            let outcome = parent::finish(child);
            let reported: Vec<_> = outcome.stderr.lines().collect();
            assert_eq!(reported.len(), 1, "{}", outcome.stderr);
            assert!(
                reported[0].starts_with("INFO queue_full "),
                "{}",
                outcome.stderr
            );
            Ok(())
        }),
        Trial::test(
            "a_full_pipe_that_does_not_block_loses_lines_without_a_queue_and_none_with_one",
            || {
                for name in ["direct", "queued"] {
                    let (reader, writer) = rustix::pipe::pipe()?;
                    fcntl_setfl(&writer, OFlags::NONBLOCK)?;
                    let mut reader = std::fs::File::from(reader);
                    fill(&writer)?;
                    let mut child = parent::start(name, writer);
                    if name == "direct" {
                        assert!(parent::wait(&mut child).success());
                        let outcome = parent::finish(child);
                        assert_eq!(outcome.stderr, "INFO would_block 100\n");
                    } else {
                        let mut read = String::new();
                        reader.read_to_string(&mut read)?;
                        assert_eq!(read.trim_start_matches(' ').lines().count(), 100);
                        assert_eq!(parent::finish(child).stderr, "");
                    }
                }
                Ok(())
            },
        ),
    ]
}

fn fill(pipe: &impl std::os::fd::AsFd) -> std::io::Result<()> {
    loop {
        match rustix::io::write(pipe, &[b' '; 4096]) {
            Err(rustix::io::Errno::AGAIN) => return Ok(()),
            result => result?,
        };
    }
}
