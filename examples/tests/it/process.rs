//! The hub as its users run it: a process of its own, with an environment, a log and signals.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use omtx_examples::hub::client::Client;
use omtx_metrics::testing::Exposition;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A hub, killed when it is dropped.
pub(crate) struct HubProcess {
    pub(crate) address: SocketAddr,
    pub(crate) client: Client,
    /// What it logs, where that is a pipe that nobody reads.
    pub(crate) stdout: Option<ChildStdout>,
    log: Option<JoinHandle<String>>,
    errors: Option<JoinHandle<String>>,
    child: Child,
}

/// What it came to.
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    /// What it has logged, where that was read.
    pub(crate) log: String,
    /// What it has said to people.
    pub(crate) stderr: String,
}

impl HubProcess {
    /// One that listens, with nothing but these variables and its defaults; `stdout` is where its log goes.
    pub(crate) fn start(variables: &[(&str, &str)], stdout: impl Into<Stdio>) -> Self {
        let program = program();
        let mut child = Command::new(&program)
            .env_clear()
            .env("OMTX_LISTEN", "127.0.0.1:0")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        errors.read_line(&mut said).unwrap();
        let address = said
            .strip_prefix("hub listens on http://")
            .and_then(|rest| rest.trim_end().strip_suffix(". Try:"))
            .and_then(|address| address.parse().ok())
            .unwrap_or_else(|| panic!("it said: {said}"));
        let errors = std::thread::spawn(move || {
            errors.read_to_string(&mut said).unwrap();
            said
        });
        Self {
            address,
            client: Client::new(address),
            stdout: child.stdout.take(),
            log: None,
            errors: Some(errors),
            child,
        }
    }

    /// The same, and its log is read for [`end`](Self::end).
    pub(crate) fn logged(variables: &[(&str, &str)]) -> Self {
        let mut hub = Self::start(variables, Stdio::piped());
        let mut stdout = hub.stdout.take().unwrap();
        hub.log = Some(std::thread::spawn(move || {
            let mut log = String::new();
            stdout.read_to_string(&mut log).unwrap();
            log
        }));
        hub
    }

    /// The folder in which the kernel tells of it.
    pub(crate) fn proc(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}", self.child.id()))
    }

    /// What it exposes.
    pub(crate) async fn scrape(&self) -> Exposition {
        let answer = self.client.get("/metrics").await.unwrap();
        Exposition::parse(std::str::from_utf8(&answer.body).unwrap()).unwrap()
    }

    /// A sample of it.
    pub(crate) async fn read(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.scrape().await.read(name, labels)
    }

    /// Tells it to end, as Kubernetes does.
    pub(crate) fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// Tells it to end, waits until it has, and gives what it came to.
    pub(crate) async fn end(mut self) -> Outcome {
        self.terminate();
        let status = self.ended().await;
        let mut text = |reader: fn(&mut Self) -> Option<JoinHandle<String>>| {
            reader(&mut self).map_or_else(String::new, |thread| thread.join().unwrap())
        };
        Outcome {
            status,
            log: text(|hub| hub.log.take()),
            stderr: text(|hub| hub.errors.take()),
        }
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the hub goes on for ever");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for HubProcess {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}

/// The example that cargo built beside this test.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let program = profile.join("examples").join("hub");
    assert!(
        program.is_file(),
        "no {}; expected `cargo test -p omtx-examples`, or `cargo build --examples`, to have built it",
        program.display()
    );
    program
}

/// Waits for what nobody tells of.
#[track_caller]
pub(crate) fn eventually(
    what: &str,
    mut holds: impl AsyncFnMut() -> bool,
) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let deadline = Instant::now() + PATIENCE;
        while !holds().await {
            assert!(
                Instant::now() < deadline,
                "{caller}: not within a minute: {what}"
            );
            sleep(Duration::from_millis(10)).await;
        }
    }
}
