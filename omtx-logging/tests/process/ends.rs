//! How a process ends, and what of its lines arrives.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use libtest_mimic::{Failed, Trial};
use rustix::process::{Pid, Signal, kill_process};

use crate::parent::{self, Outcome};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        Trial::test("main_that_returns_loses_no_queued_line", || {
            let outcome = parent::run("main_returns");
            assert!(outcome.status.success());
            all_lines(&outcome)
        }),
        Trial::test("process_exit_loses_no_queued_line", || {
            let outcome = parent::run("process_exits");
            assert_eq!(outcome.status.code(), Some(3));
            all_lines(&outcome)
        }),
        Trial::test(
            "sigterm_loses_no_queued_line_of_a_service_that_handles_it",
            || {
                let mut child = parent::start("sigterm", Stdio::piped());
                let mut ready = String::new();
                let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
                stderr.read_line(&mut ready)?;
                assert_eq!(ready, "ready\n");
                kill_process(Pid::from_child(&child.process), Signal::TERM)?;
                let stdout = parent::read(child.stdout.as_mut().expect("piped"));
                let outcome = Outcome {
                    stdout,
                    stderr: parent::read(&mut stderr),
                    status: parent::wait(&mut child),
                };
                assert!(outcome.status.success());
                all_lines(&outcome)
            },
        ),
        Trial::test(
            "a_guard_writes_what_is_queued_before_the_process_is_killed",
            || {
                let outcome = parent::run("guard_drops");
                assert!(!outcome.status.success());
                all_lines(&outcome)
            },
        ),
        Trial::test(
            "a_forked_child_writes_its_own_lines_and_none_of_its_parents",
            || {
                let outcome = parent::run("forks");
                assert!(outcome.status.success(), "{}", outcome.stderr);
                let lines: Vec<_> = outcome.stdout.lines().collect();
                assert_eq!(lines.len(), 12, "{lines:?}");
                assert_eq!(lines[0], "of the child");
                assert_eq!(lines[11], "of the parent");
                Ok(())
            },
        ),
        Trial::test(
            "a_child_forked_while_a_line_is_written_does_not_wait_for_ever",
            || {
                let mut child = parent::start("forks_while_a_line_is_written", Stdio::piped());
                let mut line = String::new();
                BufReader::new(child.stderr.take().expect("piped")).read_line(&mut line)?;
                assert_eq!(line, "the child goes on\n");
                Ok(())
            },
        ),
    ]
}

fn all_lines(outcome: &Outcome) -> Result<(), Failed> {
    assert_eq!(outcome.stderr, "");
    let lines: Vec<_> = outcome.stdout.lines().collect();
    assert_eq!(lines.len(), 1000);
    for (number, line) in lines.into_iter().enumerate() {
        assert!(
            line.starts_with(&format!("{{\"number\":{number},")),
            "{line}"
        );
        assert!(line.ends_with("\"}"), "{line}");
    }
    Ok(())
}
