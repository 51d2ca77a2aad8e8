//! HTTP/1.1 against peers that follow a script, and no protocol.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const OK: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";

/// Shorter than any test waits, longer than an exchange on one machine takes.
const SHORT: Duration = Duration::from_millis(500);

/// What becomes of one request that was read.
enum Step {
    /// Answered with this, and the connection kept.
    Say(String),
    /// Answered with this, and the connection closed.
    SayAndClose(String),
    /// Answered with this, and nothing more.
    SayAndHang(String),
    /// Answered a byte at a time, without an end.
    Trickle(String),
    Reset,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    requests: Vec<Vec<u8>>,
}

struct Peer {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Peer {
    async fn start(steps: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut steps: VecDeque<Step> = steps.into_iter().collect();
        tokio::spawn({
            let seen = Arc::clone(&seen);
            async move {
                // Connections that hang are kept, or they would be closed.
                let mut kept = Vec::new();
                while let Ok((mut stream, _)) = listener.accept().await {
                    seen.lock().unwrap().connections += 1;
                    while let Some(request) = read_request(&mut stream).await {
                        seen.lock().unwrap().requests.push(request);
                        let step = steps.pop_front().expect("the script has a step");
                        if !obey(step, &mut stream).await {
                            break;
                        }
                    }
                    kept.push(stream);
                    kept.retain(|stream| stream.peer_addr().is_ok());
                }
            }
        });
        Self { address, seen }
    }

    /// How many connections and how many requests there were.
    fn seen(&self) -> (usize, usize) {
        let seen = self.seen.lock().unwrap();
        (seen.connections, seen.requests.len())
    }
}

/// Returns whether the connection goes on.
async fn obey(step: Step, stream: &mut TcpStream) -> bool {
    match step {
        Step::Say(text) => stream.write_all(text.as_bytes()).await.is_ok(),
        Step::SayAndClose(text) => {
            let _ = stream.write_all(text.as_bytes()).await; // the client may have had enough
            let _ = stream.shutdown().await;
            false
        }
        Step::SayAndHang(text) => {
            stream.write_all(text.as_bytes()).await.unwrap();
            false
        }
        Step::Trickle(text) => {
            for byte in text.bytes().chain(std::iter::repeat(b'x')) {
                if stream.write_all(&[byte]).await.is_err() || stream.flush().await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            false
        }
        Step::Reset => {
            stream.set_zero_linger().unwrap();
            let _ = std::mem::replace(stream, dead_end().await);
            false
        }
    }
}

/// A stream to put in the place of one that is to be dropped.
async fn dead_end() -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap()
}

/// Head and body, or `None` at the end.
async fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request);
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.expect("a content-length").parse().unwrap();
            if request.len() >= head.len() + 4 + length {
                return Some(request);
            }
        }
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}

#[track_caller]
fn check(answer: &Answer, expected: &str, what: &str) {
    assert_eq!(kind(answer).0, expected, "{what}: {answer:?}");
}

#[tokio::test]
async fn half_answers_are_unknown_unless_their_status_says_no() {
    for (said, expected) in [
        ("", "unknown"),
        ("HTTP/1.1 20", "unknown"),
        ("HTTP/1.1 200 OK\r\ncontent-type: app", "unknown"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n123",
            "unknown",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nab",
            "unknown",
        ),
        (
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 10\r\n\r\n123",
            "refused",
        ),
        (
            "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 10\r\n\r\n",
            "retry",
        ),
        ("\0\0\0 garbage \u{ff}\r\n\r\n", "unknown"),
    ] {
        let peer = Peer::start([Step::SayAndClose(said.into()), Step::Say(OK.into())]).await;
        let mut transport = http_at(peer.address);
        check(&export(&mut *transport, spans(1)).await, expected, said);
        // And the next attempt is not bothered by it.
        assert_eq!(
            export(&mut *transport, spans(1)).await,
            all_accepted(),
            "{said}"
        );
        assert_eq!(peer.seen(), (2, 2), "{said}");
    }
}

#[tokio::test]
async fn a_peer_that_stops_in_the_middle_or_never_ends_costs_the_deadline() {
    let unfinished = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n1";
    let unavailable =
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 3\r\ncontent-length: 10\r\n\r\n1";
    for (step, expected) in [
        (Step::SayAndHang(String::new()), ("unknown", None)),
        (Step::SayAndHang("HTTP/1.1 200".into()), ("unknown", None)),
        (Step::SayAndHang(unfinished.into()), ("unknown", None)),
        (Step::SayAndHang(unavailable.into()), ("retry", Some(3))),
        (
            Step::Trickle("HTTP/1.1 200 OK\r\nx-a: ".into()),
            ("unknown", None),
        ),
        (
            Step::Trickle("HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n".into()),
            ("unknown", None),
        ),
    ] {
        let peer = Peer::start([step, Step::Say(OK.into())]).await;
        let mut transport = http_at(peer.address);
        let answer = export_within(&mut *transport, spans(1), SHORT).await;
        assert_eq!(kind(&answer), expected, "{answer:?}");
        assert_eq!(export(&mut *transport, spans(1)).await, all_accepted());
        assert_eq!(peer.seen(), (2, 2));
    }
}

#[tokio::test]
async fn heads_and_bodies_without_end_are_cut() {
    let head = format!("HTTP/1.1 200 OK\r\nx-big: {}\r\n\r\n", "x".repeat(1 << 20));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(10_000));
    let body = |status: &str| {
        let body = "x".repeat(5 << 20);
        format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    for (said, expected, words) in [
        (head, "unknown", ""),
        (many, "unknown", ""),
        (body("200 OK"), "unknown", "longer than 262144 bytes"),
        (body("500 Internal Server Error"), "refused", "500"),
    ] {
        let peer = Peer::start([Step::SayAndClose(said)]).await;
        let answer = export(&mut *http_at(peer.address), spans(1)).await;
        check(&answer, expected, words);
        assert!(cause(&answer).contains(words), "{answer:?}");
        assert!(cause(&answer).len() < 400);
    }
}

#[tokio::test]
async fn a_reset_after_the_request_is_unknown() {
    let peer = Peer::start([Step::Reset]).await;
    let answer = export(&mut *http_at(peer.address), spans(1)).await;
    check(&answer, "unknown", "reset");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Peer::start([]).await;
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let said = format!(
            "HTTP/1.1 {status}\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n",
            elsewhere.address
        );
        let peer = Peer::start([Step::Say(said)]).await;
        let answer = export(&mut *http_at(peer.address), spans(1)).await;
        check(&answer, "refused", status);
        assert!(cause(&answer).contains("which is not followed"));
    }
    assert_eq!(elsewhere.seen(), (0, 0));
}

#[tokio::test]
async fn interim_answers_are_skipped() {
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    let peer = Peer::start([Step::Say(format!("{hints}{OK}"))]).await;
    let answer = export(&mut *http_at(peer.address), spans(1)).await;
    assert_eq!(answer, all_accepted());
}

#[tokio::test]
async fn a_connection_is_used_again_until_the_peer_closes_it() {
    let close = OK.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    let steps = [
        Step::Say(OK.into()),
        Step::Say(OK.into()),
        Step::SayAndClose(close),
        Step::Say(OK.into()),
        // Without a word: the next request finds out, and is sent again at once.
        Step::SayAndClose(OK.into()),
        Step::Say(OK.into()),
    ];
    let peer = Peer::start(steps).await;
    let mut transport = http_at(peer.address);
    for connections in [1, 1, 1, 2, 2, 3] {
        assert_eq!(export(&mut *transport, spans(1)).await, all_accepted());
        assert_eq!(peer.seen().0, connections);
        look_around().await;
    }
}

#[tokio::test]
async fn the_request_is_what_a_collector_expects() {
    let peer = Peer::start([Step::Say(OK.into())]).await;
    let body = spans(1);
    export(&mut *http_at(peer.address), body.clone()).await;
    let seen = peer.seen.lock().unwrap();
    let at = seen.requests[0].len() - body.len();
    let (head, sent) = seen.requests[0].split_at(at);
    assert_eq!(sent, body);
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "POST /v1/traces HTTP/1.1\r\nuser-agent: omtx-tracing/{version} (Rust)\r\ncontent-type: application/x-protobuf\r\n\
         host: {}\r\ncontent-length: {}\r\n\r\n",
        peer.address,
        body.len()
    );
    assert_eq!(String::from_utf8_lossy(head), expected);
}

#[tokio::test]
async fn a_grpc_port_is_named_as_what_it_is() {
    // What an HTTP/2 server says first: SETTINGS.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"\0\0\0\x04\0\0\0\0\0").await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
        stream
    });
    let answer = export_within(&mut *http_at(address), spans(1), PATIENCE).await;
    assert_ne!(kind(&answer).0, "accepted", "{answer:?}");
}

#[tokio::test]
async fn a_literal_address_of_version_6_is_one() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else {
        return; // a machine without IPv6
    };
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        obey(Step::SayAndClose(OK.into()), &mut stream).await;
    });
    let answer = export(&mut *http_at(address), spans(1)).await;
    assert_eq!(answer, all_accepted());
}
