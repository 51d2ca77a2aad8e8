//! Both transports against peers that do what no protocol knows.

use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

const BOTH: [fn(SocketAddr) -> Box<dyn Transport>; 2] = [http_at, grpc_at];

/// More than the system buffers between two sockets.
fn large() -> Bytes {
    vec![0; 32 << 20].into()
}

#[tokio::test]
async fn a_peer_that_does_not_read_costs_the_deadline() {
    for transport_at in BOTH {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut transport = transport_at(listener.local_addr().unwrap());
        let short = Duration::from_millis(500);
        let (answer, accepted) = tokio::join!(
            export_within(&mut *transport, large(), short),
            listener.accept()
        );
        drop(accepted);
        assert_eq!(kind(&answer), ("unknown", None), "{answer:?}");
    }
}

/// Waits until nobody but the caller has this request.
async fn let_go(request: &Bytes, what: &str) {
    let begun = Instant::now();
    while !request.is_unique() {
        assert!(begun.elapsed() < PATIENCE, "{what}: still held");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_request_that_is_never_answered_is_let_go_of_with_its_connection() {
    let short = Duration::from_millis(200);
    for transport_at in BOTH {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut transport = transport_at(listener.local_addr().unwrap());
        let request = large();
        for _ in 0..2 {
            let (answer, accepted) = tokio::join!(
                export_within(&mut *transport, request.clone(), short),
                listener.accept()
            );
            assert_eq!(kind(&answer), ("unknown", None), "{answer:?}");
            let_go(&request, "a peer that does not read").await;
            drop(accepted);
        }
    }
    // A collector that is stopped while it runs: it has promised to take everything, and reads nothing.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut transport = grpc_at(listener.local_addr().unwrap());
    let request = large();
    for promised in [16 << 10, 1 << 30] {
        let (answer, stopped) = tokio::join!(
            export_within(&mut *transport, request.clone(), short),
            async {
                let (stream, _) = listener.accept().await.unwrap();
                let mut builder = h2::server::Builder::new();
                builder.initial_window_size(promised);
                builder.initial_connection_window_size(promised.max(1 << 16));
                let mut connection = builder.handshake::<_, Bytes>(stream).await.unwrap();
                let request = connection.accept().await;
                (connection, request)
            }
        );
        assert_eq!(kind(&answer), ("unknown", None), "{answer:?}");
        let_go(&request, "a peer that is stopped").await;
        drop(stopped);
    }
}

#[tokio::test]
async fn a_peer_that_hangs_up_at_once_is_no_collector() {
    for transport_at in BOTH {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut transport = transport_at(listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_zero_linger().unwrap();
            }
        });
        for _ in 0..10 {
            let answer = export(&mut *transport, spans(1)).await;
            assert!(
                ["retry", "unknown"].contains(&kind(&answer).0),
                "{answer:?}"
            );
        }
    }
}

/// What a peer says that has read a little: noise, or a good beginning and then noise.
fn said() -> impl Strategy<Value = Vec<u8>> {
    let beginning = prop_oneof![
        Just(&b""[..]),
        Just(&b"HTTP/1.1 "[..]),
        Just(&b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"[..]),
        Just(&b"HTTP/1.1 200 OK\r\n"[..]),
        // SETTINGS, empty, and its acknowledgement
        Just(&b"\0\0\0\x04\0\0\0\0\0"[..]),
        Just(&b"\0\0\0\x04\0\0\0\0\0\0\0\0\x04\x01\0\0\0\0"[..]),
        // the same and HEADERS of the first stream: `:status: 200`
        Just(&b"\0\0\0\x04\0\0\0\0\0\0\0\x01\x01\x04\0\0\0\x01\x88"[..]),
    ];
    let noise = proptest::collection::vec(any::<u8>(), 0..200);
    (beginning, noise).prop_map(|(beginning, noise)| [beginning, &noise].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_peer_says_an_attempt_has_an_answer_and_the_next_is_not_bothered(said in said()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for transport_at in BOTH {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let mut transport = transport_at(listener.local_addr().unwrap());
                let said = said.clone();
                tokio::spawn(async move {
                    while let Ok((mut stream, _)) = listener.accept().await {
                        let said = said.clone();
                        tokio::spawn(async move {
                            let _ = stream.read(&mut [0; 4096]).await;
                            let _ = stream.write_all(&said).await;
                        });
                    }
                });
                for _ in 0..2 {
                    kind(&export(&mut *transport, spans(1)).await);
                }
            }
        });
    }
}
