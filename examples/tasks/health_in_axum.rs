//! An axum service that exists already gets `/health`, `/ready`, `/live` and `/startup`, and ends without failing a request.
//!
//! `cargo run --example health_in_axum`; the Kubernetes manifest is beside it, in `health_in_axum.yaml`.

#![allow(clippy::print_stdout)] // the answers are what it shows

use std::error::Error;
use std::time::Duration;

use axum::{Router, routing::get};
use omtx_examples::hub::client::Client;
use omtx_health::{Drain, DrainOptions, Failure, Health, Server, Spec, Verdict};
use tokio::net::TcpListener;

/// The service as it was. Making a report takes a while.
fn service() -> Router {
    let report = async || {
        tokio::time::sleep(Duration::from_millis(50)).await;
        "a report\n"
    };
    Router::new().route("/report", get(report))
}

/// What it depends on.
fn health(drain: &Drain) -> Result<Health, omtx_health::Error> {
    Health::builder("reports")
        .version(env!("CARGO_PKG_VERSION"))
        .drain(drain.clone())
        // Only this instance can lose its templates: it is not ready without them.
        .check(Spec::new("templates", || async { Ok(Verdict::up()) }).readiness(true))
        // Without a cache it is slower, no more.
        .check(
            Spec::new("cache", || async {
                Err(Failure::new("10.0.0.7:6379: timed out"))
            })
            .critical(false),
        )
        .build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let drain = Drain::new(DrainOptions::default().delay(Duration::ZERO).from_env()?);
    drain.start_on_signals()?; // SIGTERM and ctrl-c
    drain.on_flush("logs", async |_remaining| println!("flushed"));
    let health = health(&drain)?;
    let app = service().merge(health.router());

    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let client = Client::new(listener.local_addr()?);
    let server = tokio::spawn(Server::new(&drain).serve(listener, app));

    health
        .subscribe()
        .wait_for(|report| report.is_started())
        .await?;
    for path in ["/health", "/ready", "/live", "/startup", "/health/cache"] {
        let answer = client.get(path).await?;
        println!(
            "{path} {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
    }
    assert_eq!(client.get("/ready").await?.status, 200);
    assert_eq!(client.get("/health").await?.json()["status"], "degraded");

    // What SIGTERM does, with a request in flight.
    let report = tokio::spawn(async move { client.get("/report").await });
    while drain.in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    drain.start();
    assert!(!health.is_ready());
    let ended = server.await?;
    assert_eq!(report.await??.body, "a report\n");
    assert_eq!(ended.cut_off(), 0);
    println!("ended after {:?}", ended.took());
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
