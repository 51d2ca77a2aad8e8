//! A collector that is not ours: `tests/receiver/receiver.py`, which says there what it prints and what it can be told.
//!
//! Other packages' tests include this file with `#[path]`; it needs `serde_json` and nothing else.
#![allow(dead_code)] // each includer uses a part

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Embedded, so that includers need not know where it lies.
const SCRIPT: &str = include_str!("../receiver/receiver.py");

/// How long anything may take before a test fails: long, for machines that have other things to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What [`SCRIPT`] exits with if the interpreter lacks its packages.
const NO_PACKAGES: i32 = 3;

/// A receiver that runs until it is dropped.
pub(crate) struct Receiver {
    /// The port that speaks gRPC.
    pub(crate) grpc: u16,
    /// The port that speaks HTTP, under `/v1/traces`, `/v1/metrics` and `/v1/logs`.
    pub(crate) http: u16,
    child: Child,
    stdin: Mutex<ChildStdin>,
    heard: Arc<Heard>,
}

/// Every line that the receiver printed so far.
#[derive(Default)]
struct Heard {
    lines: Mutex<Lines>,
    more: Condvar,
}

#[derive(Default)]
struct Lines {
    lines: Vec<Value>,
    ended: bool,
}

impl Receiver {
    /// One that takes everything; `None`, and a line that says so, where no Python with its packages is installed.
    ///
    /// # Panics
    ///
    /// If it is missing although `OMTX_REQUIRE_ENGINES=1`, as in CI.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// The same with arguments: `--tls-cert FILE --tls-key FILE [--tls-client-ca FILE]`.
    pub(crate) fn start_with(arguments: &[&str]) -> Option<Self> {
        let python = std::env::var_os("OMTX_PYTHON").unwrap_or_else(|| "python3".into());
        let spawned = Command::new(&python)
            .args(["-u", "-c", SCRIPT])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => {
                missing(&error.to_string());
                return None;
            }
        };
        let stdin = Mutex::new(child.stdin.take().expect("stdin is piped"));
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let heard = Arc::new(Heard::default());
        std::thread::spawn({
            let heard = Arc::clone(&heard);
            move || heard.listen(stdout)
        });
        let mut receiver = Self {
            grpc: 0,
            http: 0,
            child,
            stdin,
            heard,
        };
        let Some(listening) = receiver.first("listening") else {
            let status = receiver.child.wait().expect("the receiver ends");
            assert_eq!(
                status.code(),
                Some(NO_PACKAGES),
                "the receiver did not start"
            );
            missing("$OMTX_PYTHON lacks its packages");
            return None;
        };
        let port = |key: &str| u16::try_from(listening[key].as_u64().unwrap()).unwrap();
        (receiver.grpc, receiver.http) = (port("grpc"), port("http"));
        Some(receiver)
    }

    /// `OTEL_EXPORTER_OTLP_ENDPOINT` for gRPC.
    pub(crate) fn grpc_endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.grpc)
    }

    /// `OTEL_EXPORTER_OTLP_ENDPOINT` for HTTP: what `/v1/traces` is appended to.
    pub(crate) fn http_endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// Tells it what to do from now on, and returns once that is in force.
    pub(crate) fn tell(&self, command: &str) {
        let told = |lines: &[Value]| lines.iter().filter(|line| line["type"] == "told").count();
        let mut stdin = self.stdin.lock().unwrap();
        let before = self.heard.so_far(told);
        writeln!(stdin, "{command}").expect("the receiver runs");
        self.wait_for(command, |lines| (told(lines) > before).then_some(()));
    }

    /// The spans that it holds, in the order in which they came.
    pub(crate) fn spans(&self) -> Vec<Value> {
        self.all("span")
    }

    /// The metrics that it holds.
    pub(crate) fn metrics(&self) -> Vec<Value> {
        self.all("metric")
    }

    /// The log records that it holds.
    pub(crate) fn logs(&self) -> Vec<Value> {
        self.all("log")
    }

    /// The requests that it has read, whatever it answered.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.all("request")
    }

    /// Waits until it holds so many spans, and returns them.
    pub(crate) fn wait_for_spans(&self, n: usize) -> Vec<Value> {
        self.wait_for_all("span", n)
    }

    /// Waits until it holds so many metrics, and returns them.
    pub(crate) fn wait_for_metrics(&self, n: usize) -> Vec<Value> {
        self.wait_for_all("metric", n)
    }

    /// Waits until it holds so many log records, and returns them.
    pub(crate) fn wait_for_logs(&self, n: usize) -> Vec<Value> {
        self.wait_for_all("log", n)
    }

    /// Waits until it has read so many requests, and returns them.
    pub(crate) fn wait_for_requests(&self, n: usize) -> Vec<Value> {
        self.wait_for_all("request", n)
    }

    fn wait_for_all(&self, kind: &str, n: usize) -> Vec<Value> {
        self.wait_for(&format!("{n} lines of type {kind}"), |lines| {
            let found = of(lines, kind);
            (found.len() >= n).then_some(found)
        })
    }

    /// Waits until what was printed so far answers a question.
    ///
    /// # Panics
    ///
    /// After [`PATIENCE`], or if the receiver ended, with everything that it printed.
    #[track_caller]
    pub(crate) fn wait_for<T>(
        &self,
        what: &str,
        mut answer: impl FnMut(&[Value]) -> Option<T>,
    ) -> T {
        let until = Instant::now() + PATIENCE;
        let mut lines = self.heard.lines.lock().unwrap();
        loop {
            if let Some(answer) = answer(&lines.lines) {
                return answer;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || lines.ended {
                let mut said = String::new();
                for line in &lines.lines {
                    writeln!(said, "{line}").expect("a string takes everything");
                }
                drop(lines);
                panic!("the receiver did not come to: {what}; it said\n{said}");
            }
            lines = self.heard.more.wait_timeout(lines, left).unwrap().0;
        }
    }

    fn all(&self, kind: &str) -> Vec<Value> {
        self.heard.so_far(|lines| of(lines, kind))
    }

    /// The first line of a type, or `None` if the receiver ended without one.
    fn first(&self, kind: &str) -> Option<Value> {
        let mut lines = self.heard.lines.lock().unwrap();
        loop {
            if let Some(line) = lines.lines.iter().find(|line| line["type"] == kind) {
                return Some(line.clone());
            }
            if lines.ended {
                return None;
            }
            lines = self.heard.more.wait(lines).unwrap();
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}

impl Heard {
    fn listen(&self, stdout: impl BufRead) {
        for line in stdout.lines() {
            let line = line.expect("the receiver prints UTF-8");
            let line = serde_json::from_str(&line).expect("the receiver prints JSON");
            self.lines.lock().unwrap().lines.push(line);
            self.more.notify_all();
        }
        self.lines.lock().unwrap().ended = true;
        self.more.notify_all();
    }

    fn so_far<T>(&self, read: impl FnOnce(&[Value]) -> T) -> T {
        read(&self.lines.lock().unwrap().lines)
    }
}

fn of(lines: &[Value], kind: &str) -> Vec<Value> {
    let found = lines.iter().filter(|line| line["type"] == kind);
    found.cloned().collect()
}

#[allow(clippy::print_stderr)] // what a skipped test says
fn missing(why: &str) {
    let required = std::env::var_os("OMTX_REQUIRE_ENGINES").is_some_and(|value| value == "1");
    assert!(
        !required,
        "no OTLP receiver: {why}; expected $OMTX_PYTHON to have grpcio and opentelemetry-proto"
    );
    eprintln!("skipped: no Python with grpcio and opentelemetry-proto ({why})");
}
