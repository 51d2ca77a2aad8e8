//! gRPC against HTTP/2 peers that follow a script.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::*;

type Respond = SendResponse<Bytes>;

const EMPTY_MESSAGE: Bytes = Bytes::from_static(b"\0\0\0\0\0");

struct Peer {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Peer {
    /// Each request, once its body was read, is answered by `answer`, which is given how many came before.
    async fn start(answer: impl Fn(usize, Respond) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(AtomicUsize::new(0));
        let answer = Arc::new(answer);
        tokio::spawn({
            let connections = Arc::clone(&connections);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    connections.fetch_add(1, Ordering::Relaxed);
                    let (requests, answer) = (Arc::clone(&requests), Arc::clone(&answer));
                    tokio::spawn(serve(stream, requests, answer));
                }
            }
        });
        Self {
            address,
            connections,
        }
    }
}

async fn serve(
    stream: TcpStream,
    requests: Arc<AtomicUsize>,
    answer: Arc<impl Fn(usize, Respond) + Send + Sync + 'static>,
) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, respond))) = connection.accept().await {
        let (requests, answer) = (Arc::clone(&requests), Arc::clone(&answer));
        tokio::spawn(async move {
            read(request).await;
            answer(requests.fetch_add(1, Ordering::Relaxed), respond);
        });
    }
}

async fn read(mut request: Request<RecvStream>) {
    let body = request.body_mut();
    while let Some(Ok(data)) = body.data().await {
        body.flow_control().release_capacity(data.len()).unwrap();
    }
}

fn head() -> Response<()> {
    let response = Response::builder().header("content-type", "application/grpc");
    response.body(()).unwrap()
}

fn trailers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(pair).collect()
}

fn accept(mut respond: Respond) {
    let mut stream = respond.send_response(head(), false).unwrap();
    stream.send_data(EMPTY_MESSAGE, false).unwrap();
    stream
        .send_trailers(trailers(&[("grpc-status", "0")]))
        .unwrap();
}

#[track_caller]
fn check(answer: &Answer, expected: &str) {
    assert_eq!(kind(answer).0, expected, "{answer:?}");
}

#[tokio::test]
async fn one_connection_serves_all_requests() {
    let peer = Peer::start(|_, respond| accept(respond)).await;
    let mut transport = grpc_at(peer.address);
    for _ in 0..10 {
        assert_eq!(export(&mut *transport, spans(1)).await, all_accepted());
    }
    assert_eq!(peer.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_status_without_a_body_is_in_the_head() {
    let peer = Peer::start(|_, mut respond| {
        let mut head = head();
        *head.headers_mut() = trailers(&[
            ("content-type", "application/grpc"),
            ("grpc-status", "14"),
            ("grpc-message", "full%21"),
        ]);
        respond.send_response(head, true).unwrap();
    })
    .await;
    let answer = export(&mut *grpc_at(peer.address), spans(1)).await;
    let expected = Answer::Retry {
        after: None,
        cause: "UNAVAILABLE: full!".into(),
    };
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn a_stream_that_was_refused_was_not_sent_and_one_that_was_reset_perhaps() {
    for (reason, expected) in [
        (Reason::REFUSED_STREAM, "retry"),
        (Reason::INTERNAL_ERROR, "unknown"),
        (Reason::CANCEL, "unknown"),
        (Reason::NO_ERROR, "unknown"),
        (Reason::ENHANCE_YOUR_CALM, "unknown"),
    ] {
        let peer = Peer::start(move |n, mut respond| match n {
            0 => respond.send_reset(reason),
            _ => accept(respond),
        })
        .await;
        let mut transport = grpc_at(peer.address);
        check(&export(&mut *transport, spans(1)).await, expected);
        assert_eq!(export(&mut *transport, spans(1)).await, all_accepted());
    }
}

#[tokio::test]
async fn a_response_that_breaks_off_is_unknown() {
    let peer = Peer::start(|n, mut respond| {
        let mut stream = respond.send_response(head(), false).unwrap();
        match n {
            0 => stream.send_reset(Reason::INTERNAL_ERROR),
            1 => {
                stream.send_data(EMPTY_MESSAGE, false).unwrap();
                stream.send_reset(Reason::NO_ERROR);
            }
            // Ends without a grpc-status.
            _ => stream.send_data(EMPTY_MESSAGE, true).unwrap(),
        }
    })
    .await;
    let mut transport = grpc_at(peer.address);
    for _ in 0..3 {
        check(&export(&mut *transport, spans(1)).await, "unknown");
    }
}

#[tokio::test]
async fn a_response_without_end_is_cut() {
    let peer = Peer::start(|_, mut respond| {
        let mut stream = respond.send_response(head(), false).unwrap();
        // Sent as the windows allow.
        stream.send_data(vec![0; 5 << 20].into(), false).unwrap();
        let status = trailers(&[("grpc-status", "0")]);
        stream.send_trailers(status).unwrap();
    })
    .await;
    let answer = export(&mut *grpc_at(peer.address), spans(1)).await;
    check(&answer, "unknown");
    assert!(
        cause(&answer).contains("longer than 262144 bytes"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn an_attempt_without_an_answer_takes_its_connection_with_it() {
    // The first response never comes: as if the machine had gone without a word.
    let peer = Peer::start(|n, respond| match n {
        0 => std::mem::forget(respond),
        _ => accept(respond),
    })
    .await;
    let mut transport = grpc_at(peer.address);
    let short = Duration::from_millis(500);
    let answer = export_within(&mut *transport, spans(1), short).await;
    check(&answer, "unknown");
    assert_eq!(cause(&answer), "no answer in time");
    assert_eq!(export(&mut *transport, spans(1)).await, all_accepted());
    assert_eq!(peer.connections.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_connection_that_its_server_retires_costs_no_attempt() {
    // As servers do whose connections have a greatest age: GOAWAY, and what has begun is finished.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    tokio::spawn({
        let connections = Arc::clone(&connections);
        async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::Relaxed);
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, respond))) = connection.accept().await {
                    connection.graceful_shutdown();
                    accept(respond);
                }
            }
        }
    });
    let mut transport = grpc_at(address);
    for _ in 0..5 {
        assert_eq!(export(&mut *transport, spans(1)).await, all_accepted());
        look_around().await;
    }
    assert_eq!(connections.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn details_that_are_no_base64_do_no_harm() {
    let peer = Peer::start(|_, mut respond| {
        let mut stream = respond.send_response(head(), false).unwrap();
        let status = [("grpc-status", "8"), ("grpc-status-details-bin", "!!!")];
        stream.send_trailers(trailers(&status)).unwrap();
    })
    .await;
    check(
        &export(&mut *grpc_at(peer.address), spans(1)).await,
        "refused",
    );
}

#[tokio::test]
async fn a_port_that_speaks_http_1_is_named_as_what_it_is() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.readable().await.unwrap();
        let said = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(said).await.unwrap();
        stream
    });
    let answer = export(&mut *grpc_at(address), spans(1)).await;
    assert_ne!(kind(&answer).0, "accepted");
    assert!(cause(&answer).contains("4317"), "{answer:?}");
}

#[tokio::test]
async fn a_path_of_the_endpoint_stands_before_the_method() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requested = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let (request, respond) = connection.accept().await.unwrap().unwrap();
        accept(respond);
        tokio::spawn(async move { while connection.accept().await.is_some() {} });
        request.into_parts().0
    });
    let uri = format!("http://{address}/otlp/");
    let mut transport = transport(Protocol::Grpc, &uri);
    assert_eq!(export(&mut *transport, spans(1)).await, all_accepted());
    let head = requested.await.unwrap();
    let expected =
        format!("http://{address}/otlp/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    assert_eq!(head.uri, expected.as_str());
    let timeout = head.headers["grpc-timeout"].to_str().unwrap();
    let timeout: u64 = timeout.strip_suffix('m').unwrap().parse().unwrap();
    assert!((1..=60_000).contains(&timeout));
    assert_eq!(head.headers["te"], "trailers");
    assert_eq!(head.headers["content-type"], "application/grpc");
}
