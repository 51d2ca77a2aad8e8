//! When a service has started.

use std::time::Duration;

use omtx_health::Spec;

use crate::support::{Does, Puppet, eventually, get, shop, started};

#[tokio::test(start_paused = true)]
async fn it_has_started_once_its_checks_have_had_a_result_whatever_that_was() {
    let health = shop()
        .check(Spec::new("fails", Puppet::that(Does::Fail)))
        .check(Spec::new("hangs", Puppet::that(Does::Hang)).timeout(Duration::from_secs(3)))
        .build()
        .unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(get(&health, "/startup").0, 503);
    assert_eq!(get(&health, "/ready").0, 503);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(
        get(&health, "/startup"),
        (200, r#"{"status":"started"}"#.to_owned())
    );
    assert_eq!(
        get(&health, "/ready").0,
        200,
        "readiness depends on neither"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_neither_critical_nor_readiness_is_not_waited_for() {
    let hangs = Spec::new("hangs", Puppet::that(Does::Hang)).critical(false);
    let health = shop().check(hangs).build().unwrap();
    assert_eq!(get(&health, "/startup").0, 200);
}

#[tokio::test(start_paused = true)]
async fn by_hand_it_waits_for_the_application_and_for_the_checks() {
    let health = shop()
        .startup_by_hand(true)
        .check(Spec::new("db", Puppet::that(Does::Pass)))
        .build()
        .unwrap();
    eventually("the check has run", || {
        health.report().check("db").unwrap().last_run().is_some()
    })
    .await;
    assert_eq!(
        get(&health, "/ready"),
        (
            503,
            r#"{"status":"not_ready","reason":"starting"}"#.to_owned()
        )
    );
    health.set_started();
    started(&health).await;
    assert_eq!(get(&health, "/ready").0, 200);
}

#[tokio::test(start_paused = true)]
async fn it_does_not_start_twice() {
    let health = shop().build().unwrap();
    health
        .add(Spec::new("late", Puppet::that(Does::Hang)))
        .unwrap();
    assert_eq!(get(&health, "/startup").0, 200);
}
