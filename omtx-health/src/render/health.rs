//! `/health` in the shapes of the applications.

use super::check::{fields, within_budget};
use super::document::{Document, Object};
use super::{Identity, View};
use crate::state::overall;
use crate::{Report, Shape, Status};

/// What follows the checks: the timestamp, that something was cut, the closing braces.
const TAIL_BYTES: usize = 96;

pub(crate) fn health(identity: &Identity, report: &Report, view: &View) -> Document {
    let shown = report.checks.iter().filter(|check| view.shows(check));
    let status = overall(shown.map(|check| (check.critical, check.status)));
    let mut body = Object::new();
    body.text("status", status.as_str());
    let mut cut = false;
    match identity.shape {
        Shape::Checks => {
            body.now("timestamp");
            if let Some(version) = &identity.version {
                body.text("version", version);
            }
            warnings(&mut body, view);
            cut |= checks(&mut body, report, view);
        }
        Shape::Services => {
            let mut services = Object::new();
            for check in report.checks.iter().filter(|check| view.shows(check)) {
                services.text(&check.name, check.status.as_str());
            }
            body.key("services").extend(services.into_bytes());
            body.now("timestamp");
            warnings(&mut body, view);
            if view.verbose {
                cut |= checks(&mut body, report, view);
            }
        }
        Shape::Plain => {
            warnings(&mut body, view);
            if view.verbose {
                cut |= checks(&mut body, report, view);
            }
        }
    }
    if cut {
        body.flag("truncated", true);
    }
    body.finish(status != Status::Unhealthy)
}

pub(super) fn warnings(body: &mut Object, view: &View) {
    if !view.warnings.is_empty() {
        body.texts("warnings", &view.warnings);
    }
}

fn checks(body: &mut Object, report: &Report, view: &View) -> bool {
    let used = body.len() + TAIL_BYTES;
    let (named, cut) = within_budget(&report.checks, view, used, |check, whole| {
        let mut object = Object::new();
        fields(&mut object, check, whole, view.details);
        object.into_bytes()
    });
    let mut checks = Object::new();
    for (json, name) in named {
        checks.key(&name).extend(json);
    }
    body.key("checks").extend(checks.into_bytes());
    cut
}
