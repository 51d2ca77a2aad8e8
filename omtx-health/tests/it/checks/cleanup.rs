//! What a run leaves behind when the runner drops it: nothing.

use std::pin::pin;
use std::time::Duration;

use omtx_health::Check;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::engine::PATIENCE;

/// Runs the check against a server that accepts and never answers, drops the run, and waits for the end of its connection.
async fn dropped_run<C: Check>(make: impl FnOnce(&str) -> C) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let check = make(&address);
    let mut stream = {
        let mut run = pin!(check.run());
        let (mut stream, _) = tokio::select! {
            _ = &mut run => panic!("it waits for an answer"),
            accepted = listener.accept() => accepted.unwrap(),
        };
        // It has sent its request, and waits.
        let mut request = [0; 1024];
        tokio::select! {
            _ = &mut run => panic!("it waits for an answer"),
            read = stream.read(&mut request) => assert!(read.unwrap() > 0),
        }
        stream
    };
    let mut rest = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest))
        .await
        .expect("the connection is closed when its run is dropped")
        .unwrap();
}

const LONG: Duration = Duration::from_secs(3600);

#[cfg(feature = "http-check")]
#[tokio::test]
async fn an_http_run_that_is_dropped_closes_its_connection() {
    use omtx_health::checks::Http;
    dropped_run(|address| {
        let check = Http::get(&format!("http://{address}/")).unwrap();
        check.timeout(LONG)
    })
    .await;
}

#[cfg(all(feature = "http-check", feature = "tls"))]
#[tokio::test]
async fn a_tls_run_that_is_dropped_closes_its_connection() {
    use omtx_health::checks::{Http, Tls};
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let tls = Tls::with_roots(certified.cert.pem().as_bytes()).unwrap();
    dropped_run(|address| {
        let check = Http::get_with(&format!("https://{address}/"), tls).unwrap();
        check.timeout(LONG)
    })
    .await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_postgres_run_that_is_dropped_closes_its_connection() {
    use omtx_health::checks::Postgres;
    dropped_run(|address| {
        let check = Postgres::new(&format!("postgres://app:secret@{address}/app")).unwrap();
        check.timeout(LONG)
    })
    .await;
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn a_redis_run_that_is_dropped_closes_its_connection() {
    use omtx_health::checks::Redis;
    dropped_run(|address| {
        let check = Redis::new(&format!("redis://{address}")).unwrap();
        check.timeout(LONG)
    })
    .await;
}
