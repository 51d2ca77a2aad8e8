//! `/ready` and `/health/{check}`.

use super::View;
use super::check::fields;
use super::document::{Document, Object};
use super::health::warnings;
use crate::state::Readiness;
use crate::{CheckReport, Report};

/// Whether start and checks allow requests. That the service drains is not looked at here.
pub(crate) fn readiness(report: &Report, view: &View) -> Readiness {
    let checks = || {
        let readiness = report.checks.iter().filter(|check| check.readiness);
        readiness.filter(|check| view.shows(check))
    };
    let failing: Vec<&str> = checks()
        .filter(|check| !check.status.is_up())
        .map(|check| &*check.name)
        .collect();
    let reason = if !report.started {
        Some("starting".to_owned())
    } else if failing.is_empty() {
        None
    } else {
        Some(format!("not up: {}", failing.join(", ")))
    };
    let mut body = Object::new();
    body.text(
        "status",
        if reason.is_none() {
            "ready"
        } else {
            "not_ready"
        },
    );
    if let Some(reason) = &reason {
        body.text("reason", reason);
    }
    warnings(&mut body, view);
    if view.verbose {
        let mut object = Object::new();
        for check in checks() {
            object.text(&check.name, check.status.as_str());
        }
        body.key("checks").extend(object.into_bytes());
    }
    Readiness {
        ready: reason.is_none(),
        body: body.into_bytes().into(),
    }
}

/// One check by itself.
pub(crate) fn check(check: &CheckReport, details: bool) -> Document {
    let mut body = Object::new();
    body.text("name", &check.name);
    fields(&mut body, check, true, details);
    body.now("timestamp");
    body.finish(check.status.is_up())
}
