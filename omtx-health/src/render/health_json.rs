//! `/health` as `application/health+json`: draft-inadarei-api-health-check-06.

use super::check::within_budget;
use super::document::{Document, Object};
use super::{Identity, View};
use crate::state::overall;
use crate::{CheckReport, Report, Status};

/// Section 3.1. `unknown` has no word of its own there; it is no reason to turn traffic away.
fn word(status: Status) -> &'static str {
    match status {
        Status::Healthy => "pass",
        Status::Degraded | Status::Unknown => "warn",
        Status::Unhealthy => "fail",
    }
}

const TAIL_BYTES: usize = 32;

pub(crate) fn health_json(identity: &Identity, report: &Report, view: &View) -> Document {
    let shown = report.checks.iter().filter(|check| view.shows(check));
    let status = overall(shown.map(|check| (check.critical, check.status)));
    let mut body = Object::new();
    body.text("status", word(status));
    if let Some(version) = &identity.version {
        body.text("releaseId", version); // 3.3: of the implementation; `version` is the interface's (3.2)
    }
    body.text("serviceId", &identity.service);
    // 3.4: notes are an array of strings for what has no place elsewhere.
    if !view.warnings.is_empty() {
        body.texts("notes", &view.warnings);
    }
    let used = body.len() + TAIL_BYTES;
    let (named, _) = within_budget(&report.checks, view, used, |check, whole| {
        entry(check, whole, view.details)
    });
    let mut checks = Object::new();
    for (json, name) in named {
        checks.key(&name).extend(json);
    }
    body.key("checks").extend(checks.into_bytes());
    body.finish(status != Status::Unhealthy)
}

/// Section 4: each component has an array, since it may have several nodes; ours has one.
fn entry(check: &CheckReport, whole: bool, details: bool) -> Vec<u8> {
    let mut object = Object::new();
    object.text("status", word(check.status));
    if let Some(run) = &check.run {
        object.time("time", run.ended);
        if whole {
            object
                .key("observedValue")
                .extend(run.duration.as_millis().to_string().bytes());
            object.text("observedUnit", "ms");
            // 4.8: output is for what did not pass.
            if let Some(message) = run.message.as_deref().filter(|_| details) {
                object.text("output", message);
            }
        }
    }
    let mut json = vec![b'['];
    json.extend(object.into_bytes());
    json.push(b']');
    json
}
