//! An axum service that exists already gets rate, errors and durations of every route, and `/metrics`.
//!
//! `cargo run --example metrics_in_axum`

#![allow(clippy::print_stdout)] // the exposition is what it shows

use std::error::Error;

use axum::extract::Path;
use axum::{Router, routing::get};
use omtx_examples::hub::client::Client;
use omtx_metrics::{Registry, http::RedObserver};
use tokio::net::TcpListener;

/// The service as it was.
fn service() -> Router {
    let greet = async |Path(name): Path<String>| format!("Hello, {name}!\n");
    Router::new().route("/hello/{name}", get(greet))
}

/// The same, measured. This is all that there is to do.
fn measured(service: Router) -> Result<Router, omtx_metrics::Error> {
    let registry = Registry::new();
    let red = RedObserver::new(&registry)?;
    Ok(service
        .layer(omtx_http::axum_layer(red)) // behind the routes, so that it sees their templates
        .route("/metrics", registry.metrics_route())) // behind the layer: a scrape is no request of the service
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let client = Client::new(listener.local_addr()?);
    let service = measured(service())?;
    tokio::spawn(async move { axum::serve(listener, service).await });

    for path in ["/hello/ada", "/hello/grace", "/wp-login.php"] {
        client.get(path).await?;
    }
    let exposition = String::from_utf8(client.get("/metrics").await?.body.to_vec())?;
    print!("{exposition}");

    for row in [
        r#"http_requests_total{method="GET",endpoint="/hello/{name}",status="200"} 2"#,
        r#"http_requests_total{method="GET",endpoint="unmatched",status="404"} 1"#,
        r#"http_request_duration_seconds_count{method="GET",endpoint="/hello/{name}"} 2"#,
    ] {
        assert!(exposition.contains(row), "{row}");
    }
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
