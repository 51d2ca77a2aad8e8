//! The kubelet reads 10 KiB of a body.

use omtx_health::{Failure, Health, MAX_CHECKS, Shape, Spec};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{ask, shop, wait};

/// As many checks as can be, with names as long as can be, whose errors are as long as can be.
async fn crowded(shape: Shape) -> Health {
    let mut builder = shop().shape(shape).details_for(|_| true);
    for i in 0..MAX_CHECKS {
        let fails = || async {
            let mut failure = Failure::new("\u{1}".repeat(1000));
            for i in 0..40 {
                failure = failure.detail(format!("key{i}"), "x".repeat(300));
            }
            Err(failure)
        };
        let name = format!("{}{i:02}", "n".repeat(62));
        builder = builder.check(Spec::new(name, fails).readiness(true));
    }
    let health = builder.build().unwrap();
    wait(&health, |report| {
        report
            .checks()
            .iter()
            .all(|check| check.last_run().is_some())
    })
    .await;
    health
}

#[tokio::test(start_paused = true)]
async fn the_longest_bodies_fit_and_name_every_check() {
    let excludes: String = (0..20)
        .map(|_| format!("&exclude={}", "%01".repeat(100)))
        .collect();
    for shape in [Shape::Checks, Shape::Services, Shape::Plain] {
        let health = crowded(shape).await;
        for path in ["/health", "/ready"] {
            for accept in ["application/json", "application/health+json"] {
                for query in ["", "?verbose", &format!("?verbose{excludes}")] {
                    let request =
                        http::Request::get(format!("{path}{query}")).header("accept", accept);
                    let body = ask(&health, request).body();
                    assert!(
                        body.len() <= 10 << 10,
                        "{path}{query} {accept}: {}",
                        body.len()
                    );
                    let json: Value = serde_json::from_slice(&body).unwrap();
                    if !query.is_empty() {
                        assert_eq!(json["checks"].as_object().unwrap().len(), MAX_CHECKS);
                    }
                    if path == "/health" && query == "?verbose" && accept == "application/json" {
                        assert_eq!(json["truncated"], true);
                    }
                }
            }
        }
        let name = format!("{}00", "n".repeat(62));
        let body = ask(&health, http::Request::get(format!("/health/{name}"))).body();
        assert!(body.len() <= 10 << 10, "{}", body.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_errors_and_details_say_bodies_are_json_and_keep_it(
        error in any::<String>(), key in any::<String>(), value in any::<String>(), query in "[ -~]{0,200}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (told, key2, value2) = (error.clone(), key.clone(), value.clone());
            let fails = move || {
                let failure = Failure::new(told.clone()).detail(key2.clone(), value2.clone());
                async { Err(failure) }
            };
            let health = shop().check(Spec::new("db", fails)).details_for(|_| true).build().unwrap();
            crate::support::started(&health).await;
            let body = ask(&health, http::Request::get("/health?verbose")).body();
            let json: Value = serde_json::from_slice(&body).unwrap();
            let db = &json["checks"]["db"];
            if error.len() <= 512 {
                assert_eq!(db["error"], error);
            }
            if key.len() + serde_json::to_vec(&value).unwrap().len() <= 512 {
                assert_eq!(db["details"][&key], value);
            }
            if let Ok(uri) = format!("/health?{query}").parse::<http::Uri>() {
                let body = ask(&health, http::Request::get(uri)).body();
                let _: Value = serde_json::from_slice(&body).unwrap();
            }
        });
    }
}
