//! Who asks: the service's clients, at a steady pace, and a wave of scrapes.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::sync::Barrier;

/// Between one request to the service and the next.
const PACE: Duration = Duration::from_millis(1);

/// How long each of the service's requests took that came while `work` ran, from the moment at which it was due: what one
/// slow answer delays is slow, too.
pub(crate) fn requests_during(address: SocketAddr, work: impl FnOnce()) -> Vec<Duration> {
    let ends = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let requests = scope.spawn(|| {
            let mut client = TcpStream::connect(address).expect("the service listens");
            client.set_nodelay(true).expect("a socket");
            let (mut latencies, mut due) = (Vec::with_capacity(1 << 16), Instant::now());
            while !ends.load(Ordering::Relaxed) {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                request(&mut client);
                latencies.push(due.elapsed());
                due += PACE;
            }
            latencies
        });
        work();
        ends.store(true, Ordering::Relaxed);
        requests.join().expect("the service answers")
    })
}

fn request(client: &mut TcpStream) {
    let request = b"GET /api/v1/users HTTP/1.1\r\nhost: bench\r\n\r\n";
    client.write_all(request).expect("the service reads");
    let (mut answer, mut length) = ([0; 1_024], 0);
    loop {
        let read = client.read(&mut answer[length..]).expect("an answer");
        length += read;
        if read == 0 || answer[..length].ends_with(b"\"grace\"]") {
            break;
        }
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
    let connected = tokio::net::TcpStream::connect(address).await;
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
