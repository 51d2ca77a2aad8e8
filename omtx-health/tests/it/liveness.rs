//! Whether the process is to be killed.

use std::time::Duration;

use omtx_health::Spec;

use crate::support::{Does, Puppet, get, shop, started};

#[tokio::test(start_paused = true)]
async fn it_is_alive_with_every_dependency_down() {
    let health = shop()
        .check(Spec::new("db", Puppet::that(Does::Fail)).readiness(true))
        .check(Spec::new("cache", Puppet::that(Does::Panic)))
        .check(Spec::new("gpu", Puppet::that(Does::Hang)))
        .build()
        .unwrap();
    started(&health).await;
    assert_eq!(get(&health, "/health").0, 503);
    assert_eq!(get(&health, "/ready").0, 503);
    assert_eq!(
        get(&health, "/live"),
        (200, r#"{"status":"alive"}"#.to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn it_is_alive_while_it_drains_even_if_its_workers_have_ended() {
    let health = shop().build().unwrap();
    drop(health.watchdog("worker", Duration::from_secs(1)).unwrap());
    assert_eq!(get(&health, "/live").0, 503);
    health.drain().start();
    assert_eq!(get(&health, "/live").0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_is_lost_is_death() {
    let health = shop().build().unwrap();
    let watchdog = health.watchdog("worker", Duration::from_secs(30)).unwrap();
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(29)).await;
        assert_eq!(get(&health, "/live").0, 200);
        watchdog.beat();
    }
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(
        get(&health, "/live"),
        (
            503,
            r#"{"status":"dead","reason":"no heartbeat: worker"}"#.to_owned()
        )
    );
    watchdog.beat();
    assert_eq!(get(&health, "/live").0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_watchdog_that_retires_is_not_missed() {
    let health = shop().build().unwrap();
    health
        .watchdog("batch", Duration::from_secs(1))
        .unwrap()
        .retire();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(get(&health, "/live").0, 200);
}

#[tokio::test]
async fn a_runtime_that_runs_no_tasks_is_death() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let health = shop().runtime(runtime.handle().clone()).build().unwrap();
    // Its only thread is taken.
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (taken, takes) = std::sync::mpsc::channel();
    runtime.spawn(async move {
        taken.send(()).unwrap();
        let _ = released.recv();
    });
    takes.recv().unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(50)).await;
    assert_eq!(get(&health, "/live").0, 200);
    tokio::time::advance(Duration::from_secs(20)).await;
    assert_eq!(
        get(&health, "/live"),
        (
            503,
            r#"{"status":"dead","reason":"no heartbeat: runtime"}"#.to_owned()
        )
    );
    drop(release);
    runtime.shutdown_background();
}
