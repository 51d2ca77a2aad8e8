//! Programs that judge what we expose, where they are installed.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// Says in one line that something is not installed.
///
/// # Panics
///
/// If it is missing although `OMTX_REQUIRE_ENGINES=1`, as in CI.
pub(crate) fn missing(what: &str, why: &str) {
    let required = std::env::var_os("OMTX_REQUIRE_ENGINES").is_some_and(|value| value == "1");
    assert!(
        !required,
        "cannot use {what}: {why}; expected it to be installed"
    );
    eprintln!("skipped: {what} is not installed ({why})");
}

/// Starts `command`, or says in one line that it is not installed; see [`missing`].
pub(crate) fn start(command: &mut Command) -> Option<Child> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.spawn() {
        Ok(child) => Some(child),
        Err(error) => {
            missing(&program, &error.to_string());
            None
        }
    }
}

/// The program's answer to `input`, or `None` where it is not installed.
pub(crate) fn run(program: &str, arguments: &[&str], input: &str) -> Option<Output> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = start(&mut command)?;
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin
        .write_all(input.as_bytes())
        .expect("the program reads its input");
    drop(stdin);
    Some(child.wait_with_output().expect("the program ends"))
}

/// A Prometheus of the system's, with a database of its own; killed when it is dropped.
pub(crate) struct Prometheus {
    pub(crate) address: SocketAddr,
    child: Child,
    folder: PathBuf,
}

impl Prometheus {
    /// One that runs with this configuration, or `None` where it is not installed. `name` is that of its folder.
    pub(crate) fn start(name: &str, config: &str) -> Option<Self> {
        Self::start_with(name, config, &[])
    }

    /// The same with more of its command line.
    pub(crate) fn start_with(name: &str, config: &str, flags: &[&str]) -> Option<Self> {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join("data").display()
            ))
            .arg("--web.listen-address=127.0.0.1:0")
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut prometheus = Self {
            child: start(&mut command)?,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            folder,
        };
        prometheus.address = prometheus.listening();
        Some(prometheus)
    }

    /// The address that the system gave it, as its log tells, once it is ready.
    fn listening(&mut self) -> SocketAddr {
        let mut log = BufReader::new(self.child.stderr.take().expect("stderr is piped"));
        let (mut said, mut line) = (String::new(), String::new());
        let (mut address, mut ready) = (None, false);
        loop {
            line.clear();
            let n = log.read_line(&mut line).expect("the log is UTF-8");
            assert!(n > 0, "prometheus ended:\n{said}");
            said.push_str(&line);
            ready |= line.contains("Server is ready");
            if line.contains("msg=\"Listening on\"") {
                let text = line.trim_end().rsplit("address=").next();
                address = text.and_then(|text| text.parse().ok());
            }
            if let (Some(address), true) = (address, ready) {
                // Read on, or it would block once the pipe is full.
                std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                return address;
            }
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
