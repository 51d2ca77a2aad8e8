//! What users test with.

use omtx_health::testing::{Switch, probe, until};
use omtx_health::{Health, Spec, Status};

use crate::support::shop;

fn switched() -> (Switch, Health) {
    let switch = Switch::new();
    let db = Spec::new("db", switch.clone()).thresholds(2, 3);
    (switch, shop().check(db).build().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_switch_does_as_it_is_told() {
    let (switch, health) = switched();
    let why = async |status| {
        let report = until(&health, "db", status).await;
        let why = report.error().or(report.message());
        why.map(str::to_owned)
    };
    assert_eq!(why(Status::Healthy).await, None);
    switch.degrade("82 % full");
    assert_eq!(why(Status::Degraded).await.unwrap(), "82 % full");
    switch.fail("refused");
    assert_eq!(why(Status::Unhealthy).await.unwrap(), "refused");
    switch.pass();
    assert_eq!(why(Status::Healthy).await, None);
    switch.hang();
    let hung = why(Status::Unhealthy).await.unwrap();
    assert_eq!(hung, "no answer within 5s");
    switch.pass();
    assert_eq!(why(Status::Healthy).await, None);
    let runs = switch.runs();
    switch.panic("a bug");
    assert_eq!(why(Status::Unhealthy).await.unwrap(), "panicked: a bug");
    assert!(switch.runs() >= runs + 3, "three failures bring it down");
}

#[tokio::test(start_paused = true)]
async fn a_probe_has_a_query() {
    let (_, health) = switched();
    let answer = probe(&health, "/ready?verbose&exclude=redis");
    assert_eq!(
        answer,
        (
            503,
            r#"{"status":"not_ready","reason":"starting","warnings":["exclude: there is no check \"redis\""],"checks":{}}"#
                .to_owned()
        )
    );
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "\"/metrics\" is no probe's path")]
async fn what_is_no_probe_is_told() {
    let (_, health) = switched();
    let _ = probe(&health, "/metrics");
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "check \"db\" is unhealthy; expected it to be healthy within 60s")]
async fn what_never_comes_is_told() {
    let (switch, health) = switched();
    switch.fail("refused");
    until(&health, "db", Status::Healthy).await;
}
