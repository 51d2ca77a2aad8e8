//! The whole way: a real server, its check, the runner, and what probes answer to an operator and to a stranger.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use omtx_health::{Check, CheckResult, Health, Report, Spec, Status};
use rustix::process::Signal;

use super::engine::{PATIENCE, until_async};
use crate::support::{ask, get, text};

/// A check that notes when each run began, and whether it passed.
struct Noted<C> {
    check: C,
    notes: Arc<Mutex<Vec<(Instant, bool)>>>,
}

impl<C: Check> Check for Noted<C> {
    async fn run(&self) -> CheckResult {
        let began = Instant::now();
        let result = self.check.run().await;
        self.notes.lock().unwrap().push((began, result.is_ok()));
        result
    }
}

/// A service that depends on one server.
struct Service {
    health: Health,
    notes: Arc<Mutex<Vec<(Instant, bool)>>>,
}

impl Service {
    async fn start(check: impl Check) -> Self {
        let notes = Arc::default();
        let spec = Spec::new(
            "store",
            Noted {
                check,
                notes: Arc::clone(&notes),
            },
        );
        let health = Health::builder("shop")
            .check(
                spec.readiness(true)
                    .interval(Duration::from_millis(50))
                    .timeout(Duration::from_secs(30)),
            )
            .details_for(|head| head.headers.contains_key("x-operator"))
            .build()
            .unwrap();
        let service = Self { health, notes };
        service.is(Status::Healthy).await;
        service
    }

    async fn is(&self, status: Status) {
        let mut reports = self.health.subscribe();
        let there = reports.wait_for(|report: &Arc<Report>| report.status() == status);
        tokio::time::timeout(PATIENCE, there)
            .await
            .unwrap_or_else(|_| panic!("not {status} within {PATIENCE:?}"))
            .unwrap();
    }

    /// The probes turn, and name the error to an operator and to nobody else. No run that began after `since` passed.
    async fn fails_with(&self, since: Instant, error: &str) {
        self.is(Status::Unhealthy).await;
        let late = self
            .notes
            .lock()
            .unwrap()
            .iter()
            .any(|(at, passed)| *at > since && *passed);
        assert!(!late, "a run passed after the event: {error}");

        let operator = |path: &str| {
            let request = http::Request::get(path).header("x-operator", "ada");
            text(&ask(&self.health, request))
        };
        // The run that saw the event happen may have its own words for it; the next ones agree.
        for path in ["/health/store", "/health?verbose"] {
            until_async(error, async || operator(path).contains(error).then_some(())).await;
        }

        for (path, code) in [
            ("/health", 503),
            ("/health?verbose", 503),
            ("/health/store", 503),
            ("/ready", 503),
            ("/live", 200),
        ] {
            let (status, body) = get(&self.health, path);
            assert_eq!(status, code, "{path}: {body}");
            assert!(
                !body.contains(error) && !body.contains("127."),
                "{path}: {body}"
            );
        }
    }

    async fn recovers(&self) {
        self.is(Status::Healthy).await;
        assert_eq!(get(&self.health, "/ready").0, 200);
    }
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn probes_follow_redis_through_everything_that_happens_to_it() {
    use omtx_health::checks::Redis;

    let Some(mut server) = super::redis::Server::start(&["--requirepass", "right"]).await else {
        return;
    };
    let check = Redis::new(&server.url(":right@")).unwrap();
    let service = Service::start(check.timeout(Duration::from_secs(3))).await;

    server.process.end(Signal::KILL);
    service
        .fails_with(Instant::now(), "Connection refused (os error 111)")
        .await;
    server.restart().await;
    service.recovers().await;

    server.process.signal(Signal::STOP);
    service
        .fails_with(Instant::now(), "no answer within 3 s")
        .await;
    server.process.signal(Signal::CONT);
    service.recovers().await;

    let mut admin = server.connection(":right@").await;
    let mut set = async |key: &str, value: &str| {
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg(key).arg(value);
        command.exec_async(&mut admin).await.unwrap();
    };
    set("requirepass", "another").await;
    service
        .fails_with(Instant::now(), "refuses the credentials (WRONGPASS)")
        .await;
    set("requirepass", "right").await;
    service.recovers().await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn probes_follow_postgres_through_everything_that_happens_to_it() {
    use omtx_health::checks::Postgres;
    use tokio_postgres::NoTls;

    let small = [
        "max_connections=5",
        "superuser_reserved_connections=0",
        "max_wal_senders=0",
    ];
    let arguments: Vec<_> = small.iter().flat_map(|it| ["-c", it]).collect();
    let Some(mut server) = super::postgres::Server::start(&arguments).await else {
        return;
    };
    let url = server.url("right", "postgres");
    let check = Postgres::new(&url).unwrap().timeout(Duration::from_secs(5));
    let service = Service::start(check).await;

    server.process.end(Signal::KILL);
    service
        .fails_with(Instant::now(), "Connection refused (os error 111)")
        .await;
    server.restart().await;
    service.recovers().await;

    server.process.signal(Signal::STOP);
    service
        .fails_with(Instant::now(), "no session within 5 s")
        .await;
    server.process.signal(Signal::CONT);
    service.recovers().await;

    let (admin, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let set = async |password: &str| {
        let statement = format!("ALTER ROLE app PASSWORD '{password}'");
        admin.batch_execute(&statement).await.unwrap();
    };
    set("another").await;
    service
        .fails_with(Instant::now(), "refuses the credentials (28P01)")
        .await;
    set("right").await;
    service.recovers().await;

    // One is the administrator's, and one the check's as long as it runs: it is outrun.
    let mut holders = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while holders.len() < 4 {
        assert!(Instant::now() < deadline, "no connections to hold");
        match tokio_postgres::connect(&url, NoTls).await {
            Ok((client, connection)) => holders.push((client, tokio::spawn(connection))),
            Err(_) => tokio::task::yield_now().await,
        }
    }
    service
        .fails_with(Instant::now(), "has no connection left (53300)")
        .await;
    drop(holders);
    service.recovers().await;

    drop(admin);
    connection.await.unwrap().unwrap();
}
