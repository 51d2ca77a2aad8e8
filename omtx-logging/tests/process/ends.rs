//! How a process ends, and what of its lines arrives.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use libtest_mimic::{Failed, Trial};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::parent::{self, Outcome};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        Trial::test(
            "a_panic_is_a_critical_line_in_its_scope_and_is_written_before_an_abort",
            || {
                let outcome = parent::run("panics");
                assert!(!outcome.status.success());
                let lines: Vec<Value> = outcome
                    .stdout
                    .lines()
                    .map(|line| serde_json::from_str(line).expect("JSON"))
                    .collect();
                assert_eq!(lines.len(), 3, "{}", outcome.stdout);
                for line in &lines {
                    assert_eq!(
                        (&line["level"], &line["logger"]),
                        (&json!("CRITICAL"), &json!("panic"))
                    );
                    let location = line["panic"]["location"].as_str().expect("a location");
                    assert!(location.contains("child.rs:"), "{location}");
                }
                assert_eq!(lines[0]["message"], "no space left");
                assert_eq!(lines[0]["job_id"], "j-1");
                assert_eq!(lines[0]["panic"]["thread"], "worker");
                assert!(lines[0]["panic"].get("backtrace").is_none());
                assert_eq!(lines[1]["message"], "a value that is no text");
                assert_eq!(lines[1]["panic"]["thread"], "main");
                assert!(lines[1].get("job_id").is_none());
                assert_eq!(lines[2]["message"], "a value's mistake");
                // The hook that was there before ran as well.
                assert!(
                    outcome.stderr.contains("thread 'worker'"),
                    "{}",
                    outcome.stderr
                );
                assert!(
                    outcome.stderr.contains("no space left"),
                    "{}",
                    outcome.stderr
                );
                Ok(())
            },
        ),
        Trial::test("a_backtrace_is_in_the_line_where_it_is_asked_for", || {
            let outcome = parent::finish(parent::start_with("panics", Stdio::piped(), "1"));
            let line: Value = serde_json::from_str(outcome.stdout.lines().next().expect("a line"))?;
            let backtrace = line["panic"]["backtrace"].as_str().expect("a backtrace");
            assert!(backtrace.contains("panic"), "{backtrace}");
            Ok(())
        }),
        Trial::test("panics_wait_once_for_a_pipe_that_nobody_reads", || {
            let mut child = parent::start("panics_while_nobody_reads", Stdio::piped());
            assert!(parent::wait(&mut child).success());
            assert_eq!(parent::finish(child).stderr, "done\n");
            Ok(())
        }),
        Trial::test(
            "a_panic_of_the_destination_is_a_line_and_does_not_wait_for_itself",
            || {
                let outcome = parent::run("panics_on_the_writing_thread");
                assert!(outcome.status.success(), "{}", outcome.stderr);
                let line: Value = serde_json::from_str(outcome.stdout.trim())?;
                assert_eq!(line["message"], "the destination's mistake");
                assert_eq!(line["panic"]["thread"], "omtx-log");
                Ok(())
            },
        ),
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
