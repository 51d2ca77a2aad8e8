//! What is counted.

use std::time::Duration;

use omtx_health::{Spec, Status};
use omtx_metrics::Registry;
use omtx_metrics::testing::Exposition;

use crate::support::{Does, Puppet, noon, shop, until};

fn read(registry: &Registry, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    Exposition::parse(&registry.to_text())
        .unwrap()
        .read(name, labels)
}

#[tokio::test(start_paused = true)]
async fn the_families_of_the_catalogue_are_there() {
    let registry = Registry::builder().namespace("omtx_hub").build().unwrap();
    let (puppet, cache) = (Puppet::default(), Puppet::that(Does::Degrade));
    let health = shop()
        .metrics(&registry)
        .check(Spec::new("db", puppet.clone()).interval(Duration::from_secs(1)))
        .check(Spec::new("cache", cache).critical(false))
        .build()
        .unwrap();
    until(&health, "db", Status::Healthy).await;
    until(&health, "cache", Status::Degraded).await;
    puppet.now(Does::Fail);
    until(&health, "db", Status::Unhealthy).await;
    health.drain().start();

    let text = registry.to_text();
    let noon = noon()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    for row in [
        r#"omtx_hub_health_check_up{check="db",critical="true"} 0"#.to_owned(),
        r#"omtx_hub_health_check_up{check="cache",critical="false"} 1"#.to_owned(),
        r#"omtx_hub_health_status{status="healthy"} 0"#.to_owned(),
        r#"omtx_hub_health_status{status="degraded"} 0"#.to_owned(),
        r#"omtx_hub_health_status{status="unhealthy"} 1"#.to_owned(),
        r#"omtx_hub_health_check_duration_seconds_count{check="db"} 2"#.to_owned(),
        r#"omtx_hub_health_check_transitions_total{check="db",to="healthy"} 1"#.to_owned(),
        r#"omtx_hub_health_check_transitions_total{check="db",to="unhealthy"} 1"#.to_owned(),
        "omtx_hub_health_draining 1".to_owned(),
    ] {
        assert!(text.lines().any(|line| line == row), "{row}\n{text}");
    }
    let last = read(
        &registry,
        "omtx_hub_health_check_last_run_timestamp_seconds",
        &[("check", "db")],
    );
    assert_eq!(last, Some(noon as f64));
    assert!(read(&registry, "omtx_hub_health_startup_duration_seconds", &[]).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_check_that_has_not_run_has_no_row() {
    let registry = Registry::new();
    let _health = shop()
        .metrics(&registry)
        .check(Spec::new("db", Puppet::that(Does::Hang)))
        .build()
        .unwrap();
    let labels = [("check", "db"), ("critical", "true")];
    assert_eq!(read(&registry, "health_check_up", &labels), None);
    assert_eq!(
        read(&registry, "health_status", &[("status", "degraded")]),
        Some(1.0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_scrape_notices_what_went_stale() {
    let registry = Registry::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let _health = shop()
        .metrics(&registry)
        .check(Spec::new("db", Puppet::default()))
        .runtime(runtime.handle().clone())
        .build()
        .unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    let labels = [("check", "db"), ("critical", "true")];
    assert_eq!(read(&registry, "health_check_up", &labels), Some(0.0));
    runtime.shutdown_background();
}

/// Somebody else's.
#[derive(omtx_metrics::MetricSet)]
struct Others {
    /// Not a gauge per check.
    #[allow(dead_code)]
    health_check_up: omtx_metrics::IntGauge,
}

#[tokio::test]
async fn a_registry_that_has_such_a_family_already_is_an_error() {
    let registry = Registry::new();
    registry.register::<Others>().unwrap();
    let error = shop().metrics(&registry).build().unwrap_err();
    assert!(error.to_string().contains("health_check_up"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}
