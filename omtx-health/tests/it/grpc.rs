//! `grpc.health.v1.Health`.

use std::time::Duration;

use futures_util::StreamExt;
use omtx_health::{Drain, DrainOptions, GrpcHealth, Health, Spec, Status};
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_server::Health as _;

use crate::support::{Does, Puppet, shop, started, until};

fn ask(service: &str) -> Request<HealthCheckRequest> {
    Request::new(HealthCheckRequest {
        service: service.to_owned(),
    })
}

async fn check(grpc: &GrpcHealth, service: &str) -> Result<&'static str, Code> {
    let response = grpc.check(ask(service)).await;
    response
        .map(|response| response.into_inner().status().as_str_name())
        .map_err(|status| status.code())
}

async fn db(puppet: &Puppet) -> (Health, GrpcHealth) {
    let db = Spec::new("db", puppet.clone())
        .interval(Duration::from_secs(1))
        .readiness(true);
    let health = shop().check(db).build().unwrap();
    started(&health).await;
    let grpc = GrpcHealth::new(&health, ["shop.v1.Orders"]);
    (health, grpc)
}

#[tokio::test(start_paused = true)]
async fn services_serve_while_the_instance_is_ready_and_checks_while_they_are_up() {
    let puppet = Puppet::default();
    let (health, grpc) = db(&puppet).await;
    for service in ["", "shop.v1.Orders", "db"] {
        assert_eq!(check(&grpc, service).await, Ok("SERVING"));
    }
    assert_eq!(check(&grpc, "redis").await, Err(Code::NotFound));
    puppet.now(Does::Fail);
    until(&health, "db", Status::Unhealthy).await;
    for service in ["", "shop.v1.Orders", "db"] {
        assert_eq!(check(&grpc, service).await, Ok("NOT_SERVING"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_that_has_not_run_is_unknown() {
    let health = shop()
        .check(Spec::new("db", Puppet::that(Does::Hang)))
        .build()
        .unwrap();
    let grpc = GrpcHealth::new(&health, [""; 0]);
    assert_eq!(check(&grpc, "db").await, Ok("UNKNOWN"));
    assert_eq!(check(&grpc, "").await, Ok("NOT_SERVING"));
}

#[tokio::test(start_paused = true)]
async fn watch_tells_every_change_and_ends_with_the_delay() {
    let puppet = Puppet::default();
    let (health, grpc) = db(&puppet).await;
    let mut watch = grpc.watch(ask("")).await.unwrap().into_inner();
    let mut next = async || {
        let answer = watch.next().await?;
        Some(answer.unwrap().status().as_str_name())
    };
    assert_eq!(next().await, Some("SERVING"));
    puppet.now(Does::Fail);
    assert_eq!(next().await, Some("NOT_SERVING"));
    puppet.now(Does::Pass);
    assert_eq!(next().await, Some("SERVING"));
    health.drain().start();
    let began = tokio::time::Instant::now();
    assert_eq!(next().await, Some("NOT_SERVING"));
    assert_eq!(next().await, None);
    assert_eq!(began.elapsed(), omtx_health::DEFAULT_DRAIN_DELAY);
}

#[tokio::test(start_paused = true)]
async fn watch_tells_of_a_drain_without_a_delay_before_it_ends() {
    // Which of two things that are true at once is noticed first is left to chance.
    for _ in 0..50 {
        let drain = Drain::new(DrainOptions::default().delay(Duration::ZERO));
        let health = shop().drain(drain.clone()).build().unwrap();
        let grpc = GrpcHealth::new(&health, [""; 0]);
        let watch = grpc.watch(ask("")).await.unwrap().into_inner();
        let mut told = watch.map(|answer| answer.unwrap().status().as_str_name());
        assert_eq!(told.next().await, Some("SERVING"));
        // It waits by the time that the drain starts.
        let (rest, ()) = tokio::join!(told.collect::<Vec<_>>(), async { drain.start() });
        assert_eq!(rest, ["NOT_SERVING"]);
    }
}

#[tokio::test(start_paused = true)]
async fn watch_tells_what_goes_stale() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let health = shop()
        .check(Spec::new("db", Puppet::default()))
        .runtime(runtime.handle().clone()) // which nobody drives
        .build()
        .unwrap();
    let grpc = GrpcHealth::new(&health, [""; 0]);
    let mut watch = grpc.watch(ask("db")).await.unwrap().into_inner();
    for expected in ["UNKNOWN", "NOT_SERVING"] {
        let answer = watch.next().await.unwrap().unwrap();
        assert_eq!(answer.status().as_str_name(), expected);
    }
    runtime.shutdown_background();
}

#[tokio::test(start_paused = true)]
async fn watch_waits_for_a_service_that_is_not_there_yet() {
    let health = shop().build().unwrap();
    let grpc = GrpcHealth::new(&health, [""; 0]);
    let mut watch = grpc.watch(ask("late")).await.unwrap().into_inner();
    let mut next = async || watch.next().await.unwrap().unwrap().status().as_str_name();
    assert_eq!(next().await, "SERVICE_UNKNOWN");
    health.add(Spec::new("late", Puppet::default())).unwrap();
    let first = next().await;
    assert!(["UNKNOWN", "SERVING"].contains(&first), "{first}");
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn it_is_served_over_http2() {
    use bytes::Bytes;
    use http_body_util::{BodyExt, Full};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use omtx_health::Server;

    let health = shop().build().unwrap();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(Server::new(health.drain()).serve(listener, health.grpc([""; 0])));

    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let call = |method: &str| {
        http::Request::post(format!("http://shop/grpc.health.v1.Health/{method}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Full::new(Bytes::from_static(&[0; 5]))) // no compression, no bytes: service ""
            .unwrap()
    };
    // No compression, two bytes: field 1, SERVING.
    let serving_frame = Bytes::from_static(&[0, 0, 0, 0, 2, 8, 1]);
    let body = client
        .send_request(call("Check"))
        .await
        .unwrap()
        .into_body();
    let body = body.collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(body.to_bytes(), serving_frame);

    // A client that watches does not hold the drain up.
    let mut watch = client
        .send_request(call("Watch"))
        .await
        .unwrap()
        .into_body();
    let frame = watch.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), serving_frame);
    health.drain().start();
    let frame = watch.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), [0_u8, 0, 0, 0, 2, 8, 2][..]);
    health.drain().cut_delay();
    assert!(serving.await.unwrap().is_complete());
}
