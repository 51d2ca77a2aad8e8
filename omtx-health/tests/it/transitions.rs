//! What changed is kept and told.

use std::time::Duration;

use omtx_health::{Health, Spec, Status};

use crate::support::{Does, Puppet, shop, until};

fn flapping(puppet: &Puppet) -> Spec {
    Spec::new("db", puppet.clone()).interval(Duration::from_millis(100))
}

async fn flap(health: &Health, puppet: &Puppet, times: usize) {
    for i in 0..times {
        let (does, status) = match i % 2 {
            0 => (Does::Fail, Status::Unhealthy),
            _ => (Does::Pass, Status::Healthy),
        };
        puppet.now(does);
        until(health, "db", status).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_history_is_bounded_and_the_latest_is_last() {
    let puppet = Puppet::default();
    let health = shop().check(flapping(&puppet)).history(3).build().unwrap();
    until(&health, "db", Status::Healthy).await;
    flap(&health, &puppet, 9).await;
    let history: Vec<_> = health
        .history()
        .iter()
        .map(|t| (t.from(), t.to()))
        .collect();
    assert_eq!(
        history,
        [
            (Status::Healthy, Status::Unhealthy),
            (Status::Unhealthy, Status::Healthy),
            (Status::Healthy, Status::Unhealthy),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_first_result_is_a_transition_from_unknown() {
    let health = shop()
        .check(flapping(&Puppet::that(Does::Degrade)))
        .build()
        .unwrap();
    until(&health, "db", Status::Degraded).await;
    let history = health.history();
    assert_eq!(history.len(), 1);
    assert_eq!(
        (history[0].from(), history[0].to(), history[0].reason()),
        (Status::Unknown, Status::Degraded, Some("82 % full"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_check_that_stays_as_it_is_makes_no_history() {
    let health = shop()
        .check(flapping(&Puppet::that(Does::Fail)))
        .build()
        .unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(health.history().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn thresholds_ignore_a_single_failure() {
    let puppet = Puppet::default();
    let health = shop()
        .check(flapping(&puppet).thresholds(2, 3))
        .build()
        .unwrap();
    until(&health, "db", Status::Healthy).await;
    puppet.now(Does::Fail);
    let before = puppet.runs();
    until(&health, "db", Status::Unhealthy).await;
    assert_eq!(puppet.runs() - before, 3);
    puppet.now(Does::Pass);
    until(&health, "db", Status::Healthy).await;
    assert_eq!(puppet.runs() - before, 5);
}
