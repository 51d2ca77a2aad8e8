//! The health of a shop that depends on PostgreSQL, Redis, a search service, a GPU, its disk and its memory.
//!
//! `cargo run --example health_checks` asks once and ends; where none of these is there, that is what it shows. With an
//! address it serves until it is stopped, as `health_checks.yaml` beside it deploys it:
//! `cargo run --example health_checks -- 127.0.0.1:8000`, then `curl -H 'x-operator: me' '127.0.0.1:8000/health?verbose'`.

#![allow(clippy::print_stdout)] // the answers are what it shows

use std::error::Error;
use std::time::Duration;

use axum::{Router, routing::get};
use omtx_examples::hub::client::Client;
use omtx_gpu::GpuCollector;
use omtx_health::checks::{Disk, Heartbeat, Http, Memory, Postgres, Redis};
use omtx_health::{Drain, DrainOptions, Health, Server, Spec};
use tokio::net::TcpListener;

/// Where its dependencies are.
struct Settings {
    database: String,
    cache: String,
    search: String,
    data: String,
}

impl Settings {
    fn from_env() -> Self {
        let or = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.into());
        Self {
            database: or("DATABASE_URL", "postgres://shop:secret@127.0.0.1:5432/shop"),
            cache: or("REDIS_URL", "redis://127.0.0.1:6379/0"),
            search: or("QDRANT_URL", "http://127.0.0.1:6333"),
            data: or("SHOP_DATA", "/"),
        }
    }
}

fn health(
    settings: &Settings,
    gpus: &GpuCollector,
    worker: &Heartbeat,
    drain: &Drain,
) -> Result<Health, omtx_health::Error> {
    let often = Duration::from_secs(5);
    Health::builder("shop")
        .version(env!("CARGO_PKG_VERSION"))
        .drain(drain.clone())
        // The ingress strips this header from what comes from outside.
        .details_for(|head| head.headers.contains_key("x-operator"))
        // Without these two nothing works. They are shared by all instances, so `/ready` does not ask for them: with every
        // instance out of the load balancer, customers would see its error page and not the shop's.
        .check(
            Spec::new(
                "database",
                Postgres::new(&settings.database)?.writable(true),
            )
            .interval(often),
        )
        .check(Spec::new("worker", worker.within(Duration::from_secs(30))))
        // Without these three it is slower, or finds less.
        .check(
            Spec::new("cache", Redis::new(&settings.cache)?)
                .critical(false)
                .interval(often),
        )
        .check(
            Spec::new("search", Http::qdrant(&settings.search)?)
                .critical(false)
                .thresholds(1, 3),
        )
        // What the collector's own threads have seen: this calls no driver, so it cannot hang in one. Until they have looked
        // for the first time, it fails.
        .check(
            Spec::new("gpu", gpus.check())
                .critical(false)
                .interval(often),
        )
        // These one instance can lose alone: the others take its requests.
        .check(Spec::new("disk", Disk::new(&settings.data).writable(true)).readiness(true))
        .check(
            Spec::new("memory", Memory::new())
                .critical(false)
                .readiness(true),
        )
        .build()
}

async fn run(settings: Settings, address: Option<String>) -> Result<(), Box<dyn Error>> {
    let drain = Drain::new(DrainOptions::default().from_env()?);
    let gpus = GpuCollector::builder().from_env()?.start()?; // without a driver too
    let worker = Heartbeat::new();
    let health = health(&settings, &gpus, &worker, &drain)?;
    tokio::spawn(async move {
        loop {
            worker.beat(); // and a turn of its work
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });

    let app = Router::new()
        .route("/", get(async || "welcome\n"))
        .merge(health.router());
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    let client = Client::new(listener.local_addr()?);
    let server = Server::new(&drain).serve(listener, app);
    if address.is_some() {
        drain.start_on_signals()?;
        println!("cut off: {}", server.await.cut_off());
        return Ok(());
    }

    tokio::spawn(server);
    health
        .subscribe()
        .wait_for(|report| report.is_started())
        .await?;
    for path in ["/health", "/ready", "/live", "/health/database"] {
        let answer = client.get(path).await?;
        println!(
            "{path} {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
    }
    for check in health.report().checks() {
        let why = check.error().or(check.message()).unwrap_or_default();
        println!("{:10}{:10}{why}", check.name(), check.status());
    }
    assert_eq!(client.get("/live").await?.status, 200); // whatever else is down
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    run(Settings::from_env(), std::env::args().nth(1)).await
}

#[cfg(test)]
mod tests {
    use fake_nvml::{Device, FakeDriver, Return, Script};
    use omtx_health::Status;
    use omtx_health::testing::{probe, until};

    use super::*;

    /// A port where nobody listens.
    fn nowhere() -> Settings {
        Settings {
            database: "postgres://shop:S3CRET@127.0.0.1:1/shop".into(),
            cache: "redis://:S3CRET@127.0.0.1:1".into(),
            search: "http://127.0.0.1:1".into(),
            data: "/".into(),
        }
    }

    /// No driver either.
    fn no_gpus() -> GpuCollector {
        let builder = GpuCollector::builder().library("/nowhere/libnvidia-ml.so.1");
        builder.start().unwrap()
    }

    #[tokio::test]
    async fn it_runs_where_nothing_that_it_depends_on_does() {
        run(nowhere(), None).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_down_is_named_without_its_password() {
        let health = health(&nowhere(), &no_gpus(), &Heartbeat::new(), &Drain::default()).unwrap();
        let mut reports = health.subscribe();
        let down = reports.wait_for(|report| {
            let status = |name| report.check(name).unwrap().status();
            [status("database"), status("cache")] == [Status::Unhealthy; 2]
        });
        let report = down.await.unwrap().clone();
        assert_eq!(report.status(), Status::Unhealthy);
        let error = |name| report.check(name).unwrap().error().unwrap().to_owned();
        let refused = "cannot connect to 127.0.0.1:1: Connection refused (os error 111)";
        assert_eq!([error("database"), error("cache")], [refused; 2]);
    }

    #[tokio::test]
    async fn a_gpu_that_falls_off_the_bus_degrades_the_shop() {
        let driver = FakeDriver::new(Script::with(vec![Device::data_center(0)]));
        let gpus = GpuCollector::builder()
            .library(driver.path())
            .interval(Duration::from_millis(20))
            .start()
            .unwrap();
        let health = health(&nowhere(), &gpus, &Heartbeat::new(), &Drain::default()).unwrap();
        until(&health, "gpu", Status::Healthy).await;
        driver.change(|script| script.devices[0].state = Return::GpuIsLost);
        let gpu = until(&health, "gpu", Status::Unhealthy).await;
        assert!(gpu.error().is_some_and(|error| !error.is_empty()));
        let ready = "/ready?exclude=disk&exclude=memory"; // whatever this machine has left of them
        until(&health, "worker", Status::Healthy).await;
        health
            .subscribe()
            .wait_for(|report| report.is_started())
            .await
            .unwrap();
        assert_eq!(probe(&health, ready).0, 200);
    }

    #[tokio::test]
    async fn the_manifest_asks_for_probes_that_exist() {
        let health = health(&nowhere(), &no_gpus(), &Heartbeat::new(), &Drain::default()).unwrap();
        let paths: Vec<_> = include_str!("health_checks.yaml")
            .split("path: ")
            .skip(1)
            .filter_map(|rest| rest.split([',', '}', '\n']).next())
            .collect();
        assert_eq!(paths, ["/startup", "/ready", "/live"]);
        for path in paths {
            let (head, ()) = axum::http::Request::get(path)
                .body(())
                .unwrap()
                .into_parts();
            assert!(health.answer_path(&head).is_some(), "{path}");
        }
    }
}
