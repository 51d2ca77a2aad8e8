//! The server, over sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::get;
use omtx_health::{DEFAULT_MAX_HEAD_BYTES, Drain, DrainOptions, DrainReport, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::support::eventually;

/// A server, and the strings of its handlers.
struct Shop {
    address: SocketAddr,
    drain: Drain,
    serving: JoinHandle<DrainReport>,
    /// Somebody is in `/slow`.
    entered: mpsc::UnboundedReceiver<()>,
    /// Lets `/slow` answer.
    release: Arc<Notify>,
    /// The handler of `/slow` was dropped.
    dropped: Arc<AtomicBool>,
}

struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Shop {
    async fn open(options: DrainOptions, change: impl FnOnce(Server) -> Server) -> Self {
        let drain = Drain::new(options);
        let (enter, entered) = mpsc::unbounded_channel();
        let (release, dropped) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let slow = {
            let (release, dropped) = (Arc::clone(&release), Arc::clone(&dropped));
            async move || {
                let _dropped = SetOnDrop(Arc::clone(&dropped));
                enter.send(()).unwrap();
                release.notified().await;
                "slow"
            }
        };
        let endless = async || {
            Body::from_stream(futures_util::stream::pending::<Result<&str, std::io::Error>>())
        };
        let router = Router::new()
            .route("/", get(async || "hello"))
            .route("/slow", get(slow))
            .route("/endless", get(endless))
            .route(
                "/peer",
                get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()),
            );
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            serving: tokio::spawn(change(Server::new(&drain)).serve(listener, router)),
            drain,
            entered,
            release,
            dropped,
        }
    }

    async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    /// A client in `/slow`.
    async fn connect_slow(&mut self) -> Client {
        let mut client = self.connect().await;
        client.send("/slow").await;
        self.entered.recv().await.unwrap();
        client
    }
}

/// Longer than any test: what is to happen is made to happen.
fn patient() -> DrainOptions {
    DrainOptions::default()
        .delay(Duration::from_secs(600))
        .deadline(Duration::from_secs(600))
}

/// Closes who says nothing for a second: long enough for the clients here, on any machine.
fn impatient(server: Server) -> Server {
    server.head_timeout(Duration::from_secs(1))
}

/// Waits for what has to come, but not for ever.
async fn patiently<F: Future>(what: F) -> F::Output {
    let waited = tokio::time::timeout(Duration::from_secs(60), what).await;
    waited.expect("it comes within a minute")
}

struct Client(TcpStream);

impl Client {
    async fn send(&mut self, path: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nhost: shop\r\n\r\n");
        self.0.write_all(request.as_bytes()).await.unwrap();
    }

    /// The response, whose body ends with `last`.
    async fn read_to(&mut self, last: &str) -> String {
        let mut response = String::new();
        while !response.ends_with(last) {
            let mut bytes = [0; 1024];
            let n = patiently(self.0.read(&mut bytes)).await.unwrap();
            assert!(n > 0, "the connection ended: {response}");
            response.push_str(std::str::from_utf8(&bytes[..n]).unwrap());
        }
        response
    }

    async fn get(&mut self, path: &str, last: &str) -> String {
        self.send(path).await;
        self.read_to(last).await
    }

    /// Waits until the server closes the connection, and gives what it still said.
    async fn closed(mut self) -> String {
        let mut rest = Vec::new();
        let _ = patiently(self.0.read_to_end(&mut rest)).await; // a reset is an end as well
        String::from_utf8(rest).unwrap()
    }
}

#[tokio::test]
async fn during_the_delay_everybody_is_served_and_told_to_come_back_elsewhere() {
    let shop = Shop::open(patient(), |server| server).await;
    let (mut old, mut other) = (shop.connect().await, shop.connect().await);
    assert!(!old.get("/", "hello").await.contains("connection: close"));
    assert!(!other.get("/", "hello").await.contains("connection: close"));
    shop.drain.start();
    assert!(old.get("/", "hello").await.contains("connection: close"));
    assert_eq!(old.closed().await, "");
    let mut new = shop.connect().await;
    assert!(new.get("/", "hello").await.contains("connection: close"));
    // One that asks for nothing is left alone.
    assert!(!shop.serving.is_finished());
    assert!(other.get("/", "hello").await.contains("connection: close"));
}

#[tokio::test]
async fn after_the_delay_nobody_can_connect_and_idle_connections_are_closed() {
    let shop = Shop::open(patient(), |server| server).await;
    let mut idle = shop.connect().await;
    idle.get("/", "hello").await;
    let never_asked = shop.connect().await;
    let mut asked = shop.connect().await;
    asked.get("/", "hello").await; // so that the one before has been accepted
    shop.drain.start();
    assert!(shop.drain.cut_delay());
    assert_eq!(idle.closed().await, "");
    assert_eq!(never_asked.closed().await, "");
    let report = shop.serving.await.unwrap();
    assert!(report.is_complete());
    assert_eq!(report.cut_off(), 0);
    assert!(TcpStream::connect(shop.address).await.is_err());
}

#[tokio::test]
async fn what_is_in_flight_is_finished() {
    let mut shop = Shop::open(patient(), |server| server).await;
    let mut client = shop.connect_slow().await;
    assert_eq!(shop.drain.in_flight(), 1);
    shop.drain.start();
    shop.drain.cut_delay();
    eventually("the port is closed", || {
        std::net::TcpStream::connect(shop.address).is_err()
    })
    .await;
    assert!(!shop.serving.is_finished());
    shop.release.notify_one();
    let response = client.read_to("slow").await;
    assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
    assert_eq!(client.closed().await, "");
    assert_eq!(shop.serving.await.unwrap().cut_off(), 0);
    assert_eq!(shop.drain.in_flight(), 0);
}

#[tokio::test]
async fn what_outlives_the_deadline_is_cut_off_and_counted() {
    let mut shop = Shop::open(patient(), |server| server).await;
    let first = shop.connect_slow().await;
    let _second = shop.connect_slow().await;
    let mut streaming = shop.connect().await;
    streaming.get("/endless", "\r\n\r\n").await;
    let dropped_before_flush = {
        let (told, hears) = tokio::sync::oneshot::channel();
        let dropped = Arc::clone(&shop.dropped);
        shop.drain.on_flush("logs", async move |_| {
            told.send(dropped.load(Ordering::Relaxed)).unwrap();
        });
        hears
    };
    shop.drain.start();
    shop.drain.cut_off();
    let report = shop.serving.await.unwrap();
    assert_eq!(report.cut_off(), 3);
    assert!(!report.is_complete());
    assert_eq!(report.flushed().len(), 1);
    assert_eq!(first.closed().await, "");
    assert!(
        dropped_before_flush.await.unwrap(),
        "its end is flushed, too"
    );
    assert_eq!(shop.drain.in_flight(), 0);
}

#[tokio::test]
async fn a_client_that_goes_away_is_in_flight_no_more() {
    let mut shop = Shop::open(patient(), |server| server).await;
    drop(shop.connect_slow().await);
    eventually("the request has ended", || shop.drain.in_flight() == 0).await;
    assert!(shop.dropped.load(Ordering::Relaxed));
}

#[tokio::test]
async fn handlers_know_the_peer() {
    let shop = Shop::open(patient(), |server| server).await;
    let mut client = shop.connect().await;
    let own = client.0.local_addr().unwrap().to_string();
    assert!(client.get("/peer", &own).await.ends_with(&own));
}

#[tokio::test]
async fn more_connections_than_there_may_be_wait() {
    let mut shop = Shop::open(patient(), |server| server.max_connections(1)).await;
    let first = shop.connect_slow().await;
    let mut second = shop.connect().await;
    second.send("/").await;
    let waits = tokio::time::timeout(Duration::from_millis(50), second.read_to("hello")).await;
    assert!(waits.is_err());
    drop(first);
    second.read_to("hello").await;
}

#[tokio::test]
async fn a_client_that_sends_no_head_is_closed() {
    let shop = Shop::open(patient(), impatient).await;
    let mut client = shop.connect().await;
    client.0.write_all(b"GET / HTT").await.unwrap();
    client.closed().await;
}

#[tokio::test]
async fn a_client_that_sends_nothing_is_closed() {
    let shop = Shop::open(patient(), impatient).await;
    assert_eq!(shop.connect().await.closed().await, "");
}

#[tokio::test]
async fn a_connection_that_is_idle_after_a_request_is_closed() {
    let shop = Shop::open(patient(), impatient).await;
    let mut client = shop.connect().await;
    client.get("/", "hello").await;
    assert_eq!(client.closed().await, "");
}

#[tokio::test]
async fn a_request_may_take_longer_than_its_head() {
    let mut shop = Shop::open(patient(), impatient).await;
    let mut slow = shop.connect_slow().await;
    shop.connect().await.closed().await; // one that came later is closed by now
    shop.release.notify_one();
    let response = slow.read_to("slow").await;
    assert!(response.starts_with("HTTP/1.1 200 OK"), "{response}");
}

#[tokio::test]
async fn a_head_that_is_too_long_is_answered_with_431() {
    let options = |server: Server| server.max_head_bytes(0); // the least there is: 8 KiB
    let shop = Shop::open(patient(), options).await;
    let mut head = "GET / HTTP/1.1\r\nhost: shop\r\nx-long: ".to_owned();
    let padding = "x".repeat((8 << 10) - head.len());

    let mut client = shop.connect().await;
    let fits = format!("{head}{}\r\n\r\n", &padding[5..]);
    client.0.write_all(fits.as_bytes()).await.unwrap();
    client.read_to("hello").await;

    // To the last byte that is read: closed with others unread, a connection is reset, and its answer lost.
    head.push_str(&padding);
    let mut client = shop.connect().await;
    client.0.write_all(head.as_bytes()).await.unwrap();
    let answer = client.closed().await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn a_head_of_many_cookies_is_read() {
    let shop = Shop::open(patient(), |server| server).await;
    let cookies = "x".repeat(DEFAULT_MAX_HEAD_BYTES - 100);
    let head = format!("GET / HTTP/1.1\r\nhost: shop\r\ncookie: {cookies}\r\n\r\n");
    let mut client = shop.connect().await;
    client.0.write_all(head.as_bytes()).await.unwrap();
    client.read_to("hello").await;
}

#[tokio::test]
async fn axums_own_server_ends_with_the_drain_as_well() {
    let drain = Drain::new(patient());
    let (enter, mut entered) = mpsc::unbounded_channel();
    let endless = async move || {
        enter.send(()).unwrap();
        std::future::pending::<()>().await;
    };
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/endless", get(endless))
        .layer(drain.layer());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = axum::serve(listener, router).with_graceful_shutdown(drain.stopped_accepting());
    let serving = {
        let drain = drain.clone();
        tokio::spawn(async move { drain.finish(server).await })
    };
    let connect = async || Client(TcpStream::connect(address).await.unwrap());
    let (mut polite, mut stays) = (connect().await, connect().await);
    stays.send("/endless").await;
    entered.recv().await.unwrap();
    drain.start();
    let answer = polite.get("/", "hello").await;
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(drain.in_flight(), 1);
    drain.cut_delay();
    eventually("the port is closed", || {
        std::net::TcpStream::connect(address).is_err()
    })
    .await;
    drain.cut_off();
    let report = serving.await.unwrap();
    assert_eq!((report.cut_off(), report.is_complete()), (1, false));
}

#[cfg(feature = "http2")]
mod http2;
