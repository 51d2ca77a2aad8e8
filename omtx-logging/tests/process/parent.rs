//! Starts children and reads what they say.

use std::io::Read;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Names the child that this program is.
pub(crate) const CHILD: &str = "OMTX_TEST_CHILD";

/// How long anything may take on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// What a child came to.
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A child, which does not outlive its test.
pub(crate) struct Running {
    pub(crate) process: Child,
    pub(crate) stdout: Option<ChildStdout>,
    pub(crate) stderr: Option<ChildStderr>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn start(name: &str, stdout: impl Into<Stdio>) -> Running {
    start_with(name, stdout, "0")
}

pub(crate) fn start_with(name: &str, stdout: impl Into<Stdio>, backtrace: &str) -> Running {
    let mut process = Command::new(std::env::current_exe().expect("this program"))
        .env(CHILD, name)
        .env("RUST_BACKTRACE", backtrace)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    Running {
        stdout: process.stdout.take(),
        stderr: process.stderr.take(),
        process,
    }
}

/// Runs a child to its end, and reads all that it wrote.
pub(crate) fn run(name: &str) -> Outcome {
    finish(start(name, Stdio::piped()))
}

/// Reads all that a child writes from now on.
pub(crate) fn finish(mut child: Running) -> Outcome {
    let mut stderr = child.stderr.take().expect("standard error is piped");
    let errors = std::thread::spawn(move || read(&mut stderr));
    let stdout = child
        .stdout
        .take()
        .map_or_else(String::new, |mut stdout| read(&mut stdout));
    Outcome {
        stdout,
        stderr: errors.join().expect("text"),
        status: wait(&mut child),
    }
}

pub(crate) fn read(from: &mut impl Read) -> String {
    let mut text = String::new();
    from.read_to_string(&mut text).expect("text");
    text
}

/// Waits for a child to end.
///
/// # Panics
///
/// If it does not.
pub(crate) fn wait(child: &mut Running) -> ExitStatus {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(status) = child.process.try_wait().expect("a child of this process") {
            return status;
        }
        assert!(Instant::now() < deadline, "the child goes on for ever");
        std::thread::sleep(Duration::from_millis(5));
    }
}
