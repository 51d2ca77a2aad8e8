//! Records of the `log` crate as lines. The process has one logger, so this is a program of its own.

#![cfg(feature = "log")]

use log::{LevelFilter, debug, error, info, trace, warn};
use omtx_logging::testing::Lines;
use omtx_logging::{Levels, Logging, Profile, RequestContext, Severity};
use serde_json::{Value, json};

fn take(lines: &Lines) -> Vec<Value> {
    lines
        .take()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn records_are_lines_with_the_levels_the_scope_and_the_place_of_events() {
    let lines = Lines::default();
    let logging = Logging::builder("hub")
        .profile(Profile::Python)
        .levels("info,noisy=error,loud=trace".parse::<Levels>().unwrap())
        .sink(lines.clone())
        .build()
        .unwrap();
    logging.install_log_bridge().unwrap();

    // The fields of a record, the scope, and nothing of `log`'s own.
    RequestContext::new("r-1").in_scope(|| {
        warn!(target: "client", attempt = 3, rest = -1, ratio = 0.5, ok = true, name = "a\"b"; "lost {}", "it");
    });
    let line = take(&lines).remove(0);
    let expected = json!({
        "timestamp": line["timestamp"], "level": "WARNING", "logger": "client", "message": "lost it",
        "module": "log_bridge", "line": line["line"], "service": line["service"], "request_id": "r-1",
        "attempt": 3, "rest": -1, "ratio": 0.5, "ok": true, "name": "a\"b",
    });
    assert_eq!(line, expected);
    assert!(line["line"].as_u64().is_some());

    // By target as well.
    info!(target: "noisy", "no");
    error!(target: "noisy::inner", "yes");
    trace!(target: "loud", "yes");
    debug!("no");
    assert_eq!(take(&lines).len(), 2);

    // What is disabled everywhere, `log` itself filters; and a change of levels reaches it.
    assert_eq!(log::max_level(), LevelFilter::Trace);
    logging.levels().set(Severity::Error);
    assert_eq!(log::max_level(), LevelFilter::Error);
    warn!("no");
    assert!(take(&lines).is_empty());
    logging.levels().set(Levels::off());
    assert_eq!(log::max_level(), LevelFilter::Off);
    logging.levels().set(Severity::Critical);
    error!("no record is CRITICAL");
    assert!(take(&lines).is_empty());

    // A control character cannot end the line.
    logging.levels().set(Severity::Info);
    info!(target: "a\nb", "c\nd");
    let line = take(&lines).remove(0);
    assert_eq!(
        (&line["logger"], &line["message"]),
        (&json!("a\nb"), &json!("c\nd"))
    );
    log::logger().flush();

    let error = logging.install_log_bridge().unwrap_err();
    assert!(error.is_installed());
}
