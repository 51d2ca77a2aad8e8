//! Who scrapes: a thousand clients, in a process of their own.
//!
//! This binary runs itself for it. Over its standard input it is told whom to scrape and when, so that the memory and the
//! processor time of the clients are none of the service's process.

use core_affinity::CoreId;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::SCRAPES;
use crate::cores::{self, Cores};

/// The argument that makes this binary the scrapers.
const ARGUMENT: &str = "--scrapers";

/// What a scrape accepts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Coding {
    Plain,
    Gzip,
}

impl Coding {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
        }
    }

    fn request(name: &str) -> &'static [u8] {
        match name {
            "gzip" => b"GET /metrics HTTP/1.1\r\nhost: bench\r\nconnection: close\r\naccept-encoding: gzip\r\n\r\n",
            _ => b"GET /metrics HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n",
        }
    }
}

/// The process of the scrapers, seen from the service's.
pub(crate) struct Scrapers {
    process: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Scrapers {
    pub(crate) fn start(cores: Cores) -> Self {
        let itself = std::env::current_exe().expect("a path");
        // On the core of the service's own clients, whom it must not delay.
        let politely = || {
            let mut command = Command::new("nice");
            command.args(["-n", "19"]).arg(&itself);
            command
        };
        let plainly = || Command::new(&itself);
        let start = |mut command: Command| {
            let core = cores.clients().map(|core| core.id.to_string());
            command.arg(ARGUMENT).args(core);
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
        };
        let process = match cores {
            Cores::Apart => start(politely()).or_else(|_| start(plainly())),
            Cores::Shared => start(plainly()),
        };
        let mut process = process.expect("this binary runs");
        let answers = process.stdout.take().map(BufReader::new);
        Self {
            orders: process.stdin.take(),
            answers: answers.expect("a pipe"),
            process,
        }
    }

    /// Connects to this address, [`SCRAPES`] times.
    pub(crate) fn connect(&mut self, address: SocketAddr, coding: Coding) {
        let answer = self.order(&format!("{address} {}", coding.name()));
        assert_eq!(answer, "connected");
    }

    /// Scrapes over all connections at once, and returns how long it took from the first request to the end of the last
    /// response.
    pub(crate) fn scrape(&mut self) -> Duration {
        let answer = self.order("scrape");
        Duration::from_micros(answer.parse().expect("microseconds"))
    }

    fn order(&mut self, order: &str) -> String {
        let orders = self.orders.as_mut().expect("a pipe");
        writeln!(orders, "{order}").expect("the scrapers read");
        let mut answer = String::new();
        self.answers
            .read_line(&mut answer)
            .expect("the scrapers answer");
        answer.trim_end().to_owned()
    }
}

impl Drop for Scrapers {
    fn drop(&mut self) {
        self.orders = None; // which ends it
        let _ = self.process.wait();
    }
}

/// True if this process was started as the scrapers, and is done.
pub(crate) fn ran() -> bool {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(ARGUMENT) {
        return false;
    }
    let core = arguments.next().and_then(|id| id.parse().ok());
    cores::pin(core.map(|id| CoreId { id }));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .expect("a runtime");
    let mut orders = std::io::stdin().lines().map_while(Result::ok);
    while let Some(order) = orders.next() {
        let (address, coding) = order.split_once(' ').expect("an address and a coding");
        let address = address.parse().expect("an address");
        let connections = runtime.block_on(connect(address));
        answer("connected");
        orders.next();
        let took = runtime.block_on(scrape(connections, Coding::request(coding)));
        answer(&took.as_micros().to_string());
    }
    true
}

fn answer(text: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{text}").expect("somebody listens");
    out.flush().expect("somebody listens");
}

/// One after the other, so that no backlog overflows.
async fn connect(address: SocketAddr) -> Vec<TcpStream> {
    let mut connections = Vec::with_capacity(SCRAPES);
    for _ in 0..SCRAPES {
        let connection = TcpStream::connect(address).await;
        connections.push(connection.expect("the service listens"));
    }
    connections
}

async fn scrape(connections: Vec<TcpStream>, request: &'static [u8]) -> Duration {
    let started = Instant::now();
    let mut scrapes: JoinSet<()> = connections
        .into_iter()
        .map(|connection| read(connection, request))
        .collect();
    while let Some(scrape) = scrapes.join_next().await {
        scrape.expect("a scrape is answered");
    }
    started.elapsed()
}

async fn read(mut connection: TcpStream, request: &'static [u8]) {
    let written = connection.write_all(request).await;
    written.expect("the service reads");
    let mut answered = 0;
    loop {
        connection.readable().await.expect("a socket");
        // On the stack, so that no client holds memory.
        let mut buffer = [0; 64 * 1_024];
        match connection.try_read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                assert!(answered > 0 || buffer.starts_with(b"HTTP/1.1 200"));
                answered += read;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(answered > 10_000);
}
