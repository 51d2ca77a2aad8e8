//! What nobody looks at any more is not green.

use std::time::Duration;

use omtx_health::{Health, Spec, Status, Verdict};

use crate::support::{Does, Puppet, get, shop, started};

fn database() -> Spec {
    Spec::new("database", Puppet::that(Does::Pass))
        .readiness(true)
        .interval(Duration::from_secs(10))
        .timeout(Duration::from_secs(5))
}

/// Health whose checks ran once, on a runtime that has ended since.
async fn abandoned(spec: Spec) -> Health {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let health = shop()
        .check(spec)
        .runtime(runtime.handle().clone())
        .build()
        .unwrap();
    started(&health).await;
    runtime.shutdown_background();
    // From here on, time passes for the readers alone.
    tokio::time::pause();
    health
}

#[tokio::test]
async fn a_runner_that_stops_turns_health_unhealthy() {
    let health = abandoned(database()).await;
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(
        get(&health, "/ready").0,
        200,
        "three intervals and a timeout are not over"
    );
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_eq!(
        get(&health, "/ready"),
        (
            503,
            r#"{"status":"not_ready","reason":"not up: database"}"#.to_owned()
        )
    );
    let (status, body) = get(&health, "/health?verbose");
    assert_eq!(status, 503);
    assert!(body.contains(r#""stale":true"#), "{body}");
    assert_eq!(health.report().status(), Status::Unhealthy);
}

#[tokio::test]
async fn that_it_went_stale_is_a_transition_with_a_reason() {
    let health = abandoned(database()).await;
    tokio::time::advance(Duration::from_secs(36)).await;
    let history = health.history();
    let last = history.last().unwrap();
    assert_eq!(
        (last.check(), last.from(), last.to(), last.reason()),
        (
            "database",
            Status::Healthy,
            Status::Unhealthy,
            Some("no result within 35s")
        )
    );
}

#[tokio::test]
async fn the_limit_is_the_checks_own() {
    let health = abandoned(database().staleness(Duration::from_secs(90))).await;
    tokio::time::advance(Duration::from_secs(85)).await;
    assert_eq!(get(&health, "/ready").0, 200);
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_eq!(get(&health, "/ready").0, 503);
}

#[tokio::test(start_paused = true)]
async fn a_check_in_good_order_never_goes_stale() {
    let slow = || async {
        tokio::time::sleep(Duration::from_secs(4)).await;
        Ok(Verdict::up())
    };
    // The shortest limit that is accepted.
    let health = shop()
        .check(
            Spec::new("slow", slow)
                .interval(Duration::from_secs(1))
                .timeout(Duration::from_secs(5))
                .staleness(Duration::from_millis(6100)),
        )
        .build()
        .unwrap();
    started(&health).await;
    for _ in 0..3000 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(get(&health, "/health").0, 200);
    }
    assert_eq!(health.history().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_has_never_run_goes_stale_as_well() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    // Nobody drives this runtime.
    let health = shop()
        .check(database())
        .runtime(runtime.handle().clone())
        .build()
        .unwrap();
    assert_eq!(get(&health, "/health").0, 200);
    tokio::time::advance(Duration::from_secs(36)).await;
    assert_eq!(get(&health, "/health").0, 503);
    runtime.shutdown_background();
}

#[tokio::test(start_paused = true)]
async fn what_goes_stale_is_told_even_if_nobody_probes() {
    // Its thread is not blocked and its run does not end: nothing comes of it for longer than its limit.
    let hangs = Spec::new("hangs", Puppet::that(Does::Hang))
        .interval(Duration::from_secs(1))
        .timeout(Duration::from_secs(600))
        .staleness(Duration::from_secs(602));
    let health = shop().check(hangs).build().unwrap();
    let mut reports = health.subscribe();
    let unhealthy = reports.wait_for(|report| report.status() == Status::Unhealthy);
    unhealthy.await.unwrap();
}
