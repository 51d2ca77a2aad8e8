//! Servers of Prometheus' family, where they are installed.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::engine;

/// A server of Prometheus' family with a folder of its own, which listens where the system lets it; killed when it is
/// dropped.
pub(crate) struct Server {
    pub(crate) address: String,
    child: Child,
    folder: PathBuf,
}

impl Server {
    /// `program` in a folder called `name` with these files, or `None` where it is not installed. `arguments` are relative to
    /// that folder.
    pub(crate) fn start(
        program: &str,
        name: &str,
        files: &[(&str, String)],
        arguments: &[&str],
    ) -> Option<Self> {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (file, text) in files {
            std::fs::write(folder.join(file), text).unwrap();
        }
        let mut command = Command::new(program);
        command
            .current_dir(&folder)
            .arg("--web.listen-address=127.0.0.1:0")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = engine::start(&mut command)?;
        let log = child.stderr.take().expect("stderr is piped");
        let mut server = Self {
            child,
            address: String::new(),
            folder,
        };
        server.address = listening(BufReader::new(log));
        Some(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The address that the system gave a server, as its log tells.
fn listening(mut log: impl BufRead + Send + 'static) -> String {
    let (mut said, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        let n = log.read_line(&mut line).expect("the log is UTF-8");
        assert!(n > 0, "the server ended:\n{said}");
        said.push_str(&line);
        if line.contains("msg=\"Listening on\"") {
            let address = line.trim_end().rsplit("address=").next();
            // Read on, or it would block once the pipe is full.
            std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
            return address.unwrap_or_default().to_owned();
        }
    }
}
