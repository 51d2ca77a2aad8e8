//! Hundreds of connections that do everything at once; afterwards the books balance.

use crate::support::*;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::WebSocketUpgrade;
use axum::routing::{any, get, post};
use futures_util::{StreamExt, stream};
use http::Request;
use http_body::Frame;
use omtx_http::{EndKind, axum_layer};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;

const ROUNDS: usize = 40;
/// Connections open at one time: well below the usual limit of open files.
const AT_ONCE: usize = 64;

fn service() -> Router {
    let some = || {
        stream::iter([
            Ok::<_, BoxError>(Bytes::from("first")),
            Ok(Bytes::from("second")),
        ])
    };
    Router::new()
        .route("/full", get(async || "hello"))
        .route("/empty", get(async || ()))
        .route("/slow", get(async || std::future::pending::<()>().await))
        .route("/stream", get(async move || Body::from_stream(some())))
        .route(
            "/endless",
            get(async move || Body::from_stream(some().chain(stream::pending()))),
        )
        .route(
            "/broken",
            get(async move || {
                Body::from_stream(
                    some().chain(stream::iter([Err::<Bytes, BoxError>("broken".into())])),
                )
            }),
        )
        .route(
            "/panic",
            get(async || {
                if true {
                    std::panic::resume_unwind(Box::new("as the test asked"));
                }
            }),
        )
        .route(
            "/panic-body",
            get(async move || {
                Body::from_stream(some().chain(stream::poll_fn(|_| {
                    std::panic::resume_unwind(Box::new("as asked"))
                })))
            }),
        )
        .route("/fail", get(async || http::StatusCode::SERVICE_UNAVAILABLE))
        .route("/upload", post(async |body: Bytes| body.len().to_string()))
        .route(
            "/grpc",
            post(async || {
                let trailers = http::HeaderMap::from_iter([(
                    http::HeaderName::from_static("grpc-status"),
                    http::HeaderValue::from_static("13"),
                )]);
                let frames = [
                    Ok::<_, BoxError>(Frame::data(Bytes::from("message"))),
                    Ok(Frame::trailers(trailers)),
                ];
                let body = http_body_util::StreamBody::new(stream::iter(frames));
                ([("content-type", "application/grpc")], Body::new(body))
            }),
        )
        .route(
            "/ws",
            any(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(async |_| ())),
        )
}

/// Tells a client that the handler of its own slow request is running, so that hanging up is sure to cancel something.
#[derive(Clone, Default)]
struct Reached {
    waiting: Arc<Mutex<HashMap<String, oneshot::Sender<()>>>>,
    last: Arc<AtomicUsize>,
}

impl Reached {
    fn slow_path(&self) -> (String, oneshot::Receiver<()>) {
        let (sender, receiver) = oneshot::channel();
        let path = format!("/slow?{}", self.last.fetch_add(1, Relaxed));
        self.waiting.lock().unwrap().insert(path.clone(), sender);
        (path, receiver)
    }

    fn arrived(&self, uri: &http::Uri) {
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        if let Some(client) = self.waiting.lock().unwrap().remove(path) {
            let _ = client.send(());
        }
    }
}

fn http1(method: &str, path: &str, rest: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: x\r\n{rest}\r\n")
}

/// Sends, waits for `mark`, and hangs up.
async fn hang_up_after(address: SocketAddr, request: String, mark: &str) {
    read_until(&mut send(address, &request).await, mark).await;
}

/// Sends and reads to the close.
async fn to_the_close(address: SocketAddr, request: String) {
    let mut wire = Vec::new();
    let _ = send(address, &request).await.read_to_end(&mut wire).await;
}

/// Several streams of one HTTP/2 connection: one reads all, one resets before the head, one in the middle of its body.
async fn over_http2(address: SocketAddr, reached: Reached) {
    let (client, connection) = h2::client::handshake(TcpStream::connect(address).await.unwrap())
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = |method: &str, path: &str| {
        Request::builder()
            .method(method)
            .uri(format!("http://x{path}"))
            .body(())
            .unwrap()
    };
    let (grpc, _) = client.send_request(request("POST", "/grpc"), true).unwrap();
    let mut body = grpc.await.unwrap().into_body();
    while let Some(chunk) = body.data().await {
        chunk.unwrap();
    }
    body.trailers().await.unwrap();

    client = client.ready().await.unwrap();
    let (path, arrived) = reached.slow_path();
    let (response, mut slow) = client.send_request(request("GET", &path), true).unwrap();
    arrived.await.unwrap();
    slow.send_reset(h2::Reason::CANCEL);
    drop(response);

    client = client.ready().await.unwrap();
    let (response, mut endless) = client
        .send_request(request("GET", "/endless"), true)
        .unwrap();
    response
        .await
        .unwrap()
        .into_body()
        .data()
        .await
        .unwrap()
        .unwrap();
    endless.send_reset(h2::Reason::CANCEL);
    // The connection flushes its resets and closes when nobody holds a stream of it any more.
    drop((client, body, slow, endless));
    let _ = connection.await;
}

/// One client of the mix.
async fn client(kind: usize, address: SocketAddr, reached: Reached) {
    let close = "connection: close\r\n";
    match kind {
        0 => to_the_close(address, http1("GET", "/full", close)).await,
        1 => to_the_close(address, http1("GET", "/empty", close)).await,
        2 => {
            let (path, arrived) = reached.slow_path();
            let stream = send(address, &http1("GET", &path, "")).await;
            arrived.await.unwrap();
            drop(stream);
        }
        3 => to_the_close(address, http1("GET", "/stream", close)).await,
        4 => hang_up_after(address, http1("GET", "/endless", ""), "second").await,
        5 => to_the_close(address, http1("GET", "/broken", close)).await,
        6 => to_the_close(address, http1("GET", "/panic", close)).await,
        7 => to_the_close(address, http1("GET", "/panic-body", close)).await,
        8 => to_the_close(address, http1("GET", "/fail", close)).await,
        9 => {
            to_the_close(
                address,
                http1(
                    "POST",
                    "/upload",
                    "connection: close\r\ncontent-length: 3\r\n",
                ) + "abc",
            )
            .await
        }
        10 => drop(
            send(
                address,
                &(http1("POST", "/upload", "content-length: 100\r\n") + "part"),
            )
            .await,
        ),
        11 => to_the_close(address, http1("HEAD", "/full", close)).await,
        12 => {
            to_the_close(
                address,
                http1("GET", "/full", "").repeat(3) + &http1("GET", "/nothing", close),
            )
            .await
        }
        13 => {
            let stream = TcpStream::connect(address).await.unwrap();
            tokio_tungstenite::client_async(format!("ws://{address}/ws"), stream)
                .await
                .unwrap();
        }
        _ => over_http2(address, reached).await,
    }
}

/// What the clients that wait for an answer must have come to, each round.
const CERTAIN: [(&str, EndKind, usize); 13] = [
    ("/full", EndKind::Ok, 5),
    ("/empty", EndKind::Ok, 1),
    ("/stream", EndKind::Ok, 1),
    ("/endless", EndKind::Aborted, 2),
    ("/broken", EndKind::BodyError, 1),
    ("/panic", EndKind::Panicked, 1),
    ("/panic-body", EndKind::Panicked, 1),
    ("/fail", EndKind::Error, 1),
    ("/grpc", EndKind::Error, 1),
    ("/ws", EndKind::Ok, 1),
    ("/slow", EndKind::Cancelled, 2),
    ("/upload", EndKind::Ok, 1),
    ("unmatched", EndKind::Ok, 1),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_everything_leaves_the_books_balanced() {
    let (recorder, mut ends) = recorder();
    let reached = Reached::default();
    let signal = reached.clone();
    let announce = axum::middleware::from_fn(
        move |request: axum::extract::Request, next: axum::middleware::Next| {
            signal.arrived(request.uri());
            next.run(request)
        },
    );
    let app = service().layer(announce).layer(axum_layer(recorder));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });

    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    let mut clients = JoinSet::new();
    for _ in 0..ROUNDS {
        for kind in 0..15 {
            let (reached, at_once) = (reached.clone(), Arc::clone(&at_once));
            clients.spawn(async move {
                let _permit = at_once.acquire_owned().await.unwrap();
                tokio::time::timeout(PATIENCE, client(kind, address, reached))
                    .await
                    .unwrap_or_else(|_| panic!("a client of kind {kind} finishes"));
            });
        }
    }
    while let Some(finished) = clients.join_next().await {
        finished.unwrap();
    }

    // All but the uploads cut off at once are sure to have started; wait for their ends, then for quiet.
    let certain = CERTAIN.iter().map(|(_, _, times)| times).sum::<usize>();
    let mut seen = HashMap::<(String, EndKind), usize>::new();
    let mut total = 0;
    let mut cut_uploads = 0;
    while total < certain * ROUNDS || !ends.is_balanced() {
        let ended = ends.next().await;
        if ended.endpoint == "/upload" && ended.end.kind() != EndKind::Ok {
            cut_uploads += 1;
        } else {
            total += 1;
        }
        *seen.entry((ended.endpoint, ended.end.kind())).or_default() += 1;
    }
    server.abort();

    for (endpoint, kind, times) in CERTAIN {
        assert_eq!(
            seen.get(&(endpoint.to_owned(), kind)),
            Some(&(times * ROUNDS)),
            "{endpoint} {kind}: {seen:?}"
        );
    }
    assert_eq!(total, certain * ROUNDS, "{seen:?}");
    assert!(cut_uploads <= ROUNDS, "{seen:?}");
}
