//! The server, from the outside.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// A process that serves; killed when it is dropped.
pub(crate) struct Instance {
    pub(crate) address: SocketAddr,
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Instance {
    pub(crate) fn start(name: &str, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env("SHOP", name)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let line = next_line(&mut said);
        Self {
            address: line.strip_prefix("listening ").unwrap().parse().unwrap(),
            child,
            said,
        }
    }

    /// The next line that it says.
    pub(crate) fn hear(&mut self) -> String {
        next_line(&mut self.said)
    }

    pub(crate) fn signal(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(status.success(), "{kill}");
    }

    /// The status of `GET path`, if it can be had.
    pub(crate) fn get(&self, path: &str) -> Option<u16> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut response = String::new();
        stream.read_to_string(&mut response).ok()?;
        response.split(' ').nth(1)?.parse().ok()
    }

    /// A request for what never answers, under way.
    pub(crate) fn hang(&mut self) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream
            .write_all(b"GET /endless HTTP/1.1\r\nhost: shop\r\n\r\n")
            .unwrap();
        assert_eq!(self.hear(), "entered");
        stream
    }

    /// Waits until it has ended, and gives whether it succeeded.
    pub(crate) fn ended(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}

fn next_line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// Waits for what nobody tells of.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
