//! The service's own clients, who ask at a steady pace.

use core_affinity::CoreId;
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio::time::MissedTickBehavior;

/// Between one request to the service and the next.
const PACE: Duration = Duration::from_millis(1);

/// How long each of the service's requests took that came while `work` ran, from the moment at which it was due, is added to
/// `latencies`. None waits for another: each that finds all connections busy opens one more. They have `core` if it is one.
pub(crate) fn requests_during<T>(
    address: SocketAddr,
    core: Option<CoreId>,
    latencies: &mut Vec<Duration>,
    work: impl FnOnce() -> T,
) -> T {
    let ends = AtomicBool::new(false);
    let known = std::mem::take(latencies);
    std::thread::scope(|scope| {
        let requests = scope.spawn(|| {
            core.map(core_affinity::set_for_current);
            until(&ends, address, known)
        });
        let made = work();
        ends.store(true, Ordering::Relaxed);
        *latencies = requests.join().expect("the service answers");
        made
    })
}

fn until(ends: &AtomicBool, address: SocketAddr, known: Vec<Duration>) -> Vec<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let idle = Rc::new(RefCell::new(Vec::new()));
        let latencies = Rc::new(RefCell::new(known));
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
