//! The server: an axum service as one would write it.

use std::io::Write;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use omtx_health::{Drain, DrainOptions, Health, Server};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn serve() {
    let drain = Drain::new(DrainOptions::default().from_env().unwrap());
    drain.start_on_signals().unwrap();
    drain.on_flush("logs", async |_| say("flushed"));
    let health = Health::builder("shop")
        .drain(drain.clone())
        .build()
        .unwrap();
    let name = std::env::var("SHOP").unwrap();
    let router = Router::new()
        .route(
            "/",
            get(async || {
                tokio::time::sleep(Duration::from_millis(3)).await; // as long as a query
                name
            }),
        )
        .route(
            "/endless",
            get(async || {
                say("entered");
                std::future::pending::<()>().await;
            }),
        )
        .merge(health.router());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    say(&format!("listening {}", listener.local_addr().unwrap()));
    let report = Server::new(&drain).serve(listener, router).await;
    say(&format!("cut off {}", report.cut_off()));
}

fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")
        .and_then(|()| stdout.flush())
        .unwrap();
}
