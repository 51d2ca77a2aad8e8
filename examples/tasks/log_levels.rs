//! Levels that change while the service runs: an endpoint for operators, and the variables that set them at start.
//!
//! `cargo run --example log_levels`, or against a service: `curl -X PUT --data 'info,orders::payment=debug' …/admin/log-level`.

#![allow(clippy::print_stdout)] // the lines are what it shows

use std::error::Error;

use axum::extract::State;
use axum::routing::{get, put};
use axum::{Router, http::StatusCode};
use omtx_examples::hub::client::Client;
use omtx_logging::testing::Lines;
use omtx_logging::{LevelHandle, Levels, Logging, Severity};
use tokio::net::TcpListener;
use tracing::{debug, info, warn};

/// What an operator sends: `debug`, or levels by module.
async fn set(
    State(levels): State<LevelHandle>,
    text: String,
) -> Result<String, (StatusCode, String)> {
    let new: Levels = text
        .trim()
        .parse()
        .map_err(|error: omtx_logging::Error| (StatusCode::BAD_REQUEST, format!("{error}\n")))?;
    // Whoever reads the log later must know why there is more of it.
    warn!(before = %levels.get(), after = %new, "log levels changed");
    levels.set(new);
    Ok(format!("{}\n", levels.get()))
}

async fn pay() {
    debug!(target: "orders::payment", "asking the bank");
    debug!(target: "hyper::client", "connection reused");
    info!(target: "orders::payment", "paid");
}

/// The admin routes belong behind a login, or on a port of their own.
fn app(logging: &Logging) -> Router {
    let admin =
        put(set).get(async |State(levels): State<LevelHandle>| format!("{}\n", levels.get()));
    Router::new()
        .route("/pay", get(pay))
        .route("/admin/log-level", admin)
        .with_state(logging.levels().clone())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let lines = Lines::default(); // a service has no sink of its own: lines go to standard output
    // At start the environment decides: `ORDERS_LOG_LEVEL` over `LOG_LEVEL` over `RUST_LOG` over what stands here. A service
    // calls `from_env`; here the variables are made up.
    let logging = Logging::builder("orders")
        .levels(Severity::Warning)
        .from_vars(|name| (name == "ORDERS_LOG_LEVEL").then(|| "info,hyper=warn".into()))?
        .sink(lines.clone())
        .install()?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let client = Client::new(listener.local_addr()?);
    let server = tokio::spawn(axum::serve(listener, app(&logging)).into_future());
    let level = "/admin/log-level";

    client.get("/pay").await?;
    let before = show(&lines);
    assert_eq!(before, ["paid"]);

    let answer = client.request(
        "PUT".parse()?,
        level,
        "info,hyper=warn,orders::payment=debug",
    );
    assert_eq!(answer.await?.status, 200);
    client.get("/pay").await?;
    assert_eq!(
        show(&lines),
        ["log levels changed", "asking the bank", "paid"]
    );

    // What cannot be is refused, and nothing changes.
    let refused = client.request("PUT".parse()?, level, "loud").await?;
    assert_eq!(refused.status, 400);
    print!("{}", String::from_utf8_lossy(&refused.body));
    assert!(client.get(level).await?.body.starts_with(b"info"));
    server.abort();
    Ok(())
}

/// Prints the lines since the last call; their messages.
fn show(lines: &Lines) -> Vec<String> {
    let message = |line: String| {
        println!("{line}");
        let line: serde_json::Value = serde_json::from_str(&line).expect("a line is JSON");
        line["message"].as_str().unwrap_or_default().to_owned()
    };
    lines.take().into_iter().map(message).collect()
}

#[test]
fn it_runs() {
    main().unwrap();
}
