//! A server that follows a script, one answer a request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use omtx_metrics::Registry;
use omtx_metrics::push::{Pushgateway, PushgatewayBuilder};

#[derive(Clone)]
pub(crate) enum Answer {
    Status(u16, &'static str),
    /// With a Location that must not be followed.
    Redirect(u16),
    /// Closes the connection instead of answering.
    HangUp,
    /// Says nothing until the client has gone.
    Silence,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// With names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }
}

pub(crate) struct Server {
    address: SocketAddr,
    requests: Receiver<Request>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// One that gives these answers, and the last of them from then on.
    pub(crate) fn answering(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, requests) = channel();
        let answers = answers.to_vec();
        let thread = std::thread::spawn(move || {
            for (index, stream) in listener.incoming().enumerate() {
                let answer = &answers[index.min(answers.len() - 1)];
                if !serve(stream.unwrap(), answer, &seen) {
                    return;
                }
            }
        });
        Self {
            address,
            requests,
            thread: Some(thread),
        }
    }

    pub(crate) fn ok() -> Self {
        Self::answering(&[Answer::Status(200, "")])
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn builder(&self) -> PushgatewayBuilder {
        Pushgateway::builder(self.url())
            .job("nightly")
            .timeout(Duration::from_secs(60))
    }

    pub(crate) fn gateway(&self, registry: &Registry) -> Pushgateway {
        self.builder().build(registry).unwrap()
    }

    /// The next request, which must come.
    pub(crate) fn next(&self) -> Request {
        let request = self.requests.recv_timeout(Duration::from_secs(60));
        request.expect("a request within a minute")
    }

    /// The requests that have come and were not taken.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A connection without a request ends the thread.
        if let Ok(stream) = TcpStream::connect(self.address) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads one request and answers it; false if none came.
fn serve(mut stream: TcpStream, answer: &Answer, seen: &Sender<Request>) -> bool {
    let Some(request) = read(&stream) else {
        return false;
    };
    let _ = seen.send(request);
    let (status, location, body) = match answer {
        Answer::Status(status, body) => (*status, "", *body),
        Answer::Redirect(status) => (*status, "Location: /metrics/job/elsewhere\r\n", ""),
        Answer::HangUp => return true,
        Answer::Silence => {
            let _ = stream.read(&mut [0]); // until the client gives up
            return true;
        }
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status} Scripted\r\n{location}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    true
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        path,
        headers,
        body: String::from_utf8(body).unwrap(),
    })
}
