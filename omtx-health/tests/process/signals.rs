//! SIGTERM, SIGINT, and more of them.

use libtest_mimic::Trial;

use crate::instance::{Instance, eventually};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    vec![
        trial("sigterm_is_not_ready_at_once_and_served_on", sigterm),
        trial("a_second_sigterm_cuts_the_delay", second_sigterm),
        trial("a_third_cuts_off_what_is_in_flight", third_sigterm),
        trial("sigint_skips_the_delay", sigint),
        trial("a_malformed_delay_is_an_error_at_start", malformed),
    ]
}

/// Times that no test waits for.
const LONG: [(&str, &str); 2] = [
    ("OMTX_DRAIN_DELAY", "600"),
    ("OMTX_SHUTDOWN_DEADLINE", "600"),
];

fn not_ready(shop: &Instance) {
    eventually("it is not ready", || shop.get("/ready") == Some(503));
}

fn sigterm() {
    let shop = Instance::start("a", &LONG);
    assert_eq!(shop.get("/ready"), Some(200));
    shop.signal("TERM");
    not_ready(&shop);
    for path in ["/", "/live", "/health", "/startup"] {
        assert_eq!(shop.get(path), Some(200), "{path}");
    }
}

fn second_sigterm() {
    let mut shop = Instance::start("a", &LONG);
    shop.signal("TERM");
    not_ready(&shop);
    shop.signal("TERM");
    assert_eq!(shop.hear(), "flushed");
    assert_eq!(shop.hear(), "cut off 0");
    assert!(shop.ended());
    assert_eq!(shop.get("/live"), None);
}

fn third_sigterm() {
    let mut shop = Instance::start("a", &LONG);
    let _hangs = shop.hang();
    shop.signal("TERM");
    not_ready(&shop);
    shop.signal("TERM");
    eventually("it takes no more connections", || {
        shop.get("/live").is_none()
    });
    shop.signal("TERM");
    assert_eq!(shop.hear(), "flushed");
    assert_eq!(shop.hear(), "cut off 1");
    assert!(shop.ended());
}

fn sigint() {
    let mut shop = Instance::start("a", &LONG);
    shop.signal("INT");
    assert_eq!(shop.hear(), "flushed");
    assert_eq!(shop.hear(), "cut off 0");
    assert!(shop.ended());
}

fn malformed() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .env("SHOP", "a")
        .env("OMTX_DRAIN_DELAY", "5s")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("invalid OMTX_DRAIN_DELAY") && said.contains("expected seconds"),
        "{said}"
    );
}
