//! What is refused at start-up.

use std::time::Duration;

use omtx_health::{Health, Spec};

use crate::support::{Puppet, shop};

fn spec(name: &str) -> Spec {
    Spec::new(name, Puppet::default())
}

#[track_caller]
fn refused(spec: Spec, message: &str) {
    let error = shop().check(spec).build().unwrap_err();
    assert_eq!(error.to_string(), message);
    assert!(error.is_invalid() && !error.is_conflict() && !error.is_system());
}

#[tokio::test]
async fn names_stand_in_paths_and_labels_as_they_are() {
    for (name, shown) in [
        ("", ""),
        ("a b", "a b"),
        ("a/b", "a/b"),
        ("ü", "ü"),
        ("\n", "\\n"),
    ] {
        refused(
            spec(name),
            &format!("invalid check name \"{shown}\"; expected 1 to 64 of [a-zA-Z0-9_.-]"),
        );
    }
    assert!(shop().check(spec(&"x".repeat(64))).build().is_ok());
    assert!(shop().check(spec(&"x".repeat(65))).build().is_err());
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let error = shop()
        .check(spec("db"))
        .check(spec("db"))
        .build()
        .unwrap_err();
    assert!(error.is_conflict());
    assert_eq!(
        error.to_string(),
        "there is a check \"db\" already; expected a name of its own"
    );
}

#[tokio::test]
async fn times_have_limits() {
    refused(
        spec("db").interval(Duration::ZERO),
        "invalid interval of check db \"0ns\"; expected 10ms to a year",
    );
    refused(
        spec("db").interval(Duration::MAX),
        "invalid interval of check db \"18446744073709551615.999999999s\"; expected 10ms to a year",
    );
    refused(
        spec("db").timeout(Duration::ZERO),
        "invalid timeout of check db \"0ns\"; expected 1ms to a year",
    );
    refused(
        spec("db").staleness(Duration::from_secs(15)),
        "invalid staleness of check db \"15s\"; expected 16s to a year",
    );
    refused(
        spec("db").thresholds(0, 1),
        "invalid thresholds of check db \"0, 1\"; expected at least 1 each",
    );
}

#[tokio::test]
async fn the_longest_times_that_can_be_set_work() {
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    let health = shop()
        .check(spec("db").interval(year).timeout(year))
        .build()
        .unwrap();
    crate::support::started(&health).await;
    assert_eq!(crate::support::get(&health, "/health").0, 200);
}

#[tokio::test]
async fn there_are_at_most_as_many_checks_as_a_body_can_hold() {
    let mut builder = shop();
    for i in 0..omtx_health::MAX_CHECKS {
        builder = builder.check(spec(&format!("check-{i}")));
    }
    let health = builder.build().unwrap();
    let error = health.add(spec("one-more")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid number of checks \"51\"; expected at most 50"
    );
}

#[tokio::test]
async fn watchdogs_have_names_and_limits() {
    let health = shop().build().unwrap();
    let error = health.watchdog("a\"b", Duration::from_secs(1)).unwrap_err();
    assert!(error.to_string().starts_with("invalid watchdog name"));
    let error = health.watchdog("a", Duration::ZERO).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid limit of watchdog a \"0ns\"; expected 1ms to a year"
    );
}

#[test]
fn without_a_runtime_there_is_an_error() {
    let error = Health::builder("shop").build().unwrap_err();
    assert!(error.is_system());
    assert!(error.to_string().starts_with("no tokio runtime; expected"));
}

#[tokio::test]
async fn service_and_version_are_short() {
    assert!(Health::builder("").build().unwrap_err().is_invalid());
    let error = shop().version("1".repeat(65)).build().unwrap_err();
    assert!(error.to_string().ends_with("expected at most 64 bytes"));
}
