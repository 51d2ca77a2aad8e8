//! Who asks: the service's clients, at a steady pace, and a wave of scrapes.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::task::LocalSet;
use tokio::time::MissedTickBehavior;

/// Between one request to the service and the next.
const PACE: Duration = Duration::from_millis(1);

/// How long each of the service's requests took that came while `work` ran, from the moment at which it was due. None waits
/// for another: each that finds all connections busy opens one more.
pub(crate) fn requests_during(address: SocketAddr, work: impl FnOnce()) -> Vec<Duration> {
    let ends = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let requests = scope.spawn(|| requests_until(address, &ends));
        work();
        ends.store(true, Ordering::Relaxed);
        requests.join().expect("the service answers")
    })
}

fn requests_until(address: SocketAddr, ends: &AtomicBool) -> Vec<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let idle = Rc::new(RefCell::new(Vec::new()));
        let latencies = Rc::new(RefCell::new(Vec::with_capacity(1 << 16)));
        let open = Rc::new(Cell::new(0));
        let mut pace = tokio::time::interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        while !ends.load(Ordering::Relaxed) || open.get() > 0 {
            let due = pace.tick().await.into_std();
            if ends.load(Ordering::Relaxed) {
                continue; // those that are under way are answered
            }
            let (idle, latencies, open) = (idle.clone(), latencies.clone(), open.clone());
            open.set(open.get() + 1);
            tokio::task::spawn_local(async move {
                let client = idle.borrow_mut().pop();
                let mut client = match client {
                    Some(client) => client,
                    None => TcpStream::connect(address)
                        .await
                        .expect("the service listens"),
                };
                request(&mut client).await;
                latencies.borrow_mut().push(due.elapsed());
                idle.borrow_mut().push(client);
                open.set(open.get() - 1);
            });
        }
        latencies.take()
    })
}

async fn request(client: &mut TcpStream) {
    let request = b"GET /api/v1/users HTTP/1.1\r\nhost: bench\r\n\r\n";
    client.write_all(request).await.expect("the service reads");
    let (mut answer, mut length) = ([0; 1_024], 0);
    while !answer[..length].ends_with(b"\"grace\"]") {
        let read = client.read(&mut answer[length..]).await;
        length += read.ok().filter(|read| *read > 0).expect("an answer");
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"));
}

/// What a scrape accepts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wave {
    Plain,
    Gzip,
}

/// Scrapes `count` times at once, each over a connection of its own, and returns how long that took.
pub(crate) fn wave(address: SocketAddr, count: usize, coding: Wave) -> Duration {
    let request: &[u8] = match coding {
        Wave::Plain => b"GET /metrics HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n",
        Wave::Gzip => {
            b"GET /metrics HTTP/1.1\r\nhost: bench\r\nconnection: close\r\naccept-encoding: gzip\r\n\r\n"
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        // All connections are there before the first request is.
        let start = Arc::new(Barrier::new(count + 1));
        let scrapes: Vec<_> = (0..count)
            .map(|_| tokio::spawn(scrape(address, request, Arc::clone(&start))))
            .collect();
        start.wait().await;
        let started = Instant::now();
        for scrape in scrapes {
            scrape.await.expect("a scrape is answered");
        }
        started.elapsed()
    })
}

async fn scrape(address: SocketAddr, request: &'static [u8], start: Arc<Barrier>) {
    let connected = TcpStream::connect(address).await;
    let mut stream = connected.expect("the service listens");
    start.wait().await;
    stream.write_all(request).await.expect("the service reads");
    let mut answered = 0;
    loop {
        stream.readable().await.expect("a socket");
        // On the stack, so that no client holds memory.
        let mut buffer = [0; 64 * 1_024];
        match stream.try_read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                if answered == 0 {
                    assert!(buffer.starts_with(b"HTTP/1.1 200"));
                }
                answered += read;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(answered > 10_000);
}
