//! The queries of the documentation select the right lines and leave the others, evaluated by what knows nothing of how the
//! lines are made.

use omtx_context::testing::ManualClock;
use omtx_context::{JobSpec, Jobs};
use omtx_logging::{JobLog, Profile, RequestContext, auth_event, critical};
use serde_json::Value;
use std::time::Duration;
use tracing::{error, info, warn};

use crate::support::{builder, lines_of, valid};

/// One of each kind; `case` names them.
fn log() {
    let job = |case: &'static str, took| {
        let clock = ManualClock::default();
        let jobs = Jobs::new(JobLog::default()).with_clock(clock.reader());
        let job = jobs
            .submit(JobSpec::new("boltz2").id("j-1").with("case", case))
            .begin();
        clock.advance(Duration::from_millis(took));
        job
    };
    job("slow job", 5_250).succeed();
    job("quick job", 1_250).succeed();
    job("slow failure", 9_000).fail("out_of_memory");
    RequestContext::new("r-1").in_scope(|| {
        info!(case = "request", "Processing API request");
        info!(
            case = "slow request",
            performance.duration_ms = 7_000,
            "done"
        );
        warn!(case = "warning", "slow");
        error!(case = "error", "no space left");
        critical!(case = "critical", "GPU lost");
        auth_event!("login", success: true, case = "login", "logged in");
        auth_event!("login", success: false, case = "refusal", "refused");
        info!(
            case = "agent",
            agent = "daily_brief",
            success = false,
            "Agent execution completed"
        );
    });
}

fn lines(profile: Profile) -> Vec<Value> {
    let lines = lines_of(
        builder()
            .profile(profile)
            .levels(omtx_logging::Severity::Info),
        log,
    );
    lines.iter().map(|line| valid(line)).collect()
}

#[track_caller]
fn check(lines: &[Value], query: &str, selects: impl Fn(&Value) -> bool, expected: &[&str]) {
    let selected: Vec<&str> = lines
        .iter()
        .filter(|line| selects(line))
        .map(|line| line["case"].as_str().unwrap())
        .collect();
    assert_eq!(selected, expected, "{query}");
}

/// The logging query language, as far as the three queries need it. A comparison with a field that is not there is false.
fn google_cloud(query: &str, line: &Value) -> bool {
    query
        .lines()
        .map(str::trim)
        .filter(|term| !term.is_empty())
        .all(|term| {
            let [field, operator, literal] = term.splitn(3, ' ').collect::<Vec<_>>()[..] else {
                panic!("no comparison: {term}");
            };
            let severities = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
            let rank = |name: &str| severities.iter().position(|known| *known == name);
            match (field, operator) {
                ("severity", ">=") => rank(line["severity"].as_str().unwrap()) >= rank(literal),
                // The agents take the entry's timestamp from `time`.
                ("timestamp", ">=") => line["time"].as_str().unwrap() >= literal.trim_matches('"'),
                _ => {
                    let path = field
                        .strip_prefix("jsonPayload.")
                        .unwrap()
                        .replace('.', "/");
                    let Some(value) = line.pointer(&format!("/{path}")) else {
                        return false;
                    };
                    let literal: Value = serde_json::from_str(literal).unwrap();
                    match operator {
                        "!=" => *value != literal,
                        "=" => *value == literal,
                        ">" => value.as_f64().unwrap() > literal.as_f64().unwrap(),
                        other => panic!("{other}"),
                    }
                }
            }
        })
}

#[test]
fn the_three_google_cloud_queries() {
    let lines = lines(Profile::Gcp);
    for (query, expected) in [
        (
            "severity >= ERROR
             timestamp >= \"2025-01-20T17:00:00Z\"",
            &["slow failure", "error", "critical"][..],
        ),
        (
            "jsonPayload.job_id != \"\"
             jsonPayload.performance.duration_ms > 5000
             timestamp >= \"2025-01-20T17:00:00Z\"",
            &["slow job", "slow failure"],
        ),
        (
            "jsonPayload.auth_event != \"\"
             jsonPayload.success = false
             timestamp >= \"2025-01-20T17:00:00Z\"",
            &["refusal"],
        ),
        ("timestamp >= \"2025-01-20T19:00:00Z\"", &[]),
    ] {
        check(&lines, query, |line| google_cloud(query, line), expected);
    }
}

/// Loki's `| json`: objects are flattened with `_`.
fn loki(line: &Value, label: &str) -> Option<Value> {
    fn flatten(prefix: &str, value: &Value, label: &str) -> Option<Value> {
        let Value::Object(fields) = value else {
            return (prefix == label).then(|| value.clone());
        };
        fields.iter().find_map(|(key, value)| {
            let name = if prefix.is_empty() {
                key.clone()
            } else {
                format!("{prefix}_{key}")
            };
            flatten(&name, value, label)
        })
    }
    flatten("", line, label)
}

#[test]
fn the_logql_queries() {
    for profile in [Profile::Flat, Profile::Omtx, Profile::Python] {
        let lines = lines(profile);
        let duration = match profile {
            Profile::Flat => "duration_ms",
            _ => "performance_duration_ms",
        };
        let slow =
            |line: &Value| loki(line, duration).is_some_and(|ms| ms.as_f64().unwrap() > 5000.0);
        let query = format!("| json | {duration} > 5000");
        check(
            &lines,
            &query,
            slow,
            &["slow job", "slow failure", "slow request"],
        );
        let error = |line: &Value| loki(line, "level") == Some("ERROR".into());
        check(
            &lines,
            r#"| json | level="ERROR""#,
            error,
            &["slow failure", "error"],
        );
        let agent = |line: &Value| loki(line, "agent") == Some("daily_brief".into());
        check(&lines, r#"| json | agent="daily_brief""#, agent, &["agent"]);
    }
    let lines = lines_of(builder().profile(Profile::Flat), log);
    let with_error = lines.iter().filter(|line| line.contains("ERROR")).count();
    assert_eq!(with_error, 2, r#"|= "ERROR""#);
}
