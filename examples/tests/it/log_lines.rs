//! The log of a whole process, from its first line to the last before it ends.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use omtx_examples::hub::client::Client;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::harness::TWO;
use crate::process::{HubProcess, Outcome, eventually};

const LOGIN: &str = "/api/v1/login";

/// Who logs for the service as a whole, and for no request.
const OF_THE_SERVICE: [&str; 2] = ["omtx_health", "omtx_examples::hub::server"];

/// Each line as JSON.
fn lines(outcome: &Outcome) -> Vec<Value> {
    assert!(outcome.status.success(), "{}", outcome.stderr);
    assert!(outcome.log.ends_with('\n'), "the last line is whole");
    let lines = outcome.log.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// Sends a request: its id, and its answer's.
async fn sent(client: &Client, path: &str, body: &str) -> (String, String) {
    let answer = client.post(path, body.to_owned()).await.unwrap();
    let request_id = answer.headers["x-request-id"].to_str().unwrap().to_owned();
    (request_id, answer.text("job_id"))
}

#[tokio::test]
async fn after_sigterm_every_request_has_its_line_and_every_job_its_last() {
    let hub = HubProcess::logged(&[
        ("OMTX_DRAIN_DELAY", "0"),
        ("HUB_QUEUE", "100000"),
        ("HUB_FAULTS", "true"),
        ("LOG_LEVEL", "info,omtx_logging=debug"),
    ]);
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let client = Client::new(hub.address);
        clients.spawn(async move {
            let mut all = Vec::new();
            for fault in ["", "", "&fault=panic", "&fault=error"]
                .iter()
                .cycle()
                .take(40)
            {
                let path = format!("/api/v1/jobs?job_type=gc{fault}");
                all.push(sent(&client, &path, TWO).await);
            }
            all.push(sent(&client, LOGIN, r#"{"user":"demo","password":"12345"}"#).await);
            all
        });
    }
    let all = clients.join_all().await.concat();
    // At once: some jobs still wait, and others run.
    let outcome = hub.end().await;
    assert!(
        outcome.stderr.ends_with("lists what can be set.\n"),
        "{}",
        outcome.stderr
    );
    let lines = lines(&outcome);

    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let requests: BTreeSet<String> = all.iter().map(|(request, _)| request.clone()).collect();
    let mut accessed: Vec<String> = Vec::new();
    let jobs: BTreeMap<&String, &String> = all
        .iter()
        .filter(|(_, job)| !job.is_empty())
        .map(|(request, job)| (job, request))
        .collect();
    assert_eq!((requests.len(), jobs.len()), (8 * 41, 8 * 40));
    let mut closed: Vec<String> = Vec::new();
    for line in &lines {
        let (logger, job) = (text(line, "logger"), text(line, "job_id"));
        if OF_THE_SERVICE.contains(&&*logger) {
            assert!(line.get("request_id").is_none(), "{line}");
            continue;
        }
        let request = text(line, "request_id");
        assert!(requests.contains(&request), "{line}");
        match &*logger {
            "omtx_logging::http" => accessed.push(request),
            "omtx_logging::jobs" if line.get("outcome").is_some() => closed.push(job),
            _ if line.get("auth_event").is_some() => assert_eq!(job, ""),
            _ => assert_eq!(jobs.get(&job), Some(&&request), "{line}"),
        }
    }
    accessed.sort_unstable();
    closed.sort_unstable();
    assert!(accessed.iter().eq(&requests), "one line a request");
    assert!(
        closed.iter().eq(jobs.keys().copied()),
        "one last line a job"
    );
    let last = lines.last().unwrap();
    assert_eq!(last["message"], "stopped");
}

/// The queries of the documentation, over what Google Cloud would have read from the hub.
#[tokio::test]
async fn google_clouds_queries_find_what_they_look_for_in_the_hubs_log() {
    let hub = HubProcess::logged(&[
        ("LOG_FORMAT", "gcp"),
        ("OMTX_DRAIN_DELAY", "0"),
        ("HUB_FAULTS", "true"),
        ("HUB_WORKERS", "4"),
        ("HUB_JOB_TIMEOUT", "5.1"),
    ]);
    let path = |fault: &str| format!("/api/v1/jobs?job_type=gc{fault}");
    let (_, slow) = sent(&hub.client, &path("&fault=hang"), TWO).await;
    let (_, panicked) = sent(&hub.client, &path("&fault=panic"), TWO).await;
    let (_, quick) = sent(&hub.client, &path(""), TWO).await;
    let (refused, _) = sent(&hub.client, LOGIN, r#"{"user":"demo","password":"1"}"#).await;
    let (welcome, _) = sent(&hub.client, LOGIN, r#"{"user":"demo","password":"demo"}"#).await;
    for job in [&slow, &panicked, &quick] {
        eventually("the job ends", async || {
            let answer = hub
                .client
                .get(&format!("/api/v1/jobs/{job}"))
                .await
                .unwrap();
            assert_eq!(answer.status, StatusCode::OK);
            !["queued", "running"].contains(&&*answer.text("state"))
        })
        .await;
    }
    let lines = lines(&hub.end().await);
    for line in &lines {
        // What the agents read, and in which form.
        let severity = line["severity"].as_str().unwrap();
        assert!(
            ["INFO", "WARNING", "ERROR", "CRITICAL"].contains(&severity),
            "{line}"
        );
        assert!(line["time"].as_str().unwrap().ends_with('Z'), "{line}");
    }
    let found = |id: &str, selects: fn(&Value) -> bool| -> BTreeSet<String> {
        let lines = lines.iter().filter(|line| selects(line));
        lines
            .map(|line| line[id].as_str().unwrap_or_default().to_owned())
            .collect()
    };

    // severity >= ERROR
    let errors = found("job_id", |line| {
        ["ERROR", "CRITICAL"].contains(&line["severity"].as_str().unwrap())
    });
    assert_eq!(errors, BTreeSet::from([slow.clone(), panicked]));

    // jsonPayload.job_id != "" AND jsonPayload.performance.duration_ms > 5000
    let long = found("job_id", |line| {
        let ms = line.pointer("/performance/duration_ms");
        line.get("job_id").is_some_and(|job| job != "")
            && ms.is_some_and(|ms| ms.as_f64().unwrap() > 5000.0)
    });
    assert_eq!(long, BTreeSet::from([slow]));

    // jsonPayload.auth_event != "" AND jsonPayload.success = false
    let failed = found("request_id", |line| {
        line.get("auth_event").is_some_and(|event| event != "") && line["success"] == false
    });
    assert_eq!(failed, BTreeSet::from([refused]));
    let auth = found("request_id", |line| line.get("auth_event").is_some());
    assert!(auth.contains(&welcome), "it is there to be left out");
}
